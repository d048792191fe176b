"""Answers about margin with invented numbers: whole, of one account, hollow, of very many, hostile in every text."""

from __future__ import annotations

from datetime import UTC, date, datetime

import msgspec

from seawall.model.failure import Failure
from seawall.model.margin_report import (
    AccountMargin,
    ChangeTold,
    Disagreement,
    DistanceTold,
    ExitTold,
    LadderStep,
    MarginPart,
    MarginReport,
    ModelTold,
    RehearsalTold,
)
from seawall.model.tail_report import Head

HOSTILE = '<script>alert("x")</script>&\''
HEAD = Head("book", "Example desk", datetime(2026, 8, 1, 8, tzinfo=UTC), "USD", 21e6, 40, 3, (), (), True, "0.1.0")
STEPS = (("isolated", 8e6), ("per-asset loan-to-value", 5e6), ("cross", 4e6), ("portfolio", 2.5e6),
         ("cross-asset portfolio", 2e6))


def model(name: str, grade: str, initial: float | None, **changes: object) -> ModelTold:
    made = ModelTold(name, f"Rules of {name}", grade, "0" * 64, date(2025, 1, 1), ("a page",), ("open orders",),
                     ("confidence",), ("offset = 1: the page is silent",), initial,
                     None if initial is None else 0.8 * initial, 0, 0)
    return msgspec.structs.replace(made, **changes)


def account(name: str, by: str, equity: float, initial: float, **changes: object) -> AccountMargin:
    maintenance = 0.8 * initial
    status = ("bankrupt" if equity < 0 else "liquidatable" if equity < maintenance else
              "warning" if equity < initial else "healthy")
    made = AccountMargin(name, by, equity, initial, maintenance, equity - initial,
                         maintenance / equity if equity > 0 else None, status, "BTC -66%, vol up", "", None)
    return msgspec.structs.replace(made, **changes)


def unknown(name: str, by: str) -> AccountMargin:
    return AccountMargin(name, by, None, None, None, None, None, "unknown", "", f"{by} does not take kind future", None)


def parts(name: str, by: str, initial: float) -> tuple[MarginPart, ...]:
    """1.5 less 0.6 by a scan, the rest a charge that is a share."""
    scan, row = "BTC -66%, vol up", "BTC 2026-09-25"
    return (MarginPart(name, by, "scan", scan, row, "BTC-25SEP26-60000-P", -40.0, 1.5 * initial, False),
            MarginPart(name, by, "scan", scan, row, "BTC-25SEP26-50000-P", 30.0, -0.6 * initial, False),
            MarginPart(name, by, "roll", "", "BTC", "BTC-PERPETUAL", 1000.0, 0.1 * initial, True))


def whole() -> MarginReport:
    """Two models on three accounts, all well."""
    rows = (account("MM", "alpha", 10e6, 4e6), account("MM", "beta", 10e6, 2e6), account("FUND", "alpha", 8e6, 1e6),
            account("FUND", "beta", 8e6, 1e6), account("TREASURY", "alpha", 3e6, 2e5),
            account("TREASURY", "beta", 3e6, 1e5))
    return MarginReport(
        head=HEAD, models=(model("alpha", "exact", 5.2e6), model("beta", "approximate", 3.1e6)), accounts=rows,
        parts=tuple(p for a in rows for p in parts(a.account, a.model, a.initial)),
        disagreements=(Disagreement("MM", "alpha", "beta", 4e6, 2e6, "92% of the gap lies in BTC options; BTC -20%, "
                                    "vol up binds in alpha, BTC -66%, vol up in beta"),))


