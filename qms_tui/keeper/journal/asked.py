"""What people write after --since and --grep."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from types import FrameType

from qms_tui.errors import UsageError

LONGEST_SEARCH = 1.0  # seconds for one line: what takes longer will not end
_AGO = re.compile(r"(\d{1,9})([smhdw])")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def parse_since(text: str, now: datetime) -> float:
    """Seconds since the epoch of `10m`, `2h`, `1d` before now, of `14:30` (the last one), or of an ISO time.

    Raises UsageError.
    """
    if ago := _AGO.fullmatch(text.strip()):
        return max(0.0, now.timestamp() - int(ago[1]) * _UNITS[ago[2]])
    try:
        if clock := _CLOCK.fullmatch(text.strip()):
            time = now.replace(
                hour=int(clock[1]), minute=int(clock[2]), second=int(clock[3] or 0), microsecond=0
            )
            return (time if time <= now else time - timedelta(days=1)).timestamp()
        return datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            f"--since: {text!r} is no time",
            hint="write it like 10m, 2h, 1d, 14:30 or 2026-11-22T14:30",
        ) from None


def grep(lines: Iterable[str], expression: str) -> Iterator[str]:
    """The lines in which a regular expression is found. Only for the main thread, whose alarm it uses.

    Raises UsageError at once for a wrong expression, later for one that takes for ever.
    """
    try:
        pattern = re.compile(expression)
    except (re.error, RecursionError, OverflowError) as error:
        raise UsageError(
            f"--grep: {expression!r} is no regular expression: {error}",
            hint="write special characters with a backslash, like 'f\\(x\\)'",
        ) from None
    return _found(lines, pattern)


def _found(lines: Iterable[str], pattern: re.Pattern[str]) -> Iterator[str]:
    """Python's matcher looks for signals now and then, so an alarm can end it."""
    before = signal.signal(signal.SIGALRM, _give_up)
    try:
        for line in lines:
            signal.setitimer(signal.ITIMER_REAL, LONGEST_SEARCH)
            found = pattern.search(line)
            signal.setitimer(signal.ITIMER_REAL, 0)
            if found:
                yield line
    except TimeoutError:
        raise UsageError(
            f"--grep: {pattern.pattern!r} takes too long",
            hint="repetitions inside of repetitions do, like (a+)+; write it simpler",
        ) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _give_up(_signal: int, _frame: FrameType | None) -> None:
    raise TimeoutError
