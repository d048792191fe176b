"""How are a million accounts charged without their P&L? A planned scan run a block of accounts at a time.

Every digit is the planned scan's own: rows climb, and are measured, within their account. The P&L (N,S) of one block
is the only one that stands at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seawall.kernels.hold_measure_fold import Chain, Step, chain, hold_and_fold
from seawall.margin.scan import PlannedScan, PlannedStep
from seawall.model.arrays import Floats, Ints


@dataclass(frozen=True)
class BlockScan:
    """A planned scan with the chain that its lines climb."""

    scan: PlannedScan
    climb: Chain
    anchor: Floats | None

    def charge(self, quantity: Floats, *, threads: int = 1) -> Floats:
        """(N) loss > 0, as the scan's own ``charge``. quantity (L): long > 0."""
        counted = quantity if self.scan.at is None else quantity[self.scan.at]
        parts = hold_and_fold(self.climb, counted, self.scan.cube, self.scan.measure.charge, anchor=self.anchor,
                              threads=threads)
        return np.concatenate(parts)


def by_blocks(scan: PlannedScan) -> BlockScan | None:
    """The scan over blocks of accounts; None where it cannot be split.

    That is where a weight hangs on size, some scenario or rule counts for holders only, or lines do not stand account
    by account.
    """
    if not scan.steps or scan.applies is not None or scan.held is not None or any(s.sized for s in scan.steps):
        return None
    first = scan.steps[0]
    rows = [first.target.account[first.parent], *(step.target.account for step in scan.steps)]
    account = rows[0][scan.row]
    if len(rows[0]) != scan.start or any((np.diff(of) < 0).any() for of in (account, *rows)):
        return None
    anchor = None if scan.anchor is None else scan.anchor[0][:, 0]
    return BlockScan(scan, chain(account, scan.instrument, scan.row, rows, [_step(s) for s in scan.steps]), anchor)


def _step(step: PlannedStep) -> Step:
    none: Ints = np.zeros(0, np.int64)
    deduct, deduct_of = (None, none) if step.deduct is None else (step.deduct.table, step.deduct.of)
    return Step(step.parent, step.gain.table, step.gain.of, step.loss.table, step.loss.of, step.cap, deduct, deduct_of)
