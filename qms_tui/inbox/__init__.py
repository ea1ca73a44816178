"""What arrives in the agents' inboxes: the watcher, what it tells, and messages of one's own."""

from qms_tui.inbox.events import (
    InboxEvent,
    Initial,
    ItemArrived,
    ItemChanged,
    ItemConsumed,
    WatchTrouble,
)
from qms_tui.inbox.item import Counts, Identity, Item, Kind
from qms_tui.inbox.parse import parse
from qms_tui.inbox.past import Past, past_folder
from qms_tui.inbox.scan import scan
from qms_tui.inbox.send import HUMAN, mailboxes, write_message
from qms_tui.inbox.watcher import InboxWatcher

__all__ = [
    "HUMAN",
    "Counts",
    "Identity",
    "InboxEvent",
    "InboxWatcher",
    "Initial",
    "Item",
    "ItemArrived",
    "ItemChanged",
    "ItemConsumed",
    "Kind",
    "Past",
    "WatchTrouble",
    "mailboxes",
    "parse",
    "past_folder",
    "scan",
    "write_message",
]
