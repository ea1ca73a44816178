"""A process that goes on without whoever started it, and says once how its start went."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from qms_tui.errors import QmsTuiError, refused, state_remedy


def detach() -> None:
    """Go on as a child in a session of its own; whoever started us sees us end."""
    if os.fork():
        os._exit(0)
    os.setsid()


def say_once(words: dict[str, object], otherwise: Callable[[], None] = lambda: None) -> None:
    """Tell whoever started us, on standard output, and let go of their pipe; `otherwise` if they are gone."""
    try:
        os.write(1, json.dumps(words).encode() + b"\n")
    except OSError:
        otherwise()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


def say_failure(error: QmsTuiError | OSError, name: str, folder: Path, otherwise: str) -> int:
    """Tell whoever started us why `name` cannot serve; the exit status.

    `folder` is where its files are, `otherwise` what to do about an error that is none of the usual.
    """
    if isinstance(error, QmsTuiError):
        say_once({"message": error.message, "hint": error.hint})
    else:
        hint = state_remedy(error, otherwise)
        say_once({"message": f"{name} cannot start: {refused(error, folder)}", "hint": hint})
    return 1