def asked() -> MarginReport:
    """The same with everything that may be asked of one account."""
    first = whole()
    mine = tuple(msgspec.structs.replace(a, orders=1e5) if a.account == "MM" else a for a in first.accounts)
    steps, before = [], None
    for step, initial in STEPS:
        saved = None if before is None else before - initial
        steps.append(LadderStep("MM", step, initial, saved, f"what {step} needs"))
        before = initial
    return msgspec.structs.replace(
        first, accounts=mine, parts=tuple(p for p in first.parts if p.account == "MM"), ladder=tuple(steps),
        changes=(ChangeTold("MM", "alpha", "buy 5 BTC-PERPETUAL", (10e6, 10e6), (4e6, 4.5e6), (3.2e6, 3.6e6), True),
                 ChangeTold("MM", "alpha", "withdraw 9,000,000 USD", (10e6, 1e6), (4e6, 4e6), (3.2e6, 3.2e6), False)),
        rehearsals=(RehearsalTold("alpha", "range from 0.16 to 0.2", ("FUND",), (), ("MM",), (), 2e6, 1.6e6, 3e6,
                                  (0.0, 5e4)),),
        distances=(DistanceTold("MM", "alpha", "spot:BTC", -0.25, 48_000.0, -0.999, "closes a fifth at the mark"),
                   DistanceTold("MM", "alpha", "spot:BTC", 0.4, 89_600.0, 9.0, "closes a fifth at the mark"),
                   DistanceTold("MM", "beta", "spot:BTC", -0.5, 32_000.0, -0.999, ""),
                   DistanceTold("MM", "beta", "spot:BTC", None, None, 9.0, ""),
                   DistanceTold("MM", "alpha", "volatility:BTC", None, None, 4.0, ""),
                   DistanceTold("MM", "alpha", "worst", 6.5, None, 30.0, "",
                                (("spot:BTC", -0.2), ("volatility:BTC:2026-09-25T08:00Z", 0.1))),
                   DistanceTold("MM", "beta", "worst", None, None, 30.0, "")),
        exits=(ExitTold("MM", "alpha", "BTC-PERPETUAL", -4.0, 320.0, True, 0.01),),
        notes=("beta has none of the parameters to rehearse: range",))


def failing() -> MarginReport:
    """One account below maintenance under one model, one below nothing, one that a model cannot take."""
    rows = (account("FUND", "alpha", -1e6, 1e6), account("MM", "alpha", 3e6, 4e6), account("MM", "beta", 10e6, 2e6),
            account("FUND", "beta", 8e6, 1e6), unknown("LOST", "alpha"), account("LOST", "beta", 1e6, 1e5))
    head = msgspec.structs.replace(
        HEAD, failing=("FUND", "MM"), complete=False,
        failures=(Failure("alpha does not take kind future", "LOST", accounts=("LOST",)),))
    return msgspec.structs.replace(
        whole(), head=head, accounts=rows, disagreements=(),
        models=(model("alpha", "exact", 5e6, liquidatable=2, unknown=1), model("beta", "documented", 3.1e6)))


def hollow() -> MarginReport:
    """Nothing could be assessed."""
    rows = tuple(unknown(name, by) for name in ("MM", "FUND") for by in ("alpha", "beta"))
    head = msgspec.structs.replace(HEAD, equity=None, complete=False, failures=(Failure("no price", "MM"),))
    return MarginReport(
        head=head, models=(model("alpha", "exact", None, unknown=2, sources=(), missing=(), assumed=(), readings=()),
                           model("beta", "approximate", None, unknown=2)),
        accounts=rows, parts=(), disagreements=(),
        distances=(DistanceTold("MM", "alpha", "spot:BTC", 0.0, None, -0.999, ""),))


def hostile() -> MarginReport:
    """A hostile name wherever a text may come from outside."""
    named = msgspec.json.encode(HOSTILE)
    data = msgspec.json.encode(asked()).replace(b'"MM"', named).replace(b'"alpha"', named)
    for written in (b"BTC-PERPETUAL", b"BTC -66%", b"a page"):
        data = data.replace(written, named[1:-1])
    return msgspec.json.decode(data, type=MarginReport)


def many(accounts: int = 5_000) -> MarginReport:
    """Very many accounts under five models, a thousand of which no model can assess."""
    names = tuple(f"m{n}" for n in range(5))
    rows = tuple(unknown(f"A{n:04d}", by) if n % 5 == 4 else account(f"A{n:04d}", by, 1e6, 1e3 * (n % 97 + k))
                 for n in range(accounts) for k, by in enumerate(names))
    lost = tuple(Failure("no price", f"A{n:04d}", accounts=(f"A{n:04d}",)) for n in range(accounts) if n % 5 == 4)
    head = msgspec.structs.replace(HEAD, accounts=accounts, failures=lost, complete=False)
    known = [a for a in rows if a.initial]
    return MarginReport(
        head=head, models=tuple(model(by, "exact", 1e8) for by in names), accounts=rows,
        parts=tuple(p for a in known for p in parts(a.account, a.model, a.initial)),
        disagreements=tuple(Disagreement(f"A{n:04d}", "m4", "m0", 2e6, 1e6, "") for n in range(accounts)),
        ladder=tuple(LadderStep(f"A{n:04d}", step, initial, None, "") for n in range(accounts)
                     for step, initial in STEPS))
