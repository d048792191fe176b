"""Derive accounts, published or made up, as columns and quantities, with what must come out."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace

from margin import plain_derive as plain
from seawall.kernels.exact_black import black_call_put
from seawall.model.margin import MarginModel
from seawall.testing.margin_cases import MarginCase

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "crypto"
YEAR = plain.YEAR
LABELS = {"kind": "", "underlying": "", "asset": "", "expiry": ""}
NUMBERS = {
    "price": 0.0,
    "spot": 0.0,
    "strike": 0.0,
    "is_call": 0.0,
    "tau": 0.0,
    "rate": 0.0,
    "vol": 0.0,
    "forward_fixed": 0.0,
    "forward_variable": 0.0,
    "stable": 1.0,
    "conf_spot": 1.0,
    "conf_perp": 1.0,
    "conf_forward": 1.0,
    "conf_rate": 1.0,
    "conf_vol": 1.0,
    "conf_own": 1.0,
    "mm_haircut": 0.0,
    "im_haircut": 0.0,
    "tracks": 0.0,
    "base_size": 1.0,
    "contract_size": 1.0,
}
Row = dict[str, Any]


def columns(rows: Sequence[Row], without: Sequence[str] = ()) -> dict[str, Any]:
    """Columns of the rows; ``mark`` and ``undiscounted`` of options from our own Black-76."""
    out: dict[str, Any] = {
        name: np.array([row.get(name, value) for row in rows], dtype=float) for name, value in NUMBERS.items()
    }
    out |= {name: np.array([str(row.get(name, value)) for row in rows]) for name, value in LABELS.items()}
    out["instrument"] = np.array([str(row.get("instrument", n)) for n, row in enumerate(rows)])
    out["forward"] = out["forward_fixed"] + out["forward_variable"]
    option = out["kind"] == "option"
    value = black_call_put(out["forward"], out["strike"], out["vol"], out["tau"], out["is_call"])
    out["undiscounted"] = np.where(option, value * out["contract_size"], out["price"])
    out["mark"] = np.where(out["kind"] == "perpetual", 0.0, out["undiscounted"])
    return {name: value for name, value in out.items() if name not in without}


def published(family: str) -> list[dict[str, Any]]:
    files = sorted(VECTORS.glob(f"derive_{family}_*.json"))
    assert files, f"no published cases of {family}"
    return [json.loads(file.read_text()) | {"name": file.stem} for file in files]


def rows_pmrm_2(x: Row, name: str = "", underlying: str = "BTC") -> tuple[list[Row], list[float]]:
    perp = x["perp"]
    shared = {
        "underlying": underlying,
        "asset": underlying,
        "spot": x["spot"],
        "stable": x["stable_price"],
        "conf_spot": x["spot_confidence"],
        "conf_perp": perp["confidence"],
    }
    rows: list[Row] = [{**shared, "kind": "cash", "price": 1.0}]
    q = [x["cash"] + perp["unrealised_pnl"] + perp["unrealised_funding"]]
    if perp["position"]:
        rows.append({**shared, "kind": "perp", "price": perp["price"]})
        q.append(perp["position"])
    for i, c in enumerate(x["collaterals"]):
        rows.append(
            {
                **shared,
                "kind": "collateral",
                "asset": f"{name}{i}",
                "price": c["price"],
                "tracks": c["risk_cancelling"],
                "conf_own": c["confidence"],
                "mm_haircut": c["mm_haircut"],
                "im_haircut": c["im_haircut_extra"],
            }
        )
        q.append(c["amount"])
    for j, e in enumerate(x["expiries"]):
        conf = e["confidences"]
        term = {
            **shared,
            "kind": "option",
            "expiry": f"{j}",
            "tau": e["seconds_to_expiry"] / YEAR,
            "rate": e["rate"],
            "forward_fixed": e["forward_fixed"],
            "forward_variable": e["forward_variable"],
            "conf_forward": conf["forward"],
            "conf_rate": conf["rate"],
            "conf_vol": conf["vol"],
        }
        rows += [{**term, "strike": o["strike"], "is_call": o["is_call"], "vol": o["vol"]} for o in e["options"]]
        q += [o["amount"] for o in e["options"]]
    return rows, q


def rows_pmrm_1(x: Row, name: str = "") -> tuple[list[Row], list[float]]:
    shared = {
        "underlying": "BTC",
        "asset": "BTC",
        "spot": x["spot"],
        "stable": x["stable"],
        "conf_spot": x["spotConf"],
        "conf_perp": x["perpConf"],
    }
    rows: list[Row] = [{**shared, "kind": "cash", "price": 1.0}]
    q = [x["cash"] + x["pnl"]]
    for kind, price in (("perp", x["perpPrice"]), ("base", x["spot"])):
        if x[kind]:
            rows.append({**shared, "kind": kind, "price": price})
            q.append(x[kind])
    for j, e in enumerate(x["expiries"]):
        term = {
            **shared,
            "kind": "option",
            "expiry": f"{j}",
            "tau": e["seconds_to_expiry"] / YEAR,
            "rate": e["rate"],
            "forward_fixed": e["forward_fixed"],
            "forward_variable": e["forward_variable"],
            "conf_forward": e["forward_conf"],
            "conf_rate": e["rate_conf"],
            "conf_vol": min(o["vol_conf"] for o in e["options"]),
        }
        rows += [{**term, "strike": o["strike"], "is_call": o["is_call"], "vol": o["vol"]} for o in e["options"]]
        q += [o["amount"] for o in e["options"]]
    return rows, q


def rows_standard(x: Row, name: str = "") -> tuple[list[Row], list[float]]:
    rows: list[Row] = [{"kind": "cash", "price": 1.0, "stable": x["stable"]}]
    q = [x["cash"] + sum(m["pnl"] for m in x["markets"])]
    for n, m in enumerate(x["markets"]):
        shared = {
            "underlying": m.get("name", f"M{n}"),
            "asset": m.get("name", f"M{n}"),
            "spot": m["spot"],
            "stable": x["stable"],
            "conf_spot": m["conf"],
            "conf_perp": m["perpConf"],
        }
        for kind, price in (("perp", m["perpPrice"]), ("base", m["spot"])):
            if m[kind]:
                rows.append({**shared, "kind": kind, "price": price})
                q.append(m[kind])
        for j, e in enumerate(m["expiries"]):
            term = {
                **shared,
                "kind": "option",
                "expiry": f"{j}",
                "tau": e["seconds_to_expiry"] / YEAR,
                "forward_variable": e["forward"],
                "conf_forward": e["forward_conf"],
                "conf_vol": e["vol_conf"],
            }
            rows += [{**term, "strike": o["strike"], "is_call": o["is_call"], "vol": o["vol"]} for o in e["options"]]
            q += [o["amount"] for o in e["options"]]
    return rows, q


def with_pmrm_2(p: Row) -> Callable[[MarginModel], MarginModel]:
    """The model with a published case's parameters and scenarios."""
    flat = {k: v for part in ("vol", "margin", "basis", "other", "skew") for k, v in p[part].items()}
    return _with(flat, p["scenarios"], p["basis"])


