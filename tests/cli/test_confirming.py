"""A question at the prompt, on a real terminal."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.tui import Tui

PROGRAM = """
import click
from qms_tui.cli.printing import confirm
try:
    confirm("Remove it?")
except click.exceptions.Abort:
    print("refused")
else:
    print("agreed")
"""


@pytest.mark.parametrize(
    ("keys", "line"),
    [("y\r", "agreed"), ("n\r", "refused"), ("\r", "refused"), ("\x03", "refused"), ("\x04", "refused")],
)
def test_what_follows_has_a_line_of_its_own(keys: str, line: str) -> None:
    with Tui(program=(sys.executable, "-c", PROGRAM), size=(60, 10)) as tui:
        tui.wait("Remove it? [y/N]:")
        tui.until(lambda: _sleeps(tui.process.pid))  # Python misses a Ctrl+C that comes just before it reads
        tui.type(keys)
        tui.wait(line)
        assert [row.rstrip() for row in tui.terminal.display[1:3]] == [line, ""]


def _sleeps(process: int) -> bool:
    """Whether it waits for something, which is its input."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "S"
