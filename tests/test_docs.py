"""Every block of Python in tutorials and how-to pages runs, in order, one namespace a page, and prints what it says.

A block fenced ``python network`` needs a venue: of that only the imports run.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from seawall.formats.book import ALIASES
from seawall.formats.book_terms import TERMS

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(page for kind in ("tutorials", "how-to") for page in (ROOT / "docs" / kind).rglob("*.md"))
BLOCK = re.compile(r"^```([^`\n]*)\n(.*?)^```$", re.M | re.S)
LINK = re.compile(r"\[[^\]]+\]\(([^)#]+)[^)]*\)")
# Fits to quotes may improve and move a price a little; a number that moves more is another number.
TOLERANCE = 0.05


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_of_a_page_runs_and_prints_what_the_page_shows(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    space: dict[str, object] = {"__name__": page.stem}
    for line, code, shown in blocks(page.read_text()):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile("\n" * line + code, str(page), "exec"), space)
        if shown is not None:
            assert alike(out.getvalue(), shown), f"line {line}: printed {out.getvalue()!r}, the page shows {shown!r}"


def blocks(text: str) -> Iterator[tuple[int, str, str | None]]:
    """Line of each block of Python, its code, and the block of text that follows at once, if one does."""
    found = list(BLOCK.finditer(text))
    for place, block in enumerate(found):
        if block[1] not in ("python", "python network"):
            continue
        code = block[2] if block[1] == "python" else imports_of(block[2])
        after = found[place + 1] if place + 1 < len(found) else None
        next_to = after is not None and after[1] == "text" and not text[block.end() : after.start()].strip()
        yield text.count("\n", 0, block.start(2)), code, after[2] if after is not None and next_to else None


def imports_of(code: str) -> str:
    """The imports alone."""
    kept = [node for node in ast.parse(code).body if isinstance(node, ast.Import | ast.ImportFrom)]
    return ast.unparse(ast.Module(kept, []))


def alike(printed: str, shown: str) -> bool:
    """Whether words agree exactly, numbers within the tolerance."""
    one, other = printed.split(), shown.split()
    return len(one) == len(other) and all(map(same, one, other))


def same(one: str, other: str) -> bool:
    """Whether two words are one, or two numbers near."""
    try:
        a, b = (float(word.strip("(),%").replace(",", "")) for word in (one, other))
    except ValueError:
        return one == other
    return abs(a - b) <= TOLERANCE * max(abs(a), abs(b))


def test_the_comparison_of_pages_notices_another_word_and_another_number() -> None:
    assert alike("5.48 million\n", "5.5 million\n")
    assert not alike("5.48 million", "6.0 million")
    assert not alike("5.5 million", "5.5 billion")
    assert not alike("5.5", "5.5 million")


def test_there_are_pages_to_run() -> None:
    assert [page.stem for page in PAGES if page.parent.name == "tutorials"]


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: page.stem)
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    links = [target for target in LINK.findall(page.read_text()) if "://" not in target]
    assert [target for target in links if not (page.parent / target).exists()] == []


def test_every_page_is_reached_from_the_first() -> None:
    docs = ROOT / "docs"
    linked = {(docs / target).resolve() for target in LINK.findall((docs / "index.md").read_text())}
    assert [page.name for page in docs.rglob("*.md") if page.name != "index.md" and page.resolve() not in linked] == []


def test_every_column_of_a_book_is_documented() -> None:
    text = (ROOT / "docs" / "reference" / "book-files.md").read_text()
    names = {name for aliases in ALIASES.values() for name in aliases} | set(TERMS)
    assert {name for name in names if f"`{name}`" not in text} == set()
