"""What the watcher tells its owner."""

from __future__ import annotations

from dataclasses import dataclass

from qms_tui.inbox.item import Item


@dataclass(frozen=True, slots=True)
class Initial:
    """What lay in the inboxes when the watcher began to look at them; no arrivals, so no toasts.

    Comes once after `start()`, for all agents, and once after each `add()`; empty inboxes count too.
    """

    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class ItemArrived:
    """A file came; told once, with its content."""

    item: Item


@dataclass(frozen=True, slots=True)
class ItemChanged:
    """A file that was told was written again in place: the same item, which now says something else."""

    before: Item
    item: Item


@dataclass(frozen=True, slots=True)
class ItemConsumed:
    """A file that was told left the inbox, at `at` seconds of wall time; `item` as it was told last."""

    item: Item
    at: float


@dataclass(frozen=True, slots=True)
class WatchTrouble:
    """Something that a person should know about the watching; each text is told once."""

    text: str


@dataclass(frozen=True, slots=True)
class InboxClosed:
    """An agent's inbox cannot be looked at, and why; without a reason it can be again."""

    agent: str
    why: str = ""


InboxEvent = Initial | ItemArrived | ItemChanged | ItemConsumed | InboxClosed | WatchTrouble
