"""Words for items, in the few cells that there are for them. Pure."""

from __future__ import annotations

from qms_tui.inbox.item import Counts, Kind

_UNITS = ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def age(seconds: float) -> str:
    """A duration in its largest whole unit: 40s, 12m, 3h, 2d; `now` below a second."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return "now"


def by_kind(counts: Counts) -> str:
    """How many of each kind: `2 reviews · 1 message`."""
    return " · ".join(_counted(counts[kind], kind) for kind in Kind if counts.get(kind))


def items(count: int) -> str:
    """A number of items: `1 item`, `10,000 items`."""
    return f"{count:,} item{'' if count == 1 else 's'}"


def _counted(count: int, kind: Kind) -> str:
    plural = "" if count == 1 or kind is Kind.UNKNOWN else "s"
    return f"{count:,} {kind.value}{plural}"
