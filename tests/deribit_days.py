"""Two full Deribit chains around 5 February 2026, read off without any of the package's own fitting."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet

BEFORE, AFTER = "20260204T213308Z", "20260205T212937Z"
YEAR_SECONDS = 365 * 86400


def smiles_of(shared_data: Path, snapshot: str, currency: str) -> np.ndarray:
    """(E,5) days to expiry, at-the-money level, skew, curvature and carry of each expiry beyond two days.

    Marks of out-of-the-money options, linear in log-moneyness; skew and curvature at one standard deviation.
    """
    table = parquet.read_table(shared_data / "deribit_chain" / "stress_2026feb_6h.parquet",
                               filters=[("snapshot_id", "=", snapshot), ("currency", "=", currency)])
    columns = {name: table[name].to_numpy() for name in (
        "strike", "mark_iv", "underlying_price", "index_price", "option_type")}
    expiry, now = (table[name].to_numpy().astype("datetime64[s]").astype(float) for name in ("expiry", "timestamp"))
    years = (expiry - now) / YEAR_SECONDS
    return np.array([_smile(columns, years, years == e) for e in sorted(set(years[years > 2 / 365]))])


def _smile(columns: dict[str, np.ndarray], years: np.ndarray, mine: np.ndarray) -> tuple[float, ...]:
    forward, time = float(np.median(columns["underlying_price"][mine])), float(years[mine][0])
    k = np.log(columns["strike"] / forward)
    call = np.array([str(t)[0].upper() == "C" for t in columns["option_type"]])
    use = mine & (columns["mark_iv"] > 0.01) & (call == (k >= 0))
    order = np.argsort(k[use], kind="stable")
    curve = (k[use][order], columns["mark_iv"][use][order])
    level = float(np.interp(0.0, *curve))
    step = level * np.sqrt(time)
    up, down = np.interp(step, *curve), np.interp(-step, *curve)
    carry = np.log(forward / np.median(columns["index_price"][mine])) / time
    return (time * 365, level, float(up - down) / 2, float(up + down) / 2 - level, float(carry))
