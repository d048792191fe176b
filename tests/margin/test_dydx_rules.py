"""Each rule of the exact preset of dYdX changed once: books whose requirements a plain loop knows notice it."""

from __future__ import annotations

import numpy as np

from margin.test_dydx import TIERS, fraction
from margin.venue_books import SPOT, Line, columns
from seawall.formats.margin_models import read_margin_model
from seawall.testing.margin_cases import MarginCase
from seawall.testing.rule_mutation import rule_mutation

LISTED = TIERS | dict.fromkeys(("LINK", "AVAX", "ADA", "LTC", "DOGE"), TIERS["SOL"]) | {"ETH": TIERS["BTC"]}


def case(name: str, lines: list[Line], interest: list[float] | None = None, *, caps: tuple[float, float] | None = None,
         refused: tuple[str, ...] = ()) -> MarginCase:
    """What plain loops ask of the lines. interest: nothing where the market tells none. caps: other than the tier's."""
    more = {} if interest is None else {"open_interest": interest}
    if caps:
        more |= {"oi_lower": [caps[0]] * len(lines), "oi_upper": [caps[1]] * len(lines)}
    made = columns(lines, **more)
    cash = [x for x in lines if x.kind in ("cash", "spot", "lending", "wrapped")]
    equity = sum(x.quantity * x.spot for x in cash if x.quantity < 0 or x.underlying in ("USD", "USDC"))
    equity += sum(x.quantity * x.spot for x in lines if x.kind == "unrealised")
    net: dict[tuple[str, str], tuple[float, float]] = {}
    for line, held in zip(lines, interest or [0.0] * len(lines), strict=True):
        if line.kind == "perpetual":
            key = (line.underlying, line.name)
            net[key] = (net.get(key, (0.0, 0.0))[0] + line.quantity, held)
    initial = lasting = 0.0
    for (market, _), (quantity, held) in net.items():
        worth = abs(quantity) * SPOT[market]
        initial += worth * scaled(market, held * SPOT[market], caps)
        lasting += worth * fraction(_tier(market), 0.0)[1]
    return MarginCase(name=name, columns={**made.numbers, **made.labels}, quantity=[x.quantity for x in lines],
                      balances={"initial": equity - initial, "maintenance": equity - lasting},
                      charges={"equity": equity, "initial": initial, "maintenance": lasting}, refused=refused)


def scaled(market: str, open_notional: float, caps: tuple[float, float] | None) -> float:
    """The initial fraction under a tier's caps, or under others."""
    if caps is None:
        return fraction(_tier(market), open_notional)[0]
    base, (low, high) = TIERS[_tier(market)][0], caps
    share = min(max((open_notional - low) / (high - low), 0.0), 1.0) if high > low else 0.0
    return int(base + (1_000_000 - base) * share) / 1e6


def _tier(market: str) -> str:
    return market if market in TIERS else "BTC" if market == "ETH" else "SOL"


def cases() -> list[MarginCase]:
    out = []
    for market in LISTED:
        for notional in (0.0, 0.3e6, 0.7e6, 5e6, 21.712345e6, 35.3e6, 49e6, 70e6):
            line = Line("perpetual", market, -3.0, name=f"{market}-USD")
            out.append(case(f"{market} {notional:g}", [line], [notional / SPOT[market]]))
    held = [Line("perpetual", "BTC", 2.0, name="a"), Line("perpetual", "BTC", -0.5, name="a"),
            Line("perpetual", "BTC", -1.0, name="b"), Line("perpetual", "ETH", -4.0, name="a"),
            Line("cash", "USDC", 500.0), Line("cash", "USD", 70.0), Line("cash", "BTC", 1.0), Line("cash", "ETH", -2.0),
            Line("spot", "BTC", 0.5), Line("lending", "USDC", -40.0), Line("wrapped", "ETH", -1.0),
            Line("unrealised", "BTC", 0.25), Line("unrealised", "USDC", -90.0)]
    out.append(case("netting", held, [np.nan] * 13))
    out.append(case("all kinds", held[3:], [0.0] * 10))
    option, future = Line("option", "BTC", 0.0, days=30, name="c"), Line("future", "BTC", 0.0, days=30, name="f")
    out.append(case("refused", [option, future, *held[4:]], [0.0] * 11, refused=("c", "f")))
    out.append(case("none told", held[:3], caps=(0.0, 1e3)))
    for held_open, caps in ((0.0, (0.0, 1.0)), (0.04, (0.0, 1e4)), (325.0, (20e6, 20e6)), (340.0, (20e6, 20.5e6))):
        out.append(case(f"caps {caps}", [Line("perpetual", "BTC", 1.0)], [held_open], caps=caps))
    return out


EQUIVALENT: dict[str, str] = {
    "by.market.BTC.oi_lower: 0 nudged": "a tier without caps is not scaled, as long as the upper is no higher",
    "by.market.ETH.oi_lower: 0 nudged": "a tier without caps is not scaled, as long as the upper is no higher",
    "columns.open_notional: open_interest > 0 becomes open_interest >= 0 at 3": "none of it is worth nothing",
    "columns.open_notional: open_interest becomes open_interest * 1.05 at 7": "above zero either way",
}


def test_at_least_ninety_five_in_a_hundred_changes_of_a_rule_are_noticed() -> None:
    report = rule_mutation(read_margin_model("dydx"), cases(), equivalent=EQUIVALENT)
    assert report.share >= 0.95, report.unnoticed
    assert len(report.noticed) > 100
