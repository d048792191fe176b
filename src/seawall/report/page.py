"""What does a reader see first? Masthead, contents, verdict and the six headline numbers; and the foot of the page."""

from __future__ import annotations

import math
from collections.abc import Sequence

from seawall import words
from seawall.model.report import AccountRow, RiskReport
from seawall.report.loss import main_tail, money_unit
from seawall.report.markup import mono, status, term, text
from seawall.words import Unit

CONTENTS = (
    ("survive", "Who fails first"), ("limits", "Limits"), ("leverage", "Leverage"), ("lose", "How much"),
    ("where", "From where"), ("hidden", "Hidden together"), ("shape", "Spot and vol"), ("vega", "Vega"),
    ("greeks", "Greeks"), ("joint", "Joint"), ("ten", "Worst"),
    ("crises", "Crises"), ("lines", "Lines"), ("data", "Data quality"), ("proof", "Proof"),
)
LOGO = ('<svg viewBox="0 0 18 14" aria-hidden="true"><path d="M1 13V6h4v7M7 13V1h4v12M13 13V8h4v5" fill="none" '
        'stroke="currentColor" stroke-width="1.6"/></svg>')
SCOPE_OF_VERDICT = "could not be assessed"


def masthead(report: RiskReport) -> str:
    """Name, what was looked at, when, and the identity of the page."""
    counts = report.counts
    looked = ", ".join([words.count(counts.venues, "venue"), words.count(counts.accounts, "account"),
                        words.count(counts.lines, "line")])
    return (f'<header class="top"><div><span class="brand">{LOGO}Seawall</span> &nbsp;Risk report · '
            f"<b>{text(report.title or report.name)}</b> · {looked}</div>"
            f"<div>As of <b>{words.moment(report.as_of)}</b> · base {text(report.currency)} · report "
            f"{mono(words.hash_short(report.report_id))}</div></header>")


def contents(report: RiskReport, body: str) -> str:
    """Links to the sections that stand on this page; failures are counted beside the data's."""
    failed = len(report.failures)
    badge = {"data": f"<sup>{words.count(failed, 'failure')}</sup>" if failed else ""}
    links = (f'<a href="#{anchor}">{name}{badge.get(anchor, "")}</a>' for anchor, name in CONTENTS
             if f'id="{anchor}"' in body)
    return f'<nav aria-label="Contents">{"".join(links)}</nav>'


def verdict(report: RiskReport) -> str:
    """Status, sentence, and what qualifies it; a partial report says so here whatever the rest says."""
    found = report.verdict
    lede = text(found.lede)
    if not report.complete and SCOPE_OF_VERDICT not in found.lede:
        lede = f"{_missing(report)} {lede}".strip()
    lede = lede.replace(SCOPE_OF_VERDICT, f'<a href="#data">{SCOPE_OF_VERDICT}</a>', 1)
    mark = status(found.status, words.VERDICT[found.status])
    tail = f'<p class="lede">{lede}</p>' if lede else ""
    return f'<div class="verdict">{mark}<h1>{text(found.sentence)}</h1>{tail}</div>'


def _missing(report: RiskReport) -> str:
    """What is missing, counted: accounts, else lines; a failure outside the book leaves its totals whole."""
    counts = report.counts
    of = ""
    if counts.unassessed_accounts:
        number, noun, of = counts.unassessed_accounts, "account", f" of {words.in_words(counts.accounts)}"
    elif counts.unassessed_lines:
        number, noun = counts.unassessed_lines, "line of the book"
    else:
        number, noun = max(len(report.failures), 1), "entry"
    plural = {"entry": "entries", "line of the book": "lines of the book"}.get(noun, "")
    it = "it" if number == 1 else "them"
    ends = f"every total below is partial without {it}" if partial(report) else f"no number below counts on {it}"
    return f"{words.capital(words.counted(number, noun, plural))}{of} {SCOPE_OF_VERDICT}; {ends}."


def partial(report: RiskReport) -> bool:
    """Whether some line or account of the book is missing from the totals."""
    counts = report.counts
    missing = counts.unassessed_accounts or counts.unassessed_lines
    return bool(missing) or any(f.accounts or f.instrument_id for f in report.failures)


def headline(report: RiskReport) -> str:
    """The six numbers, each with its error where it has one."""
    unit = money_unit(report)
    shown = (_equity(report, unit), _shortfall(report, unit), _risk(report, unit), _worst(report, unit),
             _scan(report, unit), _nearest(report.accounts))
    money = f"M = {text(report.currency)} million, k = {text(report.currency)} thousand"
    error = term("error", "standard error", at="conv", right=True)
    return (f'<dl class="kpis">{"".join(shown)}</dl><p class="conv">P&amp;L: gain is positive. Value at risk, expected '
            f"shortfall and scan: loss is positive. {money}. ± is one {error}. Hover or tab to a dotted term for its "
            "meaning.</p>")


