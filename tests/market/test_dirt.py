"""Whatever stands in the cells: a chain or a named refusal, then a market of finite numbers or a named refusal."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.errors import FileProblem
from seawall.formats.chain import read_chain
from seawall.formats.deribit import chains_of_answers
from seawall.market.build import build_market
from seawall.market.quality import fit_quality
from seawall.model.quotes import Chain

CELLS = (
    "", "nan", "None", "0", "-1", "1e400", "inf", "55%", "0.05", "0.051", "61000", "hello", "3000-01-01", "1970-01-01",
    "2026-08-28", "08/28/2026", "20260828", "1785600000000", "2026-08-01T17:00:00", "2026-08-01T17:00:00Z", "call", "P",
    "BTC", "BTC-28AUG26-60000-C", "BTC-31FEB26-1-P", "BTC-PERPETUAL", "SYN.BTC-28AUG26", "index_price", "True",
)
COLUMNS = (
    "timestamp", "instrument_name", "kind", "underlying", "expiry", "strike", "option_type", "bid", "ask", "mark",
    "mark_iv", "index_price", "underlying_price", "underlying_name", "inverse", "open_interest",
)
GOOD = {
    "timestamp": "2026-08-01T17:00:00Z", "kind": "option", "underlying": "BTC", "expiry": "2026-08-28T08:00:00Z",
    "option_type": "call", "bid": "0.05", "ask": "0.052", "index_price": "61000", "inverse": "True",
}
JSON_CELLS = st.one_of(st.none(), st.booleans(), st.integers(-5, 10**13), st.floats(), st.sampled_from(CELLS),
                       st.lists(st.integers(), max_size=2))


def _rows(draw: Callable[..., Any]) -> list[dict[str, str]]:
    """A dozen good strikes with some of their cells exchanged."""
    rows = [{**GOOD, "strike": str(54000 + 1000 * n)} for n in range(12)]
    for _ in range(draw(st.integers(0, 25))):
        draw(st.sampled_from(rows))[draw(st.sampled_from(COLUMNS))] = draw(st.sampled_from(CELLS))
    return rows


def _build(chains: tuple[Chain, ...]) -> None:
    for chain in chains:
        for name in ("bid", "ask", "mark", "strike", "index", "forward"):
            assert not np.isinf(getattr(chain.options, name)).any()
        missing = int(np.isnan(chain.options.bid).sum())
        told = sum(e.count for e in chain.quality if e.reason.startswith("bid:"))
        absent = any("bid" in e.examples[0] for e in chain.quality if e.reason == "columns not in the source")
        assert absent or missing == told
    market = build_market(chains)
    assert np.isfinite(market.levels).all()
    for chain in chains:
        assert np.isfinite(fit_quality(chain, market).misses).all()


@given(st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_no_cell_of_a_table_ends_in_a_crash_or_a_silent_nan(data: st.DataObject) -> None:
    rows = _rows(data.draw)
    lines = [",".join(COLUMNS), *(",".join(row.get(name, "") for name in COLUMNS) for row in rows)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "chain.csv"
        path.write_text("\n".join(lines), encoding="utf-8")
        try:
            chains = read_chain(path)
        except FileProblem as problem:
            chains = ()
            named = problem.path
        else:
            named = "chain.csv"
        assert named.endswith("chain.csv")
        if chains:
            _build(chains)


@given(st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_no_cell_of_an_answer_ends_in_a_crash_or_a_silent_nan(data: st.DataObject) -> None:
    fields = ("instrument_name", "bid_price", "ask_price", "mark_price", "mark_iv", "underlying_price",
              "underlying_index", "creation_timestamp", "funding_8h", "contract_size")
    rows: list[dict[str, Any]] = [
        {"instrument_name": f"BTC-28AUG26-{54000 + 1000 * n}-C", "bid_price": 0.05, "ask_price": 0.052}
        for n in range(9)
    ] + [{"instrument_name": "BTC-PERPETUAL", "bid_price": 60990.0, "ask_price": 61010.0}]
    for _ in range(data.draw(st.integers(0, 25))):
        data.draw(st.sampled_from(rows))[data.draw(st.sampled_from(fields))] = data.draw(JSON_CELLS)
    chains = chains_of_answers({"as_of": "2026-08-01T17:00:00Z", "options": rows}, source="answer")
    _build(chains)
