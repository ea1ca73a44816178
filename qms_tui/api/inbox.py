"""Inboxes as clients see them. Times are seconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass
from enum import auto

from qms_tui.api.words import Words

HUMAN = "lead"  # whose inbox is the human's own


class ItemKind(Words):
    """What an item asks for."""

    REVIEW = auto()
    APPROVAL = auto()
    MESSAGE = auto()
    NOTICE = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Receipt:
    """How far an item has come: announced to its agent `at`, `delivered` to its model.

    `failed` is when the turn that had it ended with an error, `again` when it will be announced again;
    `open` whether the turn that has it goes on.
    """

    at: float = 0.0
    delivered: float | None = None
    failed: float | None = None
    again: float | None = None
    open: bool = False


@dataclass(frozen=True, slots=True)
class InboxItem:
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


@dataclass(frozen=True, slots=True)
class KindCount:
    """How many items of a kind wait."""

    kind: ItemKind
    count: int


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One inbox: how many items wait, and why it cannot be looked at, if it cannot."""

    agent: str
    counts: tuple[KindCount, ...] = ()
    closed: str = ""

    @property
    def waiting(self) -> int:
        """How many items wait, of all kinds."""
        return sum(each.count for each in self.counts)


@dataclass(frozen=True, slots=True)
class Inbox:
    """All inboxes: the newest items first, and how many older ones there are `more`."""

    items: tuple[InboxItem, ...] = ()
    more: int = 0
    mailboxes: tuple[Mailbox, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemFact:
    """A line of an item's head: `assigned by`, `qa`."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class ItemPreview:
    """What an item's file says; `trouble` is why that is not all, or nothing."""

    facts: tuple[ItemFact, ...] = ()
    text: str = ""
    trouble: str = ""