def with_pmrm_1(p: Row) -> Callable[[MarginModel], MarginModel]:
    """The model with a published case's parameters and scenarios."""
    return _with(p | {"add": p["basis"]["add"], "mult": p["basis"]["mult"]}, p["scenarios"], p["basis"])


def _with(numbers: Row, rows: Any, basis: Row) -> Callable[[MarginModel], MarginModel]:
    def change(model: MarginModel) -> MarginModel:
        changed = model.with_parameters({k: v for k, v in numbers.items() if k in model.parameters})
        scan = replace(model.scenarios["scan"], rows=tuple(tuple(row) for row in rows))
        moves = replace(model.scenarios["basis"], rows=((basis["spot_up"],), (basis["spot_down"],)))
        return replace(changed, scenarios=model.scenarios | {"scan": scan, "basis": moves})

    return change


def with_standard(p: Row) -> Callable[[MarginModel], MarginModel]:
    """The model with a published case's parameters."""
    numbers = p["option"] | {
        "perp_mm": p["perp"]["mm"],
        "perp_im": p["perp"]["im"],
        "conf_threshold": p["oracle_contingency"]["threshold"],
        "conf_factor": p["oracle_contingency"]["factor"],
        "peg_threshold": p["depeg"]["threshold"],
        "peg_factor": p["depeg"]["factor"],
        "base_margin_factor": p["base_margin_factor"],
        "base_im_scale": p["base_im_scale"],
    }
    return lambda model: model.with_parameters(numbers)


FAMILIES = {
    "derive_pmrm_2": (rows_pmrm_2, plain.pmrm_2),
    "derive_pmrm_1": (rows_pmrm_1, plain.pmrm_1),
    "derive_standard": (rows_standard, plain.standard),
}


def crowd(
    model: str, accounts: Sequence[Row], *, name: str, change: Callable[[MarginModel], MarginModel] | None = None
) -> MarginCase:
    """Accounts side by side, each with what the plain loops say of it."""
    mapped, twin = FAMILIES[model]
    rows: list[Row] = []
    quantity: list[float] = []
    owner: list[int] = []
    for n, account in enumerate(accounts):
        more, q = mapped(account, f"{n}-")
        rows, quantity, owner = rows + more, quantity + q, owner + [n] * len(q)
    told = [twin(account) for account in accounts]
    charges = {"equity": [-t["equity"] for t in told]}
    gains = {}
    if "basis" in told[0]:
        charges |= {"basis": [-t["basis"] for t in told], "oracle": [t["oracle"] for t in told]}
        gains = {"scan": [t["pnl"] for t in told]}
    charges["equity"] = [t["equity"] for t in told]
    # The twin's error function and ours differ by some units in the last place of the forward, times lots and lines.
    return MarginCase(
        name=name,
        columns=columns(rows),
        quantity=quantity,
        account=owner,
        charges=charges,
        gains=gains,
        balances={"initial": [t["im"] for t in told], "maintenance": [t["mm"] for t in told]},
        tolerance=1e-10,
        **({} if change is None else {"change": change}),
    )
