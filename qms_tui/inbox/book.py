"""Which items an inbox holds: PURE. Looks at files and hints that something happened go in, facts come out.

The folder is the truth, events are hints to look at a name. A file is told once, when it has been closed by
its writer or was left alone for the settle time, and stays the same item as long as its name stands for the
same file (device and inode): a touch is no arrival.

An inode may be given to the next file at once. So after the hint that a name vanished, a file whose status
has changed (ctime) since it was told counts as a new one, though its inode is the old one. A hint that is
late, about a file before the one that was told, finds the ctime as it was and does nothing. Where that hint
is lost too, and no look falls in between, the two files cannot be told apart: it is one item that changed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from enum import Enum, auto

from msgspec import Struct

from qms_tui.inbox.events import ItemArrived, ItemChanged
from qms_tui.inbox.files import Sighting
from qms_tui.inbox.item import Counts, Item, Kind

SETTLE = 0.2  # seconds: longer than a writer needs between creating and closing
QUIET = 0.02  # seconds after a writer has closed: hints about an earlier file of that name come in first
PATIENCE = 10  # settle times after which a file is told that is written to on and on


class Hint(Enum):
    """What may have happened to a name."""

    APPEARED = auto()
    WRITTEN = auto()  # closed by a writer: whole
    VANISHED = auto()
    MOVED_HERE = auto()  # whole, perhaps in another's place
    MOVED_AWAY = auto()


_WHOLE = (Hint.WRITTEN, Hint.MOVED_HERE)
_GONE = (Hint.VANISHED, Hint.MOVED_AWAY)


class Gone(Struct, frozen=True):
    """A told item is no longer there."""

    item: Item


class Ready(Struct, frozen=True):
    """A file to be read and then told with `Book.tell`; `waited` seconds since it was first seen."""

    name: str
    sighting: Sighting
    waited: float


Step = Gone | Ready


@dataclass(slots=True)
class _Entry:
    """A file under a name; times in seconds of the caller's clock."""

    sighting: Sighting
    first: float  # when it was first seen, or first seen to have changed since it was told
    since: float  # it has not changed since
    anchor: int  # its ctime when it was told, or at first; a look in between may already be at its successor
    item: Item | None = None
    stale: bool = True  # its content, as it is now, is still to be told


class _Wish(Struct, frozen=True):
    """When to look at a name, and what hints have said of it."""

    at: float
    written: bool = False
    vanished: bool = False


class Book:
    """The items of one inbox. Times are seconds of any clock that does not go back."""

    def __init__(self, settle: float = SETTLE) -> None:
        self._settle = settle
        self._entries: dict[str, _Entry] = {}
        self._wishes: dict[str, _Wish] = {}
        self._counts: Counter[Kind] = Counter()

    @property
    def items(self) -> tuple[Item, ...]:
        """What was told and is still there, oldest first."""
        told = [entry.item for entry in self._entries.values() if entry.item is not None]
        return tuple(sorted(told, key=lambda item: (item.arrived, item.file)))

    @property
    def counts(self) -> Counts:
        """How many of each kind were told and are still there."""
        return {kind: count for kind, count in self._counts.items() if count}

    @property
    def names(self) -> list[str]:
        """Names that a file is known under, told or not."""
        return list(self._entries)

    @property
    def next_look(self) -> float | None:
        """When the next name is due."""
        return min((wish.at for wish in self._wishes.values()), default=None)

    def due(self, now: float, most: int) -> list[str]:
        """Names to look at now, at most so many."""
        due = [name for name, wish in self._wishes.items() if wish.at <= now]
        return due[:most]

    def hint(self, name: str, hint: Hint, now: float) -> None:
        """Something may have happened: the name is due at once."""
        known = self._wishes.get(name, _Wish(now))
        self._wishes[name] = _Wish(now, known.written or hint in _WHOLE, known.vanished or hint in _GONE)

    def see(self, name: str, sighting: Sighting | None, now: float, *, settled: bool = False) -> list[Step]:
        """Take in a look at a name: None if no file is there. `settled`: do not wait for its writer."""
        wish = self._wishes.pop(name, _Wish(now))
        entry = self._entries.get(name)
        steps: list[Step] = []
        if entry is not None and (sighting is None or _is_another(entry, sighting, wish)):
            steps += self._forget(name)
            entry = None
        if sighting is None:
            return steps
        if entry is None:
            entry = self._entries[name] = _Entry(sighting, now, now, sighting.changed)
        elif entry.sighting.content != sighting.content or (wish.written and not entry.stale):
            entry.first = entry.first if entry.stale else now
            entry.since, entry.stale = now, True
        entry.sighting = sighting
        if not entry.stale:
            return steps
        at = self._ready_at(entry, wish)
        if settled or at <= now:
            return [*steps, Ready(name, sighting, now - entry.first)]
        self._wishes[name] = _Wish(at, wish.written)
        return steps

    def tell(self, name: str, item: Item) -> ItemArrived | ItemChanged | None:
        """The item that a `Ready` file is; None if it says what it said before."""
        entry = self._entries[name]
        before, entry.item, entry.stale = entry.item, item, False
        entry.anchor = entry.sighting.changed
        self._counts[item.kind] += 1
        if before is None:
            return ItemArrived(item)
        self._counts[before.kind] -= 1
        entry.item = item = replace(item, arrived=before.arrived)
        return ItemChanged(before, item) if item != before else None

    def drop_wishes(self) -> None:
        """Every name will be looked at anyway."""
        self._wishes.clear()

    def clear(self) -> list[Gone]:
        """The folder is gone, and everything with it."""
        self._wishes.clear()
        return [step for name in self.names for step in self._forget(name)]

    def _forget(self, name: str) -> list[Gone]:
        item = self._entries.pop(name).item
        if item is None:
            return []
        self._counts[item.kind] -= 1
        return [Gone(item)]

    def _ready_at(self, entry: _Entry, wish: _Wish) -> float:
        """An empty file may be closed too, by a `touch` before the writing: that waits."""
        quiet = QUIET if wish.written and entry.sighting.size else self._settle
        return min(entry.since + quiet, entry.first + PATIENCE * self._settle)


def _is_another(entry: _Entry, sighting: Sighting, wish: _Wish) -> bool:
    if entry.sighting.identity != sighting.identity:
        return True
    return wish.vanished and entry.anchor != sighting.changed
