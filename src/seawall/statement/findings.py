"""What is hidden together? Findings of the discovery as rows of a report: a line, sentences, numbers."""

from __future__ import annotations

from collections.abc import Sequence

from seawall.discovery.findings import Finding
from seawall.discovery.sentences import headline, moves_text, sentence
from seawall.model.report import FindingRow
from seawall.statement.numbers import known


def finding_rows(findings: Sequence[Finding]) -> tuple[FindingRow, ...]:
    """Each finding told, in the order given."""
    return tuple(_row(finding) for finding in findings)


def _row(finding: Finding) -> FindingRow:
    return FindingRow(
        finding.kind, headline(finding), (sentence(finding),), finding.accounts,
        tuple(dict.fromkeys(member.instrument for member in finding.members)), (moves_text(finding.move),),
        finding.loss, finding.hidden, known(finding.share), finding.remedy.before, finding.remedy.after,
    )
