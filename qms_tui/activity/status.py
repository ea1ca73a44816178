"""What a program reports of itself in its terminal (OSC 7501), as what it is doing. Pure.

The most pressing record counts. What waits for the human comes first, the program itself before its children;
then the program's own error or work; then a child's error, until the program reports something else; then
children that work, as a background job. Without all of these it is idle. Of several children the one counts
that has been so for the longest time. Texts are the program's: they are cut and shown, and decide nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from qms_tui.programs.values import LONGEST, Activity, Word
from qms_tui.terminal import ProgramState, ProgramStatus, StatusRecord
from qms_tui.text.amounts import counted

LONGEST_NAME = 60  # characters of a child's title
NOT_LOOKED_AT = "finished, not looked at yet"
_KINDS = {"permission": "permission", "question": "question", "auth": "login"}
_OWN = {ProgramState.ERROR: Word.ERROR, ProgramState.WORKING: Word.BUSY}
_RESTING = (ProgramState.IDLE, ProgramState.DONE)
_NUMBER = re.compile(r"\d+")
_UNDER_WAY = (ProgramState.WORKING, ProgramState.BLOCKED)


def activity_of(status: ProgramStatus, looked_at: float = 0.0, rested_at: float = 0.0) -> Activity | None:
    """What it is doing; None if it reports nothing.

    `looked_at` is when the human was at its pane last, `rested_at` when the last of its children ended.
    """
    return (
        _waiting(status) or _own(status.root) or _children(status) or _resting(status, looked_at, rested_at)
    )


def has_news(root: StatusRecord | None, looked_at: float) -> bool:
    """Whether it has finished and the human has not looked at its pane since."""
    return root is not None and root.state is ProgramState.DONE and looked_at < root.at


def background_work(status: ProgramStatus) -> str:
    """Which children work, in words; empty if none does."""
    working = _in(status.children, ProgramState.WORKING)
    if not working:
        return ""
    more = f" and {len(working) - 1} more" if len(working) > 1 else ""
    return f"{_with_progress(_name(working[0]), working[0])}{more}"


def login_wish(status: ProgramStatus) -> StatusRecord | None:
    """The record that waits for a login; None if none does."""
    blocked = _in(_records(status), ProgramState.BLOCKED)
    return next((record for record in blocked if record.kind == "auth"), None)


def standing(status: ProgramStatus, began: float) -> ProgramStatus:
    """Without the records of a program before the one that `began` then."""
    root = status.root if status.root is not None and status.root.at >= began else None
    return ProgramStatus(root, tuple(child for child in status.children if child.at >= began))


def continued(before: ProgramStatus, after: ProgramStatus) -> ProgramStatus:
    """The records that come after others, each since when it says the same: programs repeat themselves."""
    known = {record.id: record for record in _records(before)}
    root = _since(after.root, known) if after.root is not None else None
    return ProgramStatus(root, tuple(_since(child, known) for child in after.children))


def no_later(status: ProgramStatus, now: float) -> ProgramStatus:
    """The records, none of a time to come: what a clock that was set back has left there would stay news."""
    if all(record.at <= now for record in _records(status)):
        return status
    root = _at_most(status.root, now) if status.root is not None else None
    return ProgramStatus(root, tuple(_at_most(child, now) for child in status.children))


def rests(before: ProgramStatus, after: ProgramStatus) -> bool:
    """Whether the last of its children has ended."""
    return bool(_under_way(before)) and not _under_way(after)


def summary(status: ProgramStatus) -> tuple[str, float]:
    """All of it in a line, and since when the newest of it is so; empty and 0 if it reports nothing."""
    root, count = status.root, len(status.children)
    own = (_state(root), _KINDS.get(root.kind, ""), _words(root)) if root is not None else ()
    children = counted(count, "child", "children") if count else ""
    at = max((record.at for record in _records(status)), default=0.0)
    return ", ".join(part for part in (*own, children) if part), at


def _waiting(status: ProgramStatus) -> Activity | None:
    root, blocked = status.root, _in(status.children, ProgramState.BLOCKED)
    if root is not None and root.state is ProgramState.BLOCKED:
        return Activity(Word.NEEDS_YOU, _wish(root, root.message or root.title), root.at)
    if not blocked:
        return None
    wish = (_wish(blocked[0], blocked[0].message), f"in {_name(blocked[0])}")
    return Activity(Word.NEEDS_YOU, ", ".join(part for part in wish if part), blocked[0].at)


def _own(root: StatusRecord | None) -> Activity | None:
    """The program's own error or work."""
    word = _OWN.get(root.state) if root is not None else None
    return Activity(word, _words(root), root.at) if root is not None and word is not None else None


