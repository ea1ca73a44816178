"""What arrives in the agents' inboxes, and messages of one's own.

The watcher, which tells it, is `inbox.watcher`: that loads watchdog, and most need it late or never.
"""

from qms_tui.inbox.archive import matching, pick, put_away
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
from qms_tui.inbox.send import mailboxes, write_message
from qms_tui.inbox.subject import HUMAN, Reply, is_blank, reply_to, subject_of
from qms_tui.inbox.toasts import Toast, Toasts

__all__ = [
    "HUMAN",
    "Counts",
    "Entry",
    "Identity",
    "InboxClosed",
    "InboxEvent",
    "Initial",
    "Item",
    "ItemArrived",
    "ItemChanged",
    "ItemConsumed",
    "Kind",
    "Ledger",
    "Past",
    "Preview",
    "Reply",
    "Toast",
    "Toasts",
    "View",
    "WatchTrouble",
    "Wish",
    "is_blank",
    "mailboxes",
    "matching",
    "parse",
    "past_folder",
    "pick",
    "preview",
    "put_away",
    "reply_to",
    "scan",
    "subject_of",
    "write_message",
]
