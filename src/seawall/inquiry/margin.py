"""What must stand behind the book? Every account under several models, and where and why they disagree, as data."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from seawall.errors import InputError
from seawall.inquiry.asked import Progress
from seawall.inquiry.margin_changes import (
    Wish,
    account_stand,
    changes_told,
    distances_told,
    exits_told,
    orders_told,
    rehearsal_told,
)
from seawall.inquiry.margin_differ import disagreements
from seawall.inquiry.margin_house import collateral_told, ruin_told
from seawall.inquiry.margin_ladder import ladder
from seawall.inquiry.margin_parts import Explained
from seawall.margin.holdings import Holdings, holdings
from seawall.margin.plan import Contributions, explain
from seawall.margin.require import BANKRUPT, INITIAL, LIQUIDATABLE, UNKNOWN, Requirements, planned, require
from seawall.margin.shock import Supplied
from seawall.model.arrays import Floats
from seawall.model.book import Book
from seawall.model.failure import Failure
from seawall.model.margin import MarginModel
from seawall.model.margin_report import (
    AccountMargin,
    ChangeTold,
    CollateralTold,
    DistanceTold,
    ExitTold,
    LadderStep,
    MarginPart,
    MarginReport,
    ModelTold,
    PlatformRuin,
    RehearsalTold,
    RuinTold,
)
from seawall.model.market import Market
from seawall.model.state import present
from seawall.model.tail_report import Head
from seawall.statement.numbers import known
from seawall.whatif.stand import Supplier

Orders = Mapping[tuple[str, str], float]
Requirer = Callable[[MarginModel, Holdings, Mapping[str, Supplied]], Requirements]
NAMED = 12
MOST_LINES = 2_000  # of a whole book whose parts are told line by line


@dataclass(frozen=True)
class Margined:
    """One model's word on the book, and its parts."""

    model: MarginModel
    told: Requirements
    explained: Explained

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    @property
    def initial(self) -> Floats:
        """(A) initial requirement; NaN where an account is unknown."""
        return self.told.initial

    @property
    def contributions(self) -> Contributions:
        """The initial requirement by line."""
        return self.explained.found

    @property
    def binding(self) -> list[str]:
        """(A) the scenario that binds in the largest scanned part."""
        return self.explained.binding


@dataclass(frozen=True)
class Question:
    """title: of the answer. ladder: the model whose steps are told of the account asked about, or of all.
    notes: what the reader should know of the inputs.

    account: whose parts are told line by line; every account's if the book is small."""

    book: Book
    market: Market
    models: tuple[MarginModel, ...]
    title: str = ""
    ladder: MarginModel | None = None
    notes: tuple[str, ...] = ()
    wish: Wish = field(default_factory=Wish)

    @property
    def account(self) -> str:
        """The account asked about by name, or none."""
        return self.wish.account


def margin_report(
    question: Question, progress: Progress, supplier: Supplier | None = None, *, requirer: Requirer | None = None
) -> MarginReport:
    """The answer. supplier: gains under scenarios that models take from outside. requirer: who works out every
    account's requirement, if not this process in one piece. Raises InputError for no model."""
    if not question.models:
        raise InputError("no margin model", wanted="at least one")
    if question.account and question.account not in question.book.account_ids:
        raise InputError("--account", found=question.account, wanted="one of " + _some(question.book.account_ids))
    progress("pricing the book")
    held = holdings(question.book, question.market)
    found = []
    for model in question.models:
        progress(f"margin by {model.name}")
        found.append(margined(model, held, question.market, supplier, requirer=requirer))
    asked = _asked(question, held, progress, supplier)
    for m in found:
        ruined, platform = ruin_told(m.explained.plan, held, m.told.unknown)
        asked.ruin.extend(ruined)
        asked.platform.extend([platform] if platform else [])
        if question.account:
            asked.collateral.extend(collateral_told(m.explained.plan, held, question.account))
    return MarginReport(
        head=_head(question, held, found), models=tuple(_model(m) for m in found),
        accounts=tuple(sorted((row for m in found for row in _accounts(m, held, asked.orders)), key=_most_used)),
        parts=tuple(part for m in found for part in _parts(m, held, question)),
        disagreements=disagreements(found, held), ladder=_ladder(question, held), changes=tuple(asked.changes),
        rehearsals=tuple(asked.rehearsals), distances=tuple(asked.distances), exits=tuple(asked.exits),
        ruin=tuple(asked.ruin), platform=tuple(asked.platform), collateral=tuple(asked.collateral),
        notes=(*question.notes, *asked.notes),
    )


@dataclass(frozen=True)
class _Asked:
    """What was asked beside the requirement. orders: what open orders take, by model and account."""

    orders: dict[tuple[str, str], float] = field(default_factory=dict)
    changes: list[ChangeTold] = field(default_factory=list)
    rehearsals: list[RehearsalTold] = field(default_factory=list)
    distances: list[DistanceTold] = field(default_factory=list)
    exits: list[ExitTold] = field(default_factory=list)
    ruin: list[RuinTold] = field(default_factory=list)
    platform: list[PlatformRuin] = field(default_factory=list)
    collateral: list[CollateralTold] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def _asked(question: Question, held: Holdings, progress: Progress, supplier: Supplier | None) -> _Asked:
    wish, out = question.wish, _Asked()
    for model in question.models:
        if wish.sets:
            progress(f"rehearsing {model.name}")
            _rehearsed(model, question, held, supplier, out)
        for account in sorted({o.account_id for o in wish.orders}):
            _ordered(model, question, account, supplier, out)
        if wish.account:
            progress(f"what if, by {model.name}")
            _wished(model, question, supplier, out)
    lacking = sorted(set(wish.sets) - {name for model in question.models for name in model.numbers})
    if lacking:
        raise InputError("--set", found=", ".join(lacking), wanted="a parameter of some model that is asked",
                         remedy="seawall models NAME lists them")
    return out


