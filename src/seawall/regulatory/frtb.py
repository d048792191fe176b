"""The sensitivities-based method for market risk: capital under the worst of three scenarios of correlation.

Delta, vega and curvature of interest rates, exchange rates, equity, commodities and, where the parameters have it,
credit spreads other than of securitisations. Default risk and the residual add-on are other chapters and not in the
number.
Source: Basel Framework MAR21, in force from 1 January 2023.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from seawall.errors import InputError
from seawall.model.failure import Failure
from seawall.model.frtb_parameters import FrtbParameters
from seawall.model.regulatory import Calibration, CorrelationScenario, FrtbResult, RiskClassShare
from seawall.model.sensitivity import Sensitivities, Sensitivity
from seawall.regulatory.aggregation import Margin, failure_of, least_grade, place_all
from seawall.regulatory.currencies import currency_of, refuse_crypto
from seawall.regulatory.frtb_buckets import SbmBucketRules
from seawall.regulatory.frtb_measures import SCENARIOS, SbmRules, curvature_capital, quadratic_capital
from seawall.regulatory.frtb_rules import FxSbmRules, GirrRules

CLASSES = {"girr": "GIRR", "fx": "FX", "eq": "Equity", "equity": "Equity", "comm": "Commodity",
           "commodity": "Commodity", "csr": "CreditSpread", "csrns": "CreditSpread", "csrnonsec": "CreditSpread"}
MEASURES = {"delta": "delta", "vega": "vega", "curv": "curvature", "curvature": "curvature"}
RISK_TYPE = re.compile(rf"^(?:risk)?(.+?)({'|'.join(sorted(MEASURES, key=len, reverse=True))})$")
Capital = dict[str, dict[str, list[Margin]]]


def frtb_of(
    table: Sensitivities, parameters: FrtbParameters, *, reporting_currency: str = "USD",
) -> FrtbResult:
    """Capital of a whole table, whatever its portfolios, > 0, with every row's part in it.

    Amounts of delta are per 1.0 of the factor, of vega times volatility, of curvature the gain of a shock beyond delta.
    A row that cannot be placed is a failure, and the result incomplete. Raises InputError for a currency that is none.
    """
    rules = _rules(parameters, currency_of(reporting_currency))
    cells, failures = _sorted(table)
    capital, more = _capital(cells, rules, parameters)
    scenarios = tuple(_scenario(name, capital) for name in SCENARIOS)
    ranked = sorted(scenarios, key=lambda one: one.total, reverse=True)
    classes = tuple(_class_share(name, margins) for name, margins in sorted(capital[ranked[0].name].items()))
    failures = [*table.failures, *failures, *more]
    return FrtbResult(
        total=ranked[0].total, worst=ranked[0].name, scenarios=scenarios,
        margin_to_next=ranked[0].total - ranked[1].total, risk_classes=classes,
        reporting_currency=reporting_currency.upper(),
        calibration=Calibration(parameters.name, "", parameters.effective_from, parameters.source,
                                parameters.parameters_id),
        grade=least_grade(one.grade for share in classes for one in share.measures), failures=tuple(failures),
        complete=not failures, notes=_notes(table, reporting_currency), table_id=table.table_id,
        version=importlib.metadata.version("seawall"),
    )


def _rules(parameters: FrtbParameters, currency: str) -> dict[str, SbmRules]:
    rules: dict[str, SbmRules] = {
        "GIRR": GirrRules(parameters, currency), "FX": FxSbmRules(parameters, currency),
        "Equity": SbmBucketRules("Equity", parameters, parameters.equity),
        "Commodity": SbmBucketRules("Commodity", parameters, parameters.commodity),
    }
    if parameters.credit is not None:
        rules["CreditSpread"] = SbmBucketRules("CreditSpread", parameters, parameters.credit)
    return rules


def _sorted(table: Sensitivities) -> tuple[dict[tuple[str, str], list[Sensitivity]], list[Failure]]:
    cells: dict[tuple[str, str], list[Sensitivity]] = defaultdict(list)
    failures = []
    for row in table:
        try:
            refuse_crypto(row.product_class, row.risk_type)
            cells[_known(row)].append(row)
        except InputError as error:
            failures.append(failure_of(row, error))
    return cells, failures


def _known(row: Sensitivity) -> tuple[str, str]:
    found = RISK_TYPE.match("".join(letter for letter in row.risk_type.lower() if letter.isalnum()))
    if found is None or found[1] not in CLASSES:
        raise InputError("RiskType is not known", found=row.risk_type,
                         wanted="such as GIRR_DELTA, FX_VEGA, EQ_CURV, COMM_DELTA or CSR_NS_DELTA",
                         remedy="correct it; securitisations and default risk are not part of this method here")
    return CLASSES[found[1]], MEASURES[found[2]]


def _capital(
    cells: Mapping[tuple[str, str], Sequence[Sensitivity]], rules: Mapping[str, SbmRules], parameters: FrtbParameters,
) -> tuple[Capital, list[Failure]]:
    """By scenario and risk class, the measures."""
    found: Capital = {name: defaultdict(list) for name in SCENARIOS}
    failures: list[Failure] = []
    for (risk_class, measure), rows in sorted(cells.items()):
        own = rules.get(risk_class)
        if own is None:
            failures += [failure_of(row, InputError(
                f"the parameters of {risk_class} are missing", found=row.risk_type, wanted="a section [credit]",
                remedy="add it to the parameter file")) for row in rows]
            continue
        if measure == "curvature":
            by_scenario, bad = curvature_capital(rows, own, parameters)
        else:
            kept = place_all(rows, own.delta if measure == "delta" else own.vega)
            by_scenario, bad = quadratic_capital(kept, own, measure, parameters), kept.failures
        failures += bad
        for scenario, margin in by_scenario.items():
            found[scenario][risk_class].append(margin)
    return found, failures


def _scenario(name: str, capital: Capital) -> CorrelationScenario:
    sums = dict.fromkeys(("delta", "vega", "curvature"), 0.0)
    for margins in capital[name].values():
        for margin in margins:
            sums[margin.measure] += margin.amount
    by_class = {one: sum(margin.amount for margin in margins) for one, margins in sorted(capital[name].items())}
    return CorrelationScenario(name, sum(sums.values()), sums["delta"], sums["vega"], sums["curvature"], by_class)


def _class_share(name: str, margins: Sequence[Margin]) -> RiskClassShare:
    measures = tuple(margin.share(1.0) for margin in margins)
    return RiskClassShare(name, sum(margin.amount for margin in margins), sum(one.contribution for one in measures),
                          measures)


def _notes(table: Sensitivities, currency: str) -> tuple[str, ...]:
    notes = ["the total is the worst of three scenarios: contributions are to it alone, and after a trade another may "
             "bind"]
    if any("fx" in row.risk_type.lower() and row.qualifier.upper() == currency.upper() for row in table):
        notes.append(f"sensitivities to {currency.upper()} against itself carry no risk and are left out")
    return tuple(notes)
