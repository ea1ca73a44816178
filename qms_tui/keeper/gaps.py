"""What the engine's log can tell of the time in which nobody listened. Pure.

The log is the stream of the terminal without the line that is still unfinished, and cut apart at 16 kB. So
it is laid beside what is known from before, and what is known from after is laid beside it.
"""

from __future__ import annotations

_NEEDLES = (4096, 1024, 256, 64, 16)  # bytes that must be the same, the longest first


def missed(known: bytes, log: bytes, live: bytes) -> bytes | None:
    """The bytes between `known` (the end of what was received) and `live` (the beginning of what is now).

    `log` is the engine's log of a time that begins before the end of `known` and ends after the beginning of
    `live`. None if the log cannot be laid beside what is known.
    """
    after = _after(known, log)
    return None if after is None else _before(after, live)


def _after(known: bytes, log: bytes) -> bytes | None:
    """What comes in the log after the end of what is known; the longer the stretch they share, the surer."""
    if not known:
        return log
    lines, newline, draft = known.rpartition(b"\n")
    for length in _NEEDLES:
        at = _end_of(known[-length:], log)
        if at is not None:
            return log[at:]
        at = _end_of((lines + newline)[-length:], log) if draft else None
        if at is not None:  # the log holds the unfinished line back, or has it longer
            rest = log[at:]
            return rest[len(draft) :] if rest.startswith(draft) else rest
    return None if log else b""


def _end_of(needle: bytes, log: bytes) -> int | None:
    at = log.find(needle) if needle else -1
    return None if at < 0 else at + len(needle)


def _before(log: bytes, live: bytes) -> bytes:
    """The log without its end that is the beginning of `live`."""
    for length in range(min(len(log), len(live)), 0, -1):
        if log.endswith(live[:length]):
            return log[:-length]
    return log
