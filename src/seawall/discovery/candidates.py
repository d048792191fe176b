"""What might be hidden? One record of each suspicion, before it is weighed, explained and mended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from seawall.discovery.findings import Part
from seawall.model.arrays import Floats, Ints


@dataclass(frozen=True, eq=False)
class Candidate:
    """rows: lines concerned; move (C); hidden and loss, currency; parts: how it looks from where it looks safe.

    pieces (K,C): moves in which each line is judged alone, and which a remedy must not make worse.
    """

    kind: str
    rows: Ints
    move: Floats
    hidden: float
    loss: float
    parts: tuple[Part, ...]
    pieces: Floats
    evidence: Mapping[str, float] = field(default_factory=dict)

    def overlap(self, other: Candidate) -> float:
        """Share of this one's lines that the other names too."""
        mine, theirs = set(self.rows.tolist()), set(other.rows.tolist())
        return len(mine & theirs) / max(len(mine), 1)
