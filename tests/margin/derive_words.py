"""A holding in our own words, as it comes from a book and a market that tells little."""

from __future__ import annotations

from typing import Any

import numpy as np

from margin import derive_cases as cases
from margin import plain_derive as plain
from margin.derive_chosen import asset
from margin.derive_params import DAY, PARAMS_1, PARAMS_2, PARAMS_S, Row
from seawall.testing.margin_cases import MarginCase

CONF = {
    "derive_pmrm_2": ("conf_spot", "conf_perp", "conf_forward", "conf_rate", "conf_vol", "conf_own"),
    "derive_pmrm_1": ("conf_spot", "conf_perp", "conf_forward", "conf_rate", "conf_vol"),
    "derive_standard": ("conf_spot", "conf_perp", "conf_forward", "conf_vol"),
}


def venue_words(model: str, *, confidence: bool = True, only: str = "") -> MarginCase:
    """A holding in our own words for kinds, with what the market does not tell left out: haircuts, confidences, parts.

    Two underlyings, which count apart; the last half hour; an asset that no table names; a future, which is refused.
    confidence: whether the market doubts ETH, and cash. only: the one confidence that it does not tell apart.
    """
    spots = {"BTC": 3000.0, "ETH": 200.0}
    rows: list[Row] = [{"kind": "cash", "price": 1.0, "spot": 1.0}, {"kind": "unrealised", "price": 1.0, "spot": 1.0}]
    q: list[float] = [500.0, -120.0]
    told = []
    low = (only,) if only else CONF[model] if confidence else ()
    for name, spot in spots.items():
        shared = {"underlying": name, "asset": name, "spot": spot}
        forward, late = spot * 1.01, spot * 1.002
        lines = [
            (7 * DAY, forward, 1.1 * spot, True, -3.0),
            (7 * DAY, forward, 0.9 * spot, False, -2.0),
            (600, late, spot, True, 4.0),
            (600, late, spot, False, -5.0),
            (40 * DAY, forward, spot, True, 2.5),
        ]
        rows += [{**shared, "kind": "perpetual", "price": spot * 1.001}, {**shared, "kind": "spot", "price": spot}]
        q += [-1.5, 2.0]
        rows += [
            {
                **shared,
                "kind": "option",
                "expiry": str(t),
                "tau": t / cases.YEAR,
                "forward_variable": f,
                "strike": k,
                "is_call": c,
                "vol": 0.6,
            }
            for t, f, k, c, _ in lines
        ]
        q += [a for *_, a in lines]
        told.append(_told(model, spot, lines, perp=-1.5, base=2.0, low=low))
    extra = {
        "derive_pmrm_2": [
            ("LBTC", "wrapped", 2900.0, 1.5, 0.03, 0.015, True),
            ("CBBTC", "wrapped", 2950.0, 1.0, 0.04, 0.015, True),
            ("USDT", "spot", 0.999, 900.0, 0.02, 0.03, False),
            ("DAI", "spot", 0.998, 700.0, 0.08, 0.02, False),
            ("PEPE", "spot", 0.5, 100.0, 1.0, 0.0, False),
        ]
    }.get(model, [])
    for held, kind, price, amount, mm, im, tracks in extra:
        underlying = "BTC" if tracks else held
        rows.append({"kind": kind, "underlying": underlying, "asset": held, "price": price, "spot": price})
        q.append(amount)
        if tracks:
            told[0]["collaterals"].append(asset(amount, price, mm, im, tracks))
        else:
            told.append(
                _told(model, price, [], perp=0.0, base=0.0, low=())
                | {"collaterals": [asset(amount, price, mm, im, tracks)]}
            )
    rows.append(
        {"kind": "future", "underlying": "BTC", "asset": "BTC", "instrument": "JUN", "price": 3000.0, "spot": 3000.0}
    )
    q.append(0.0)
    numbers = _sum(model, told, cash=380.0)
    without = [
        "conf_own",
        *CONF["derive_pmrm_2"],
        "stable",
        "mm_haircut",
        "im_haircut",
        "tracks",
        "base_size",
        "rate",
        "forward_fixed",
        "forward_variable",
    ]
    made = cases.columns(rows, [name for name in without if not only or name == only or name[:4] != "conf"])
    if confidence:
        doubted = (made["underlying"] == "ETH") | np.isin(made["kind"], ("cash", "unrealised"))
        made["confidence"] = np.where(doubted, 0.3, np.nan)
    return MarginCase(
        name="our own words, and nothing but a market",
        columns=made,
        quantity=q,
        refused=("JUN",),
        charges={"equity": numbers["equity"]},
        tolerance=1e-10,
        balances={"initial": numbers["im"], "maintenance": numbers["mm"]},
    )


def _told(model: str, spot: float, lines: list[Any], *, perp: float, base: float, low: tuple[str, ...]) -> Row:
    """One underlying's part of the holding as the plain loops read it; of ETH, at 200, some things are trusted 0.3."""
    of_spot, of_perp, of_forward, of_rate, of_vol, own = (
        0.3 if spot == 200.0 and name in low else 1.0 for name in CONF["derive_pmrm_2"]
    )
    terms: dict[int, Row] = {}
    for t, f, k, call, a in lines:
        fixed = f * (1800 - t) / 1800 if t < 1800 else 0.0
        e = terms.setdefault(
            t,
            {
                "seconds_to_expiry": t,
                "rate": 0.0,
                "forward": f,
                "forward_fixed": fixed,
                "forward_variable": f - fixed,
                "forward_conf": of_forward,
                "rate_conf": of_rate,
                "vol_conf": of_vol,
                "options": [],
                "confidences": {"forward": of_forward, "rate": of_rate, "vol": of_vol},
            },
        )
        e["options"].append({"strike": k, "is_call": call, "vol": 0.6, "amount": a, "vol_conf": of_vol})
    expiries = list(terms.values())
    if model == "derive_pmrm_2":
        haircut = (0.02, 0.01) if spot == 3000.0 else (0.015, 0.005)
        assets = [asset(base, spot, *haircut, True) | {"confidence": own}] if base else []
        return {
            "cash": 0.0,
            "spot": spot,
            "spot_confidence": of_spot,
            "stable_price": 1.0,
            "collaterals": assets,
            "perp": {
                "position": perp,
                "price": spot * 1.001,
                "confidence": of_perp,
                "unrealised_pnl": 0.0,
                "unrealised_funding": 0.0,
            },
            "expiries": expiries,
            "params": PARAMS_2,
        }
    return {
        "spot": spot,
        "spotConf": of_spot,
        "conf": of_spot,
        "perpPrice": spot * 1.001,
        "perpConf": of_perp,
        "stable": 1.0,
        "cash": 0.0,
        "pnl": 0.0,
        "perp": perp,
        "base": base,
        "expiries": expiries,
        "params": PARAMS_1,
    }


def _sum(model: str, told: list[Row], *, cash: float) -> dict[str, float]:
    if model == "derive_standard":
        return plain.standard({"stable": 1.0, "cash": cash, "markets": told, "params": PARAMS_S})
    twin = plain.pmrm_2 if model == "derive_pmrm_2" else plain.pmrm_1
    each = [twin(x) for x in told]
    return {word: sum(t[word] for t in each) + cash for word in ("equity", "im", "mm")}
