"""ISDA SIMM: initial margin of one netting set from its sensitivities, under the parameters that a user brings.

Delta, vega, curvature and base correlation of six risk classes, in four product classes; concentration; correlations
between classes; add-ons. SIMM is ISDA's mark and method, and so are its parameters: none are shipped.
Source: ISDA SIMM methodology, version 2.5 and after.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from seawall.errors import InputError
from seawall.model.failure import Failure
from seawall.model.regulatory import Calibration, ProductShare, RiskClassShare, SimmResult
from seawall.model.sensitivity import Sensitivities, Sensitivity
from seawall.model.simm_parameters import SimmParameters
from seawall.regulatory.aggregation import Margin, Placed, failure_of, least_grade, place_all
from seawall.regulatory.currencies import currency_of, refuse_crypto
from seawall.regulatory.simm_addons import ADD_ON_TYPES, add_ons
from seawall.regulatory.simm_buckets import BaseCorrelationRules, BucketRules
from seawall.regulatory.simm_measures import (
    Rules,
    base_correlation_margin,
    curvature_margin,
    quadratic_margin,
)
from seawall.regulatory.simm_rates import FxRules, RatesRules

PRODUCTS = {"ratesfx": "RatesFX", "rates": "RatesFX", "fx": "RatesFX", "credit": "Credit", "equity": "Equity",
            "commodity": "Commodity"}
DELTA, VEGA, BASE = "delta", "vega", "base_correlation"
# Risk class and measure of every risk type, as it is compared: lower case, letters and digits.
RISK_TYPES = {
    "riskircurve": ("Rates", DELTA), "riskinflation": ("Rates", DELTA), "riskxccybasis": ("Rates", DELTA),
    "riskirvol": ("Rates", VEGA), "riskinflationvol": ("Rates", VEGA), "riskinflvol": ("Rates", VEGA),
    "riskfx": ("FX", DELTA), "riskfxvol": ("FX", VEGA),
    "riskcreditq": ("CreditQ", DELTA), "riskcreditvol": ("CreditQ", VEGA), "riskbasecorr": ("CreditQ", BASE),
    "riskcreditnonq": ("CreditNonQ", DELTA), "riskcreditvolnonq": ("CreditNonQ", VEGA),
    "riskequity": ("Equity", DELTA), "riskequityvol": ("Equity", VEGA),
    "riskcommodity": ("Commodity", DELTA), "riskcommodityvol": ("Commodity", VEGA),
}
Cells = dict[tuple[str, str, str], list[Sensitivity]]


class _Book(NamedTuple):
    """Rows by product class, risk class and measure; add-on rows; rows that say nothing known."""

    cells: Cells
    add_ons: list[Sensitivity]
    failures: list[Failure]


def simm_of(
    table: Sensitivities, parameters: SimmParameters, *, calculation_currency: str = "USD",
) -> SimmResult:
    """Initial margin of one netting set, US dollars, > 0, with every row's part in it.

    calculation_currency: in which exchange rates do not move. A row that cannot be placed is a failure, and the result
    incomplete. Raises InputError for more than one portfolio, or a calculation currency that is none.
    """
    portfolios = table.portfolios
    if len(portfolios) > 1:
        raise InputError("margin does not net between portfolios", found=", ".join(portfolios),
                         wanted="one PortfolioID", remedy="ask with simm_by_portfolio, or choose one with of_portfolio")
    book = _sorted(table)
    rules = _rules(parameters, currency_of(calculation_currency))
    products, failures = _products(book.cells, rules, parameters)
    amounts = {product.product_class: product.requirement for product in products}
    added, more = add_ons(book.add_ons, amounts, PRODUCTS)
    failures = [*table.failures, *book.failures, *failures, *more]
    grade = least_grade(m.grade for p in products for c in p.risk_classes for m in c.measures)
    return SimmResult(
        portfolio_id=portfolios[0],
        total=sum(amounts.values()) + sum(one.amount for one in added),
        products=tuple(products), add_ons=tuple(added), calculation_currency=calculation_currency.upper(),
        calibration=Calibration(parameters.name, parameters.version, parameters.effective_from, parameters.source,
                                parameters.parameters_id, parameters.synthetic),
        grade=grade, failures=tuple(failures), complete=not failures,
        notes=_notes(table, parameters, calculation_currency),
        table_id=table.table_id,
    )


def simm_by_portfolio(
    table: Sensitivities, parameters: SimmParameters, *, calculation_currency: str = "USD",
) -> tuple[SimmResult, ...]:
    """Initial margin of each netting set named in the table, by its name."""
    return tuple(
        simm_of(table.of_portfolio(name), parameters, calculation_currency=calculation_currency)
        for name in table.portfolios
    )


def _sorted(table: Sensitivities) -> _Book:
    cells: Cells = defaultdict(list)
    book = _Book(cells, [], [])
    for row in table:
        kind = _plain(row.risk_type)
        try:
            refuse_crypto(row.product_class, row.risk_type)
            if kind in ADD_ON_TYPES:
                book.add_ons.append(row)
            else:
                cells[(_product(row), *_known(row, kind))].append(row)
        except InputError as error:
            book.failures.append(failure_of(row, error))
    return book


def _known(row: Sensitivity, kind: str) -> tuple[str, str]:
    if kind not in RISK_TYPES:
        raise InputError("RiskType is not known", found=row.risk_type, wanted="a risk type of the interchange format",
                         remedy="correct it, such as Risk_IRCurve, Risk_EquityVol, Param_AddOnFixedAmount")
    return RISK_TYPES[kind]


def _product(row: Sensitivity) -> str:
    found = PRODUCTS.get(_plain(row.product_class))
    if found is None:
        raise InputError("ProductClass is not known", found=row.product_class,
                         wanted="RatesFX, Credit, Equity, Commodity",
                         remedy="correct the cell: sensitivities of different product classes do not net")
    return found


def _rules(parameters: SimmParameters, currency: str) -> dict[str, Rules]:
    days = parameters.calendar_days
    rules: dict[str, Rules] = {}
    if parameters.rates is not None:
        rules["Rates"] = RatesRules(parameters.rates, days)
    if parameters.fx is not None:
        rules["FX"] = FxRules(parameters.fx, currency, days)
    bucketed = {"CreditQ": parameters.credit_qualifying, "CreditNonQ": parameters.credit_non_qualifying,
                "Equity": parameters.equity, "Commodity": parameters.commodity}
    for name, own in bucketed.items():
        credit = name.startswith("Credit")
        grade = "documented" if credit else "exact"
        if own is not None:
            rules[name] = BucketRules(own, days, credit, grade, grade)
    return rules


def _products(
    cells: Cells, rules: Mapping[str, Rules], parameters: SimmParameters,
) -> tuple[list[ProductShare], list[Failure]]:
    found: dict[str, dict[str, list[Margin]]] = defaultdict(lambda: defaultdict(list))
    failures: list[Failure] = []
    for (product, risk_class, measure), rows in sorted(cells.items()):
        margins, bad = _margins(rows, risk_class, measure, rules, parameters)
        failures += bad
        if margins:
            found[product][risk_class] += margins
    return [_product_share(name, classes, parameters) for name, classes in found.items()], failures


def _margins(
    rows: Sequence[Sensitivity], risk_class: str, measure: str, rules: Mapping[str, Rules], parameters: SimmParameters,
) -> tuple[list[Margin], list[Failure]]:
    """The measures that these rows make; of volatility both vega and curvature."""
    own = rules.get(risk_class)
    if measure == BASE:
        if parameters.base_correlation is None:
            return [], [_uncalibrated(row, "base_correlation", parameters) for row in rows]
        base = BaseCorrelationRules(parameters.base_correlation)
        kept = place_all(rows, base.place)
        margins = [base_correlation_margin(kept, base)]
    elif own is None:
        return [], [_uncalibrated(row, risk_class, parameters) for row in rows]
    elif measure == DELTA:
        kept = place_all(rows, own.delta)
        margins = [quadratic_margin(kept, own, DELTA)]
    else:
        kept = place_all(rows, lambda row: _volatility(row, own))
        margins = [quadratic_margin(kept, own, VEGA), curvature_margin(place_all(kept.rows, own.curvature), own)]
    return [margin for margin in margins if margin is not None], list(kept.failures)


def _volatility(row: Sensitivity, rules: Rules) -> Placed | None:
    """Where the row stands in vega, if it has a place in curvature as well: it is in both, or in neither."""
    rules.curvature(row)
    return rules.vega(row)


def _product_share(name: str, classes: Mapping[str, Sequence[Margin]], parameters: SimmParameters) -> ProductShare:
    names = list(classes)
    amounts = np.array([sum(margin.amount for margin in classes[one]) for one in names])
    places = [parameters.risk_classes.index(one) for one in names]
    psi = np.array(parameters.class_correlations, dtype=np.float64)[np.ix_(places, places)]
    np.fill_diagonal(psi, 1.0)
    pull = psi @ amounts
    total = float(np.sqrt(max(amounts @ pull, 0.0)))
    slopes = pull / total if total > 0 else np.zeros(len(names))
    shares = tuple(
        _class_share(one, classes[one], float(amounts[n]), float(slopes[n])) for n, one in enumerate(names)
    )
    return ProductShare(name, total, sum(share.contribution for share in shares), shares)


def _class_share(name: str, margins: Sequence[Margin], amount: float, slope: float) -> RiskClassShare:
    measures = tuple(margin.share(slope) for margin in margins)
    return RiskClassShare(name, amount, sum(one.contribution for one in measures), measures)


def _uncalibrated(row: Sensitivity, what: str, parameters: SimmParameters) -> Failure:
    error = InputError(f"the parameters of {what} are missing", found=row.risk_type,
                       wanted=f"a section for {what} in {parameters.name}", remedy="add it to the parameter file")
    return failure_of(row, error)


def _notes(table: Sensitivities, parameters: SimmParameters, currency: str) -> tuple[str, ...]:
    notes = []
    if any(_plain(row.risk_type) == "riskfx" and row.qualifier.upper() == currency.upper() for row in table):
        notes.append(f"sensitivities to {currency.upper()} against itself carry no risk and are left out")
    if parameters.synthetic:
        notes.append("the parameters are invented: the number shows how the method works, and is no margin")
    if not len(table):
        notes.append("there is no sensitivity to margin")
    return tuple(notes)


def _plain(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())
