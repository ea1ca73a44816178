"""A file in the human's own editor, which has the terminal meanwhile."""

from __future__ import annotations

import os
import shlex
import signal
from pathlib import Path

from textual.app import App, SuspendNotSupported

from qms_tui.errors import UsageError
from qms_tui.ui.lending import lent_terminal, run

DEFAULT = "vi"  # what POSIX has
_VARIABLES = ("VISUAL", "EDITOR")


def edit(app: App[None], path: Path) -> None:
    """Open a file with $VISUAL or $EDITOR and wait for its end. Raises UsageError if that cannot be run, or
    ended otherwise than well.

    The event loop stands still meanwhile; agents go on, as far as nobody has to read what they print.
    """
    variable, editor = _chosen()
    remedy = f"set {variable} to your editor"
    try:
        argv = [*shlex.split(editor), str(path)]
        with lent_terminal(app):
            status = run(argv)
    except (OSError, ValueError, SuspendNotSupported) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise UsageError(f"{editor!r} cannot be run: {why}", hint=remedy) from error
    if status:
        raise UsageError(f"{editor!r} {_ending(status)}", hint=f"if it is not what you want, {remedy}")


def _chosen() -> tuple[str, str]:
    """The variable that counts, and the command line in it; one of blanks only is none."""
    for variable in _VARIABLES:
        if editor := os.environ.get(variable, "").strip():
            return variable, editor
    return _VARIABLES[-1], DEFAULT


def _ending(status: int) -> str:
    if status > 0:
        return f"ended with exit status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"
