"""Discovery on 500 lines, and what it finds of planted dangers: `python -m benchmarks.discovery [books] [seed]`."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable

import numpy as np

from benchmarks.timing import best_seconds, show
from seawall.discovery.clusters import tail_clusters
from seawall.discovery.discover import survey
from seawall.discovery.lines import line_losses
from seawall.discovery.reverse import distances_to_ruin
from seawall.discovery.space import View, factor_space
from seawall.discovery.worst import worst_plausible
from seawall.measures.tail import component_expected_shortfall, expected_shortfall
from seawall.testing.planting import Planted, clean_book, names_danger, planted_book, was_found

BOOKS, FIRST = 20, 3000


def run(books: int = BOOKS, first: int = FIRST) -> None:
    """Prints processor time of each search of one book, then what is found in planted and raised in clean books."""
    made = planted_book(first)
    view = View(made.book, made.market, factor_space(made.dynamics), "USD")
    steps: list[tuple[str, Callable[[], object]]] = [
        ("discover", lambda: survey(made.book, made.market, made.dynamics, liquidity=made.liquidity)),
        ("worst plausible case", lambda: worst_plausible(view, radius=4.0)),
        ("distance to ruin of 20 accounts", lambda: distances_to_ruin(view)),
        ("tail clusters of 4,000 draws", lambda: tail_clusters(view)),
    ]
    rows = [(name, f"{best_seconds(step, repeats=3):.2f}") for name, step in steps]
    show(f"{len(made.book)} lines, {len(made.book.instruments)} instruments, {len(made.dynamics.columns)} factors",
         ("search", "seconds"), rows)
    _planted(range(first, first + books))
    _clean(range(first, first + books))


def _planted(seeds: range) -> None:
    planted, found, first, usual = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for made in map(planted_book, seeds):
        family = made.danger.family if made.danger is not None else ""
        findings = survey(made.book, made.market, made.dynamics, liquidity=made.liquidity).findings
        planted[family] += 1
        found[family] += was_found(made, findings)
        first[family] += was_found(made, findings, first=1)
        usual[family] += _named_by_usual_measures(made)
    rows = [(f, *(str(count[f]) for count in (planted, found, first, usual))) for f in sorted(planted)]
    rows.append(("all", *(str(sum(count.values())) for count in (planted, found, first, usual))))
    show(f"Planted books, seeds {seeds[0]} to {seeds[-1]}",
         ("family", "books", "in the first three", "first of all", "named by usual measures"), rows)


def _named_by_usual_measures(made: Planted) -> bool:
    """Whether the right number of lines by component shortfall or by shortfall alone would name the danger."""
    view = View(made.book, made.market, factor_space(made.dynamics), "USD")
    pnl = -line_losses(view, view.space.draws(2000, 1)).loss
    table = line_losses(view, np.zeros((1, len(view.space.columns))))
    count = len(made.danger.lines) if made.danger is not None else 0
    ranks = (component_expected_shortfall(pnl, 0.975), expected_shortfall(pnl, 0.975))
    return any(names_danger(made, [(table.keys[n][0], table.keys[n][1]) for n in np.argsort(-rank)[:count]])
               for rank in ranks)


def _clean(seeds: range) -> None:
    loud, nearest = 0, dict[str, list[float]]()
    for made in map(clean_book, seeds):
        told = survey(made.book, made.market, made.dynamics, liquidity=made.liquidity)
        loud += bool(told.findings)
        for weighed in told.weighed:
            nearest.setdefault(weighed.kind, []).append(weighed.largest / weighed.alarm)
    rows = [(kind, f"{np.median(shares):.0%}", f"{max(shares):.0%}") for kind, shares in nearest.items()]
    show(f"Clean books, seeds {seeds[0]} to {seeds[-1]}: {loud} of {len(seeds)} raise an alarm",
         ("kind", "median share of the alarm", "nearest"), rows)


if __name__ == "__main__":
    run(*(int(argument) for argument in sys.argv[1:3]))
