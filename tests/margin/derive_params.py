"""What Derive's accounts in the tests have in common: parameters as published and as they are live, and their order."""

from __future__ import annotations

from datetime import date
from typing import Any

from margin import derive_cases as cases

Row = dict[str, Any]
DAY = 86400
# Both sides of every bound on time: the last half hour, one day, thirty days (at it, and just beyond), a year, two.
TIMES = (600, 7200, 12 * 3600, 3 * DAY, 15 * DAY, 29 * DAY, 30 * DAY, 31 * DAY, 90 * DAY, 365 * DAY, 2 * 365 * DAY)
CONFIDENCE = (1.0, 0.9, 0.62, 0.6, 0.57, 0.56, 0.55, 0.53, 0.5, 0.41, 0.4, 0.38, 0.2, 0.0)
STABLE = (1.0, 1.01, 0.99, 0.98, 0.975, 0.95, 0.9)
PARAMS_2: Row = next(d for d in cases.published("pmrm2") if "031_" in d["name"])["inputs"]["params"]
PARAMS_1: Row = next(d for d in cases.published("pmrm1") if d["name"].endswith("sim_01"))["inputs"]["params"]
PARAMS_S: Row = next(d for d in cases.published("srm") if "long_box" in d["name"])["inputs"]["params"]
LIVE = date(2026, 1, 1)
# As the live documentation has them.
LIVE_2: Row = {
    **PARAMS_2,
    "other": {**PARAMS_2["other"], "peg_factor": 4.0},
    "scenarios": [
        *([1 + s / 100, w, 1.0] for s, w in [(18, "up"), (-18, "up")]),
        *([1 + s / 100, w, 1.0] for s in (13.5, 9, 4.5, 0, -4.5, -9, -13.5) for w in ("up", "none", "down")),
        *(
            [1 + s / 100, "up", d]
            for s, d in [
                (-66, 0.21),
                (-33, 0.42),
                (50, 0.27),
                (100, 0.13),
                (200, 0.069),
                (300, 0.046),
                (400, 0.034),
                (500, 0.027),
            ]
        ),
        [1.0, "linear", 1.0],
        [1.0, "abs", 1.0],
    ],
}
LIVE_1: Row = {**PARAMS_1, "im_factor": 1.25, "scenarios": [*PARAMS_1["scenarios"], [1.2, "up"], [0.8, "up"]]}
LIVE_S: Row = {**PARAMS_S, "perp": {"mm": 0.05, "im": 0.066}, "oracle_contingency": {"threshold": 0.55, "factor": 0.4}}
LIVE_RATES = {"SOL": {"mm": 0.067, "im": 0.077}, "HYPE": {"mm": 0.08, "im": 0.10}}


def in_order(params: Row) -> Row:
    words = {"up": 0, "none": 1, "down": 2, "linear": 3, "abs": 4}
    body = [
        r
        for r in params["scenarios"]
        if r[1] in words and (len(r) < 3 or r[2] == 1.0) and r[1] not in ("linear", "abs")
    ]
    rest = [r for r in params["scenarios"] if r not in body]
    return {**params, "scenarios": [*sorted(body, key=lambda r: (-r[0], words[r[1]])), *rest]}


def file_rows(model: str, x: Row) -> Row:
    return x if model == "derive_standard" else {**x, "params": in_order(x["params"])}
