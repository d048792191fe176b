"""Sensitivities that somebody could send: every risk type, few names, amounts on both sides of every threshold."""

from __future__ import annotations

from hypothesis import strategies as st

from seawall.model.sensitivity import Sensitivities, Sensitivity, sensitivities_of

TENORS = ("2w", "1m", "6m", "1y", "5y", "30y")
CREDIT_TENORS = ("1y", "5y", "10y")
CURRENCIES = ("USD", "EUR", "JPY", "BRL", "ZAR", "PLN")
PAIRS = ("EURUSD", "USDEUR", "JPYBRL", "ZARTRY", "PLNUSD")


def row(
    risk_type: str, qualifier: str, amount: float, *, bucket: str = "", label1: str = "", label2: str = "",
    product: str = "RatesFX", portfolio: str = "P",
) -> Sensitivity:
    """One row, its place left open."""
    where = f"{risk_type} {qualifier} {bucket} {label1}"
    return Sensitivity(0, product, risk_type, qualifier, bucket, label1, label2, portfolio, where, amount)


def table_of(*rows: Sensitivity) -> Sensitivities:
    """The rows as a table, each told apart by its number."""
    return sensitivities_of([one._replace(where=f"row {n}") for n, one in enumerate(rows, start=1)])


@st.composite
def sensitivity(draw: st.DrawFn) -> Sensitivity:
    """Any risk type that the engine knows but add-ons."""
    kind = draw(st.sampled_from(sorted(SHAPES)))
    product, names, buckets, label1, label2, size = SHAPES[kind]
    amount = draw(st.integers(-300, 300).filter(lambda n: n != 0)) * size
    return row(kind, draw(st.sampled_from(names)), float(amount), bucket=draw(st.sampled_from(buckets)),
               label1=draw(st.sampled_from(label1)), label2=draw(st.sampled_from(label2)),
               product=draw(st.sampled_from((product, "Equity"))))


@st.composite
def crif(draw: st.DrawFn) -> list[Sensitivity]:
    """Up to a dozen rows, numbered."""
    rows = draw(st.lists(sensitivity(), min_size=1, max_size=12))
    return [one._replace(where=f"row {n}") for n, one in enumerate(rows, start=1)]


NONE = ("",)
NUMBERED = ("1", "2", "5", "11", "12", "Residual")
# Product, qualifiers, buckets, labels, and a step of amounts that passes the synthetic thresholds within its range.
SHAPES = {
    "Risk_IRCurve": ("RatesFX", CURRENCIES, NONE, TENORS, ("OIS", "Libor3m"), 5e6),
    "Risk_Inflation": ("RatesFX", CURRENCIES, NONE, NONE, NONE, 5e6),
    "Risk_XCcyBasis": ("RatesFX", CURRENCIES, NONE, NONE, NONE, 5e6),
    "Risk_IRVol": ("RatesFX", CURRENCIES, NONE, TENORS, NONE, 5e7),
    "Risk_InflationVol": ("RatesFX", CURRENCIES, NONE, TENORS, NONE, 5e7),
    "Risk_FX": ("RatesFX", CURRENCIES, NONE, NONE, NONE, 1e8),
    "Risk_FXVol": ("RatesFX", PAIRS, NONE, TENORS, NONE, 5e6),
    "Risk_CreditQ": ("Credit", ("A", "B"), NUMBERED, CREDIT_TENORS, ("USD", "EUR"), 1e4),
    "Risk_CreditVol": ("Credit", ("A", "B"), NUMBERED, CREDIT_TENORS, NONE, 1e7),
    "Risk_CreditNonQ": ("Credit", ("A", "B"), ("1", "2", "Residual"), CREDIT_TENORS, NONE, 1e5),
    "Risk_CreditVolNonQ": ("Credit", ("A", "B"), ("1", "2", "Residual"), CREDIT_TENORS, NONE, 1e6),
    "Risk_BaseCorr": ("Credit", ("CDX IG", "iTraxx Main"), NONE, NONE, NONE, 1e4),
    "Risk_Equity": ("Equity", ("A", "B", "C"), NUMBERED, NONE, NONE, 1e6),
    "Risk_EquityVol": ("Equity", ("A", "B", "C"), NUMBERED, TENORS, NONE, 1e6),
    "Risk_Commodity": ("Commodity", ("Oil", "Gas"), ("1", "2", "10", "16", "17"), NONE, NONE, 1e7),
    "Risk_CommodityVol": ("Commodity", ("Oil", "Gas"), ("1", "2", "10", "16", "17"), TENORS, NONE, 1e6),
}
