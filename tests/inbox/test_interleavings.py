"""Several writers do what they like, events are late or lost: the book ends up with what the folder holds.

The folder is simulated, with its clock, inodes that are given out again at once, and times of 4 ms as
kernels have them. What happens with a real folder and real events is in test_watcher.py.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from qms_tui.inbox import Identity, ItemArrived, parse
from qms_tui.inbox.book import PATIENCE, QUIET, SETTLE, Book, Gone, Hint
from qms_tui.inbox.files import Sighting

NAMES = ("a.md", "b.md", "c.md", "new.tmp")
TICK = 0.004  # seconds between two times that a file system can tell apart
LATENCY = QUIET / 2  # seconds that an event takes at most
RESCAN = 3.0
_names = st.sampled_from(NAMES)
_items = st.sampled_from(NAMES[:3])
_lost = st.integers(0, 4).map(lambda number: number == 0)


@dataclass
class Placed:
    """A file under a name, from when on, and until when."""

    name: str
    number: int
    inode: int
    since: float
    until: float | None = None
    size: int = 0
    written: float = 0.0
    changed: float = 0.0
    open: bool = False
    last_write: float = 0.0
    confusable: bool = False  # the inode that was last seen under its name, and no event tells them apart


@dataclass
class Folder:
    """A folder, and the events that are on their way."""

    now: float = 100.0
    files: dict[str, Placed] = field(default_factory=dict)
    history: list[Placed] = field(default_factory=list)
    events: list[tuple[float, str, Hint]] = field(default_factory=list)
    free: list[int] = field(default_factory=list)
    inodes: int = 1
    seen: dict[str, int] = field(default_factory=dict)  # inode by name, at the last look
    said: set[str] = field(default_factory=set)  # names that have vanished since, and an event tells that

    def place(self, name: str, inode: int, size: int, *, is_open: bool) -> Placed:
        placed = Placed(name, len(self.history), inode, self.now, size=size, open=is_open)
        placed.written = placed.changed = placed.last_write = self.now
        placed.confusable = self.seen.get(name) == inode and name not in self.said
        self.files[name] = placed
        self.history.append(placed)
        return placed

    def remove(self, name: str, *, lost: bool, free: bool = True) -> Placed:
        placed = self.files.pop(name)
        placed.until = self.now
        if free:
            self.free.append(placed.inode)
        if not lost:
            self.said.add(name)
        return placed

    def new_inode(self) -> int:
        if self.free:
            return self.free.pop()
        self.inodes += 1
        return self.inodes

    def say(self, name: str, hint: Hint, *, lost: bool) -> None:
        if not lost and name.endswith(".md"):
            self.events.append((self.now + LATENCY, name, hint))

    def look(self, name: str) -> Sighting | None:
        placed = self.files.get(name)
        self.seen.pop(name, None)
        self.said.discard(name)
        if placed is None:
            return None
        self.seen[name] = placed.inode
        return Sighting(Identity(1, placed.inode), placed.size, _tick(placed.written), _tick(placed.changed))


def _tick(seconds: float) -> int:
    return int(seconds / TICK)


class Writers(RuleBasedStateMachine):
    """Rules are what writers do; between them time passes and the watcher works."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Folder()
        self.book = Book()
        self.arrived: Counter[int] = Counter()
        self.consumed = 0
        self.next_rescan = self.folder.now

    @rule(name=_names, lost=_lost)
    def create(self, name: str, lost: bool) -> None:
        if name not in self.folder.files:
            self.folder.place(name, self.folder.new_inode(), 0, is_open=True)
            self.folder.say(name, Hint.APPEARED, lost=lost)

    @rule(name=_names, more=st.integers(1, 9))
    def write(self, name: str, more: int) -> None:
        placed = self.folder.files.get(name)
        if placed and placed.open:
            placed.size += more
            placed.written = placed.changed = placed.last_write = self.folder.now

    @rule(name=_names, lost=_lost)
    def close(self, name: str, lost: bool) -> None:
        placed = self.folder.files.get(name)
        if placed and placed.open:
            placed.open = False
            self.folder.say(name, Hint.WRITTEN, lost=lost)

    @rule(name=_names)
    def touch(self, name: str) -> None:
        if placed := self.folder.files.get(name):
            placed.changed = self.folder.now

    @rule(name=_names, lost=_lost)
    def delete(self, name: str, lost: bool) -> None:
        if name in self.folder.files:
            self.folder.remove(name, lost=lost)
            self.folder.say(name, Hint.VANISHED, lost=lost)

    @rule(source=_names, to=_items, lost=_lost)
    def rename(self, source: str, to: str, lost: bool) -> None:
        if source == to or source not in self.folder.files:
            return
        if to in self.folder.files:
            self.folder.remove(to, lost=True)  # rename(2) tells nothing of what it replaces
        placed = self.folder.remove(source, lost=lost, free=False)
        new = self.folder.place(to, placed.inode, placed.size, is_open=placed.open)
        new.written = placed.written
        self.folder.say(source, Hint.VANISHED, lost=lost)
        self.folder.say(to, Hint.WRITTEN, lost=lost)

    @rule(name=_items, lost=_lost)
    def deliver(self, name: str, lost: bool) -> None:
        """As the QMS does, in one go."""
        self.create(name, lost)
        self.write(name, 5)
        self.close(name, lost)

    @rule(name=_items, lost=_lost, pause=st.sampled_from([0.0, TICK, 2 * TICK]))
    def route_again(self, name: str, lost: bool, pause: float) -> None:
        """The task goes and comes again at once, and its writer takes a moment."""
        self.delete(name, lost)
        self.create(name, lost)
        self.write(name, 5)
        self.wait(pause)
        self.write(name, 3)
        self.close(name, lost)

    @rule(name=_items)
    def route_twice(self, name: str) -> None:
        """The second time before the events of the first are in."""
        self.deliver(name, False)
        self.wait(TICK)
        self.route_again(name, False, 2 * TICK)

    @rule(seconds=st.sampled_from([TICK, LATENCY, QUIET, SETTLE / 2, SETTLE, 1.0, RESCAN]))
    def wait(self, seconds: float) -> None:
        end = self.folder.now + seconds
        while (at := self._next()) <= end:
            self.folder.now = max(self.folder.now, at)
            self._work()
        self.folder.now = end

    @precondition(lambda self: self.folder.files)
    @rule()
    def rescan(self) -> None:
        """Such as after a queue that ran over, in the middle of everything."""
        self._look_at_all()

    @invariant()
    def every_placed_file_is_told_once_at_most(self) -> None:
        assert all(count == 1 for count in self.arrived.values())

    @invariant()
    def arrivals_less_consumptions_is_what_is_pending(self) -> None:
        assert self.arrived.total() - self.consumed == len(self.book.items)

    def teardown(self) -> None:
        self.wait(RESCAN + PATIENCE * SETTLE + SETTLE)
        assert {item.file for item in self.book.items} == {n for n in self.folder.files if n.endswith(".md")}
        for placed in self.folder.history:
            if placed.name.endswith(".md") and self._lived_long(placed) and not placed.confusable:
                assert self.arrived[placed.number] == 1, placed

    def _lived_long(self, placed: Placed) -> bool:
        """Long enough for the next look at everything, if no event told of it, and to settle."""
        quiet = placed.last_write if not placed.open else placed.since + PATIENCE * SETTLE
        return placed.until is None or placed.until - quiet > RESCAN + SETTLE + TICK

    def _next(self) -> float:
        times = [at for at, _, _ in self.folder.events[:1]]
        return min([*times, self.book.next_look or self.next_rescan, self.next_rescan])

    def _work(self) -> None:
        while self.folder.events and self.folder.events[0][0] <= self.folder.now:
            _, name, hint = self.folder.events.pop(0)
            self.book.hint(name, hint, self.folder.now)
        if self.next_rescan <= self.folder.now:
            self._look_at_all()
        for name in self.book.due(self.folder.now, 100):
            self._see(name)

    def _look_at_all(self) -> None:
        for name in {*self.folder.files, *self.book.names}:
            if name.endswith(".md"):
                self._see(name)
        self.next_rescan = self.folder.now + RESCAN

    def _see(self, name: str) -> None:
        for step in self.book.see(name, self.folder.look(name), self.folder.now):
            if isinstance(step, Gone):
                self.consumed += 1
                continue
            content = str(step.sighting.size).encode()
            item = parse("qa", name, content, self.folder.now, step.sighting.identity)
            if isinstance(self.book.tell(name, item), ItemArrived):
                self.arrived[self.folder.files[name].number] += 1


