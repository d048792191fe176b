"""How likely is ruin, and what does collateral count for? The page's sections on both."""

from __future__ import annotations

from seawall import words
from seawall.model.margin_report import CollateralTold, MarginReport, PlatformRuin
from seawall.report.markup import Column, cell, row, row_head, section, table, text
from seawall.report.survival import unit_name
from seawall.words import Unit

MOST = 24


def chance(value: float | None) -> str:
    """A probability in percent, as exact as it is told."""
    return words.percent(value, 2)


def platform_said(p: PlatformRuin, currency: str) -> str:
    """All accounts together in one sentence."""
    owed = f"; they would owe {words.short(p.debt, 3)} {currency} on average, {words.short(p.tail_debt, 3)} in the " \
           f"worst 2.5% of cases" if p.debt > 0 else "; no case leaves a debt"
    return f"Within {words.days(p.horizon_days)} some account is ruined in {chance(p.probability)} of cases (at most " \
           f"{chance(p.upper)}), {words.number(p.number, 2)} of them on average{owed}"


def ruin(report: MarginReport, unit: Unit) -> str:
    """Probability of ruin per account, and of the platform."""
    if not report.platform:
        return ""
    columns = [Column("Account", css="l"), Column("Model", css="l"), Column("Probability of ruin"), Column("s.e."),
               Column("At most", "97.5%, one-sided")]
    rows = [row([row_head(r.account), cell(text(r.model), "l"), cell(chance(r.probability), "b"),
                 cell(chance(r.error), "dim2"), cell(chance(r.upper))]) for r in report.ruin[:MOST]]
    more = len(report.ruin) - MOST
    under = "Equity below zero after any step of the model’s horizon; joint by scenario, never a product of chances."
    under += f" {words.count(more, 'safer account')} in the JSON." if more > 0 else ""
    del unit
    return section("ruin", platform_said(report.platform[0], report.head.currency), under,
                   table("Ruin", columns, rows))


def collateral(report: MarginReport, unit: Unit) -> str:
    """What each asset of the account asked about counts for."""
    if not report.collateral:
        return ""
    money = unit_name(report.head.currency, unit)
    columns = [Column("Asset", css="l"), Column("Model", css="l"), Column("Amount"), Column("Value", money),
               Column("Counts for", money), Column("Share"), Column("Because of", css="l"), Column("Cap", css="l")]
    rows = [row([row_head(c.asset), cell(text(c.model), "l"), cell(words.number(c.amount, 2)),
                 cell(words.money(c.value, unit, sign=c.value < 0)), cell(words.money(c.counted, unit), "b"),
                 cell(words.percent(c.counted / c.value, 0) if c.value > 0 else words.DASH),
                 cell(text(causes_said(c, unit)) or words.DASH, "l w dim2"), cell(text(c.cap) or words.DASH, "l")])
            for c in report.collateral]
    return section("collateral", f"What the collateral of {report.collateral[0].account} counts for",
                   "Value less every haircut; debts count in full.", table("Collateral", columns, rows))


def causes_said(c: CollateralTold, unit: Unit) -> str:
    """Haircuts by cause, the largest first."""
    ranked = sorted(c.haircuts.items(), key=lambda item: -abs(item[1]))
    return ", ".join(f"{cause} {words.money(amount, unit)}" for cause, amount in ranked)
