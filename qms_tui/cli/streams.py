"""The standard streams as a shell may leave them: closed, full, without a reader, their terminal gone."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Callable
from typing import TextIO

CANNOT_PRINT = 2  # the exit status where a result could not be printed
_OUTPUT, _ERRORS = 1, 2
_REMEDIES = {
    errno.ENOSPC: "make room there, or print elsewhere",
    errno.EBADF: "open it; >/dev/null drops what is printed",
}


class _Output(io.FileIO):
    """Standard output, which remembers why it could not be written to."""

    failure: OSError | None = None

    def write(self, data: object) -> int:
        try:
            return super().write(data)  # type: ignore[arg-type]
        except OSError as error:
            self.failure = self.failure or error
            raise


def with_streams(command: Callable[[], int]) -> int:
    """Run a command whose printing never ends in a traceback, nor in silence; its exit status.

    A reader that has seen enough (`| head`) is no fault. For a result that cannot be printed, one line says
    why, on standard output where standard error is closed.
    """
    if not _complete():
        _complain_of_output(OSError(errno.EBADF, ""))
        return CANNOT_PRINT
    before, sys.stdout = sys.stdout, _watched(sys.stdout)
    try:
        status = command()
        with contextlib.suppress(OSError):  # remembered
            sys.stdout.flush()
        return _judged(status)
    finally:
        sys.stdout = before


def output_failure() -> OSError | None:
    """Why something that was printed did not arrive; None as long as all does."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return raw.failure if isinstance(raw, _Output) else None


def drop_output() -> None:
    """From now on what is printed goes nowhere, as does what is buffered: Python writes it at its end."""
    _drop(_OUTPUT)


def write_complaint(line: str) -> None:
    """Write a line to standard error; to standard output where that takes none."""
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        _drop(_ERRORS)  # with what is buffered
        sys.stderr = _stream(_OUTPUT, "w")
        try:
            print(line, file=sys.stderr, flush=True)
        except OSError:
            _drop(_OUTPUT)


def _judged(status: int) -> int:
    failure = output_failure()
    if failure is None:
        return status
    drop_output()
    if failure.errno == errno.EPIPE:
        return status
    _complain_of_output(failure)
    return CANNOT_PRINT


def _complain_of_output(failure: OSError) -> None:
    """One line on why nothing can be printed, one on what to do."""
    reason = "it is closed" if failure.errno == errno.EBADF else failure.strerror
    write_complaint(f"qms-tui: standard output cannot be written to: {reason}")
    write_complaint(f"  {_REMEDIES.get(failure.errno or 0, 'print elsewhere')}")


def _complete() -> bool:
    """Put something in the place of streams that Python has none for; False where results have none."""
    has_output = sys.stdout is not None
    if sys.stdin is None:
        sys.stdin = _stream(0, "r")
    if sys.stdout is None:
        sys.stdout = _stream(_OUTPUT, "w")
    if sys.stderr is None:
        sys.stderr = _stream(_OUTPUT, "w")
    return has_output


def _watched(stream: TextIO) -> TextIO:
    """The same stream with a memory; a test's, which is no file, as it is."""
    try:
        number, on_terminal = stream.fileno(), stream.isatty()
    except OSError:
        return stream
    stream.flush()
    buffer = io.BufferedWriter(_Output(number, "w", closefd=False))
    return io.TextIOWrapper(buffer, stream.encoding, "backslashreplace", line_buffering=on_terminal)


def _stream(number: int, mode: str) -> TextIO:
    return open(number, mode, closefd=False)  # type: ignore[return-value]


def _drop(number: int) -> None:
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        os.close(nowhere)
