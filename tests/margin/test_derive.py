"""Derive's presets against every published case: balances, basis, oracle, each scenario; and what each is made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from margin import derive_cases as cases
from margin import plain_derive as plain
from seawall.formats.margin_models import read_margin_model
from seawall.margin.plan import evaluate, explain
from seawall.testing.margin_cases import MarginCase, deviations, planned

# The published numbers were recomputed to 7e-15; sums of some dozens of lines leave a few units more.
TOLERANCE, BY_SCENARIO = 1e-12, 1e-8


def pmrm_2(d: dict[str, Any]) -> MarginCase:
    rows, q = cases.rows_pmrm_2(d["inputs"])
    e = d["expected"]
    return MarginCase(
        name=d["name"],
        columns=cases.columns(rows),
        quantity=q,
        change=cases.with_pmrm_2(d["inputs"]["params"]),
        balances={"initial": e["im"], "maintenance": e["mm"]},
        gains={"scan": [e["scenario_pnl"]]},
        charges={
            "equity": e["portfolio_mtm_incl_cash"],
            "basis": -e["basis_contingency"],
            "oracle": abs(e["oracle_contingency_im"]),
        },
    )


def pmrm_1(d: dict[str, Any]) -> MarginCase:
    rows, q = cases.rows_pmrm_1(d["inputs"])
    e = d["expected"]
    charges = {"equity": e["mtm"], "basis": -e["basis_contingency"]} if "mtm" in e else {}
    return MarginCase(
        name=d["name"],
        columns=cases.columns(rows),
        quantity=q,
        change=cases.with_pmrm_1(d["inputs"]["params"]),
        balances={"initial": e.get("im", e.get("im_recomputed")), "maintenance": e.get("mm", e.get("mm_recomputed"))},
        charges=charges,
    )


def auctions() -> list[MarginCase]:
    out = []
    for d in cases.published("auction"):
        for n, (step, e) in enumerate(zip(d["inputs"]["steps"], d["expected"]["steps"], strict=True)):
            rows, q = cases.rows_pmrm_1(step["portfolio"])
            out.append(
                MarginCase(
                    name=f"{d['name']}, step {n}",
                    columns=cases.columns(rows),
                    quantity=q,
                    balances={"maintenance": e["mm"]},
                    charges={"equity": e["mtm"]},
                    change=cases.with_pmrm_1(d["inputs"]["params"]),
                )
            )
    return out


def standard(d: dict[str, Any]) -> MarginCase:
    rows, q = cases.rows_standard(d["inputs"])
    e = d["expected"]
    return MarginCase(
        name=d["name"],
        columns=cases.columns(rows),
        quantity=q,
        change=cases.with_standard(d["inputs"]["params"]),
        balances={"initial": e.get("im", e.get("im_recomputed")), "maintenance": e.get("mm", e.get("mm_recomputed"))},
    )


PUBLISHED = {
    "derive_pmrm_2": [pmrm_2(d) for d in cases.published("pmrm2")],
    "derive_pmrm_1": [pmrm_1(d) for d in cases.published("pmrm1")] + auctions(),
    "derive_standard": [standard(d) for d in cases.published("srm")],
}
EACH = [pytest.param(model, case, id=case.name) for model, some in PUBLISHED.items() for case in some]


def test_every_published_case_is_there() -> None:
    assert {model: len(some) for model, some in PUBLISHED.items()} == {
        "derive_pmrm_2": 37,
        "derive_pmrm_1": 28 + 6,
        "derive_standard": 17,
    }


@pytest.mark.parametrize(("model", "case"), EACH)
def test_a_published_case_is_met(model: str, case: MarginCase) -> None:
    for what, size in deviations(read_margin_model(model), case).items():
        assert size <= (BY_SCENARIO if what.startswith("gains") else TOLERANCE), (what, size)


@pytest.mark.parametrize(
    "d",
    [d for family in ("pmrm1", "srm") for d in cases.published(family) if "im_truncated" in d["expected"]],
    ids=lambda d: d["name"],
)
def test_named_cases_agree_in_their_integers(d: dict[str, Any]) -> None:
    model, made = ("derive_pmrm_1", pmrm_1(d)) if "pmrm1" in d["name"] else ("derive_standard", standard(d))
    plan = planned(read_margin_model(model), made)
    done = evaluate(plan, np.array(made.quantity))
    for result, word in (("initial", "im"), ("maintenance", "mm")):
        assert int(done["equity"][0] - done[result][0]) == d["expected"][f"{word}_truncated"]


@pytest.mark.parametrize(("model", "case"), EACH)
def test_explanations_of_a_published_case_add_up(model: str, case: MarginCase) -> None:
    plan, q = planned(read_margin_model(model), case), np.array(case.quantity)
    done = evaluate(plan, q)
    for result in plan.results:
        parts = explain(plan, q, result)
        # Sums in another order: some units in the last place of the largest line.
        scale = max(1.0, float(np.abs(parts.by_line).sum()))
        assert parts.by_line.sum() == pytest.approx(done[result][0], abs=1e-12 * scale)
        assert not parts.chords


@pytest.mark.parametrize(
    ("twin", "family"), [(plain.pmrm_2, "pmrm2"), (plain.pmrm_1, "pmrm1"), (plain.standard, "srm")]
)
def test_the_plain_loops_meet_the_published_cases_too(twin: Any, family: str) -> None:
    for d in cases.published(family):
        told, e = twin(d["inputs"]), d["expected"]
        for word in ("im", "mm"):
            assert told[word] == pytest.approx(e.get(word, e.get(f"{word}_recomputed")), rel=1e-10, abs=1e-9), d["name"]
