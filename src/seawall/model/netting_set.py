"""What is netted if a counterparty fails? Trades of the standardised approach, and the terms that net them."""

from __future__ import annotations

import math

import msgspec

from seawall.errors import InputError

ASSET_CLASSES = ("interest_rate", "fx", "credit", "equity", "commodity", "crypto_2a", "crypto_2b")
DIRECTIONS = ("long", "short")
OPTION_TYPES = ("", "call", "put")
QUALITIES = ("AAA", "AA", "A", "BBB", "BB", "B", "CCC")
INDEX_QUALITIES = ("IG", "SG")
COMMODITIES = ("electricity", "energy", "metals", "agricultural", "other")
SPECIAL = ("", "basis", "volatility")


class SaccrTrade(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One trade by its primary risk driver; money in the reporting currency, times in years from the reporting date.

    driver: currency (interest rate), pair such as EUR/USD (fx), entity or index (credit, equity), commodity type, coin.
    direction: long if the value rises with the driver (credit: with the spread, so protection bought is long); of an
    option, bought or sold. notional: equity, commodity and crypto price times units; fx the foreign leg, and
    second_notional the other leg if that is foreign too. start, end: the period that an interest rate or credit trade
    refers to, start 0 once it has begun. maturity: when the contract may last be alive; end (or exercise) if not given,
    the next reset of a trade settled to zero at resets. exercise: latest exercise, price and strike as the driver is
    quoted, shift: added to both (taken from the currency's rates if not given). attachment, detachment: of a tranche.
    quality: rating of a name, IG or SG of an index. commodity: hedging set. pair: the second driver of a basis trade.
    """

    trade_id: str
    netting_set_id: str
    asset_class: str
    driver: str
    direction: str
    notional: float
    second_notional: float = 0.0
    mtm: float = 0.0
    start: float = 0.0
    end: float | None = None
    maturity: float | None = None
    option: str = ""
    price: float | None = None
    strike: float | None = None
    exercise: float | None = None
    shift: float | None = None
    attachment: float | None = None
    detachment: float | None = None
    is_index: bool = False
    quality: str = ""
    commodity: str = ""
    special: str = ""
    pair: str = ""

    def __post_init__(self) -> None:
        _refuse_words(self)
        _refuse_numbers(self)
        _refuse_lacking(self)

    @property
    def lasts(self) -> float:
        """Years until the contract ends."""
        given = (self.maturity, self.end, self.exercise)
        return next((years for years in given if years is not None), 0.0)

    @property
    def is_tranche(self) -> bool:
        """Whether it is a slice of a pool of credits."""
        return self.attachment is not None


class NettingSetTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What netting and margin agreements say; money in the reporting currency, held > 0, posted < 0, after haircuts.

    margined: whether variation margin is exchanged; bank_collects: whether we receive it (an agreement in favour of the
    counterparty alone counts as none). independent: net independent collateral amount, without what we posted to a
    segregated, bankruptcy-remote account. variation_margin: net held. remargin_days: business days from one call to the
    next. cleared_client: a clearing member's client, or the reverse; with_ccp: the counterparty is a CCP itself.
    illiquid: collateral or trades that cannot easily be replaced. disputes: more than two long disputes in the last two
    quarters. mpor_days: a longer margin period that the bank sets itself.
    """

    netting_set_id: str
    counterparty_id: str = ""
    margined: bool = False
    bank_collects: bool = True
    threshold: float = 0.0
    minimum_transfer: float = 0.0
    independent: float = 0.0
    variation_margin: float = 0.0
    remargin_days: int = 1
    cleared_client: bool = False
    with_ccp: bool = False
    illiquid: bool = False
    disputes: bool = False
    mpor_days: float | None = None

    def __post_init__(self) -> None:
        who = f"netting set {self.netting_set_id}"
        if not self.netting_set_id:
            raise InputError("netting set: netting_set_id", found="", wanted="a name")
        for name in ("threshold", "minimum_transfer", "independent", "variation_margin"):
            value = getattr(self, name)
            if not math.isfinite(value):
                raise InputError(f"{who}: {name}", found=value, wanted="a finite amount of money")
            if value < 0 and name in ("threshold", "minimum_transfer"):
                raise InputError(f"{who}: {name}", found=value, wanted="zero or more")
        if self.remargin_days < 1:
            raise InputError(f"{who}: remargin_days", found=self.remargin_days, wanted="1 (daily) or more")
        if self.mpor_days is not None and not 0 < self.mpor_days < math.inf:
            raise InputError(f"{who}: mpor_days", found=self.mpor_days, wanted="a number of business days above zero")

    @property
    def collateral(self) -> float:
        """Net collateral held: variation margin and independent amount."""
        return self.variation_margin + self.independent

    @property
    def counts_as_margined(self) -> bool:
        """Whether the rules for margined netting sets apply."""
        return self.margined and self.bank_collects


def _refuse_words(trade: SaccrTrade) -> None:
    for name in ("trade_id", "netting_set_id", "driver"):
        if not getattr(trade, name):
            raise _refusal(trade, name, "", "a name")
    allowed = {"asset_class": ASSET_CLASSES, "direction": DIRECTIONS, "option": OPTION_TYPES, "special": SPECIAL}
    for name, words in allowed.items():
        if getattr(trade, name) not in words:
            raise _refusal(trade, name, getattr(trade, name), " or ".join(word or "nothing" for word in words))


def _refuse_numbers(trade: SaccrTrade) -> None:
    for name in ("notional", "second_notional", "start", "end", "maturity", "exercise"):
        value = getattr(trade, name)
        if value is not None and not 0 <= value < math.inf:
            raise _refusal(trade, name, value, "a finite number, zero or more")
    for name in ("mtm", "price", "strike", "shift"):
        value = getattr(trade, name)
        if value is not None and not math.isfinite(value):
            raise _refusal(trade, name, value, "a finite number")
    if trade.end is not None and trade.end < trade.start:
        raise _refusal(trade, "end", trade.end, f"no earlier than its start, {trade.start:g}")


def _refuse_lacking(trade: SaccrTrade) -> None:
    if trade.asset_class in ("interest_rate", "credit") and trade.end is None:
        raise _refusal(trade, "end", None, "years until the period it refers to ends")
    if trade.lasts == 0 and all(years is None for years in (trade.maturity, trade.end, trade.exercise)):
        raise _refusal(trade, "maturity", None, "years until the contract ends")
    if trade.option:
        for name in ("price", "strike", "exercise"):
            if getattr(trade, name) is None:
                raise _refusal(trade, name, None, "a number, as it is an option")
    if trade.asset_class == "credit":
        _refuse_credit(trade)
    if trade.asset_class == "commodity" and trade.commodity not in COMMODITIES:
        raise _refusal(trade, "commodity", trade.commodity, " or ".join(COMMODITIES))
    if trade.asset_class == "fx" and len([part for part in trade.driver.split("/") if part]) != 2:
        raise _refusal(trade, "driver", trade.driver, "a pair such as EUR/USD")
    if (trade.special == "basis") != bool(trade.pair):
        raise _refusal(trade, "pair", trade.pair, "the second driver of a basis trade, and of no other")


def _refuse_credit(trade: SaccrTrade) -> None:
    wanted = INDEX_QUALITIES if trade.is_index else QUALITIES
    if trade.quality not in wanted:
        raise _refusal(trade, "quality", trade.quality, " or ".join(wanted))
    if (trade.attachment is None) != (trade.detachment is None):
        raise _refusal(trade, "detachment", trade.detachment, "both points of the tranche, or none")
    if trade.attachment is not None and trade.detachment is not None:
        if not 0 <= trade.attachment < trade.detachment <= 1:
            raise _refusal(trade, "attachment", trade.attachment, "0 <= attachment < detachment <= 1")
        if trade.option:
            raise _refusal(trade, "option", trade.option, "no option on a tranche")


def _refusal(trade: SaccrTrade, field: str, found: object, wanted: str) -> InputError:
    return InputError(f"trade {trade.trade_id or '?'}: {field}", found=found, wanted=wanted, remedy="correct the trade")
