"""What arrives in the agents' inboxes: the watcher, what it tells, and messages of one's own."""

from qms_tui.inbox.events import (
    InboxClosed,
    InboxEvent,
    Initial,
    ItemArrived,
    ItemChanged,
    ItemConsumed,
    WatchTrouble,
)
from qms_tui.inbox.item import Counts, Identity, Item, Kind
from qms_tui.inbox.ledger import Entry, Ledger, View, Wish
from qms_tui.inbox.parse import parse
from qms_tui.inbox.past import Past, past_folder
from qms_tui.inbox.preview import Preview, preview
from qms_tui.inbox.scan import scan
from qms_tui.inbox.send import HUMAN, mailboxes, write_message
from qms_tui.inbox.toasts import Toast, Toasts
from qms_tui.inbox.watcher import InboxWatcher

__all__ = [
    "HUMAN",
    "Counts",
    "Entry",
    "Identity",
    "InboxClosed",
    "InboxEvent",
    "InboxWatcher",
    "Initial",
    "Item",
    "ItemArrived",
    "ItemChanged",
    "ItemConsumed",
    "Kind",
    "Ledger",
    "Past",
    "Preview",
    "Toast",
    "Toasts",
    "View",
    "WatchTrouble",
    "Wish",
    "mailboxes",
    "parse",
    "past_folder",
    "preview",
    "scan",
    "write_message",
]
