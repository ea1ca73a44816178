"""An editor's save of an item: a new file under its name, and the same item all the same.

Editors save by a rename: a new file takes the place of the old one, or the old one becomes a backup and a new
one is written. Whoever consumes an item deletes it, or moves it away for good; whoever sends it again writes
a file where there was none. So a file that follows at once on one that was moved, not deleted, and says the
same, is that item. Without events nobody knows, and it counts as another one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from msgspec import Struct

from qms_tui.inbox.book import Gone, Hint
from qms_tui.inbox.item import Item

MOMENT = 0.15  # seconds in which an editor writes the new file; less than a writer may take to close one
_MOVES = (Hint.MOVED_HERE, Hint.MOVED_AWAY)


class _Held(Struct, frozen=True):
    gone: Gone
    until: float


class Saves:
    """Items of one inbox that may be about to be saved. Times are seconds of any steady clock."""

    def __init__(self) -> None:
        self._moved: dict[
            str, bool
        ] = {}  # names of which events tell: whether they were moved, never deleted
        self._held: dict[str, _Held] = {}

    @property
    def next_look(self) -> float | None:
        """When the next item is gone for good."""
        return min((held.until for held in self._held.values()), default=None)

    def hint(self, name: str, hint: Hint) -> None:
        """Something may have happened to a name."""
        if hint is Hint.VANISHED:
            self._moved[name] = False
        elif hint in _MOVES:
            self._moved.setdefault(name, True)

    def hold(self, gone: Gone, now: float) -> bool:
        """Whether to wait for what follows on an item that is gone."""
        moved = self._moved.get(gone.item.file, False)
        if moved:
            self._held[gone.item.file] = _Held(gone, now + MOMENT)
        return moved

    def take(self, name: str) -> Gone | None:
        """The item that was held under a name for which there is a file now."""
        self._moved.pop(name, None)
        held = self._held.pop(name, None)
        return held.gone if held else None

    def expired(self, now: float, coming: Collection[str]) -> Iterator[Gone]:
        """Items that are gone for good; for names in `coming` there is a file that is not whole yet."""
        for name, held in list(self._held.items()):
            if held.until <= now:
                if name in coming:
                    self._held[name] = _Held(held.gone, now + MOMENT)
                else:
                    del self._held[name]
                    self._moved.pop(name, None)
                    yield held.gone


def says_the_same(before: Item, item: Item) -> bool:
    """Whether two files can be one item, before and after somebody has corrected it."""
    facts = (before.kind, before.headline, before.document, before.sender)
    return facts == (item.kind, item.headline, item.document, item.sender)
