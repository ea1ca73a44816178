"""Inboxes as clients see them. Times are seconds since 1970."""

from __future__ import annotations

from enum import auto

from msgspec import Struct

from qms_tui.api.words import Words

HUMAN = "lead"  # whose inbox is the human's own


class ItemKind(Words):
    """What an item asks for."""

    REVIEW = auto()
    APPROVAL = auto()
    MESSAGE = auto()
    NOTICE = auto()
    UNKNOWN = auto()


class Receipt(Struct, frozen=True):
    """How far an item has come: announced to its agent `at`, `delivered` to its model.

    `failed` is when the turn that had it ended with an error, `again` when it will be announced again;
    `open` whether the turn that has it goes on.
    """

    at: float = 0.0
    delivered: float | None = None
    failed: float | None = None
    again: float | None = None
    open: bool = False


class InboxItem(Struct, frozen=True):
    """A file in an agent's inbox, or one that was there: then `consumed` is when it left.

    `number` orders items that arrived at the same time and is an item's own while a daemon runs; `id` is what
    commands take. `held` is one that came with a project that is not trusted.
    """

    number: int
    agent: str
    id: str
    name: str = ""
    kind: ItemKind = ItemKind.UNKNOWN
    headline: str = ""
    document: str = ""
    sender: str = ""
    arrived: float = 0.0
    consumed: float | None = None
    held: bool = False
    receipt: Receipt | None = None


class KindCount(Struct, frozen=True):
    """How many items of a kind wait."""

    kind: ItemKind
    count: int


class Mailbox(Struct, frozen=True):
    """One inbox: how many items wait, and why it cannot be looked at, if it cannot."""

    agent: str
    counts: tuple[KindCount, ...] = ()
    closed: str = ""

    @property
    def waiting(self) -> int:
        """How many items wait, of all kinds."""
        return sum(each.count for each in self.counts)


class Inbox(Struct, frozen=True):
    """All inboxes: the newest items first, and how many older ones there are `more`."""

    items: tuple[InboxItem, ...] = ()
    more: int = 0
    mailboxes: tuple[Mailbox, ...] = ()


class ItemFact(Struct, frozen=True):
    """A line of an item's head: `assigned by`, `qa`."""

    name: str
    text: str


class ItemPreview(Struct, frozen=True):
    """What an item's file says; `trouble` is why that is not all, or nothing."""

    facts: tuple[ItemFact, ...] = ()
    text: str = ""
    trouble: str = ""
