"""What programs report of themselves: the Program Status Protocol, OSC 7501 (revisions 0.3 and 0.4).

A program asks `OSC 7501 ; ?` and gets the same back; then it reports with `key=value` pairs between colons.
A report is a record: of the program itself (the root), or of a part of its work, which an `id` names.

https://www.superlogical.com/rex/docs/build/program-status

Where that leaves a choice: a pair that is not well-formed is skipped, but an `id` that is there and wrong
drops its report, so that it never means the root; so does a title or message that cannot be read, also
beside `state=clear`. Padding of base64 may be missing. Of equal keys the last well-formed pair counts.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qms_tui.status_report import (
    CONTROL,
    INVISIBLE,
    KINDS,
    MOST_APP,
    MOST_MESSAGE,
    MOST_TITLE,
    UNDER_WAY,
    ProgramState,
    StatusRecord,
    is_record_id,
)
from qms_tui.terminal.packing import utf8_size
from qms_tui.terminal.shapes import State, checked

if TYPE_CHECKING:
    from qms_tui.terminal.screen import Screen

MOST_RECORDS = 256
MOST_BYTES = 4096  # of a report, with its introducer and terminator
_INTRODUCER = len("\x1b]7501;")
_TITLE, _MESSAGE = (256, MOST_TITLE), (2732, MOST_MESSAGE)  # characters of base64, bytes of UTF-8
_KEY = re.compile(r"[a-z]{1,16}")
_VALUE = re.compile(r"[A-Za-z0-9_.,+/=-]+")
_BLANKS = " \t"
_SHAPE = {"_records": [(str, str, str, int | None, str, str, str, float)]}


class ProgramStatus(Struct, frozen=True):
    """The records that stand: the program's own, and its children in the order of their last reports.

    A child without a name of its application has that of the nearest record above it.
    """

    root: StatusRecord | None = None
    children: tuple[StatusRecord, ...] = ()

    @property
    def ended(self) -> ProgramStatus:
        """What stands of it when the program has ended: nothing that was under way."""
        root = self.root if self.root is not None and self.root.state not in UNDER_WAY else None
        return ProgramStatus(root, tuple(child for child in self.children if child.state not in UNDER_WAY))


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
        if "id" in pairs and not is_record_id(name):
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
        self._is_at_rest &= record.state not in UNDER_WAY
        return True

    def end_program(self) -> bool:
        """The program has ended, or the shell shows its prompt: whether that changed anything."""
        if self._is_at_rest:
            return False
        self._is_at_rest = True
        return self._remove([each.id for each in self._records.values() if each.state in UNDER_WAY])

    def reset(self) -> bool:
        """RIS, or another program begins: whether that changed anything."""
        return self._clear("")

    def state(self) -> State:
        """For `restore`."""
        return {"_records": [_plain(record) for record in self._records.values()]}

    def restore(self, state: State) -> None:
        """Take a state; ValueError if it is none, or has what no report can say."""
        checked(state, _SHAPE)
        records = [_restored(each) for each in state["_records"][-MOST_RECORDS:]]
        if not all(map(_is_possible, records)):
            raise ValueError("a saved terminal has a status that no program can report")
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
    is_under_way = state in UNDER_WAY
    return StatusRecord(
        name,
        state,
        kind if state is ProgramState.BLOCKED and kind in KINDS else "",
        int(progress) if is_under_way and _is_percent(progress) else None,
        app if len(app) <= MOST_APP else "",
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
    if len(data) > most_decoded or CONTROL.search(text):
        raise ValueError("too long, or with control characters")
    return text if text.isascii() else INVISIBLE.sub("", text)


def _plain(record: StatusRecord) -> tuple[object, ...]:
    texts = record.kind, record.progress, record.app, record.title, record.message
    return record.id, record.state.value, *texts, record.at


def _restored(values: tuple[Any, ...]) -> StatusRecord:
    name, state, *rest = values
    return StatusRecord(name, ProgramState(state), *rest)


def _is_possible(record: StatusRecord) -> bool:
    """Whether reports can make such a record."""
    is_under_way, progress, app = record.state in UNDER_WAY, record.progress, record.app
    return (
        (not record.id or is_record_id(record.id))
        and (not record.kind or (record.kind in KINDS and record.state is ProgramState.BLOCKED))
        and (progress is None or (is_under_way and 0 <= progress <= 100))
        and (not app or (len(app) <= MOST_APP and _VALUE.fullmatch(app) is not None))
        and _is_clean(record.title, MOST_TITLE)
        and _is_clean(record.message, MOST_MESSAGE)
        and math.isfinite(record.at)
    )


def _is_clean(text: str, most: int) -> bool:
    """Whether reports can say this in at most so many bytes; ValueError if it is no text."""
    return len(text.encode()) <= most and not CONTROL.search(text)
