"""Margin on a terminal: within its width, readable without colour, nothing left out without a word."""

from __future__ import annotations

import io
import re

import msgspec
import pytest
from rich.console import Console

from report.example_margin import HOSTILE, account, asked, failing, hollow, hostile, many, model, whole
from seawall.formats.margin_models import margin_models
from seawall.model.margin_report import MarginReport
from seawall.report.terminal_margin import show_margin, show_models

SETS = {"whole": whole, "asked": asked, "failing": failing, "hollow": hollow, "hostile": hostile, "many": many}


def printed(report: MarginReport, width: int = 122) -> str:
    console = Console(width=width, record=True, file=io.StringIO(), force_terminal=False, no_color=True)
    show_margin(report, console)
    return console.export_text()


@pytest.mark.parametrize("width", [100, 122, 160])
@pytest.mark.parametrize("name", SETS)
def test_nothing_is_wider_than_the_terminal_and_no_heading_is_cut(name: str, width: int) -> None:
    text = printed(SETS[name](), width)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width
    assert "…" not in text.replace("…", "", 1)  # the digest alone is shortened
    assert not re.search(r"\b(nan|None)\b", text)


@pytest.mark.parametrize("width", [100, 122])
def test_many_models_stand_in_blocks_that_fit_each_with_its_grade(width: int) -> None:
    names = [f"a_venue_of_long_name_{n}" for n in range(9)]
    rows = tuple(account(who, by, 10e6, 1e6) for who in ("MM", "FUND") for by in names)
    report = MarginReport(head=whole().head, models=tuple(model(n, "documented", 2e6) for n in names), accounts=rows,
                          parts=(), disagreements=())
    text = printed(report, width)
    heads = [line for line in text.splitlines() if line.startswith("Initial ")]
    assert len(heads) > 1
    assert sorted(word for line in heads for word in line.split() if word.startswith("a_venue")) == names
    assert heads[-1].rstrip().endswith("Most / least")


def test_a_narrow_terminal_drops_equity_and_keeps_the_scenario() -> None:
    wide, narrow = (next(line for line in printed(whole(), width).splitlines() if line.startswith("Account"))
                    for width in (122, 100))
    assert "Equity" in wide
    assert "Equity" not in narrow
    assert "Binding scenario" in narrow


def test_the_verdict_comes_first_and_states_are_shapes_and_words() -> None:
    text = printed(failing())
    assert text.index("■ Failing") < text.index("FUND and MM are below maintenance under alpha") < text.index("Grade")
    assert "■ Below zero" in text
    assert "▨ Not assessed" in text
    assert "alpha does not take kind future" in text


def test_minus_signs_are_minus_signs_and_names_keep_their_hyphens() -> None:
    text = printed(asked())
    assert "BTC −66%" in text
    assert "BTC-25SEP26-60000-P" in text
    assert "92% of the gap lies in BTC options; BTC −20%, vol up binds in alpha" in " ".join(text.split())


def test_what_is_left_out_is_counted() -> None:
    text = printed(many())
    assert "4,976 more" in text
    assert "more, less in use, on the page and in the JSON" in text
    assert "and 988 more, on the page and in the JSON" in text


def test_parts_of_the_asked_account_end_in_its_requirement() -> None:
    lines = printed(asked()).splitlines()
    ends = [line.split()[-1] for line in lines if "Initial requirement" in line]
    assert ends == ["4.00", "2.00"]


def test_a_falling_and_a_rising_end_share_a_row() -> None:
    row = next(line for line in printed(asked()).splitlines() if "48,000" in line)
    assert "−25.0%" in row
    assert "89,600" in row
    assert "+40.0%" in row


def test_names_from_outside_are_text_and_never_markup() -> None:
    marked = msgspec.structs.replace(whole(), notes=("[bold]not bold[/bold]",))
    assert "[bold]not bold[/bold]" in printed(marked)
    assert HOSTILE[:8] in printed(hostile())


@pytest.mark.parametrize("width", [100, 122])
def test_every_model_there_is_is_listed_and_told_alone(width: int) -> None:
    console = Console(width=width, record=True, file=io.StringIO(), force_terminal=False, no_color=True)
    show_models(tuple(margin_models().values()), console)
    text = console.export_text()
    assert all(f"\n{name} " in f"\n{text}" for name in margin_models())
    show_models((margin_models()["derive_pmrm_2"],), console)
    alone = " ".join(console.export_text().split())
    for told in ("exact", "Source", "Lacks", "Parameters"):
        assert told in alone
