"""The tables of what real programs reported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from .reporter import Row, words

LIVE = ("test_live.py", "test_in_the_app.py")
TITLES = {
    "reports": "what {} reports: event | report | seconds after it",
    "shown": "what is shown of {}: event | title | seconds after it",
}
_WIDTH = 100


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Without the programs there is nothing to try."""
    return True if collection_path.name in LIVE and not config.getoption("real_programs") else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties if report.when == "call" else ():
            if name in TITLES and isinstance(value, tuple):
                program, rows = value
                terminalreporter.section(TITLES[name].format(program))
                for line in table(rows) if name == "reports" else map(" | ".join, _texts(rows)):
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


def _texts(rows: Sequence[tuple[str, str, float]]) -> Iterator[tuple[str, str, str]]:
    return ((event, word, f"{seconds:.2f}") for event, word, seconds in rows)
