"""The items that clients get, made again only where something is new of them."""

from __future__ import annotations

from itertools import islice

from msgspec import Struct

from qms_tui.api.commands import Items
from qms_tui.api.inbox import InboxItem
from qms_tui.core import Core
from qms_tui.daemon import mapping
from qms_tui.inbox import Entry, Wish
from qms_tui.programs.values import Announced

MOST_ITEMS = 2000  # of all inboxes together: more than anybody scrolls through; a search reaches the others


class _Source(Struct, frozen=True):
    """What an item was made of."""

    entry: Entry
    receipt: Announced | None
    item: InboxItem


class InboxItems:
    """Of one core. A burst tells of thousands of items ten times a second, of which a few are new."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._sources: dict[int, _Source] = {}

    def newest(self) -> tuple[InboxItem, ...]:
        """Those that wait and those that were consumed, newest first."""
        entries = islice(self._core.ledger.numbered(), MOST_ITEMS)
        self._sources = {number: self._source(number, entry) for number, entry in entries}
        return tuple(source.item for source in self._sources.values())

    def _source(self, number: int, entry: Entry) -> _Source:
        receipt = _receipt(self._core, entry)
        before = self._sources.get(number)
        if before is not None and before.entry is entry and before.receipt == receipt:
            return before
        return _Source(entry, receipt, _item(self._core, number, entry, receipt))


def find_items(core: Core, wish: Wish) -> Items:
    """Those that are looked for."""
    entries = core.ledger.numbered(wish)
    first = [
        _item(core, number, entry, _receipt(core, entry)) for number, entry in islice(entries, MOST_ITEMS)
    ]
    return Items(tuple(first), sum(1 for _ in entries))


def _receipt(core: Core, entry: Entry) -> Announced | None:
    return core.receipt(entry.item.agent, entry.item.file) if entry.consumed is None else None


def _item(core: Core, number: int, entry: Entry, receipt: Announced | None) -> InboxItem:
    return mapping.item(number, entry, receipt, held=core.ledger.is_held(entry.item))
