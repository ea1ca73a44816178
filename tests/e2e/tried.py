"""What was tried in this run, from the tests that passed: said by CI at the end."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

import pytest

CAME_BACK = "came back exactly"  # the property in which a test names each class of programs that did
LEAVING = (
    "test_coming_back.py",
    "test_killed_interface.py",
    "test_history_kept.py",
    "test_real_conversation.py",
)
FAULTS = ("test_faults.py", "test_watch.py", "test_two_interfaces.py", "test_clock.py")
_WIDTH = 100


def tried(passed: Iterable[pytest.TestReport]) -> Iterator[str]:
    """Lines about classes of programs, ways of leaving, faults; nothing of what was not run."""
    reports = [report for report in passed if report.when == "call"]
    told = [str(value) for one in reports for name, value in one.user_properties if name == CAME_BACK]
    for what, names in (
        ("came back exactly", told),
        ("left and came back", _of(reports, LEAVING)),
        ("faults and interferences", _of(reports, FAULTS)),
    ):
        if names:
            line = f"{len(names)} {what}: {', '.join(names)}"
            yield from textwrap.wrap(line, _WIDTH, subsequent_indent="  ")


def _of(reports: Iterable[pytest.TestReport], files: tuple[str, ...]) -> list[str]:
    """The names of the tests in these files, as words."""
    ids = (report.nodeid.split("::", 1) for report in reports)
    return [name.removeprefix("test_").replace("_", " ") for path, name in ids if path.endswith(files)]