TestWriters = Writers.TestCase
TestWriters.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)


def test_an_inode_that_comes_back_unseen_is_the_same_item_to_everybody() -> None:
    """No event tells of it, and no look falls in between: it cannot be known, and nobody is promised it."""
    writers = Writers()
    writers.create("b.md", lost=True)
    writers.create("c.md", lost=True)
    writers.wait(SETTLE)
    writers.rename("b.md", "c.md", lost=True)
    writers.rename("c.md", "a.md", lost=True)
    writers.create("c.md", lost=True)  # the inode of the first c.md, two files later
    first, _, last = (placed for placed in writers.folder.history if placed.name == "c.md")
    assert first.inode == last.inode
    writers.teardown()
    assert (first.confusable, last.confusable) == (False, True)
    assert (writers.arrived[first.number], writers.arrived[last.number]) == (1, 0)


@pytest.mark.parametrize("hint", ["event", "look"])
def test_an_inode_that_comes_back_is_another_item_if_anything_tells_that(hint: str) -> None:
    writers = Writers()
    writers.create("b.md", lost=True)
    writers.create("c.md", lost=True)
    writers.wait(SETTLE)
    writers.rename("b.md", "c.md", lost=True)
    if hint == "look":
        writers.rescan()
    writers.rename("c.md", "a.md", lost=hint == "look")
    writers.create("c.md", lost=True)
    last = writers.folder.files["c.md"]
    writers.teardown()
    assert not last.confusable
    assert writers.arrived[last.number] == 1


def test_the_simulated_folder_gives_inodes_out_again() -> None:
    folder = Folder()
    first = folder.place("a.md", folder.new_inode(), 0, is_open=False)
    folder.look("a.md")
    folder.remove("a.md", lost=True)
    second = folder.place("a.md", folder.new_inode(), 0, is_open=False)
    assert second.inode == first.inode
    assert second.confusable
    assert replace(second, confusable=False).until is None
