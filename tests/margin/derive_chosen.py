"""Derive accounts made to sit on a bound: one rule that no published case pins, each."""

from __future__ import annotations

from typing import Any

from margin.derive_params import DAY, PARAMS_1, PARAMS_2, PARAMS_S, Row, file_rows


def asset(amount: float, price: float, mm: float, im: float, tracks: bool) -> Row:
    """One collateral of the plain loops."""
    return {
        "amount": amount,
        "price": price,
        "confidence": 1.0,
        "risk_cancelling": tracks,
        "mm_haircut": mm,
        "im_haircut_extra": im,
    }


def _chosen_2() -> list[Row]:
    whole = {"forward": 1.0, "rate": 1.0, "vol": 1.0}

    def account(**changes: Any) -> Row:
        e = {
            "seconds_to_expiry": 20 * DAY,
            "rate": 0.05,
            "forward_fixed": 0.0,
            "forward_variable": 2010.0,
            "confidences": whole | changes.pop("trust", {}),
            "options": [
                {
                    "strike": 2000.0,
                    "is_call": True,
                    "vol": changes.pop("vol", 0.5),
                    "amount": changes.pop("amount", -5.0),
                }
            ],
        }
        e |= changes.pop("expiry", {})
        perp = {"position": 0.0, "price": 2005.0, "confidence": 1.0, "unrealised_pnl": 0.0, "unrealised_funding": 0.0}
        return file_rows(
            "derive_pmrm_2",
            {
                "cash": 1000.0,
                "spot": 2000.0,
                "spot_confidence": 1.0,
                "stable_price": 1.0,
                "collaterals": [],
                "params": PARAMS_2,
                "expiries": [e],
                "perp": perp | changes.pop("perp", {}),
            }
            | changes,
        )

    return [
        account(stable_price=0.95),
        account(stable_price=0.98),
        account(vol=0.1),
        account(vol=0.1, amount=5.0),
        account(expiry={"rate": -0.2}),
        account(expiry={"rate": -0.2}, amount=5.0),
        account(perp={"position": 1.0, "confidence": 0.3}),
        account(perp={"position": 0.0, "confidence": 0.3}),
        account(trust={"vol": 0.55}),
        account(trust={"vol": 0.5499}),
        account(trust={"rate": 0.4}),
        account(trust={"forward": 0.4}),
        account(spot_confidence=0.4),
        account(spot_confidence=0.4, collaterals=[asset(3.0, 1990.0, 0.03, 0.02, True)]),
        account(perp={"position": -2.0, "confidence": 0.55}),
        account(expiry={"seconds_to_expiry": 1500 * DAY}),
        account(expiry={"seconds_to_expiry": 3600}, vol=3.0),
        account(expiry={"seconds_to_expiry": 3600}, amount=2.0),
        account(expiry={"rate": 0.5, "seconds_to_expiry": 365 * DAY}),
        account(expiry={"rate": -0.5, "seconds_to_expiry": 365 * DAY}),
        account(expiry={"rate": 0.3, "seconds_to_expiry": 730 * DAY}),
        account(expiry={"seconds_to_expiry": 60, "forward_variable": 2001.0}),
        account(
            perp={"position": 1.0, "confidence": 0.3}, expiries=[_synthetic(1.0, 20, 0.1), _synthetic(-1.0, 50, 1.0)]
        ),
        account(expiries=[_synthetic(1.0, 20, 1.0), _synthetic(-1.0, 50, 1.0)]),
        account(),
    ]


def _synthetic(amount: float, days: int, trusted: float) -> Row:
    """A forward made of options: the later against the sooner loses by basis alone."""
    pair = [
        {"strike": 2000.0, "is_call": call, "vol": 0.5, "amount": amount if call else -amount, "vol_conf": trusted}
        for call in (True, False)
    ]
    return {
        "seconds_to_expiry": days * DAY,
        "rate": 0.0,
        "forward_fixed": 0.0,
        "forward_variable": 2000.0,
        "forward_conf": 1.0,
        "rate_conf": 1.0,
        "confidences": {"forward": 1.0, "rate": 1.0, "vol": trusted},
        "options": pair,
    }


