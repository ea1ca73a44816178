"""Findings for people, and for programs."""

from __future__ import annotations

from collections.abc import Sequence

from qms_tui.doctor.finding import Finding, Verdict
from qms_tui.text.amounts import counted


def as_lines(findings: Sequence[Finding]) -> list[str]:
    """A line each, and one that counts."""
    subjects = max((len(finding.subject) for finding in findings), default=0)
    lines = [_line(finding, subjects) for finding in findings]
    numbers = [(count(findings, verdict), verdict.value) for verdict in (Verdict.ERROR, Verdict.WARNING)]
    return [*lines, ", ".join(counted(number, word) for number, word in numbers)]


def as_json(findings: Sequence[Finding]) -> list[dict[str, str]]:
    """The same as values."""
    return [
        {
            "subject": finding.subject,
            "verdict": finding.verdict.value,
            "text": finding.text,
            "remedy": finding.remedy,
        }
        for finding in findings
    ]


def count(findings: Sequence[Finding], verdict: Verdict) -> int:
    """How many there are of a kind."""
    return sum(finding.verdict is verdict for finding in findings)


def _line(finding: Finding, subjects: int) -> str:
    remedy = f": {finding.remedy}" if finding.remedy else ""
    return f"{finding.verdict.value:7}  {finding.subject:{subjects}}  {finding.text}{remedy}"
