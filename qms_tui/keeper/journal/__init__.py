"""The journal of an agent's output: raw bytes, sizes and times in files, and what is made of them.

`JournalWriter` writes, `latest` is where a new keeper goes on from, `cast_lines` and `text_lines` are the
history for people. The format is in records.py.
"""

from qms_tui.keeper.journal.asked import grep, parse_since
from qms_tui.keeper.journal.cast import cast_lines
from qms_tui.keeper.journal.export import write_file
from qms_tui.keeper.journal.found import Journal, find_journal
from qms_tui.keeper.journal.reader import (
    Entry,
    Latest,
    Segment,
    apply,
    latest,
    read_entries,
    read_records,
    read_segments,
    since,
)
from qms_tui.keeper.journal.records import Ended, Fact, Gap, Output, Record, Resized, Snapshot, Started
from qms_tui.keeper.journal.text import log_lines, text_lines
from qms_tui.keeper.journal.writer import JournalWriter

__all__ = [
    "Ended",
    "Entry",
    "Fact",
    "Gap",
    "Journal",
    "JournalWriter",
    "Latest",
    "Output",
    "Record",
    "Resized",
    "Segment",
    "Snapshot",
    "Started",
    "apply",
    "cast_lines",
    "find_journal",
    "grep",
    "latest",
    "log_lines",
    "parse_since",
    "read_entries",
    "read_records",
    "read_segments",
    "since",
    "text_lines",
    "write_file",
]
