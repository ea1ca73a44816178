"""A long job that does nothing, with a progress bar; Ctrl+C stops it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from qms_tui.demo.ink import clip, faint, in_color, width
from qms_tui.demo.keyboard import size, unechoed

_TICK = 0.08  # seconds between two drawings: lively, and next to no work for six panes at once
_STEPS = ("reading documents", "following references", "checking versions", "writing the summary")
_MAX_BAR = 30  # columns


def bar(done: float, agent: str, columns: int) -> str:
    """One line of progress for `done` of 1.0, shorter than `columns` so that it never wraps."""
    step = _STEPS[min(int(done * len(_STEPS)), len(_STEPS) - 1)]
    length = max(4, min(_MAX_BAR, columns - 32))
    full = round(done * length)
    numbers = f" {done:4.0%} "
    left = max(0, columns - 1 - length - width(numbers))
    drawn = in_color(agent, "█" * full) + faint("░" * (length - full))
    return drawn + numbers + faint(clip(step, left))


def work(agent: str, seconds: float) -> bool:
    """Be busy for `seconds`. False means that Ctrl+C stopped it. What is typed meanwhile is kept."""
    started = time.monotonic()
    with unechoed(), _hidden_cursor():
        try:
            while (elapsed := time.monotonic() - started) < seconds:
                _draw(bar(elapsed / seconds, agent, size().columns))
                time.sleep(min(_TICK, seconds - elapsed))
            _draw("")
        except KeyboardInterrupt:
            _draw("")
            return False
    return True


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
