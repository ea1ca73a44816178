"""What programs report of themselves: the Program Status Protocol, OSC 7501 (revision 0.3).

A program asks `OSC 7501 ; ?` and gets the same back; then it reports with `key=value` pairs between colons.
A report is a record: of the program itself (the root), or of a part of its work, which an `id` names.

https://www.superlogical.com/rex/docs/build/program-status

Where that leaves a choice: a pair that is not well-formed is skipped, but an `id` that is there and wrong
drops its report, so that it never means the root; so does a title or message that cannot be read, also
beside `state=clear`. Padding of base64 may be missing. Of equal keys the last well-formed pair counts.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from qms_tui.terminal.packing import utf8_size
from qms_tui.terminal.shapes import State, checked

if TYPE_CHECKING:
    from qms_tui.terminal.screen import Screen

MOST_RECORDS = 256
MOST_BYTES = 4096  # of a report, with its introducer and terminator
_INTRODUCER = len("\x1b]7501;")
_TITLE, _MESSAGE = (256, 192), (2732, 2048)  # characters of base64, bytes of UTF-8
_KEY = re.compile(r"[a-z]{1,16}")
_VALUE = re.compile(r"[A-Za-z0-9_.,+/=-]+")
_ID = re.compile(r"[A-Za-z0-9_.+-]{1,32}(/[A-Za-z0-9_.+-]{1,32}){0,7}")
_MOST_ID, _MOST_APP = 128, 32  # characters
_BLANKS = " \t"
_KINDS = frozenset({"permission", "question", "auth"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_INVISIBLE = re.compile(  # Unicode's Default_Ignorable_Code_Point, line separators, interlinear annotations
    "[\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_SHAPE = {"_records": [(str, str, str, int | None, str, str, str, float)]}


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


_ENDS_WITH_PROGRAM = (ProgramState.WORKING, ProgramState.BLOCKED)


@dataclass(frozen=True, slots=True)
class StatusRecord:
    """One record. All text is the program's: hostile data, without control and invisible characters."""

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
    """When it came, by the terminal's clock: seconds since 1970, 0 if that has none."""


@dataclass(frozen=True, slots=True)
class ProgramStatus:
    """The records that stand: the program's own, and its children in the order of their last reports.

    A child without a name of its application has that of the nearest record above it.
    """

    root: StatusRecord | None = None
    children: tuple[StatusRecord, ...] = ()


NO_STATUS = ProgramStatus()


class StatusRecords:
    """A screen's records."""

    def __init__(self) -> None:
        self._records: dict[str, StatusRecord] = {}  # the one reported last is the last
        self._view: ProgramStatus | None = NO_STATUS  # made when it is wanted, not for each report of many
        self._is_at_rest = True  # no record is under way: prompt after prompt has nothing to look for

    @property
    def view(self) -> ProgramStatus:
        """What stands now."""
        if self._view is None:
            self._view = self._viewed()
        return self._view

    def _viewed(self) -> ProgramStatus:
        children = tuple(
            record if record.app else replace(record, app=self._inherited(record.id))
            for record in self._records.values()
            if record.id
        )
        return ProgramStatus(self._records.get(""), children)

    def take(self, report: str, now: float) -> bool:
        """Act on a report; whether that changed anything."""
        pairs = _pairs(report)
        name = pairs.get("id", "")
        if "id" in pairs and not (len(name) <= _MOST_ID and _ID.fullmatch(name)):
            return False
        try:
            record = _record(name, pairs, now)
        except ValueError:
            return False
        if record is None:
            return self._clear(name)
        self._records.pop(name, None)
        self._records[name] = record
        if len(self._records) > MOST_RECORDS:
            del self._records[next(iter(self._records))]
        self._view = None
        self._is_at_rest &= record.state not in _ENDS_WITH_PROGRAM
        return True

    def end_program(self) -> bool:
        """The program has ended, or the shell shows its prompt: whether that changed anything."""
        if self._is_at_rest:
            return False
        self._is_at_rest = True
        return self._remove([each.id for each in self._records.values() if each.state in _ENDS_WITH_PROGRAM])

    def reset(self) -> bool:
        """RIS, or another program begins: whether that changed anything."""
        return self._clear("")

    def state(self) -> State:
        """For `restore`."""
        return {"_records": [_plain(record) for record in self._records.values()]}

    def restore(self, state: State) -> None:
        """Take a state; ValueError if it is none."""
        checked(state, _SHAPE)
        records = [_restored(each) for each in state["_records"][-MOST_RECORDS:]]
        self._records = {record.id: record for record in records}
        self._view = None
        self._is_at_rest = False

    def _clear(self, name: str) -> bool:
        below = f"{name}/" if name else ""
        return self._remove([each for each in self._records if each == name or each.startswith(below)])

    def _remove(self, names: Collection[str]) -> bool:
        for name in names:
            del self._records[name]
        if names:
            self._view = None
        return bool(names)

    def _inherited(self, name: str) -> str:
        """The application of the nearest record above one that has any."""
        while name:
            name = name.rpartition("/")[0]
            above = self._records.get(name)
            if above is not None and above.app:
                return above.app
        return ""


