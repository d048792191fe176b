"""What did we find? Section titles, each a claim made by a rule on the numbers; neutral where no claim holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from seawall import words
from seawall.model.report import (
    AccountRow,
    ComponentRow,
    CrisisRow,
    GreekRow,
    Grid,
    Joint,
    LeverageRow,
    LineRow,
    TailRow,
    VegaRow,
    WorstRow,
)
from seawall.model.results import LimitUse
from seawall.words import counted, joined, percent, short

LARGE_MOVE = 0.05


def is_rest(name: str) -> bool:
    """Whether a part stands for what was left over: ``rest``, ``271 others``, or no name."""
    return name.lower() in {"rest", "others", ""} or name.endswith(" others")


def accounts(rows: Sequence[AccountRow]) -> str:
    """Who runs out of cover first, in a fall and in a rise; the insolvent and the uncovered before all."""
    known = [r for r in rows if r.status != "unknown"]
    for state, verb in (("bankrupt", "insolvent"), ("liquidatable", "not covering its scan")):
        names = [r.account for r in known if r.status == state]
        if names:
            return _uncovered(names, verb)
    scanned = [r for r in known if r.scan is not None and r.equity is not None]
    down = min((r for r in known if r.down is not None), key=lambda r: -(r.down or 0.0), default=None)
    up = min((r for r in known if r.up is not None), key=lambda r: r.up or 0.0, default=None)
    if down and up:
        if down.account == up.account:
            return f"{down.account} is the first to lose its cover, in a fall as in a rise"
        return f"In a fall {down.account} loses its cover first, in a rise {up.account}"
    if down or up:
        first, way, other = (down, "fall", "rise") if down else (up, "rise", "fall")
        return f"In a {way} {first.account if first else ''} loses its cover first; no {other} on the ladder takes any"
    if known and len(scanned) == len(known):
        return "Every assessed account covers its scan at every move on the ladder"
    return "Accounts and their cover"


def _uncovered(names: Sequence[str], verb: str) -> str:
    if len(names) == 1:
        return f"{names[0]} is {verb}"
    if len(names) <= 3:
        return f"{joined(names)} are {verb.replace('its scan', 'their scans')}"
    return f"{words.capital(counted(len(names), 'account'))} are {verb.replace('its scan', 'their scans')}"


def limits(uses: Sequence[LimitUse]) -> str:
    """How many limits are breached, near and not known, of how many."""
    states = Counter(use.state for use in uses)
    said = {"breached": "breached", "near": "near", "unknown": "not assessed"}
    parts = [(states[state], word) for state, word in said.items() if states[state]]
    if not parts:
        whole = {1: "The one limit is", 2: "Both limits are"}
        return f"{whole.get(len(uses), f'All {words.in_words(len(uses))} limits are')} kept"
    (first, word), *others = parts
    head = f"{words.capital(words.in_words(first))} of {counted(len(uses), 'limit')} {word}"
    return ", ".join([head, *(f"{words.in_words(n)} {w}" for n, w in others)])


def loss(tail: TailRow | None, unit: words.Unit) -> str:
    """How often a day loses more than the tail's start, and how much then."""
    if tail is None or tail.expected_shortfall is None:
        return "Loss distribution"
    average = f"{words.money(tail.expected_shortfall, unit)}{unit.symbol}"
    one_in = 1 / max(1 - tail.confidence, 1e-12)
    whole = round(one_in)
    if tail.value_at_risk is None or abs(one_in - whole) > 1e-6 * one_in:
        return f"The worst {percent(1 - tail.confidence)} lose {average} on average"
    length = words.days(tail.horizon_days).removesuffix("s").replace(" ", "-")
    period = "day" if tail.horizon_days == 1 else f"{length} period"
    often = {20: "twenty", 40: "forty", 50: "fifty", 100: "a hundred", 200: "two hundred", 1000: "a thousand"}
    verb = "gains less than" if tail.value_at_risk < 0 else "loses more than"
    start = f"{words.money(abs(tail.value_at_risk), unit)}{unit.symbol}"
    if verb.startswith("gains"):
        return f"One {period} in {often.get(whole, f'{whole:,}')} {verb} {start}"
    return f"One {period} in {often.get(whole, f'{whole:,}')} {verb} {start}, and {average} on average"


def certainty(tail: TailRow | None) -> str:
    """How well the headline number is known, from its own sampling error."""
    if tail is None or not tail.expected_shortfall or tail.standard_error is None:
        return "Value at risk and expected shortfall, rule by rule"
    share = tail.standard_error / abs(tail.expected_shortfall)
    if share > 0.2:
        return f"The number is rough: its sampling error is {percent(share, 0)}"
    return f"The number is known to about {percent(max(share, 0.01), 0)}"


