"""A file in the human's own editor, which has the terminal meanwhile."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from textual.app import App, SuspendNotSupported

from qms_tui.errors import UsageError

DEFAULT = "vi"  # what POSIX has
_OURS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def edit(app: App[None], path: Path) -> None:
    """Open a file with $VISUAL or $EDITOR and wait for its end. Raises UsageError if that cannot be run.

    The event loop stands still meanwhile; agents go on, as far as nobody has to read what they print.
    """
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or DEFAULT
    try:
        argv = [*shlex.split(editor), str(path)]
        with app.suspend(), _signals_for_later():
            subprocess.run(argv, check=False)
    except (OSError, ValueError, SuspendNotSupported) as error:
        raise UsageError(f"{editor!r} cannot be run: {error}", hint="set EDITOR to your editor") from error


@contextmanager
def _signals_for_later() -> Iterator[None]:
    """Ctrl+C in the editor reaches us too, and is none of ours; being asked to end is kept for later."""
    missed: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        missed.append(number)

    wakeup = signal.set_wakeup_fd(-1)  # asyncio's, which would hear of all of them
    before = {number: signal.signal(number, note) for number in _OURS}  # not SIG_IGN: that is inherited
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup)
        for late in missed:
            if late != signal.SIGINT:
                os.kill(os.getpid(), late)
