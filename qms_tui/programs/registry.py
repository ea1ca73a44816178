"""Which programs there are, a line for each, and which of them a command is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from qms_tui.programs.base import Program
from qms_tui.programs.claude.program import Claude
from qms_tui.programs.plain import Plain

PROGRAMS: list[Program] = [
    Claude(),
]

IN_IMAGE = PROGRAMS[0]
"""The one that is in the image of `qms-tui build`."""
PLAIN = Plain(within=IN_IMAGE)


def program_of(command: Sequence[str]) -> Program:
    """By the file name of its first word."""
    name = PurePath(command[0]).name
    return next((program for program in PROGRAMS if program.name == name), PLAIN)
