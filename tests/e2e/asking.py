"""A program that asks its terminal everything, whenever a file tells it to, and writes down what it hears."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path

from qms_tui.terminal.reports import TERMINAL_NAME

from .faulty import until
from .kept import House

QUESTIONS: Mapping[str, tuple[str, str]] = {
    "DA2": ("\x1b[>c", r"\x1b\[>41;\d+;0c"),
    "DA3": ("\x1b[=c", r"\x1bP!\|00000000\x1b\\"),
    "status": ("\x1b[5n", r"\x1b\[0n"),
    "place": ("\x1b[6n", r"\x1b\[\d+;\d+R"),
    "size": ("\x1b[18t", r"\x1b\[8;24;80t"),
    "XTVERSION": ("\x1b[>q", re.escape(f"\x1bP>|{TERMINAL_NAME}\x1b\\")),
    "DECRQM": ("\x1b[?2026$p", r"\x1b\[\?2026;2\$y"),
    "kitty": ("\x1b[?u", r"\x1b\[\?0u"),
    "colour": ("\x1b]4;1;?\x1b\\", r"\x1b\]4;1;rgb:[0-9a-f/]{14}\x1b\\"),
    "foreground": ("\x1b]10;?\x1b\\", r"\x1b\]10;rgb:[0-9a-f/]{14}\x1b\\"),
    "background": ("\x1b]11;?\x1b\\", r"\x1b\]11;rgb:[0-9a-f/]{14}\x1b\\"),
    "7501": ("\x1b]7501;?\x1b\\", r"\x1b\]7501;\?\x1b\\"),
    "DA1": ("\x1b[c", r"\x1b\[\?64;[\d;]+c"),
}
"""What is asked, in this order, and what is answered."""
_ASKED = "".join(question for question, _ in QUESTIONS.values())
_ANSWERED = re.compile("".join(f"({answer})" for _, answer in QUESTIONS.values()))
PATIENCE = 25.0  # seconds that the program waits for all answers; `until` waits a little longer
LATE = 0.5  # seconds after the last one in which a second answer would come
# Asks at its start, then for each `go` in its workspace; each time what came stands in a file of its own.
_PROGRAM = f"""
import os, select, sys, time, tty
tty.setraw(0)
os.chdir(os.environ["QMS_USER"].join((".claude/users/", "/workspace")))
number = len([name for name in os.listdir() if name.startswith("heard")])
waits = sys.argv[1] == "waits"
while True:
    while waits and not os.path.exists("go"):
        time.sleep(0.01)
    if waits:
        os.unlink("go")
    os.write(1, {_ASKED.encode()!r})
    heard, until = b"", time.monotonic() + float(sys.argv[2])
    while (left := until - time.monotonic()) > 0:
        if not select.select([0], [], [], left)[0]:
            break
        heard += os.read(0, 4096)
        if heard.endswith(b"c") and b"\x1b[?64;" in heard:
            until = min(until, time.monotonic() + {LATE})
    with open("written", "wb") as file:
        file.write(heard)
    os.rename("written", "heard%d" % number)
    number += 1
    waits = True
"""


def asking(*, at_start: bool, patience: float = PATIENCE) -> tuple[str, ...]:
    """The command; asks at once, or when it is told to."""
    return ("/usr/bin/python3", "-c", _PROGRAM, "asks" if at_start else "waits", str(patience))


def workspace(home: House, agent: str) -> Path:
    """What the agent writes into."""
    return home.root / ".claude/users" / agent / "workspace"


def ask(home: House, agent: str) -> None:
    """Have the program ask now."""
    (workspace(home, agent) / "go").touch()


async def replies_to(home: House, agent: str, number: int = 0) -> str:
    """All that the program heard to its questions of that number, once it has waited for more."""
    file = workspace(home, agent) / f"heard{number}"
    await until(file.exists, f"what {agent} heard to question {number}")
    return (await asyncio.to_thread(file.read_bytes)).decode("latin-1")


def answers(text: str) -> dict[str, str]:
    """The one answer to each question; fails where one is missing, or is there twice."""
    found = _ANSWERED.fullmatch(text)
    assert found is not None, f"heard {text!r}"
    return dict(zip(QUESTIONS, found.groups(), strict=True))