def _children(status: ProgramStatus) -> Activity | None:
    """What children do while the program itself rests, or says nothing."""
    since = status.root.at if status.root is not None else 0.0
    failed = [child for child in _in(status.children, ProgramState.ERROR) if child.at >= since]
    if failed:
        why = ": ".join(part for part in (_name(failed[0]), _cut(failed[0].message, LONGEST)) if part)
        return Activity(Word.ERROR, why, failed[0].at)
    working = _in(status.children, ProgramState.WORKING)
    return Activity(Word.BACKGROUND, background_work(status), working[0].at) if working else None


def _resting(status: ProgramStatus, looked_at: float, rested_at: float) -> Activity | None:
    root, last = status.root, max((record.at for record in _records(status)), default=0.0)
    if root is None and not status.children:
        return None
    since = max(rested_at, root.at if root is not None else last)
    return Activity(Word.IDLE, NOT_LOOKED_AT if has_news(root, looked_at) else "", since)


def _state(root: StatusRecord) -> str:
    return f"{root.app}: {root.state.value}" if root.app else root.state.value


def _wish(record: StatusRecord, text: str) -> str:
    """What it wants of the human."""
    words = _with_progress(_cut(text, LONGEST), record)
    return ": ".join(part for part in (_KINDS.get(record.kind, ""), words) if part)


def _words(record: StatusRecord) -> str:
    """What it says besides its state."""
    return _with_progress(_cut(record.message or record.title, LONGEST), record)


def _with_progress(text: str, record: StatusRecord) -> str:
    progress = f"{record.progress} %" if record.progress is not None else ""
    return ", ".join(part for part in (text, progress) if part)


def _name(child: StatusRecord) -> str:
    return _cut(child.title or child.id.rpartition("/")[2], LONGEST_NAME)


def _cut(text: str, most: int) -> str:
    """In one line, and not longer than that."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _records(status: ProgramStatus) -> tuple[StatusRecord, ...]:
    return status.children if status.root is None else (status.root, *status.children)


def _in(records: Sequence[StatusRecord], state: ProgramState) -> list[StatusRecord]:
    """Those in a state, the one that has been in it for the longest time first."""
    return sorted((record for record in records if record.state is state), key=lambda record: record.at)


def _under_way(status: ProgramStatus) -> set[str]:
    return {child.id for child in status.children if child.state in _UNDER_WAY}


def _since(record: StatusRecord, known: dict[str, StatusRecord]) -> StatusRecord:
    before = known.get(record.id)
    if before is None or before.at >= record.at or not _says_the_same(record, before):
        return record
    return replace(record, at=before.at)


def _at_most(record: StatusRecord, now: float) -> StatusRecord:
    return record if record.at <= now else replace(record, at=now)


def _says_the_same(record: StatusRecord, before: StatusRecord) -> bool:
    """Work goes on whatever it says of it; idle after done is the same rest, done after idle is not. A wait
    or an error is the same while only its numbers are others: some count seconds."""
    if record.state is ProgramState.IDLE:
        return before.state in _RESTING
    if record.state in (ProgramState.WORKING, ProgramState.DONE):
        return before.state is record.state
    return _gist(record) == _gist(before)


def _gist(record: StatusRecord) -> tuple[ProgramState, str, str]:
    return record.state, record.kind, _NUMBER.sub("0", record.message or record.title)