def program_status(screen: Screen, text: str) -> None:
    """OSC 7501."""
    if text == "?":
        screen.reply(f"\x1b]7501;?{screen.osc_end}")
    elif _INTRODUCER + utf8_size(text) + len(screen.osc_end) <= MOST_BYTES:
        screen.has_new_status |= screen.status.take(text, screen.clock())


def _pairs(report: str) -> Mapping[str, str]:
    """The well-formed pairs, by key; a malformed id stays, so that it never means the root."""
    pairs = {}
    for part in report.split(":"):
        key, equals, value = part.partition("=")
        key, value = key.strip(_BLANKS), value.strip(_BLANKS)
        if key == "id" or (equals and _KEY.fullmatch(key) and _VALUE.fullmatch(value)):
            pairs[key] = value
    return pairs


def _record(name: str, pairs: Mapping[str, str], now: float) -> StatusRecord | None:
    """None if it clears; ValueError if the report means nothing, or has texts that cannot be read."""
    title = _text(pairs.get("title", ""), *_TITLE)
    message = _text(pairs.get("msg", ""), *_MESSAGE)
    if pairs.get("state") == "clear":
        return None
    state = ProgramState(pairs.get("state"))
    kind, app, progress = pairs.get("kind", ""), pairs.get("app", ""), pairs.get("progress", "")
    is_under_way = state in _ENDS_WITH_PROGRAM
    return StatusRecord(
        name,
        state,
        kind if state is ProgramState.BLOCKED and kind in _KINDS else "",
        int(progress) if is_under_way and _is_percent(progress) else None,
        app if len(app) <= _MOST_APP else "",
        title,
        message,
        now,
    )


def _is_percent(text: str) -> bool:
    return text.isdecimal() and len(text) <= 3 and int(text) <= 100


def _text(encoded: str, most: int, most_decoded: int) -> str:
    """Base64 of UTF-8, perhaps without padding, as text; ValueError if it is too long or none."""
    if not encoded:
        return ""
    if len(encoded) > most:
        raise ValueError("too long")
    data = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    text = data.decode()
    if len(data) > most_decoded or _CONTROL.search(text):
        raise ValueError("too long, or with control characters")
    return text if text.isascii() else _INVISIBLE.sub("", text)


def _plain(record: StatusRecord) -> tuple[object, ...]:
    texts = record.kind, record.progress, record.app, record.title, record.message
    return record.id, record.state.value, *texts, record.at


def _restored(values: tuple[Any, ...]) -> StatusRecord:
    name, state, *rest = values
    return StatusRecord(name, ProgramState(state), *rest)
