"""What would decide? One account's changes in integers: the same digits everywhere, rounded against the holder."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from seawall.margin.exact import Decided, ExactPlan, decide, exact_plan, lots_below
from seawall.whatif.change import Trade, deposited, traded
from seawall.whatif.stand import Stand


@dataclass(frozen=True)
class ExactStand:
    """One account under one model, ready to be decided at other quantities. exact: its plan in integers."""

    stand: Stand
    exact: ExactPlan

    @property
    def now(self) -> Decided:
        """The account as it is."""
        return decide(self.exact, lots_below(self.exact, self.stand.quantity))

    def after_trades(self, *trades: Trade) -> Decided:
        """The account after the trades; cash paid is rounded up to whole lots, cash received down."""
        return decide(self.exact, lots_below(self.exact, traded(self.stand, trades)))

    def after_deposit(self, currency: str, amount: float) -> Decided:
        """The account after a deposit; a withdrawal is a negative one."""
        return decide(self.exact, lots_below(self.exact, deposited(self.stand, currency, amount)))


def exact_stand(stand: Stand, *, tick: Fraction | str = "1e-6", lot: Fraction | str = "1e-4") -> ExactStand:
    """The account in integers. Raises InputError for a tick or lot that is none, ModelError for a term without them."""
    return ExactStand(stand, exact_plan(stand.plan, tick=tick, lot=lot))
