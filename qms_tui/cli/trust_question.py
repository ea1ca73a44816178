"""The question on the first open of a project, and whenever what was judged has changed."""

from __future__ import annotations

import os
import re
import select
import signal
import sys
import termios
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

import click

from qms_tui.cli.printing import echo_lines
from qms_tui.cli.trust_listing import NOT_COVERED, claim_lines
from qms_tui.inbox import Item
from qms_tui.trust import Answer, Standing

MOST_LINES = 12  # of one file
SAME_KEY = 0.02  # seconds within which the rest of a function key's bytes come
LONGEST_KEY = 32  # bytes
_FUNCTION_KEY = re.compile(rb"\x1b[\[O][0-?]*[ -/]*[@-~]")  # ECMA-48: parameters, intermediates, a final byte
_KEYS = {b"t": Answer.TRUST, b"o": Answer.LOOK_ONLY}
_LEAVE = (b"q", b"\x1b", b"\x04", b"")


def ask(standing: Standing, waiting: Sequence[Item]) -> Answer | None:
    """Show what the project would like to do, and ask; None to leave."""
    keys = dict(_KEYS)
    with _single_keys() as terminal:  # before anything is shown: a key that comes early counts
        echo_lines([_opening(standing), str(standing.project.root), "", "It would like to use:", ""])
        echo_lines([*claim_lines(standing, waiting, MOST_LINES), "", NOT_COVERED, ""])
        if standing.claims.unjudged:
            del keys[b"t"]
        else:
            _choice("t", "trust", "all of this holds, until one of these files changes")
        _choice("o", "look only", "agents start and work; nothing of this has an effect")
        _choice("q", "leave", "")
        while (key := _read_key(terminal)) not in _LEAVE:
            if key in keys:
                return keys[key]
        return None


@contextmanager
def _single_keys() -> Iterator[int]:
    """The terminal gives each key at once, and shows none; its descriptor.

    It is as before also when we are asked to end meanwhile.
    """
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    handlers = {number: signal.signal(number, _end) for number in (signal.SIGTERM, signal.SIGHUP)}
    tty.setcbreak(terminal, termios.TCSADRAIN)
    try:
        yield terminal
    finally:
        with suppress(termios.error):  # it is gone
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _end(_number: int, _frame: FrameType | None) -> None:
    raise click.exceptions.Abort


def _read_key(terminal: int) -> bytes:
    """One key in small letters; all of what a function key sends, so that its Esc is not taken for one."""
    key = os.read(terminal, 1)
    if key == b"\x1b" and select.select([terminal], [], [], SAME_KEY)[0]:
        key += os.read(terminal, 1)
        while key[1:2] in (b"[", b"O") and not _FUNCTION_KEY.fullmatch(key) and len(key) < LONGEST_KEY:
            key += os.read(terminal, 1)
    return key.lower()


def _opening(standing: Standing) -> str:
    name = standing.project.name
    if standing.moved:
        return f"{name} is not the folder that you were asked about"
    if standing.record.answer is not None:
        return f"{name} has changed since you were asked"
    return f"{name} is opened for the first time"


def _choice(key: str, name: str, meaning: str) -> None:
    click.echo(f"  {click.style(key, bold=True)}  {name:<10} {click.style(meaning, dim=True)}".rstrip())
