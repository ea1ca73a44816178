"""`work`: a long job that does nothing, with a progress bar, or behind the prompt; Ctrl+C stops it."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from qms_tui.demo.ink import clip, faint, in_color, ink, width
from qms_tui.demo.keyboard import set_title, size, unechoed
from qms_tui.demo.session import Session
from qms_tui.errors import UsageError
from qms_tui.status_report import ProgramState

_TICK = 0.08  # seconds between two drawings: lively, and next to no work for six panes at once
_STEPS = ("reading documents", "following references", "checking versions", "writing the summary")
_MAX_BAR = 30  # columns
_DEFAULT_SECONDS = 8.0  # long enough to look at another pane meanwhile
_MAX_SECONDS = 600.0
_STEP = 5  # percent between two reports of the progress


def bar(done: float, agent: str, columns: int) -> str:
    """One line of progress for `done` of 1.0, shorter than `columns` so that it never wraps."""
    step = _STEPS[min(int(done * len(_STEPS)), len(_STEPS) - 1)]
    length = max(4, min(_MAX_BAR, columns - 32))
    full = round(done * length)
    numbers = f" {done:4.0%} "
    left = max(0, columns - 1 - length - width(numbers))
    drawn = in_color(agent, "█" * full) + faint("░" * (length - full))
    return drawn + numbers + faint(clip(step, left))


def work(session: Session, _words: list[str], rest: str) -> None:
    """The command: be busy for some seconds, here or, with a `&`, in the background."""
    seconds = parse_seconds(rest.removesuffix("&").split())
    line = f"work {seconds:g}"
    if rest.endswith("&"):
        job = session.jobs.start(line, seconds)
        print(faint(f"job {job.number} works for {seconds:g} s"))
    elif be_busy(session, line, seconds):
        print(ink("32", f"✓ done in {seconds:g} s") + "\a")  # as programs ring that want to be looked at


def parse_seconds(words: Sequence[str]) -> float:
    """The first word as seconds to work; some if there is none.

    Raises:
        UsageError: it is not a number, or too large.
    """
    if not words:
        return _DEFAULT_SECONDS
    if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", words[0]) and 0 < float(words[0]) <= _MAX_SECONDS:
        return float(words[0])
    raise UsageError(
        "that is not a number of seconds", hint=f"write it like: work 5 (at most {_MAX_SECONDS:g})"
    )


def be_busy(session: Session, line: str, seconds: float) -> bool:
    """Work at `line` for `seconds`. False if Ctrl+C has stopped it, which is said. What is typed is kept."""
    set_title(f"{session.agent}: working")
    try:
        with unechoed(), _hidden_cursor():
            _draw_until(time.monotonic() + seconds, seconds, session, line)
    except KeyboardInterrupt:
        session.reporter.report(ProgramState.IDLE)
        print(ink("33", "stopped"))
        return False
    finally:
        set_title(session.agent)
    return True


def _draw_until(end: float, seconds: float, session: Session, line: str) -> None:
    try:
        while (left := end - time.monotonic()) > 0:
            done = 1 - left / seconds
            _draw(bar(done, session.agent, size().columns))
            percent = int(done * 100) // _STEP * _STEP
            session.reporter.report(ProgramState.WORKING, line, progress=percent)
            session.jobs.look()
            time.sleep(min(_TICK, left))
    finally:
        _draw("")


def _draw(text: str) -> None:
    sys.stdout.write(f"\r{text}\x1b[K")
    sys.stdout.flush()


@contextmanager
def _hidden_cursor() -> Iterator[None]:
    try:
        sys.stdout.write("\x1b[?25l")
        yield
    finally:
        sys.stdout.write("\x1b[?25h")
        sys.stdout.flush()
