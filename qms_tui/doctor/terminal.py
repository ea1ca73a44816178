"""What the terminal around us can do, as far as it tells."""

from __future__ import annotations

import os
import re
import select
import subprocess
import termios
import time
import tty
from collections.abc import Iterator, Mapping

from qms_tui.config import OuterNotification
from qms_tui.doctor.finding import Finding, ok, warning
from qms_tui.status_report import STATUS_ANSWER, STATUS_QUERY

ANSWER_SECONDS = 1.0
TMUX_SECONDS = 5.0
# Kitty keys and status reports; then what every terminal answers, so that nobody waits long.
_QUESTIONS = b"\x1b[?u" + STATUS_QUERY + b"\x1b[c"
_ANSWERED = re.compile(rb"\x1b\[\?[0-9;]*c")
_KITTY = re.compile(rb"\x1b\[\?[0-9]+u")


def terminal(
    environment: Mapping[str, str], descriptor: int | None, outer: OuterNotification
) -> Iterator[Finding]:
    """Judge by the environment, and by what a terminal answers, if there is one at the descriptor."""
    yield colors(environment)
    if "TMUX" in environment:
        yield from tmux(environment)
    if descriptor is None:
        yield ok("terminal", "none here: what it can do was not asked")
    else:
        answer = ask(descriptor)
        yield keys(answer)
        yield from status_reports(answer, outer)
    yield ok("terminal", "the clipboard (OSC 52) cannot be asked about; copy something to see")


def colors(environment: Mapping[str, str]) -> Finding:
    """True colour, by what the terminal says in the environment."""
    if environment.get("COLORTERM") in ("truecolor", "24bit"):
        return ok("terminal", "true colour")
    remedy = "export COLORTERM=truecolor, if it has 24-bit colour"
    return warning("terminal", "does not say that it has true colour", remedy)


def keys(answer: bytes) -> Finding:
    """Whether Shift+Enter and the like can be told apart."""
    if _KITTY.search(answer):
        return ok("terminal", "kitty keys: every key can be told apart")
    if not answer:
        return warning("terminal", "answers no questions", "another terminal, if keys are wrong")
    remedy = "\\ and Enter makes a new line in Claude Code; kitty, foot, WezTerm and Ghostty can"
    return warning("terminal", "cannot tell Shift+Enter from Enter by the kitty protocol", remedy)


def status_reports(answer: bytes, outer: OuterNotification) -> Iterator[Finding]:
    """Whether it takes status reports, if it shall get any."""
    if outer not in (OuterNotification.AUTO, OuterNotification.STATUS):
        return
    if STATUS_ANSWER.search(answer):
        yield ok("terminal", "status reports (OSC 7501): it hears what your agents do")
    elif outer is OuterNotification.AUTO:
        yield ok("terminal", "takes no status reports (OSC 7501): it hears nothing of your agents")
    else:
        remedy = 'notify.outer = "osc9" or "osc777" for notifications, "auto" for none here'
        yield warning("terminal", 'takes no status reports (OSC 7501), but notify.outer is "status"', remedy)


def ask(descriptor: int) -> bytes:
    """What the terminal answers within a second; its settings are put back."""
    before = termios.tcgetattr(descriptor)
    answer, deadline = b"", time.monotonic() + ANSWER_SECONDS
    try:
        tty.setcbreak(descriptor)
        os.write(descriptor, _QUESTIONS)
        while not _ANSWERED.search(answer) and (left := deadline - time.monotonic()) > 0:
            if select.select([descriptor], [], [], left)[0]:
                answer += os.read(descriptor, 1024)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
    return answer


def tmux(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Settings of tmux that break keys, colours or the clipboard."""
    wanted = (
        ("extended-keys", ("on", "always"), "on", "Shift+Enter becomes Enter"),
        ("set-clipboard", ("on", "external"), "external", "nothing is copied to your clipboard"),
    )
    for option, good, advice, what in wanted:
        value = _tmux_option(option, environment)
        if value not in good:
            remedy = f"tmux set -s {option} {advice}"
            yield warning("tmux", f"{option} is {value or 'unknown'}: {what}", remedy)


def _tmux_option(option: str, environment: Mapping[str, str]) -> str:
    try:
        said = subprocess.run(
            ["tmux", "show-options", "-sv", option],
            env=dict(environment),
            capture_output=True,
            text=True,
            timeout=TMUX_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return said.stdout.strip()
