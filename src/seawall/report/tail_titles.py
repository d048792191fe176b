"""What did a question about the tail find? Claims made by rules on the numbers; neutral where no claim holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from seawall import words
from seawall.model.tail_report import (
    BacktestReport,
    BacktestRow,
    CorrelationStress,
    ExtremeTail,
    Head,
    ModelRow,
    NettingRow,
    PlausibleRow,
    ReverseReport,
    ReverseRow,
    StressedRow,
    StressReport,
    TailCluster,
    TailReport,
)
from seawall.words import counted, joined, percent, short

APART, AGREE = 1.5, 1.15
FITS, REJECTED = 0.05, 0.05
CHANGED = 0.05
NEAR, NAMED = 4.0, 3


class Said(NamedTuple):
    """status: quiet, watch, act today or failing; sentence: the verdict; lede: what qualifies it."""

    status: str
    sentence: str
    lede: str


def tail(report: TailReport) -> Said:
    """The main model's shortfall, and how far the others lie from it."""
    known = _known(report.models)
    main = next((m for m in known if m.scenarios == report.main), None)
    if main is None or main.expected_shortfall is None:
        return Said(_state(report.head, "watch"), "The tail of this book could not be measured", "")
    worst = percent(1 - report.shortfall_confidence)
    days = "day" if main.horizon_days == 1 else f"{words.days(main.horizon_days)}".replace(" days", "-day period")
    sentence = f"The worst {worst} of {days}s cost {short(main.expected_shortfall, 3)} on average"
    if len(known) > 1:
        sizes = [m.expected_shortfall or 0.0 for m in known]
        sentence += f"; {counted(len(known), 'model')} say {short(min(sizes), 3)} to {short(max(sizes), 3)}"
    found = report.findings
    many = "is" if len(found) == 1 else "are"
    lede = f"{words.capital(counted(len(found), 'danger'))} {many} hidden in lines that look safe alone. " \
           f"{found[0].title}." if found else ""
    return Said(_state(report.head, "watch" if found else "quiet"), sentence, lede)


def _known(rows: Sequence[ModelRow]) -> list[ModelRow]:
    return [m for m in rows if m.expected_shortfall is not None]


def _state(head: Head, otherwise: str) -> str:
    """The status; a book that was not seen whole is never quiet."""
    if head.failing:
        return "failing"
    return "watch" if otherwise == "quiet" and not head.complete else otherwise


def models(rows: Sequence[ModelRow]) -> str:
    """Whether the models agree on the shortfall, and which stand furthest apart."""
    known = sorted(_known(rows), key=lambda m: m.expected_shortfall or 0.0)
    if len(known) < 2 or not (known[0].expected_shortfall or 0.0) > 0:
        return "Loss distribution by model"
    least, most = known[0].expected_shortfall or 0.0, known[-1].expected_shortfall or 0.0
    if most >= APART * least:
        return f"The model matters: {known[-1].scenarios} says {short(most, 3)}, {known[0].scenarios} {short(least, 3)}"
    if most <= AGREE * least:
        return f"All {counted(len(known), 'model')} agree within {percent(most / least - 1, 0)}"
    return f"From {short(least, 3)} to {short(most, 3)}: {counted(len(known), 'model')} side by side"


def extreme(found: ExtremeTail) -> str:
    """The loss of one day in a thousand, if the law fits."""
    if found.p_value < FITS:
        return "Beyond the data: no single law fits this tail"
    row = next((r for r in found.rows if abs(r.confidence - 0.999) < 1e-9), found.rows[-1])
    return f"One scenario in {1 / (1 - row.confidence):,.0f} loses more than {short(row.value_at_risk, 3)}, by the " \
           "law of the tail"


def shape_error(found: ExtremeTail) -> str:
    """The standard error of the shape, or that none exists."""
    if found.status != "regular":
        return f"{found.status}, no error"
    return "" if found.shape_error is None else f"{words.PLUS_MINUS} {words.number(found.shape_error, 2)}"


def bound(found: ExtremeTail) -> str:
    """A sentence if the shape was found where its search ends."""
    return "" if found.status == "regular" else \
        f" The shape is {found.status} of the search: it has no standard error, and intervals are a guide only."


