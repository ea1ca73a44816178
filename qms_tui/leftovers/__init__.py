"""What qms-tui has made for projects, of all of them: containers, networks, keepers, files; and what of it
may go.

thing    a thing as a value, and the decision whether it may go (pure)
engine   containers and networks
state    keepers, their sockets and journals, remembered layouts, histories of inboxes
table    all of it for people and as JSON
"""

from qms_tui.leftovers.engine import find_on_engine, is_named_after, remove_from_engine
from qms_tui.leftovers.state import find_in_state, remove_from_state, state_folder
from qms_tui.leftovers.table import as_json, as_table
from qms_tui.leftovers.thing import Kind, Outcome, Thing, why_to_go

__all__ = [
    "Kind",
    "Outcome",
    "Thing",
    "as_json",
    "as_table",
    "find_in_state",
    "find_on_engine",
    "is_named_after",
    "remove_from_engine",
    "remove_from_state",
    "state_folder",
    "why_to_go",
]