def _chosen_1() -> list[Row]:
    def account(**changes: Any) -> Row:
        o = {"strike": 2000.0, "is_call": True, "vol": 0.5, "amount": 5.0, "vol_conf": 1.0} | changes.pop("option", {})
        e = {
            "seconds_to_expiry": 20 * DAY,
            "rate": 0.05,
            "forward_fixed": 0.0,
            "forward_variable": 2010.0,
            "forward_conf": 1.0,
            "rate_conf": 1.0,
            "options": [o],
        } | changes.pop("expiry", {})
        return file_rows(
            "derive_pmrm_1",
            {
                "spot": 2000.0,
                "spotConf": 1.0,
                "perpPrice": 2005.0,
                "perpConf": 1.0,
                "stable": 1.0,
                "cash": 1000.0,
                "perp": 0.0,
                "base": 0.0,
                "pnl": 0.0,
                "params": PARAMS_1,
                "expiries": [e],
            }
            | changes,
        )

    return [
        account(expiry={"rate": -0.2}),
        account(stable=0.95),
        account(stable=0.98),
        account(expiry={"rate_conf": 0.6}),
        account(expiry={"rate_conf": 0.5999}),
        account(option={"vol_conf": 0.3}),
        account(expiry={"forward_conf": 0.2}),
        account(perp=2.0, perpConf=0.5),
        account(base=2.0, perpConf=0.5),
        account(perp=-2.0, base=3.0),
        account(
            option={"amount": -5.0},
            expiry={"seconds_to_expiry": 600},
        ),
        account(stable=1.05, base=10.0),
        account(
            expiry={
                "options": [
                    {"strike": 2010.0, "is_call": call, "vol": 0.2, "amount": 5.0, "vol_conf": 1.0}
                    for call in (True, False)
                ],
                "seconds_to_expiry": 3 * DAY,
            }
        ),
        account(expiries=[_synthetic(1.0, 20, 1.0), _synthetic(-1.0, 50, 1.0)]),
        account(option={"amount": -5.0}),
    ]


def _chosen_s() -> list[Row]:
    def account(params: Row = PARAMS_S, stable: float = 1.0, **changes: Any) -> Row:
        o = {"strike": 2000.0, "is_call": True, "vol": 0.5, "amount": -5.0} | changes.pop("option", {})
        e = {
            "seconds_to_expiry": 20 * DAY,
            "forward": 2100.0,
            "forward_conf": 1.0,
            "vol_conf": 1.0,
            "options": changes.pop("options", [o]),
        } | changes.pop("expiry", {})
        m = {
            "name": "ETH",
            "spot": 2000.0,
            "conf": 1.0,
            "perpPrice": 2005.0,
            "perpConf": 1.0,
            "perp": 0.0,
            "base": 0.0,
            "pnl": 0.0,
            "expiries": [e, *changes.pop("more", [])],
        } | changes
        return {"stable": stable, "cash": 100.0, "params": params, "markets": [m]}

    low, high = (
        {"strike": 1000.0, "is_call": False, "vol": 0.5, "amount": 1.0},
        {"strike": 1500.0, "is_call": True, "vol": 0.5},
    )
    other = {
        "seconds_to_expiry": 90 * DAY,
        "forward": 2100.0,
        "forward_conf": 1.0,
        "vol_conf": 1.0,
        "options": [{"strike": 6000.0, "is_call": True, "vol": 0.5, "amount": 1.0}],
    }
    wide = [
        {"strike": 2000.0, "is_call": True, "vol": 2.0, "amount": -5.0},
        {"strike": 2200.0, "is_call": True, "vol": 2.0, "amount": 4.9},
    ]
    return [
        account(stable=0.95),
        account(stable=0.95, perp=2.0),
        account(stable=0.95, perp=-2.0, option={"amount": 1.0}),
        account(expiry={"vol_conf": 0.4}),
        account(expiry={"vol_conf": 0.39}),
        account(expiry={"forward_conf": 0.1}),
        account(options=wide),
        account(options=wide, more=[other]),
        account(option={"strike": 2050.0}),
        account(option={"strike": 1950.0, "is_call": False}),
        account(option={"strike": 1800.0, "is_call": False}),
        account(option={"strike": 2900.0, "is_call": False}),
        account(option={"strike": 9000.0, "is_call": False}),
        account(options=[low | {"amount": -1.0}, high | {"amount": 1.0}]),
        account(base=3.0),
        account(base=3.0, conf=0.3),
        account(option={"amount": 2.0}, expiry={"vol_conf": 0.1}),
        account(perp=1.0, perpConf=0.2),
    ]


CHOSEN = {"derive_pmrm_2": _chosen_2, "derive_pmrm_1": _chosen_1, "derive_standard": _chosen_s}