def _rehearsed(
    model: MarginModel, question: Question, held: Holdings, supplier: Supplier | None, out: _Asked
) -> None:
    supplied = supplier(held, present(question.market)) if supplier is not None and model.cubes else {}
    told = rehearsal_told(model, question.wish.sets, held, supplied)
    if told is None:
        out.notes.append(f"{model.name} has none of the parameters to rehearse: {', '.join(question.wish.sets)}")
    else:
        out.rehearsals.append(told)


def _ordered(
    model: MarginModel, question: Question, account: str, supplier: Supplier | None, out: _Asked
) -> None:
    """What one account's open orders take from its excess; a word where not every subset of them was tried."""
    mine = [o for o in question.wish.orders if o.account_id == account]
    standing = account_stand(model, question.book, question.market, account,
                             names=[o.instrument_id for o in mine], supplier=supplier)
    found = orders_told(standing, mine)
    if np.isfinite(found.reserved):
        out.orders[model.name, account] = found.reserved
    if not found.exact:
        out.notes.append(f"{account} under {model.name}: {len(mine)} orders are too many to try every subset; what "
                         "they take is the worst that was found")


def _wished(model: MarginModel, question: Question, supplier: Supplier | None, out: _Asked) -> None:
    wish = question.wish
    standing = account_stand(model, question.book, question.market, wish.account, names=tuple(wish.trades),
                             supplier=supplier)
    if standing.required().status == (UNKNOWN,):
        out.notes.append(f"{wish.account} under {model.name}: no what if, distance or way back, for the model cannot "
                         "assess it")
        return
    out.changes.extend(changes_told(standing, wish))
    out.distances.extend(distances_told(standing))
    out.exits.extend(exits_told(standing))


def margined(
    model: MarginModel, held: Holdings, market: Market, supplier: Supplier | None = None, *,
    requirer: Requirer | None = None,
) -> Margined:
    """One model over the whole book."""
    supplied = supplier(held, present(market)) if supplier is not None and model.cubes else {}
    plan = planned(model, held, supplied)
    quantity = np.array(held.quantity)
    told = (require(plan, quantity, held.accounts, unknown=held.unknown) if requirer is None
            else requirer(model, held, supplied))
    return Margined(model, told, Explained(model.name, plan, explain(plan, quantity, INITIAL), held))


def _model(m: Margined) -> ModelTold:
    readings = tuple(f"{name} = {switch.value:g}: {switch.note}" for name, switch in sorted(m.model.switches.items()))
    return ModelTold(
        m.model.name, m.model.title or m.model.name, m.model.grade, m.model.model_id, m.model.effective_from,
        m.model.sources, m.model.missing, m.told.assumed, readings, known(float(np.nansum(m.told.initial))),
        known(float(np.nansum(m.told.maintenance))), sum(s in (LIQUIDATABLE, BANKRUPT) for s in m.told.status),
        sum(s == UNKNOWN for s in m.told.status),
    )


def _accounts(m: Margined, held: Holdings, orders: Orders) -> list[AccountMargin]:
    told, scenario = m.told, m.binding
    rows = zip(held.accounts, told.equity, told.initial, told.maintenance, told.excess, told.status, strict=True)
    return [
        AccountMargin(
            account, m.model.name, known(float(equity)), known(float(initial) + 0.0), known(float(maintenance) + 0.0),
            known(float(excess)), known(float(maintenance / equity)) if equity > 0 else None, status,
            "" if status == UNKNOWN else scenario[n], told.unknown.get(account, ""),
            orders.get((m.model.name, account)),
        )
        for n, (account, equity, initial, maintenance, excess, status) in enumerate(rows)
    ]


def _most_used(row: AccountMargin) -> tuple[int, float, str, str]:
    order = (BANKRUPT, LIQUIDATABLE, "warning", "healthy", UNKNOWN)
    return order.index(row.status), -(row.usage or 0.0), row.account, row.model


def _parts(m: Margined, held: Holdings, question: Question) -> list[MarginPart]:
    known_accounts = {a for a, s in zip(held.accounts, m.told.status, strict=True) if s != UNKNOWN}
    wanted = {question.account} if question.account else known_accounts
    singly = bool(question.account) or len(held.quantity) <= MOST_LINES
    return m.explained.parts(wanted & known_accounts, singly=singly)


def _ladder(question: Question, held: Holdings) -> tuple[LadderStep, ...]:
    if question.ladder is None:
        return ()
    return tuple(ladder(question.ladder, held, {question.account} if question.account else set(held.accounts)))


def _head(question: Question, held: Holdings, found: Sequence[Margined]) -> Head:
    book, market = question.book, question.market
    failing = tuple(sorted({a for m in found for a, s in zip(held.accounts, m.told.status, strict=True)
                            if s in (LIQUIDATABLE, BANKRUPT)}))
    unknown = {account: reason for m in found for account, reason in m.told.unknown.items()}
    failures = (*book.failures, *(Failure(reason, account, accounts=(account,)) for account, reason
                                  in sorted(unknown.items()) if not any(account in f.accounts for f in book.failures)))
    mark = held.columns.numbers["mark"][held.lines.instrument]
    equity = float(np.nansum(np.where(held.quantity != 0, held.quantity * mark, 0.0)))
    return Head(book.name, question.title or book.name, market.as_of, market.numeraire, known(equity), len(book),
                len(book.account_ids), failing, failures, not failures, importlib.metadata.version("seawall"))


def _some(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more:,} more" if more > 0 else "")