def components(rows: Sequence[ComponentRow]) -> str:
    """Which parts supply the shortfall, and what gives back; read along venue, else account, else what there is."""
    by: dict[str, list[ComponentRow]] = {}
    for part in rows:
        by.setdefault(part.dimension, []).append(part)
    usable = {d: parts for d, parts in by.items() if len(parts) > 1}
    chosen = next((usable[d] for d in ("venue", "account", "underlying") if d in usable), None)
    chosen = chosen or next(iter(usable.values()), None)
    total = sum(p.component for p in chosen) if chosen else 0.0
    if not chosen or total <= 0:
        return "Where the shortfall comes from"
    return _supply(sorted(chosen, key=lambda p: -p.component), total)


def _supply(parts: Sequence[ComponentRow], total: float) -> str:
    named = [p for p in parts if not is_rest(p.key)]
    givers = [p for p in named if p.component < -0.05 * total]
    for size in (1, 2, 3):
        first = named[:size]
        if len(first) == size and sum(p.component for p in first) >= 0.75 * sum(max(p.component, 0) for p in parts):
            head = f"{joined([p.key for p in first])} {'supplies' if size == 1 else 'supply'} the shortfall"
            return head + _giving(givers)
    return f"The shortfall is spread: the largest part, {named[0].key}, is {percent(named[0].component / total, 0)}" \
        if named else "Where the shortfall comes from"


def _giving(givers: Sequence[ComponentRow]) -> str:
    if not givers:
        return ""
    back = short(-sum(p.component for p in givers), 3)
    if len(givers) == 1:
        return f"; {givers[0].key} gives back {back}"
    return f"; {counted(len(givers), 'part')} give back {back}"


def grid(whole: Grid) -> str:
    """What a move of spot alone does: costs past a point (short gamma), or gains, else the worst corner."""
    if 0.0 in whole.volatility and 0.0 in whole.spot:
        still = dict(zip(whole.spot, whole.pnl[whole.volatility.index(0.0)], strict=True))
        claim = _one_way(still)
        if claim:
            return claim
    worst, spot, volatility = min((v, s, q) for q, row in zip(whole.volatility, whole.pnl, strict=True)
                                  for s, v in zip(whole.spot, row, strict=True))
    if worst >= 0:
        return "No cell of the grid loses"
    return f"The worst corner loses {short(-worst, 3)}: spot {percent(spot, 0, sign=True)}, " \
           f"volatility {percent(volatility, 0, sign=True)}"


