"""Words for items, in the few cells that there are for them. Pure."""

from __future__ import annotations

from qms_tui.inbox.item import Counts, Kind
from qms_tui.text.amounts import counted

_NOUNS = {kind: (kind.value,) for kind in Kind} | {Kind.UNKNOWN: ("unknown", "unknown")}


def by_kind(counts: Counts) -> str:
    """How many of each kind: `2 reviews · 1 message`."""
    return " · ".join(counted(counts[kind], *_NOUNS[kind]) for kind in Kind if counts.get(kind))


def items(count: int) -> str:
    """A number of items: `1 item`, `10,000 items`."""
    return counted(count, "item")
