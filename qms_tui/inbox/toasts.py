"""Which arrivals become which toasts: PURE. Items and times go in, toasts come out.

A few items get a toast each. Many are a burst: one toast that counts them, takes the place of the toasts of
its first items, is renewed now and then, and a last time when it has been calm for a second. Times are
seconds of any clock that does not go back.
"""

from __future__ import annotations

from collections import Counter

from msgspec import Struct

from qms_tui.inbox.item import Item, Kind
from qms_tui.inbox.words import by_kind, items

GATHER = 0.05  # seconds after an arrival in which others count as having come with it
FEW = 3  # toasts of single items within `RECENT`: more would cover what the human looks at
RECENT = 3.0  # seconds
CALM = 1.0  # seconds without an arrival that end a burst
RENEW = 4.0  # seconds between two toasts of one burst: each costs a layout, and none is gone before
_NAMED = 4  # agents that are named in the toast of a burst


class Toast(Struct, frozen=True):
    """What to tell. `agent` is "" where it is about several; `replaces`: the recent toasts go."""

    agent: str
    text: str
    replaces: bool = False


class Toasts:
    """The toasts to come."""

    def __init__(self) -> None:
        self._new: list[Item] = []  # at most FEW
        self._recent: list[tuple[float, Item]] = []  # told one by one: when, and what
        self._agents: Counter[str] = Counter()  # of the burst
        self._kinds: Counter[Kind] = Counter()
        self._last = 0.0
        self._untold = False
        self._told_at: float | None = None  # the burst
        self.due: float | None = None
        """When to ask for toasts next; None: not before another item arrives."""

    def arrived(self, item: Item, now: float) -> None:
        """An item came."""
        self._last = now
        self.due = now + GATHER if self.due is None else self.due
        self._forget_old(now)
        self._new.append(item)
        if self._agents or len(self._new) + len(self._recent) > FEW:
            self._gather()

    def take(self, now: float) -> list[Toast]:
        """What is to be told now."""
        self.due = None
        if not self._agents:
            return self._one_by_one(now)
        calm = now - self._last >= CALM
        told = []
        if self._untold and (calm or self._told_at is None or now - self._told_at >= RENEW):
            told, self._told_at, self._untold = [self._summary()], now, False
        if calm:
            self._agents.clear()
            self._kinds.clear()
            self._told_at = None
        else:
            self.due = now + CALM
        return told

    def _one_by_one(self, now: float) -> list[Toast]:
        told = [Toast(item.agent, item.headline) for item in self._new]
        self._recent += [(now, item) for item in self._new]
        self._new.clear()
        return told

    def _forget_old(self, now: float) -> None:
        self._recent = [(at, item) for at, item in self._recent if now - at < RECENT]

    def _gather(self) -> None:
        """All that is new or recent is, or becomes, a burst."""
        gathered = [item for _, item in self._recent] + self._new
        self._agents.update(item.agent for item in gathered)
        self._kinds.update(item.kind for item in gathered)
        self._recent.clear()
        self._new.clear()
        self._untold = True

    def _summary(self) -> Toast:
        count = items(self._agents.total()).replace("item", "new item")
        if len(self._agents) == 1:
            return Toast(next(iter(self._agents)), f"{count}: {by_kind(self._kinds)}", replaces=True)
        named = [f"{agent} {number:,}" for agent, number in self._agents.most_common(_NAMED)]
        others = ["…"] if len(self._agents) > _NAMED else []
        return Toast("", f"{count}: {' · '.join(named + others)}", replaces=True)
