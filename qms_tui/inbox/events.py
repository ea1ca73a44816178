"""What the watcher tells its owner."""

from __future__ import annotations

from msgspec import Struct

from qms_tui.inbox.item import Item


class Initial(Struct, frozen=True):
    """What lay in the inboxes when the watcher began to look at them; no arrivals, so no toasts.

    Comes once after `start()`, for all agents, and once after each `add()`; empty inboxes count too.
    """

    items: tuple[Item, ...]


class ItemArrived(Struct, frozen=True):
    """A file came; told once, with its content."""

    item: Item


class ItemChanged(Struct, frozen=True):
    """A file that was told was written again in place: the same item, which now says something else."""

    before: Item
    item: Item


class ItemConsumed(Struct, frozen=True):
    """A file that was told left the inbox, at `at` seconds of wall time; `item` as it was told last."""

    item: Item
    at: float


class WatchTrouble(Struct, frozen=True):
    """Something that a person should know about the watching; each text is told once."""

    text: str


class InboxClosed(Struct, frozen=True):
    """An agent's inbox cannot be looked at, and why; without a reason it can be again."""

    agent: str
    why: str = ""


InboxEvent = Initial | ItemArrived | ItemChanged | ItemConsumed | InboxClosed | WatchTrouble
