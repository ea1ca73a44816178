"""Who made something on the engine: several people, and several machines, may share one."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Mapping
from pathlib import Path

from qms_tui.runtime.docker.container import LABEL_MAKER

_MACHINE = Path("/etc/machine-id")


def maker() -> str:
    """Tells this user on this machine from others, and neither's name to anybody.

    A machine that gets another name no longer knows what it made as its own: that is the safe side.
    """
    try:
        machine = _MACHINE.read_bytes()[:100].strip()
    except OSError:
        machine = b""
    known = (machine, socket.gethostname().encode(), str(os.getuid()).encode())
    return hashlib.sha256(b"\0".join(known)).hexdigest()[:16]


def is_foreign(labels: Mapping[str, str] | None) -> bool:
    """Whether somebody else made what has these labels; without ours nobody knows, and nobody is kept off."""
    made_by = (labels or {}).get(LABEL_MAKER)
    return made_by is not None and made_by != maker()