def clusters(rows: Sequence[TailCluster]) -> str:
    """In how many ways the book loses, and which weighs most."""
    if not rows:
        return "Ways to lose"
    if len(rows) == 1:
        return f"The tail tells one story: {rows[0].story}"
    heaviest = max(rows, key=lambda c: c.weight)
    share = percent(heaviest.weight, 0)
    return f"{words.capital(words.in_words(len(rows)))} ways to lose; {share} of the money goes when {heaviest.story}"


def stress(report: StressReport) -> Said:
    """The costliest crisis, beside the worst move that is plausible."""
    crises = [c for c in report.crises if c.pnl is not None]
    worst = min(crises, key=lambda c: c.pnl or 0.0, default=None)
    plausible = report.plausible
    parts = []
    if plausible is not None:
        parts.append(f"The worst plausible day costs {short(plausible.loss, 3)}" if plausible.loss > 0
                     else "No plausible move costs money")
    if worst is not None and (worst.pnl or 0.0) < 0:
        parts.append(f"{worst.name} come again would cost {short(-(worst.pnl or 0.0), 3)}")
    sentence = "; ".join(parts) or "What if"
    return Said(_state(report.head, "quiet"), sentence, _broken(report.stressed))


def _broken(rows: Sequence[StressedRow]) -> str:
    title = stressed(rows)
    return "" if title == "Correlation under stress" else title + "."


def plausible(row: PlausibleRow) -> str:
    """What the worst plausible move is."""
    if row.loss <= 0:
        return f"Within {row.radius:g} deviations nothing costs money"
    moves = ", ".join(row.moves[:2]) or "no move"
    return f"The worst within {row.radius:g} deviations: {moves} costs {short(row.loss, 3)}"


def stressed(rows: Sequence[StressedRow]) -> str:
    """What the shortfall does as correlations go all the way to the crisis that costs most."""
    known = [r for r in rows if r.expected_shortfall is not None]
    if len(known) < 2 or not (known[0].expected_shortfall or 0.0) > 0:
        return "Correlation under stress"
    first = known[0].expected_shortfall or 0.0
    last = max(r.expected_shortfall or 0.0 for r in known[1:])
    change = last / first - 1
    if change < -CHANGED:
        return f"Broken correlations lower the shortfall at least from {short(first, 3)} to {short(last, 3)}"
    if change < CHANGED:
        return f"Broken correlations hardly raise the shortfall: {short(first, 3)} to {short(last, 3)}"
    return f"Broken correlations take the shortfall from {short(first, 3)} to {short(last, 3)}, " \
           f"{percent(change, 0, sign=True)}"


def correlation(found: CorrelationStress) -> str:
    """How many pairs move."""
    count = len(found.keys) * (len(found.keys) - 1) // 2
    return f"{words.capital(counted(count, 'correlation'))} bent {percent(found.weight, 0)} of the way to a crisis" \
        if count else "Correlation under stress"


def netting(row: NettingRow) -> str:
    """What netting between accounts saves."""
    if row.reliance < 0.01:
        return "Accounts hardly net: together they cost what they cost apart"
    return f"Netting between accounts saves {percent(row.reliance, 0)} of their shortfalls"


def reverse(report: ReverseReport) -> Said:
    """Who ends first, and how far away that is."""
    rows = report.rows
    if not rows:
        return Said(_state(report.head, "watch"), "No account could be assessed", "")
    first = rows[0]
    if first.goal == "loss":
        return _of_loss(report, first)
    now = already(rows)
    if now:
        return Said("failing", now[0].removesuffix("."), _others(rows))
    if first.distance is None:
        far = words.number(first.searched_to, 0)
        return Said(_state(report.head, "quiet"), f"No joint move up to {far} deviations ends any account", "")
    status = "act today" if first.distance < 1 else "watch" if first.distance < NEAR else "quiet"
    ends = "its equity" if first.goal == "equity" else "its cover"
    sentence = f"{first.scope} loses {ends} first: {', '.join(first.moves[:2])}, {words.number(first.distance, 1)} " \
               "deviations away"
    return Said(_state(report.head, status), sentence, _others(rows))


def already(rows: Sequence[ReverseRow]) -> list[str]:
    """Who is insolvent now, and who under its scan, in a sentence each."""
    said = []
    for goal, one, many in (("equity", "is insolvent", "are insolvent"),
                            ("scan", "is under its scan", "are under their scans")):
        names = sorted({r.scope for r in rows if r.goal == goal and r.distance == 0.0})
        if names:
            who = joined(names) if len(names) <= NAMED else words.capital(counted(len(names), "account"))
            said.append(f"{who} {one if len(names) == 1 else many} now.")
    return said


