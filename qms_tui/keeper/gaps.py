"""What the engine's log can tell of the time in which nobody listened. Pure.

The log is the terminal's stream without the line that is still unfinished, and cut apart at 16 kB, where a
character may be damaged. So it is laid beside what is known from before and what is known from after, where
as much as possible of both is the same. Output that repeats itself fits in several places: then the latest
counts, since a line that is missing is better than one that is there twice.
"""

from __future__ import annotations

from collections.abc import Iterator

COMPARED = (8192, 1024, 128)  # bytes that must be the same: the fewer, the nearer a damaged character may be
LEAST = 16  # bytes that must be the same, unless one side has no more
_TRIES = 4096  # places that are looked at: in output that repeats itself nearly all are promising


def missed(known: bytes, log: bytes, live: bytes) -> bytes | None:
    """The bytes between `known` (the end of what was received) and `live` (the beginning of what is now).

    `log` is the engine's log of a time that begins before the end of `known` and ends after the beginning of
    `live`. None if the log cannot be laid beside what is known.
    """
    after = _after(known, log)
    return None if after is None else after[: len(after) - _shared(after, live)]


def is_whole(known: bytes, log: bytes, live: bytes) -> bool:
    """Whether nothing at all is missing with what was missed: the log ends within `live`, so no line that was
    unfinished then began before it.
    """
    after = _after(known, log)
    return bool(after and live) and _shared(after or b"", live) >= min(LEAST, len(live))


def _after(known: bytes, log: bytes) -> bytes | None:
    """What comes in the log after the end of what is known."""
    if not known or not log:
        return log
    goes_on, beyond = max(_fitting(log, known, most) for most in COMPARED)
    held_back, _ = max(_fitting(known, log, most) for most in COMPARED)
    if goes_on > held_back:  # the log goes on where what is known ends
        return log[beyond:]
    return b"" if held_back else None  # the log ends within what is known


def _fitting(longer: bytes, end: bytes, most: int) -> tuple[int, int]:
    """How many bytes of the end of `end` are in `longer`, and where there they end."""
    whole = end[-most:]
    if (at := _last(longer, whole)) >= 0:
        return len(whole), at
    for at in _places(longer, end[-LEAST:]):
        length = min(at, len(end), most)
        if longer[at - length : at] == end[-length:]:
            return length, at
    return 0, 0


def _last(text: bytes, needle: bytes) -> int:
    """Where the needle ends for the last time, or -1.

    Backwards, since `find` takes linear time for long needles and `rfind` does not.
    """
    at = text[::-1].find(needle[::-1])
    return len(text) - at if at >= 0 else -1


def _places(text: bytes, needle: bytes) -> Iterator[int]:
    """The ends of what is looked for, the latest first."""
    end = len(text)
    for _ in range(_TRIES):
        at = text.rfind(needle, 0, end)
        if at < 0:
            return
        yield at + len(needle)
        end = at + len(needle) - 1


def _shared(log: bytes, live: bytes) -> int:
    """How many bytes the log ends with that `live` begins with, at most."""
    reach = len(live)
    for size in (*COMPARED, LEAST):  # the longer ones tell lines apart that begin alike
        at = log.find(live[:size], max(0, len(log) - reach)) if live else -1
        for _ in range(_TRIES):
            if at < 0:
                break
            if log[at:] == live[: len(log) - at]:
                return len(log) - at
            at = log.find(live[:size], at + 1)
        reach = min(reach, size)
    return next((n for n in range(min(LEAST, len(log), len(live)), 0, -1) if log.endswith(live[:n])), 0)


def remark(seconds: float) -> str:
    """What a human is told of a gap: output stopped to be heard at most so long ago."""
    seconds = max(seconds, 1)  # clocks may be set back
    minutes, hours = seconds / 60, seconds / 3600
    long = f"{hours:.0f} h" if hours >= 2 else f"{minutes:.0f} min" if minutes >= 2 else f"{seconds:.0f} s"
    return f"output of the last {long} may be incomplete: the keeper was away"
