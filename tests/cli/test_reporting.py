"""A program of this machine asks whether its terminal takes reports, and then reports: in a real terminal."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import pytest

from tests.tui import Tui

# Asks, then says who the terminal is, for a fence; then it reports what its keys are for.
PROGRAM = r"""
import os, tty
tty.setraw(0)
REPORTS = {
    "w": "state=working:msg=dGVzdHM=",
    "p": "state=blocked:kind=permission:msg=YXBwcm92ZSBCYXNoOiBtYWtl",
    "l": "state=blocked:kind=auth",
    "e": "state=error",
    "d": "state=done",
    "c": "id=a:state=working:title=bGludA==",
    "x": "state=clear",
}
def say(text):
    os.write(1, f"\x1b]7501;{text}\x1b\\".encode())
say("?")
os.write(1, b"\x1b[c")
answer = b""
while not answer.endswith(b"c"):
    answer += os.read(0, 1)
print("takes reports" if answer.startswith(b"\x1b]7501;?\x1b\\\x1b[?") else answer, end="\r\n", flush=True)
while (key := os.read(0, 1).decode()) != "q":
    say(REPORTS[key])
"""


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_a_program_reports_to_the_screen(tmp_path: Path, size: tuple[int, int]) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    root = tmp_path / "project"
    (root / ".claude/agents").mkdir(parents=True)
    (root / ".claude/agents/qa.md").write_text("You are qa.\n")
    own = {name: str(tmp_path / name) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "HOME")}
    command = shlex.join((sys.executable, str(program)))
    with Tui(
        "--runtime", "local", "--command", command, "qa", cwd=root, size=size, env=os.environ | own
    ) as tui:
        tui.wait("1 qa ● running", "takes reports")
        for key, shown in (
            ("w", "1 qa ◐ busy · tests"),
            ("p", "1 qa ◆ needs you · permission: approve Bash: make"),
            ("l", "1 qa ◆ needs you · login"),
            ("e", "1 qa ✖ error"),
            ("d", "1 qa ● idle"),
            ("c", "1 qa ◔ background job · lint"),
            ("x", "1 qa ● running"),
        ):
            tui.type(key)
            tui.wait(shown)
            assert "not looked at" not in tui.text, "who is there has looked"
        tui.type("wq")  # who ends works no more
        tui.wait("1 qa ○ exited", absent="busy")
        tui.type("\x11")
        assert tui.end() == 0
