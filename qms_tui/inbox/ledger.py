"""What waits and what was consumed, as one list: PURE. Events go in, counts and entries come out."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from msgspec import Struct

from qms_tui.inbox.events import InboxClosed, InboxEvent, Initial, ItemArrived, ItemChanged, ItemConsumed
from qms_tui.inbox.item import Counts, Item, Kind
from qms_tui.text.search import has_words

MOST_PAST = 1000  # consumed items that are remembered, as many as the journal gives
MOST_SHOWN = 2000  # entries of a view: more than anybody scrolls through; searching reaches the others


@dataclass(frozen=True, slots=True)
class Entry:
    """An item, and at which second of wall time it was consumed; None while it waits."""

    item: Item
    consumed: float | None = None


class Wish(Struct, frozen=True):
    """Which entries to show; what is empty does not narrow."""

    agent: str = ""
    kind: Kind | None = None
    words: str = ""

    def takes(self, entry: Entry) -> bool:
        """Whether it is one of them: of this agent, of this kind, with all of the words."""
        item = entry.item
        if (self.agent and item.agent != self.agent) or (self.kind and item.kind is not self.kind):
            return False
        texts = item.headline, item.agent, item.sender, item.document, item.name
        return not self.words or has_words(self.words, *texts)


class View(Struct, frozen=True):
    """Entries, newest first, and how many older ones there are besides."""

    entries: tuple[Entry, ...]
    more: int


_EVERYTHING = Wish()
_Place = tuple[float, int]  # when it arrived, and a number that is different for each


class Ledger:
    """The items of all inboxes.

    `started`: seconds of wall time; what is older came while nobody watched. `held`: items, by agent, file
    and inode, that nobody is told of until the human says so.
    """

    def __init__(self, started: float, held: Collection[tuple[str, str, int]] = ()) -> None:
        self._started = started
        self._held = frozenset(held)
        self._order: list[tuple[float, int, Entry]] = []  # oldest first
        self._pending: dict[tuple[str, str], _Place] = {}
        self._past: deque[_Place] = deque()
        self._counts: dict[str, Counter[Kind]] = {}
        self._agents: dict[str, None] = {}
        self._number = 0
        self.closed: Mapping[str, str] = {}
        """The agents whose inboxes cannot be looked at, and why."""
        self.version = 0
        """Another number whenever something is different."""

    def take(self, event: InboxEvent) -> tuple[Item, ...]:
        """Take an event in; gives what has arrived by it, to be told."""
        self.version += 1
        if isinstance(event, Initial):
            self._lay_in(event.items)
            # An inbox that was found late, with a new agent, may hold what has only just come.
            return tuple(item for item in event.items if item.arrived >= self._started)
        if isinstance(event, ItemArrived):
            self._add(event.item)
            return (event.item,)
        if isinstance(event, ItemChanged):
            self._change(event.item)
        elif isinstance(event, ItemConsumed):
            self._consume(event)
        elif isinstance(event, InboxClosed):
            others = {name: why for name, why in self.closed.items() if name != event.agent}
            self.closed = others | ({event.agent: event.why} if event.why else {})
        return ()

    def remember(self, past: Sequence[ItemConsumed]) -> None:
        """What was consumed before; once, before anything is taken in."""
        self.version += 1
        for event in past[-MOST_PAST:]:
            place = self._place(event.item)
            insort(self._order, (*place, Entry(event.item, event.at)))
            self._past.append(place)

    def counts(self, agent: str) -> Counts:
        """How many of an agent's items of each kind wait."""
        return {kind: count for kind, count in self._counts.get(agent, Counter()).items() if count}

    def waiting(self, agent: str | None = None) -> int:
        """How many items wait: of an agent, or of all."""
        agents = self._counts if agent is None else (agent,)
        return sum(self._counts[name].total() for name in agents if name in self._counts)

    def pending(self, agent: str, kinds: Collection[Kind] = tuple(Kind)) -> list[Item]:
        """An agent's items of these kinds that wait, oldest first."""
        places = sorted(place for (whose, _), place in self._pending.items() if whose == agent)
        return [item for item in map(self._at, places) if item.kind in kinds]

    def is_held(self, item: Item) -> bool:
        """Whether it came with a project that is not trusted, and so does nothing by itself."""
        return (item.agent, item.file, item.identity.inode) in self._held

    def item(self, agent: str, file: str) -> Item | None:
        """What waits under that name, if anything."""
        place = self._pending.get((agent, file))
        return None if place is None else self._at(place)

    def _at(self, place: _Place) -> Item:
        return self._order[bisect_left(self._order, place)][2].item

    @property
    def agents(self) -> list[str]:
        """Everybody who ever had an item, in no order that means anything."""
        return list(self._agents)

    def view(self, wish: Wish, most: int = MOST_SHOWN) -> View:
        """The newest entries that were wished for."""
        if wish == _EVERYTHING:
            return View(tuple(islice(self._newest_first(), most)), max(0, len(self._order) - most))
        found: list[Entry] = []
        more = 0
        for entry in self._newest_first():
            if wish.takes(entry):
                if len(found) < most:
                    found.append(entry)
                else:
                    more += 1
        return View(tuple(found), more)

    def numbered(self, wish: Wish = _EVERYTHING) -> Iterator[tuple[int, Entry]]:
        """The entries that are wished for, newest first, each with the number that it keeps."""
        every = ((number, entry) for _, number, entry in reversed(self._order))
        return (
            every
            if wish == _EVERYTHING
            else ((number, entry) for number, entry in every if wish.takes(entry))
        )

    def __len__(self) -> int:
        return len(self._order)

    def _newest_first(self) -> Iterator[Entry]:
        return (entry for _, _, entry in reversed(self._order))

    def _place(self, item: Item) -> _Place:
        self._number += 1
        self._agents[item.agent] = None
        return item.arrived, self._number

    def _lay_in(self, items: Sequence[Item]) -> None:
        """Many at once, as `_add` would one by one."""
        for item in items:
            self._order.append((*self._note(item), Entry(item)))
        self._order.sort()

    def _add(self, item: Item) -> None:
        insort(self._order, (*self._note(item), Entry(item)))

    def _note(self, item: Item) -> _Place:
        place = self._pending[item.agent, item.file] = self._place(item)
        self._counts.setdefault(item.agent, Counter())[item.kind] += 1
        return place

    def _change(self, item: Item) -> None:
        place = self._pending.get((item.agent, item.file))
        if place is None:
            return
        at = bisect_left(self._order, place)
        counts, before = self._counts[item.agent], self._order[at][2].item
        counts[before.kind] -= 1
        counts[item.kind] += 1
        self._order[at] = (*place, Entry(replace(item, arrived=before.arrived)))

    def _consume(self, event: ItemConsumed) -> None:
        place = self._pending.pop((event.item.agent, event.item.file), None)
        if place is None:
            return
        at = bisect_left(self._order, place)
        item = self._order[at][2].item
        self._counts[item.agent][item.kind] -= 1
        self._order[at] = (*place, Entry(item, event.at))
        self._past.append(place)
        if len(self._past) > MOST_PAST:
            del self._order[bisect_left(self._order, self._past.popleft())]
