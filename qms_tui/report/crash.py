"""A crash as a report: which error, and where it came from; never source, locals or arguments."""

from __future__ import annotations

import contextlib
import logging
import re
import threading
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

from qms_tui.text.printable import plain

_log = logging.getLogger(__name__)

MOST_FRAMES = 60  # of an error; those in the middle of a recursion say nothing
MOST_ERRORS = 8  # that led to one another
LONGEST_MESSAGE = 600
_BELOW = re.compile(r".*/(?:site-packages|dist-packages|python3\.\d+)/")


def report_crash(error: BaseException, words: Sequence[str]) -> Path | None:
    """Write a report; where it is, or None if that cannot be. Never raises: it went wrong enough already."""
    with contextlib.suppress(Exception):
        from qms_tui.report.full import Section, write_report

        return write_report("crash", words, (Section("what went wrong", lambda: crash_in_lines(error)),))
    return None


def watch_threads(words: Sequence[str]) -> None:
    """A thread that fails leaves a report and an entry in the log, instead of a traceback on the screen."""

    def failed(what: threading.ExceptHookArgs) -> None:
        if what.exc_value is not None and not isinstance(what.exc_value, SystemExit):
            path = report_crash(what.exc_value, words)
            _log.error("a thread failed; report: %s", path, exc_info=what.exc_value)

    threading.excepthook = failed


def crash_lines(error: BaseException, words: Sequence[str]) -> tuple[str, str]:
    """What a person is told of a crash: what it was, and where the report is."""
    path = report_crash(error, words)
    what = f"something unexpected went wrong: {type(error).__name__}: {_message(error)}"
    if path is None:
        return what, "agents in containers are not affected; the log file has the details"
    return what, f"agents in containers are not affected; please read this report, and send it: {path}"


def crash_in_lines(error: BaseException) -> Iterator[str]:
    """The error and what led to it, the newest first."""
    seen: set[int] = set()
    now: BaseException | None = error
    while now is not None and id(now) not in seen and len(seen) < MOST_ERRORS:
        seen.add(id(now))
        yield f"{type(now).__module__}.{type(now).__qualname__}: {_message(now)}"
        yield from (f"  note: {plain(str(note))[:LONGEST_MESSAGE]}" for note in getattr(now, "__notes__", ()))
        yield from _frames(now)
        if isinstance(now, BaseExceptionGroup):
            for part in now.exceptions[:MOST_ERRORS]:
                yield f"  with {type(part).__qualname__}: {_message(part)}"
                yield from _frames(part)
        now = now.__cause__ or (None if now.__suppress_context__ else now.__context__)
        if now is not None:
            yield "after"


def _message(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:
        return "(it cannot say what)"
    return plain(" ".join(text.split()))[:LONGEST_MESSAGE]


def _frames(error: BaseException) -> Iterator[str]:
    frames = [
        f"  {_short(frame.f_code.co_filename)}:{line} in {frame.f_code.co_qualname}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    half = MOST_FRAMES // 2
    if len(frames) > MOST_FRAMES:
        frames[half:-half] = [f"  ... {len(frames) - MOST_FRAMES} more"]
    yield from frames


def _short(file: str) -> str:
    """A file's place below where packages are; of one elsewhere its name."""
    root = str(Path(__file__).parents[2])
    if file.startswith(root):
        return plain(file[len(root) + 1 :])
    match = _BELOW.match(file)
    return plain(file[match.end() :] if match else Path(file).name)
