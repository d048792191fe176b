"""Derive accounts that no published case shows: made up for the rules that those do not pin, and at random."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.random import Generator

from margin import derive_cases as cases
from margin.derive_chosen import CHOSEN
from margin.derive_params import (
    CONFIDENCE,
    LIVE,
    LIVE_1,
    LIVE_2,
    LIVE_RATES,
    LIVE_S,
    PARAMS_1,
    PARAMS_2,
    PARAMS_S,
    STABLE,
    TIMES,
    Row,
    file_rows,
    in_order,
)
from margin.derive_words import CONF, venue_words
from seawall.model.margin import MarginModel
from seawall.testing.margin_cases import MarginCase


def drawn(rng: Generator, values: Any) -> Any:
    """One of them."""
    return values[int(rng.integers(len(values)))]


def trust(rng: Generator) -> float:
    """Mostly sound, else anything near a threshold."""
    return 1.0 if rng.random() < 0.6 else float(drawn(rng, CONFIDENCE))


def options(rng: Generator, spot: float, extra: Row) -> list[Row]:
    strikes = [0.0 if rng.random() < 0.02 else round(spot * float(rng.uniform(0.5, 1.8)), -1) for _ in range(3)]
    return [
        {
            "strike": drawn(rng, strikes),
            "is_call": bool(rng.random() < 0.5),
            "vol": float(rng.uniform(0.1, 1.5)),
            "amount": round(float(rng.normal(0, 10)), 2),
            **extra,
        }
        for _ in range(int(rng.integers(1, 5)))
    ]


def forwards(rng: Generator, spot: float) -> Row:
    fixed = float(rng.uniform(0.2, 0.9)) if rng.random() < 0.2 else 0.0
    forward = spot * float(rng.uniform(0.97, 1.06))
    return {"forward_fixed": forward * fixed, "forward_variable": forward * (1 - fixed)}


def expiry(rng: Generator, spot: float) -> Row:
    return {
        "seconds_to_expiry": drawn(rng, TIMES),
        "rate": float(rng.choice([-0.05, 0.0, 0.02, 0.1])),
        **forwards(rng, spot),
    }


def random_pmrm_2(rng: Generator, params: Row = PARAMS_2) -> Row:
    spot = float(rng.uniform(1000, 4000))
    perp = rng.random() < 0.5
    assets = [
        {
            "name": "x",
            "amount": float(rng.uniform(0.1, 20)),
            "price": float(rng.choice([1.0, spot])),
            "confidence": trust(rng),
            "risk_cancelling": bool(rng.random() < 0.5),
            "mm_haircut": float(rng.choice([0.02, 0.15])),
            "im_haircut_extra": float(rng.choice([0.01, 0.05])),
        }
        for _ in range(int(rng.integers(0, 3)))
    ]
    return {
        "cash": float(rng.normal(0, 5000)),
        "spot": spot,
        "spot_confidence": trust(rng),
        "stable_price": drawn(rng, STABLE),
        "perp": {
            "position": float(rng.normal(0, 10)) if perp else 0.0,
            "price": spot * float(rng.uniform(0.97, 1.03)),
            "confidence": float(drawn(rng, CONFIDENCE)),
            "unrealised_pnl": float(rng.normal(0, 100)),
            "unrealised_funding": 0.0,
        },
        "collaterals": assets,
        "params": params,
        "expiries": [
            {
                **expiry(rng, spot),
                "confidences": {"forward": trust(rng), "rate": trust(rng), "vol": trust(rng)},
                "options": options(rng, spot, {}),
            }
            for _ in range(int(rng.integers(0, 3)))
        ],
    }


def random_pmrm_1(rng: Generator, params: Row = PARAMS_1) -> Row:
    spot = float(rng.uniform(1000, 4000))
    out = {
        "spot": spot,
        "spotConf": trust(rng),
        "perpPrice": spot * float(rng.uniform(0.97, 1.03)),
        "perpConf": trust(rng),
        "stable": drawn(rng, STABLE),
        "cash": float(rng.normal(0, 5000)),
        "perp": float(rng.normal(0, 10)) if rng.random() < 0.5 else 0.0,
        "base": float(rng.uniform(0.1, 20)) if rng.random() < 0.5 else 0.0,
        "pnl": float(rng.normal(0, 100)),
        "params": params,
        "expiries": [],
    }
    for _ in range(int(rng.integers(0, 3))):
        out["expiries"].append(
            {
                **expiry(rng, spot),
                "forward_conf": trust(rng),
                "rate_conf": trust(rng),
                "options": options(rng, spot, {"vol_conf": trust(rng)}),
            }
        )
    return out


def random_standard(rng: Generator, params: Row = PARAMS_S, rates: Row | None = None) -> Row:
    return {
        "stable": drawn(rng, STABLE),
        "cash": float(rng.normal(0, 5000)),
        "params": params,
        "markets": [
            _market(rng, name, rates or {}) for name in ("BTC", "ETH", "SOL", "HYPE")[: int(rng.integers(1, 5))]
        ],
    }


def _market(rng: Generator, name: str, rates: Row) -> Row:
    spot = float(rng.uniform(1000, 4000))
    out = {
        "name": name,
        "spot": spot,
        "conf": trust(rng),
        "perpPrice": spot * float(rng.uniform(0.97, 1.03)),
        "perpConf": trust(rng),
        "perp": float(rng.normal(0, 10)) if rng.random() < 0.5 else 0.0,
        "base": float(rng.uniform(0.1, 20)) if rng.random() < 0.5 else 0.0,
        "pnl": float(rng.normal(0, 100)),
        "expiries": [],
    }
    if name in rates:
        out["perp_rates"] = rates[name]
    for _ in range(int(rng.integers(0, 3))):
        e = expiry(rng, spot)
        out["expiries"].append(
            {
                "seconds_to_expiry": e["seconds_to_expiry"],
                "forward": spot * float(rng.uniform(0.9, 1.1)),
                "forward_conf": trust(rng),
                "vol_conf": trust(rng),
                "options": options(rng, spot, {}),
            }
        )
    return out


MADE = {"derive_pmrm_2": random_pmrm_2, "derive_pmrm_1": random_pmrm_1, "derive_standard": random_standard}


def many(model: str, seed: int, count: int, *more: Any) -> list[Row]:
    rng = np.random.default_rng(seed)
    return [MADE[model](rng, *more) for _ in range(count)]


def live(model: MarginModel) -> MarginModel:
    """As it stands since its parameters were last told."""
    return model.on(LIVE)


def own_cases(model: str) -> list[MarginCase]:
    """What the presets are held to beyond the published cases."""
    told = {
        "derive_pmrm_2": ((), (LIVE_2,)),
        "derive_pmrm_1": ((), (LIVE_1,)),
        "derive_standard": ((), (LIVE_S, LIVE_RATES)),
    }[model]
    new = many(model, 2, 40, *told[1])
    if model == "derive_pmrm_2":
        # The file's order of rows, so that each scenario is compared with its own.
        new = [{**x, "params": in_order(x["params"])} for x in new]
    if model == "derive_pmrm_1":
        new = [{**x, "params": in_order(x["params"])} for x in new]
    plainly = [file_rows(model, x) for x in many(model, 1, 60)]
    out = [
        cases.crowd(model, plainly, name="a crowd at random"),
        cases.crowd(model, new, name="a crowd under the dated table", change=live),
        alone(model),
        other_numbers(model),
        in_small_lots(plainly, model),
        in_two_lines(model),
        venue_words(model),
        venue_words(model, confidence=False),
    ]
    out += [venue_words(model, only=name) for name in CONF[model]]
    return [*out, scaled_base()] if model == "derive_standard" else [*out, *two_underlyings(model)]


def other_numbers(model: str) -> MarginCase:
    """Parameters far from their usual values, where a vol may fall to nothing and margins are no ones."""
    if model == "derive_pmrm_2":
        p = {
            **PARAMS_2,
            "vol": PARAMS_2["vol"] | {"range_down": 0.9, "dte_floor_days": 5.0},
            "other": PARAMS_2["other"] | {"conf_margin": 0.7},
            "skew": PARAMS_2["skew"] | {"min_kstar": 0.3, "linear_cap": 0.4},
            "margin": PARAMS_2["margin"] | {"im_factor": 1.2, "short_base_discount": 0.95, "short_rate_add": 0.01},
        }
        some = many(model, 4, 40, p) + [{**x, "params": p} for x in CHOSEN["derive_pmrm_2"]()]
        return cases.crowd(
            model, [file_rows(model, x) for x in some], name="other numbers", change=cases.with_pmrm_2(in_order(p))
        )
    if model == "derive_pmrm_1":
        p = {**PARAMS_1, "vol_range_down": 0.9, "perp_percent": 0.03, "dte_floor_seconds": 400000}
        some = many(model, 4, 40, p) + [{**x, "params": p} for x in CHOSEN["derive_pmrm_1"]()]
        return cases.crowd(
            model, [file_rows(model, x) for x in some], name="other numbers", change=cases.with_pmrm_1(in_order(p))
        )
    p = {
        **PARAMS_S,
        "option": PARAMS_S["option"] | {"mm_put_mtm": 0.2, "mm_call_spot": 0.09},
        "base_margin_factor": 0.6,
    }
    return cases.crowd(model, many(model, 4, 40, p), name="other numbers", change=cases.with_standard(p))


def in_small_lots(accounts: list[Row], model: str) -> MarginCase:
    """The same accounts in contracts of half a coin, twice as many."""
    whole = cases.crowd(model, accounts, name="contracts of half a coin")
    made = dict(whole.columns)
    cash = made["kind"] == "cash"
    for name in ("price", "undiscounted", "mark", "base_size", "contract_size"):
        made[name] = np.where(cash, made[name], made[name] / 2)
    quantity = np.where(cash, whole.quantity, 2 * np.array(whole.quantity))
    return replace(whole, columns=made, quantity=quantity.tolist())


def in_two_lines(model: str) -> MarginCase:
    """Each instrument in two lines, which net."""
    whole = cases.crowd(model, [file_rows(model, x) for x in many(model, 5, 20)], name="every holding in two lines")
    split = np.arange(len(whole.quantity))
    made = {name: np.concatenate([values, values[split]]) for name, values in whole.columns.items()}
    quantity, account = np.array(whole.quantity), np.array(whole.account)
    more = -2.0 * quantity[split]
    quantity[split] *= 3.0
    return replace(whole, columns=made, quantity=[*quantity, *more], account=[*account, *account[split]])


def two_underlyings(model: str) -> list[MarginCase]:
    """Accounts with two underlyings count as two: one bought against the other earns nothing."""
    rng = np.random.default_rng(6)
    mapped, twin = cases.FAMILIES[model]
    rows: list[Row] = []
    quantity: list[float] = []
    owner: list[int] = []
    told = []
    chosen = CHOSEN[model]()
    pairs = [chosen[-2:], [chosen[-1], chosen[1]], *([MADE[model](rng), MADE[model](rng)] for _ in range(25))]
    for n, pair in enumerate(pairs):
        sums = {"equity": 0.0, "im": 0.0, "mm": 0.0}
        for name, x in zip(("BTC", "ETH"), pair, strict=True):
            one = file_rows(model, _as_one(x))
            more, q = mapped(one, f"{name}{n}-")
            for row in more:
                row["underlying"] = name
                row["asset"] = name if row.get("asset") in ("BTC", None) else row["asset"]
            rows, quantity, owner = rows + more, quantity + q, owner + [n] * len(q)
            t = twin(one)
            sums = {word: sums[word] + t[word] for word in sums}
        told.append(sums)
    return [
        MarginCase(
            name="two underlyings in one account",
            columns=cases.columns(rows),
            quantity=quantity,
            account=owner,
            charges={"equity": [t["equity"] for t in told]},
            tolerance=1e-10,
            balances={"initial": [t["im"] for t in told], "maintenance": [t["mm"] for t in told]},
        )
    ]


def _as_one(x: Row) -> Row:
    """Two parts of one account have one stable price, and both hold a perpetual."""
    if "perp" in x and isinstance(x["perp"], dict):
        position = x["perp"]["position"] or 0.25
        return {**x, "stable_price": 0.97, "perp": {**x["perp"], "position": position}}
    return {**x, "stable": 0.97}


def alone(model: str) -> MarginCase:
    """Accounts made to sit on a bound: one unpinned rule each."""
    return cases.crowd(model, CHOSEN[model](), name="one rule each")


def scaled_base() -> MarginCase:
    """The initial scale of base collateral, at one in every published case."""
    params = {**PARAMS_S, "base_im_scale": 0.75}
    return cases.crowd(
        "derive_standard",
        many("derive_standard", 3, 10, params),
        name="base scaled",
        change=cases.with_standard(params),
    )


_NO_OPTIONS = (
    "rows without options have no settlement loss or no isolated charge: the least of the two is nothing either way"
)
_ONE = "at thirty days either power of one is one"
_NO_VOL = "Black-76 reads a volatility below nothing as none"
_SOUND = "any confidence at or above the threshold charges nothing"
EQUIVALENT: dict[str, dict[str, str]] = {
    "derive_standard": {
        "terms.settlement.select: dropped": _NO_OPTIONS,
        "terms.isolated_mm.select: dropped": _NO_OPTIONS,
        "terms.isolated_im.select: dropped": _NO_OPTIONS,
        "terms.base_mm.net: instrument becomes account": "collateral is never short, so it adds up either way",
        "terms.base_im.net: instrument becomes account": "collateral is never short, so it adds up either way",
        "by.underlying.HYPE.perp_group: 2 nudged": "the last branch takes whatever is neither 0 nor 1",
        "columns.mm_rate: perp_group becomes perp_group * 1.05 at 7": "0 stays 0, and nothing else becomes it",
        "columns.im_rate: perp_group becomes perp_group * 1.05 at 7": "0 stays 0, and nothing else becomes it",
        "columns.known: 1 becomes 1.05 at 5": _SOUND,
        "assumed.confidence: 1 nudged": _SOUND,
        "scenarios.settlement.applies: settle becomes settle * 1.05 at 6": "0 stays 0, and nothing else becomes it",
    },
    "derive_pmrm_1": {
        "terms.basis.select: dropped": "only options move with the forward: all else gains nothing",
        "columns.known: 1 becomes 1.05 at 5": _SOUND,
        "assumed.confidence: 1 nudged": _SOUND,
        "scenarios.scan.let.term: tau * 365 <= 30 becomes tau * 365 < 30 at 9": _ONE,
        "scenarios.scan.shock.vol: max(0, 1 - vol_range_down * term) becomes "
        "1 - vol_range_down * term at 23": _NO_VOL,
    },
    "derive_pmrm_2": {
        "terms.scan.fold.1.gain: cover * (1 - 2 * max(is_linear, is_abs)) becomes "
        "cover / (1 - 2 * max(is_linear, is_abs)) at 1": "the factor is 1 or -1, its own reciprocal",
        "columns.known: 1 becomes 1.05 at 5": _SOUND,
        "assumed.confidence: 1 nudged": _SOUND,
        "scenarios.scan.let.term: tau * 365 <= 30 becomes tau * 365 < 30 at 9": _ONE,
        "scenarios.scan.shock.vol: max(0, 1 - is_down * range_down * term + tilt) becomes "
        "1 - is_down * range_down * term + tilt at 13": _NO_VOL,
    },
}