def _of_loss(report: ReverseReport, row: ReverseRow) -> Said:
    amount = short(row.target, 3)
    if row.distance is None:
        far = words.number(row.searched_to, 0)
        sentence = f"No joint move up to {far} deviations costs the book {amount}"
    else:
        sentence = f"It takes {', '.join(row.moves[:2])} to lose {amount}: {words.number(row.distance, 1)} deviations"
    near = row.distance is not None and row.distance < NEAR
    return Said(_state(report.head, "watch" if near else "quiet"), sentence, "")


def _others(rows: Sequence[ReverseRow]) -> str:
    reached = {r.scope for r in rows if r.distance is not None}
    scopes = {r.scope for r in rows}
    near = {r.scope for r in rows if r.distance is not None and r.distance < NEAR}
    said = [f"{words.capital(counted(len(near), 'account'))} of {words.in_words(len(scopes))} within "
            f"{NEAR:g} deviations."] if near else []
    left = len(scopes) - len(reached)
    if left:
        others = "the other account" if left == 1 else f"the other {words.in_words(left)} accounts"
        said.append(f"No move up to {rows[0].searched_to:g} deviations ends {others}.")
    return " ".join(said)


def holds(row: BacktestRow) -> bool:
    """Whether neither the count of exceptions nor the depth of the shortfall speaks against the model."""
    count = next((t.p_value for t in row.tests if t.name == "exact binomial"), None)
    return (count is None or count >= REJECTED) and (row.z2_p_value is None or row.z2_p_value >= REJECTED)


def backtest(report: BacktestReport) -> Said:
    """Which models held, which not, and who scores best among those that did."""
    rows = sorted(report.models, key=lambda m: (m.rank is None, m.rank or 0))
    held = [m for m in rows if holds(m)]
    if not rows:
        return Said("watch", "No model was tested", "")
    best = held[0] if held else rows[0]
    due = words.number(best.expected, 0)
    count = words.count(best.exceptions, "exception")
    if not held:
        sentence = f"No model held: the best scored, {best.model}, had {count} where {due} were due"
    else:
        sentence = f"{words.capital(best.model)} held: {count} where {due} were due"
    failed = [m.model for m in rows if not holds(m)]
    lede = f"Rejected at 5%: {joined(failed)}." if failed else "No model is rejected at 5%."
    return Said(_state(report.head, "quiet" if held else "watch"), sentence, lede)


def strip(row: BacktestRow) -> str:
    """One model's count, and whether it is too many."""
    count = words.count(row.exceptions, "exception")
    head = f"{words.capital(row.model)}: {count}, {words.number(row.expected, 0)} due"
    return head if holds(row) else f"{head}; rejected"


def ranking(report: BacktestReport) -> str:
    """Who scores best, and how many cannot be told apart from it."""
    rows = [m for m in report.models if m.rank is not None]
    if not rows:
        return "No forecast could be scored"
    best = min(rows, key=lambda m: m.rank or 0)
    alike = [m for m in rows if m.worse_p is not None and m.worse_p >= REJECTED]
    if not alike:
        return f"{words.capital(best.model)} scores best, and clearly so" if len(rows) > 1 else \
            f"{words.capital(best.model)} alone was scored"
    return f"{words.capital(best.model)} scores best; {joined([m.model for m in alike])} cannot be told from it"


def strips(report: BacktestReport) -> str:
    """Whether exceptions of the best come in runs."""
    best = min(report.models, key=lambda m: (m.rank is None, m.rank or 0))
    runs = next((t.p_value for t in best.tests if t.name == "Christoffersen independence"), None)
    if runs is not None and runs < REJECTED:
        return f"Even the best, {best.model}, misses several days in a row"
    return "Day by day"


def tests(report: BacktestReport) -> str:
    """How many models pass every test."""
    passing = [m for m in report.models
               if holds(m) and all(t.p_value is None or t.p_value >= REJECTED for t in m.tests)]
    if len(passing) == 1:
        return f"Only {passing[0].model} passes every test"
    many, whole = words.capital(words.counted(len(passing), "model")), words.in_words(len(report.models))
    return f"{many} of {whole} pass every test"