def _tile(key: str, name: str, value: tuple[str, str], under: str, *, right: bool = False) -> str:
    """value: the number and the smaller text behind it."""
    number, behind = value
    small = f"<small>{behind}</small>" if behind and number != words.DASH else ""
    return (f'<div class="kpi"><dt>{term(key, name, at=f"kpi-{key}", right=right)}</dt>'
            f'<dd><div class="v">{number}{small}</div><div class="s">{under}</div></dd></div>')


def _symbol(report: RiskReport, unit: Unit) -> str:
    return unit.symbol or text(report.currency)


def _equity(report: RiskReport, unit: Unit) -> str:
    known = sum(a.status != "unknown" for a in report.accounts)
    base = f"{words.count(known, 'account')} of {len(report.accounts):,} assessed" if known < len(report.accounts) \
        else words.count(len(report.accounts), "account")
    return _tile("equity", "Equity", (words.money(report.equity, unit), _symbol(report, unit)),
                 base + (" · <b>partial</b>" if partial(report) else ""))


def _shortfall(report: RiskReport, unit: Unit) -> str:
    tail = main_tail(report, report.shortfall_confidence)
    if tail is None or tail.expected_shortfall is None:
        return _tile("es", "Expected shortfall", (words.DASH, ""), "Not computed: see which measures")
    error = "" if tail.standard_error is None else f"{words.PLUS_MINUS} {words.money(tail.standard_error, unit)}"
    share = "" if tail.share is None else f" · <b>{words.percent(tail.share)}</b> of equity"
    behind = f"{error}{unit.symbol}" if error else _symbol(report, unit)
    return _tile("es", "Expected shortfall", (words.money(tail.expected_shortfall, unit), behind),
                 f"{words.confidence(tail.confidence)}, {words.days(tail.horizon_days)}{share}")


def _risk(report: RiskReport, unit: Unit) -> str:
    tail = main_tail(report, report.risk_confidence)
    if tail is None or tail.value_at_risk is None:
        return _tile("var", "Value at risk", (words.DASH, ""), "Not computed: see which measures")
    ends = "" if tail.interval is None else \
        f" · {words.money(tail.interval[0], unit)} to {words.money(tail.interval[1], unit)}{unit.symbol}"
    return _tile("var", "Value at risk", (words.money(tail.value_at_risk, unit), _symbol(report, unit)),
                 f"{words.confidence(tail.confidence)}, {words.days(tail.horizon_days)}{ends}")


def _worst(report: RiskReport, unit: Unit) -> str:
    tail = main_tail(report, report.shortfall_confidence)
    name = f"Worst of {tail.count:,}" if tail else "Worst scenario"
    if report.worst:
        deepest = min(report.worst, key=lambda w: w.pnl)
        under = ", ".join(deepest.moves[:2]) or words.day(deepest.label)
        return _tile("worst", name, (words.money(-deepest.pnl, unit), _symbol(report, unit)), text(under))
    found = next((h for h in report.histograms if h.scenarios == report.main), None)
    value = None if found is None else -found.worst
    return _tile("worst", name, (words.money(value, unit), _symbol(report, unit)),
                 "Not computed: see which measures" if found is None else text(found.scenarios))


def _scan(report: RiskReport, unit: Unit) -> str:
    known = [a for a in report.accounts if a.scan is not None and a.equity is not None]
    if not known:
        return _tile("scan", "Scan margin", (words.DASH, ""), "No account could be scanned")
    scan, equity = math.fsum(a.scan or 0.0 for a in known), math.fsum(a.equity or 0.0 for a in known)
    used = f"<b>{words.percent(scan / equity, 0)}</b> of equity · " if equity > 0 else ""
    return _tile("scan", "Scan margin", (words.money(scan, unit), _symbol(report, unit)),
                 f"{used}each alone, added")


def _nearest(accounts: Sequence[AccountRow]) -> str:
    reach = [(abs(m), m, a) for a in accounts for m in (a.down, a.up) if m is not None]
    if not reach:
        known = any(a.scan is not None for a in accounts)
        under = "No move on the ladder takes any account" if known else "No account could be scanned"
        return _tile("nearest", "Nearest to its scan", ("none" if known else words.DASH, ""), under, right=True)
    _, move, account = min(reach, key=lambda r: (r[0], -(r[2].used or 0.0), r[2].account))
    used = f" · scan used <b>{words.percent(account.used, 0)}</b>" if account.used is not None else ""
    shown = ("now", "") if move == 0 else (words.percentage(move, 1, sign=True), "%")
    return _tile("nearest", "Nearest to its scan", shown, f"{text(account.account)}{used}", right=True)


def footer(report: RiskReport) -> str:
    """What made the page, and its conventions."""
    return (f"<footer><span>Seawall {text(report.version)} · {text(report.schema)} · every time in UTC</span>"
            f"<span>{text(report.name)}</span></footer>")
