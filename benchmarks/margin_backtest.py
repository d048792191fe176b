"""Margin backtest on real chains: `python -m benchmarks.margin_backtest [SHARE] [PLACE]`.

Writes benchmarks/results/margin-backtest.md. SHARE keeps only the last part of the evenings (0.5 for a quick look);
PLACE is where to write instead.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from benchmarks import margin_backtest_data as data
from benchmarks.margin_backtest_page import page
from seawall.study.margin_backtest import MarginStudy, margin_backtest

RESULTS = Path(__file__).parent / "results" / "margin-backtest.md"
WORKERS = 2


def study(share: float = 1.0) -> MarginStudy:
    """All accounts under all models on the daily chains."""
    start = time.perf_counter()
    with ProcessPoolExecutor(WORKERS) as pool:
        found = data.evenings(pool.map, share)
        print(f"{time.perf_counter() - start:6.0f} s  {len(found)} chains read", flush=True)
        rules = data.rules(np.datetime64(found[0].market.as_of.replace(tzinfo=None), "ns"))
        made = margin_backtest(found, data.accounts(), rules, panel=data.history(found), mapper=pool.map)
    print(f"{time.perf_counter() - start:6.0f} s  {len(rules)} models, {len(made.accounts):,} accounts", flush=True)
    return made


def main(share: float = 1.0, place: Path = RESULTS) -> None:
    """The study, then the page."""
    start = time.perf_counter()
    made = study(share)
    text = page(made, lambda: time.perf_counter() - start)
    place.parent.mkdir(exist_ok=True)
    place.write_text(text, encoding="utf-8")
    print(f"{time.perf_counter() - start:6.0f} s  {place.name}")


if __name__ == "__main__":
    given = sys.argv[1:]
    np.seterr(all="raise", under="ignore")
    main(float(given[0]) if given else 1.0, Path(given[1]) if len(given) > 1 else RESULTS)
