"""The tables of what real programs reported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from .reporter import Row, words

LIVE = ("test_live.py", "test_in_the_app.py")
_WIDTH = 100


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Without the programs there is nothing to try, every night but the ones of their job."""
    return True if collection_path.name in LIVE and not config.getoption("real_programs") else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties if report.when == "call" else ():
            if name == "reports" and isinstance(value, tuple):
                program, rows = value
                terminalreporter.section(f"what {program} reports: event | report | seconds after it")
                for line in table(rows):
                    terminalreporter.write_line(line)


def table(rows: Sequence[Row]) -> Iterator[str]:
    """A line for each report."""
    for row in rows:
        event = {"\r": "Enter", "\x1b": "Esc"}.get(row.event, row.event)
        if not row.arrivals:
            yield f"{event} | nothing |"
        for arrival in row.arrivals:
            records = [arrival.status.root, *arrival.status.children]
            said = "; ".join(words(record) for record in records)
            yield f"{event} | {said[:_WIDTH]} | {arrival.seconds:.2f}"