def _one_way(still: dict[float, float]) -> str:
    """A claim only if from some move on, both ways, every cell at unchanged volatility has the same sign."""
    sizes = sorted({abs(s) for s in still if s})
    if not any(s < 0 for s in still) or not any(s > 0 for s in still):
        return ""
    for size in sizes[: len(sizes) // 2]:
        beyond = [v for s, v in still.items() if abs(s) >= size]
        step = "every move" if size == sizes[0] else f"every move of {percent(size, 0)} or more"
        if all(v < 0 for v in beyond):
            return f"Short gamma: {step} costs, {_lopsided(still, sizes[-1])}"
        if all(v > 0 for v in beyond):
            return f"Long gamma: {step} gains, {_lopsided(still, sizes[-1])}"
    return _directed(still, sizes[-1])


def _directed(still: dict[float, float], size: float) -> str:
    """A claim only if every fall loses and every rise gains, or the other way round."""
    falls, rises = ([v for s, v in still.items() if s < 0], [v for s, v in still.items() if s > 0])
    if size not in still or -size not in still:
        return ""
    low, high = (short(abs(still[s]), 3) for s in (-size, size))
    at = percent(size, 0)
    if all(v < 0 for v in falls) and all(v > 0 for v in rises):
        return f"Long: a fall of {at} costs {low}, a rise of {at} gains {high}"
    if all(v > 0 for v in falls) and all(v < 0 for v in rises):
        return f"Short: a rise of {at} costs {high}, a fall of {at} gains {low}"
    return ""


def _lopsided(still: dict[float, float], size: float) -> str:
    down, up = abs(still.get(-size, 0.0)), abs(still.get(size, 0.0))
    if not down or not up:
        return "whichever way"
    if max(down, up) < 1.15 * min(down, up):
        return "up as much as down"
    return f"{'up' if up > down else 'down'} more than {'down' if up > down else 'up'}"


def vega(rows: Sequence[VegaRow]) -> tuple[str, str, str]:
    """The largest net vega and the expiry that holds most of it; also that underlying and expiry, to mark them."""
    nets: dict[str, float] = {}
    for part in rows:
        nets[part.underlying] = nets.get(part.underlying, 0.0) + part.net
    name = max(nets, key=lambda key: abs(nets[key]), default="")
    if not name or not nets[name]:
        return "Vega by expiry", "", ""
    net = nets[name]
    head = f"{name} vega is {'short' if net < 0 else 'long'} {short(abs(net))} a point"
    largest = max((r for r in rows if r.underlying == name), key=lambda r: r.net / net)
    if largest.net / net < 0.4:
        return head, "", ""
    where = words.expiry(largest.expiry)
    if largest.net / net > 1:
        return f"{head}; {where} alone is {short(abs(largest.net))}", name, largest.expiry
    return f"{head}, {short(abs(largest.net))} of it in one expiry, {where}", name, largest.expiry


def greeks(total: GreekRow | None) -> str:
    """Whether curvature or direction costs more at a move of 5 %, with what must be re-hedged."""
    if total is None:
        return "Greeks by part"
    by_delta, by_gamma = abs(total.delta) * LARGE_MOVE, 0.5 * abs(total.gamma) * 100 * LARGE_MOVE**2
    if by_gamma > by_delta and total.gamma:
        return f"Gamma, not delta, carries the risk: {short(total.gamma, sign=True)} of delta to re-hedge " \
               "for every 1% move"
    if total.gross_delta > 4 * abs(total.delta) > 0:
        return f"Net delta {short(total.delta, sign=True)} is what remains of {short(total.gross_delta)} gross"
    if total.delta:
        return f"Delta carries the risk: {short(total.delta, sign=True)} net"
    return "Greeks by part"


def joint(found: Joint) -> str:
    """How much of the stand-alone volatility pooling removes."""
    if found.diversification >= 0.1:
        return f"Moving as they do, the factors cancel {percent(found.diversification, 0)} of their volatility"
    if found.standalone > 0 and len(found.rows) > 1:
        return f"The factors hardly offset each other: pooling saves {percent(found.diversification, 0)}"
    return "Volatility of the whole book"


def leverage(rows: Sequence[LeverageRow]) -> str:
    """The part that carries most notional on its equity."""
    known = [r for r in rows if r.dimension == "account" and r.gross is not None]
    known = known or [r for r in rows if r.dimension != "total" and r.gross is not None]
    if not known:
        return "Leverage"
    most = max(known, key=lambda r: r.gross or 0.0)
    if len(known) == 1:
        return f"Gross leverage of {most.key} is {words.multiple(most.gross, 1)} its equity"
    return f"{most.key} carries the most: {words.multiple(most.gross, 1)} its equity, gross"


def worst(rows: Sequence[WorstRow]) -> str:
    """Who or what loses most in the worst scenarios, if it is the same in most of them."""
    many = words.in_words(len(rows))
    for by, verb in (("by_account", "loses most"), ("by_factor", "costs most")):
        losers = [min(parts, key=lambda p: p.pnl).name for parts in (getattr(r, by) for r in rows) if parts]
        name, times = Counter(losers).most_common(1)[0] if losers else ("", 0)
        if not is_rest(name) and times > 1 and 2 * times > len(rows):
            often = "all" if times == len(rows) else f"{words.in_words(times)} of the"
            return f"In {often} {many} worst scenarios {name} {verb}"
    return f"The {many} worst scenarios" if len(rows) > 1 else "The worst scenario"


def crises(rows: Sequence[CrisisRow], equity: float | None) -> str:
    """The crisis that would cost most, as money and share of equity."""
    known = [r for r in rows if r.pnl is not None]
    if not known:
        return "Named crises"
    deepest = min(known, key=lambda r: r.pnl or 0.0)
    cost = -(deepest.pnl or 0.0)
    if cost <= 0:
        return f"None of {counted(len(known), 'named crisis', 'named crises')} would lose money"
    share = f", {percent(cost / equity, 0)} of equity" if equity and equity > 0 else ""
    return f"{deepest.name} come again would cost {short(cost, 3)}{share}"


def lines(rows: Sequence[LineRow], costing: int, protecting: int) -> str:
    """How many lines are shown of how many, and why these."""
    if len(rows) == 1:
        return "One line"
    if not any(r.component is not None for r in rows):
        return f"{words.capital(counted(len(rows), 'line'))} of the book"
    shown = costing + protecting
    if shown >= len(rows):
        return f"{words.capital(counted(len(rows), 'line'))}, the costliest first"
    tail = f", {words.in_words(protecting)} that protect most" if protecting else ""
    return f"{words.capital(words.in_words(shown))} lines that matter, of {len(rows):,}: " \
           f"{words.in_words(costing)} that cost most{tail}"


def quality(failures: int, notes: int) -> str:
    """How many failures and notes the data left."""
    if not failures and not notes:
        return "Data quality: everything was used as it came"
    failed = counted(failures, "failure") if failures else "no failure"
    return f"Data quality: {failed}, {counted(notes, 'note')}"


def proof(count: int) -> str:
    """What replays this page."""
    return f"Same inputs, same digits: this page follows from {counted(count, 'hash', 'hashes')}"
