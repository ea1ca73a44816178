"""The items that clients get, made again only where something is new of them."""

from __future__ import annotations

from itertools import islice

from qms_tui.activity import Announced
from qms_tui.api.commands import Items
from qms_tui.api.inbox import InboxItem
from qms_tui.core import Core
from qms_tui.daemon import mapping
from qms_tui.inbox import Entry, Wish

MOST_ITEMS = 2000  # of all inboxes together: more than anybody scrolls through; a search reaches the others


class InboxItems:
    """Of one core. A burst tells of thousands of items ten times a second, of which a few are new."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._made: dict[int, tuple[Entry, Announced | None, InboxItem]] = {}

    def newest(self) -> tuple[InboxItem, ...]:
        """Those that wait and those that were consumed, newest first."""
        entries = islice(self._core.ledger.numbered(), MOST_ITEMS)
        self._made = {number: self._make(number, entry) for number, entry in entries}
        return tuple(item for _, _, item in self._made.values())

    def _make(self, number: int, entry: Entry) -> tuple[Entry, Announced | None, InboxItem]:
        receipt = _receipt(self._core, entry)
        made = self._made.get(number)
        if made is not None and made[0] is entry and made[1] == receipt:
            return made
        return entry, receipt, _item(self._core, number, entry, receipt)


def found_items(core: Core, wish: Wish) -> Items:
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
