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
    """What comes in the log after the end of what is known."""
    if not known:
        return log
    for length in _NEEDLES:
        needle = known[-length:]
        at = log.find(needle)
        if at >= 0:
            return log[at + len(needle) :]
    line, newline, draft = known.rpartition(b"\n")
    if newline and not log.strip():
        return b""  # nothing but what is unfinished
    for length in _NEEDLES:
        needle = (line + newline)[-length:]
        at = log.find(needle)
        if needle and at >= 0:  # the log holds the unfinished line back, or had it longer
            rest = log[at + len(needle) :]
            return rest[len(draft) :] if rest.startswith(draft) else rest
    return b"" if not log else None


def _before(log: bytes, live: bytes) -> bytes:
    """The log without its end that is the beginning of `live`."""
    for length in range(min(len(log), len(live)), 0, -1):
        if log.endswith(live[:length]):
            return log[:-length]
    return log
