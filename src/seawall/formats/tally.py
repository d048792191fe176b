"""What did reading have to drop or mend? Counts by reason, with examples."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from seawall.model.arrays import Bools, Texts
from seawall.model.quotes import QualityEntry

EXAMPLES = 3


class Tally:
    """Grows while one source is read; ``entries`` tells it in the order of first sight."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._counts: dict[tuple[str, str], int] = {}
        self._examples: dict[tuple[str, str], list[str]] = {}

    def add(self, reason: str, treatment: str, examples: Iterable[object], count: int | None = None) -> None:
        """Counts the examples, or ``count`` if told; nothing if that is none."""
        shown = [str(example) for example in examples]
        total = len(shown) if count is None else count
        if not total:
            return
        key = (reason, treatment)
        self._counts[key] = self._counts.get(key, 0) + total
        known = self._examples.setdefault(key, [])
        known.extend(shown[: max(EXAMPLES - len(known), 0)])

    def rows(self, reason: str, treatment: str, hit: Bools, names: Texts) -> None:
        """Counts the rows that were hit, by name."""
        where = np.flatnonzero(hit)
        self.add(reason, treatment, names[where[:EXAMPLES]], len(where))

    def entries(self) -> tuple[QualityEntry, ...]:
        """Every reason so far."""
        return tuple(
            QualityEntry(self.source, reason, treatment, count, tuple(self._examples[reason, treatment]))
            for (reason, treatment), count in self._counts.items()
        )
