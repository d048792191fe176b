"""How is a danger told? Plain sentences from numbers: who, what looked safe, which move, what is lost, what helps.

Each sentence is built from fields alone, so that the same finding always reads the same. The rules:

- names: up to three lines or accounts by name, further ones as a count;
- moves: the largest three, in words of their class: falls and rises for what moves in proportion, points for
  volatility, carry, premium and rates; several of a class that move alike are told once;
- money: three significant digits and a magnitude; shares of equity in whole percent from ten, else one decimal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from seawall import words
from seawall.discovery.findings import Finding, Member, Trade
from seawall.discovery.reverse import Reverse
from seawall.discovery.worst import WorstCase

NAMED = 3
TRAILING = re.compile(r"(?<=\d)\.0+(?=\D?$)|(?<=\.\d)0+(?=\D?$)")  # 60.0k is 60k, 1.50k is 1.5k
CLASS_NOUN: Final = {
    "volatility": "volatility", "carry": "carry", "premium": "premium", "funding": "funding", "skew": "skew",
    "curvature": "curvature", "rate": "rates", "interest": "interest", "peg": "peg", "exchange_rate": "exchange rate",
}
PROPORTIONAL: Final = ("spot", "volatility", "peg", "exchange_rate")
PLURAL: Final = {"crypto": "all coins", "equity": "all shares", "stablecoin": "all stablecoins",
                 "currency": "all currencies"}


def sentence(finding: Finding) -> str:
    """The whole finding in three sentences: why it looks safe, what happens together, what would remove most of it."""
    return " ".join((_safe(finding), _together(finding), _remedy(finding)))


def headline(finding: Finding) -> str:
    """One line: kind, move, loss."""
    titles = {"netting": "Netting that can break", "basis": "A hedge that can part", "corner": "A joint corner",
              "crowding": "A crowded exit", "wrong_way": "Collateral that falls with its positions"}
    return (f"{titles[finding.kind]}: {_money(finding.loss, finding)} ({_share(finding.loss / finding.equity)} of "
            f"equity) when {moves_text(finding.move)}")


def reverse_sentence(found: Reverse, currency: str) -> str:
    """What it takes to cost one row its target."""
    who = " / ".join(part or "(none)" for part in found.key) or "the book"
    cost = f"{words.short(found.target, 3)} {currency}"
    if found.distance is None:
        return (f"No joint move up to {found.searched_to:g} deviations that was searched costs {who} {cost}.")
    if found.distance == 0.0:
        return f"{words.capital(who)} has lost its {cost} already."
    return (f"The mildest move that costs {who} {cost} lies {words.number(found.distance, 1)} deviations away: "
            f"{moves_text(found.move)}{_chance(found.chance)}.")


def worst_sentence(worst: WorstCase) -> str:
    """The worst plausible case."""
    inside = "" if worst.distance > 0.999 * worst.radius else (
        f", inside the {worst.radius:g} that were searched: further moves cost less")
    return (f"The worst that is plausible within {worst.radius:g} deviations costs {words.short(worst.loss, 3)} "
            f"{worst.currency}: {moves_text(worst.move)}, {words.number(worst.distance, 1)} deviations away{inside}"
            f"{_chance(worst.chance)}.")


def moves_text(move: Mapping[str, float], *, most: int = NAMED) -> str:
    """``BTC falls 18% while USDC slips 3.0%``: the largest moves, those alike told once."""
    told = [_move_text(kind, names, size) for kind, names, size in _alike(move)]
    if not told:
        return "nothing moves"
    more = len(told) - most
    shown = told[:most] + ([f"{words.counted(more, 'further factor')} move"] if more > 0 else [])
    if more == 1:
        shown[-1] += "s"
    return shown[0] if len(shown) == 1 else f"{shown[0]} while {words.joined(shown[1:])}"


def _alike(move: Mapping[str, float]) -> list[tuple[str, list[str], float]]:
    """(risk class, qualifiers, shock) of factors that move by the same rounded amount; largest for its class first."""
    groups: dict[tuple[str, float], list[str]] = {}
    for key, shock in move.items():
        kind, qualifier = key.split(":")[:2]
        groups.setdefault((kind, round(shock, 2 if abs(shock) >= 0.1 else 3)), []).append(qualifier)
    weight = {"spot": 1.0, "peg": 1.0, "exchange_rate": 1.0, "volatility": 0.25}
    order = sorted(groups, key=lambda g: (-abs(g[1]) * weight.get(g[0], 1.0), g[0]))
    return [(kind, groups[kind, shock], shock) for kind, shock in order if shock]


def _move_text(kind: str, names: Sequence[str], shock: float) -> str:
    who = words.joined(list(names)) if len(names) <= NAMED else (
        f"{words.joined(list(names[:2]))} and {words.counted(len(names) - 2, 'other')}".replace(" and ", ", ", 1))
    many = len(names) > 1
    if kind == "spot":
        verb = ("slip" if abs(shock) < 0.05 else "fall") if shock < 0 else "rise"
        return f"{who} {verb}{'' if many else 's'} {words.percent(abs(shock), _digits(shock))}"
    noun = CLASS_NOUN.get(kind, kind)
    verb = "falls" if shock < 0 else "rises"
    if kind in PROPORTIONAL:
        return f"{noun} of {who} {verb} {words.percent(abs(shock), _digits(shock))}"
    return f"{noun} of {who} {verb} {words.number(abs(shock) * 100, 1)} points"


def _digits(shock: float) -> int:
    return 0 if abs(shock) >= 0.1 else 1


def _safe(finding: Finding) -> str:
    """Why each looks safe from where it is usually looked at."""
    parts, f = {p.name: p.loss for p in finding.parts}, finding
    who = f"{_lines_text(f.members)} look{'s' if len(f.members) == 1 else ''} safe"
    if f.kind == "crowding":
        alone = parts["the largest leaving alone"]
        each = parts["the sum of each leaving alone"]
        return (f"{who} alone: the largest would leave for {_money(alone, f)}, all of them one by one for "
                f"{_money(each, f)}.")
    if f.kind == "wrong_way":
        held = f.evidence["equity of the accounts"]
        return (f"{who} alone: the collateral falls by {_money(parts['collateral'], f)} and the positions lose "
                f"{_money(parts['positions'], f)}, of {_money(held, f)} of equity.")
    if f.kind == "netting":
        usual = f.parts[0].loss
        return (f"{who} together: netting saves {_share(f.evidence['reliance'])} of what they cost apart, and in "
                f"their worst move under today's correlation they lose {_money(usual, f)}.")
    if f.kind == "basis":
        return (f"{who} together: in any move of spot or volatility tried they lose at most "
                f"{_money(f.parts[0].loss, f)}, one side alone {_money(f.evidence['one leg alone'], f)}.")
    told = words.joined([f"{_money(p.loss, f)} in {_part_name(p.name)} alone" for p in f.parts])
    return f"{who} in each part of the move: they lose {told}."


def _together(finding: Finding) -> str:
    loss = f"{_money(finding.loss, finding)}, {_share(finding.loss / finding.equity)} of equity"
    if finding.kind == "crowding":
        days = finding.evidence["days to leave"]
        return (f"When {moves_text(finding.move)} and all must leave at once, it costs {loss}; without haste it would "
                f"take {words.days(round(days, 1))}.")
    known = "" if finding.chance >= 1e-6 else " (far outside the dynamics, but of a size that has been seen)"
    hidden = f", {_money(finding.hidden, finding)} of it seen in no part"
    return f"When {moves_text(finding.move)}{known}, together they lose {loss}{hidden}."


def _remedy(finding: Finding) -> str:
    remedy = finding.remedy
    if not remedy.trades or remedy.removed <= 0:
        return "No few trades in these lines remove it."
    deals = [_trade_text(trade) for trade in remedy.trades[:NAMED]]
    if len(remedy.trades) > NAMED:
        deals.append(f"{words.counted(len(remedy.trades) - NAMED, 'further trade')}")
    verb = "removes" if len(deals) == 1 else "remove"
    return (f"{words.capital(words.joined(deals))} {verb} {_money(remedy.removed, finding)} of "
            f"{_money(remedy.before, finding)}.")


def _trade_text(trade: Trade) -> str:
    verb = "buying back" if trade.quantity > 0 else "selling"
    return f"{verb} {_size(trade.quantity)} {trade.instrument} of {trade.account}"


def _lines_text(members: Sequence[Member]) -> str:
    """``DESK-01's short 60k BTC-P at VENUE-A and DESK-02's long 5 ETH``, the largest by joint loss."""
    order = sorted(members, key=lambda m: -abs(m.together))
    named = [f"{m.account}'s {'long' if m.quantity > 0 else 'short'} {_size(m.quantity)} {m.instrument}"
             + (f" at {m.venue}" if m.venue else "") for m in order[:NAMED]]
    if len(order) > NAMED:
        named.append(words.counted(len(order) - NAMED, "further line"))
    return words.joined(named)


def _part_name(name: str) -> str:
    """``spot:*crypto`` as ``a move of all coins``, ``volatility:BTC`` as ``a move of BTC volatility``."""
    kind, _, who = name.partition(":")
    if not who:
        return f"a move of {kind}"
    who = PLURAL.get(who[1:], f"all {who[1:]}") if who.startswith("*") else who
    return f"a move of {who}" if kind == "spot" else f"a move of {CLASS_NOUN.get(kind, kind)} of {who}"


def _size(quantity: float) -> str:
    size = abs(quantity)
    text = words.short(size, 3) if size >= 1000 else words.number(size, 0 if size >= 100 else 2)
    return TRAILING.sub("", text)


def _money(value: float, finding: Finding) -> str:
    if value <= 0:
        return "nothing"
    return f"{words.short(value, 2)} {finding.currency}"


def _share(share: float) -> str:
    return words.percent(share, 0 if abs(share) >= 0.1 else 1)


def _chance(chance: float) -> str:
    if not chance > 0:
        return ""
    times = words.number(round(1 / chance, -1 if chance < 0.01 else 0))
    return f"; in that direction it goes so far once in {times} times"
