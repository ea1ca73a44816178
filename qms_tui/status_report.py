"""A record of the Program Status Protocol (OSC 7501, revisions 0.3 and 0.4), and the bytes that report it.

For programs that report: the demo's agents, and qms-tui to the terminal around it. terminal/program_status.py
reads such reports.

https://www.superlogical.com/rex/docs/build/program-status
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

STATUS_QUERY = b"\x1b]7501;?\x07"
"""Asks whether the terminal takes reports: one that does answers with the same bytes."""
STATUS_ANSWER = re.compile(rb"\x1b\]7501;\?(?::[ -~]*)?(?:\x1b\\|\x07)")
"""Since revision 0.4 it may list the states and kinds that it shows; it leaves out others by itself."""

KINDS = frozenset({"permission", "question", "auth"})
MOST_ID = 128  # characters
MOST_APP = 32  # characters
MOST_TITLE = 192  # bytes of UTF-8
MOST_MESSAGE = 2048  # bytes of UTF-8
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
INVISIBLE = re.compile(  # Unicode's Default_Ignorable_Code_Point, line separators, interlinear annotations
    "[\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_ID = re.compile(r"[A-Za-z0-9_.+-]{1,32}(/[A-Za-z0-9_.+-]{1,32}){0,7}")
_APP = re.compile(rf"[A-Za-z0-9_.,+/=-]{{0,{MOST_APP}}}")


class ProgramState(Enum):
    """What a program says that it does."""

    IDLE = "idle"
    """It waits for the next instruction."""
    WORKING = "working"
    DONE = "done"
    """It has finished, and nobody has looked yet."""
    BLOCKED = "blocked"
    """It cannot go on without the user."""
    ERROR = "error"
    """It has failed and stopped."""


UNDER_WAY = (ProgramState.WORKING, ProgramState.BLOCKED)
"""The states that end with the program, and that have a progress."""


@dataclass(frozen=True, slots=True)
class StatusRecord:
    """One record. What a terminal has read is hostile text, without control and invisible characters."""

    id: str
    """Empty for the root, else at most 8 segments, parted by slashes."""
    state: ProgramState
    kind: str = ""
    """Why it is blocked: permission, question or auth; empty if it does not say."""
    progress: int | None = None
    """Percent, while it works or is blocked."""
    app: str = ""
    title: str = ""
    message: str = ""
    at: float = 0.0
    """When it came, by the terminal's clock: seconds since 1970, 0 if that has none. It is not reported."""


def is_record_id(text: str) -> bool:
    """Whether `text` can name a child record."""
    return len(text) <= MOST_ID and _ID.fullmatch(text) is not None


def encode_report(record: StatusRecord) -> bytes:
    """The report that sets `record`. Its texts become a visible line each, cut to the protocol's limits.

    Raises:
        ValueError: no report can say that: a wrong id, kind, progress or name of the application.
    """
    if record.id and not is_record_id(record.id):
        raise ValueError(f"{record.id!r} cannot name a record")
    if record.kind and (record.kind not in KINDS or record.state is not ProgramState.BLOCKED):
        raise ValueError(f"{record.state.value} has no kind {record.kind!r}")
    if record.progress is not None and not (record.state in UNDER_WAY and 0 <= record.progress <= 100):
        raise ValueError(f"{record.state.value} has no progress {record.progress!r}")
    if not _APP.fullmatch(record.app):
        raise ValueError(f"{record.app!r} cannot name an application")
    return _encoded(_pairs(record))


def encode_clear(name: str = "") -> bytes:
    """The report that removes the record `name` and all below it; without a name, every record.

    Raises:
        ValueError: `name` cannot name a record.
    """
    if name and not is_record_id(name):
        raise ValueError(f"{name!r} cannot name a record")
    return _encoded([("state", "clear"), ("id", name)])


def _pairs(record: StatusRecord) -> Iterator[tuple[str, str]]:
    yield "state", record.state.value
    yield "id", record.id
    yield "kind", record.kind
    yield "progress", "" if record.progress is None else str(record.progress)
    yield "app", record.app
    yield "title", _base64(record.title, MOST_TITLE)
    yield "msg", _base64(record.message, MOST_MESSAGE)


def _encoded(pairs: Iterable[tuple[str, str]]) -> bytes:
    """The sequence, ended by BEL, which old terminals know, too; some print a part of ST.

    An empty value is left out: it would be malformed, and an id makes the whole report so.
    """
    return b"\x1b]7501;%b\x07" % ":".join(f"{key}={value}" for key, value in pairs if value).encode()


def _base64(text: str, most: int) -> str:
    """What is visible of `text`, in at most `most` bytes. A control character would spoil the report."""
    visible = INVISIBLE.sub("", CONTROL.sub(" ", text)).encode(errors="ignore")  # half a surrogate is none
    whole_characters = visible[:most].decode(errors="ignore")
    return base64.b64encode(whole_characters.encode()).decode()
