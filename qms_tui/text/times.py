"""Points in time as people read them: one form everywhere, in the time zone of this machine.

What programs read (`--json`, front matter, files' names) stays as it is there.
"""

from __future__ import annotations

import re
import time
from datetime import datetime

_UNITS = ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s"))
FORM = "%Y-%m-%d %H:%M:%S"
# A date alone has no time zone, so it is nobody's to convert.
_STAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)", re.ASCII)


def age(seconds: float) -> str:
    """A duration in its largest whole unit: 40s, 12m, 3h, 2d; `now` below a second."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return "now"


def moment(seconds: float) -> str:
    """Seconds since 1970: `2026-11-30 14:02:11`."""
    try:
        return time.strftime(FORM, time.localtime(seconds))
    except (ValueError, OverflowError, OSError):  # a clock that was set to nonsense
        return f"@{seconds:.0f}"


def stamp(text: str) -> str:
    """A time stamp with its zone (RFC 3339), as `moment` has it; any other text as it is."""
    if not _STAMP.fullmatch(text.strip()):
        return text
    try:
        return moment(datetime.fromisoformat(text.strip()).timestamp())
    except (ValueError, OverflowError, OSError):
        return text
