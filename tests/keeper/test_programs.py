"""What programs report of themselves on its way from the keeper to `qms-tui ps`."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_tui.activity.status import activity_of
from qms_tui.errors import KeeperError
from qms_tui.keeper import programs, protocol
from qms_tui.keeper.client import KeeperClient
from qms_tui.keeper.programs import MOST_MESSAGE, decoded, encoded, reported
from qms_tui.terminal import NO_STATUS, ProgramState, ProgramStatus, StatusRecord
from qms_tui.terminal.program_status import MOST_RECORDS

_texts = st.text(max_size=9)
_records = st.builds(
    StatusRecord,
    *(_texts, st.sampled_from(ProgramState), st.sampled_from(["", "auth"]), st.none() | st.integers(0, 100)),
    *(_texts, _texts, _texts, st.floats(0, 2e9)),
)
statuses = st.builds(ProgramStatus, st.none() | _records, st.lists(_records, max_size=5).map(tuple))


@given(statuses)
def test_it_comes_as_it_was_sent(status: ProgramStatus) -> None:
    assert decoded(json.loads(json.dumps(encoded(status)))) == status


def test_what_a_child_has_to_say_is_cut() -> None:
    child = StatusRecord("a", ProgramState.BLOCKED, message="m" * 2048)
    root = replace(child, id="")
    sent = decoded(encoded(ProgramStatus(root, (child,))))
    assert sent == ProgramStatus(root, (replace(child, message="m" * MOST_MESSAGE),))


@pytest.mark.parametrize("message", [" " * 300 + "approve", "m" * 199, "m" * 200, "m" * 201, "a  " * 300])
def test_a_message_reads_as_on_the_screen(message: str) -> None:
    status = ProgramStatus(None, (StatusRecord("a", ProgramState.BLOCKED, message=message),))
    assert activity_of(decoded(encoded(status))) == activity_of(status)


def test_the_most_that_many_programs_report_fits_a_frame() -> None:
    """Each character of the longest texts is six bytes of JSON."""
    title, message, name = "é" * 96, "é" * 1024, "/".join(["n" * 30] * 4)
    child = StatusRecord(name, ProgramState.BLOCKED, "permission", 100, "a" * 32, title, message, 1.7e9)
    status = ProgramStatus(replace(child, id=""), (child,) * (MOST_RECORDS - 1))
    every = {"programs": {f"{number:064}": encoded(status) for number in range(32)}}
    assert len(protocol.message(protocol.Kind.WELCOME, every)) < protocol.LARGEST


def test_without_a_keeper_there_is_nothing_and_none_is_started(keeper: KeeperClient, tmp_path: Path) -> None:
    assert reported(keeper) == {}
    assert not (tmp_path / "state").exists()


def test_a_keeper_that_hangs_is_not_waited_for(
    keeper: KeeperClient, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "PATIENCE", 0.05)
    with pytest.raises(KeeperError, match="the keeper does not answer"):
        reported(keeper)


@pytest.mark.parametrize(
    ("welcome", "expected"),
    [
        ({"protocol": protocol.PROTOCOL, "programs": {"c0ffee": encoded(NO_STATUS)}}, {"c0ffee": NO_STATUS}),
        ({"protocol": protocol.PROTOCOL - 1, "agents": {}}, {}),
        ({"protocol": protocol.PROTOCOL - 1, "programs": {"c0ffee": {"root": 7}}}, {}),
    ],
)
def test_a_keeper_of_another_version_says_nothing(
    keeper: KeeperClient,
    welcome: dict[str, object],
    expected: dict[str, ProgramStatus],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keeper, "status", lambda want, patience: welcome)
    assert reported(keeper) == expected


_RECORD = encoded(ProgramStatus(StatusRecord("", ProgramState.IDLE, at=1.0)))["root"]
_WRONG: tuple[dict[str, Any], ...] = (
    *({"state": "asleep"}, {"state": []}, {"message": 7}),
    *({"at": "now"}, {"at": float("nan")}, {"more": 1}),
)


@pytest.mark.parametrize(
    "programs",
    [
        None,
        [],
        {"c0ffee": None},
        {"c0ffee": {}},
        {"c0ffee": {"root": 7, "children": []}},
        {"c0ffee": {"root": {}, "children": []}},
        {"c0ffee": {"root": None, "children": "abc"}},
        {"c0ffee": {"root": None, "children": [7]}},
        *({"c0ffee": {"root": {**_RECORD, **wrong}, "children": []}} for wrong in _WRONG),
    ],
)
def test_a_damaged_answer_is_an_error(
    keeper: KeeperClient, programs: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    welcome = {"protocol": protocol.PROTOCOL, "programs": programs}
    monkeypatch.setattr(keeper, "status", lambda want, patience: welcome)
    with pytest.raises(KeeperError, match="damaged"):
        reported(keeper)
