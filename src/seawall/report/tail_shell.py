"""What is around every page about the tail? Head, verdict, numbers, what was left out, foot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from seawall import words
from seawall.model.identity import content_id
from seawall.model.margin_report import MarginReport
from seawall.model.tail_report import Answer, Head
from seawall.report.html import POLICY, style
from seawall.report.markup import mono, section, status, term, text
from seawall.report.page import LOGO
from seawall.report.tail_titles import Said

NAMED = 4
CONVENTION = "P&amp;L: gain is positive. Value at risk, expected shortfall and losses to reach: loss is positive."


class Tile(NamedTuple):
    """One number of the headline. key: its explainer; behind: the smaller text after it; under: what it is of."""

    key: str
    name: str
    value: str
    behind: str
    under: str


class Part(NamedTuple):
    """A section and its name in the contents; body: HTML, empty where there is nothing to say."""

    anchor: str
    name: str
    body: str


def shell(
    answer: Answer | MarginReport, kind: str, said: Said, tiles: Sequence[Tile], parts: Sequence[Part], *,
    convention: str = CONVENTION,
) -> str:
    """The whole page, in order of reading; a question without data has no section and no link.

    convention: signs of the numbers, HTML.
    """
    head, digest = answer.head, identity(answer)
    shown = [p for p in parts if p.body]
    links = "".join(f'<a href="#{p.anchor}">{p.name}</a>' for p in shown)
    body = "\n".join(p.body for p in shown)
    title = f"Seawall {kind} · {head.title} · {words.moment(head.as_of)}"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f"<title>{text(title)}</title>\n<style>\n{style()}</style></head>"
        '<body><div class="wrap">\n<a class="skip" href="#main">Skip to the verdict</a>\n'
        f'{_masthead(answer, kind, digest)}\n<nav aria-label="Contents">{links}</nav>\n<main id="main">\n'
        f"{_verdict(answer, said)}{_headline(head, tiles, convention)}\n{body}\n</main>\n{_footer(answer, digest)}\n"
        "</div></body></html>\n")


def _masthead(answer: Answer | MarginReport, kind: str, digest: str) -> str:
    head = answer.head
    looked = f"{words.count(head.accounts, 'account')}, {words.count(head.lines, 'line')}"
    return (f'<header class="top"><div><span class="brand">{LOGO}Seawall</span> &nbsp;{text(words.capital(kind))} · '
            f"<b>{text(head.title)}</b> · {looked}</div><div>As of <b>{words.moment(head.as_of)}</b> · base "
            f"{text(head.currency)} · {mono(words.hash_short(digest))}</div></header>")


def identity(answer: Answer | MarginReport) -> str:
    """Hash of everything in the answer."""
    return content_id("answer", answer)


def _verdict(answer: Answer | MarginReport, said: Said) -> str:
    head, parts = answer.head, []
    if not head.complete:
        count = max(len(head.failures), 1)
        parts.append(f"{words.capital(words.counted(count, 'entry', 'entries'))} "
                     '<a href="#notes">could not be assessed</a>; every number below is partial without '
                     f"{'it' if count == 1 else 'them'}.")
    if head.failing and not isinstance(answer, MarginReport):  # whose verdict names them, with the model
        parts.append(text(failing_said(head)))
    parts += [text(said.lede)] if said.lede else []
    lede = f'<p class="lede">{" ".join(parts)}</p>' if parts else ""
    mark = status(said.status, words.VERDICT[said.status])
    return f'<div class="verdict">{mark}<h1>{text(said.sentence)}</h1>{lede}</div>'


def failing_said(head: Head) -> str:
    """Which accounts are insolvent or under their scan now, the first few by name."""
    more = len(head.failing) - NAMED
    names = [*head.failing[:NAMED], *([f"{words.in_words(more)} more"] if more > 0 else [])]
    return f"Insolvent or under their scan now: {words.joined(names)}."


def _headline(head: Head, tiles: Sequence[Tile], convention: str) -> str:
    shown = "".join(_tile(t, right=n >= 4) for n, t in enumerate(tiles))
    money = f"M = {text(head.currency)} million, k = {text(head.currency)} thousand"
    return f'<dl class="kpis">{shown}</dl><p class="conv">{convention} {money}.</p>'


def _tile(tile: Tile, *, right: bool) -> str:
    small = f"<small>{tile.behind}</small>" if tile.behind and tile.value != words.DASH else ""
    return (f'<div class="kpi"><dt>{term(tile.key, tile.name, at=f"kpi-{tile.key}", right=right)}</dt>'
            f'<dd><div class="v">{tile.value}{small}</div><div class="s">{tile.under}</div></dd></div>')


def broad(drawing: str, name: str) -> str:
    """A drawing as wide as the page, which scrolls inside itself where the page is narrow."""
    return f'<div class="scroll broad" tabindex="0" role="group" aria-label="{text(name)}">{drawing}</div>'


def notes_section(head: Head, notes: Sequence[str]) -> str:
    """What was left out and which models the inputs did not allow; absent where there is nothing."""
    failures = [str(failure) for failure in head.failures]
    told = [words.dated(note) for note in [*failures, *notes]]
    if not told:
        return ""
    body = "".join(f"<li>{text(note)}</li>" for note in told)
    title = "What is missing" if failures else "What these inputs do not tell"
    return section("notes", title, "", f'<div class="empty" role="note"><ul>{body}</ul></div>')


def _footer(answer: Answer | MarginReport, digest: str) -> str:
    return (f"<footer><span>Seawall {text(answer.head.version)} · {text(answer.schema)} · every time in UTC</span>"
            f"<span>Same inputs, same digits: {mono(digest)}</span></footer>")
