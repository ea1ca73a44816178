"""One word for a path that people can still read, and that no other path has: `pipe-dream-0123456789ab`."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

LONGEST = 24  # characters of the readable part
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def path_word(path: Path, *more: str, leading: str = ".-", longest: int = LONGEST) -> str:
    """The word for a path, or for the path with `more`; it begins with none of the characters `leading`."""
    readable = _UNSAFE.sub("_", path.name)[:longest].lstrip(leading) or "root"
    whole = b"\0".join((os.fsencode(path), *(text.encode() for text in more)))
    return f"{readable}-{hashlib.sha256(whole).hexdigest()[:12]}"
