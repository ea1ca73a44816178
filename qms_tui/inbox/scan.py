"""One look at inboxes, for a command that ends."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

from qms_tui.inbox.book import SETTLE
from qms_tui.inbox.events import InboxEvent, WatchTrouble
from qms_tui.inbox.followed import FollowedInbox
from qms_tui.inbox.item import Item


def scan(inboxes: Mapping[str, Path]) -> tuple[tuple[Item, ...], tuple[str, ...]]:
    """What lies in these inboxes now, oldest first, and what could not be looked at."""
    told: list[InboxEvent] = []
    items: list[Item] = []
    for agent, path in inboxes.items():
        inbox = FollowedInbox(agent, path, SETTLE, threading.Lock(), told.append)
        inbox.look(None)
        items += inbox.items
    troubles = tuple(event.text for event in told if isinstance(event, WatchTrouble))
    return tuple(sorted(items, key=lambda item: item.arrived)), troubles
