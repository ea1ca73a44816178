"""Reports that are written are read back by a terminal as what they say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qms_tui.status_report import (
    INVISIBLE,
    KINDS,
    MOST_ID,
    STATUS_QUERY,
    UNDER_WAY,
    ProgramState,
    StatusRecord,
    encode_clear,
    encode_report,
    is_record_id,
)
from qms_tui.terminal import Terminal

MOST_BYTES = 4096  # of a report
_SEGMENTS = "ABCXYZabcxyz0123456789_.+-"
_ids = st.lists(st.text(_SEGMENTS, min_size=1, max_size=32), max_size=8).map("/".join)
_visible = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=40).map(
    lambda text: INVISIBLE.sub("", text)
)


@st.composite
def _records(draw: st.DrawFn) -> StatusRecord:
    state = draw(st.sampled_from(ProgramState))
    return StatusRecord(
        draw(_ids.filter(lambda name: len(name) <= MOST_ID)),
        state,
        draw(st.sampled_from(["", *sorted(KINDS)])) if state is ProgramState.BLOCKED else "",
        draw(st.none() | st.integers(0, 100)) if state in UNDER_WAY else None,
        draw(st.text(_SEGMENTS + ",/=", max_size=32)),
        draw(_visible),
        draw(_visible),
    )


def _read(*reports: bytes) -> list[StatusRecord]:
    terminal = Terminal(80, 24)
    for report in reports:
        terminal.feed(report)
    status = terminal.status
    return [*([status.root] if status.root else []), *status.children]


@settings(deadline=None)
@given(_records())
def test_a_terminal_reads_what_was_written(record: StatusRecord) -> None:
    assert _read(encode_report(record)) == [record]


@settings(deadline=None)
@given(
    st.text(), st.sampled_from(["", "a", "€", "👍", "\u202e", "\x1b]0;x\x07", "\ud800"]), st.integers(0, 3000)
)
def test_any_text_makes_a_valid_report(start: str, piece: str, count: int) -> None:
    text = start + piece * count
    report = encode_report(StatusRecord("a", ProgramState.WORKING, title=text, message=text))
    (record,) = _read(report)
    assert len(report) <= MOST_BYTES
    assert report.isascii()
    assert record.message.startswith(record.title)
    assert len(record.title.encode()) <= 192
    assert len(record.message.encode()) <= 2048


@pytest.mark.parametrize(
    ("character", "title", "message"), [("a", 192, 2048), ("é", 96, 1024), ("€", 64, 682)]
)
def test_a_long_text_is_cut_between_characters(character: str, title: int, message: int) -> None:
    long = character * 3000
    (record,) = _read(encode_report(StatusRecord("", ProgramState.ERROR, title=long, message=long)))
    assert (record.title, record.message) == (character * title, character * message)


def test_the_longest_report_fits() -> None:
    name = "/".join(["a" * 15] * 8)
    record = StatusRecord(name, ProgramState.BLOCKED, "permission", 100, "a" * 32, "t" * 192, "m" * 2048)
    assert _read(encode_report(record)) == [record]


def test_line_ends_become_blanks() -> None:
    (record,) = _read(encode_report(StatusRecord("", ProgramState.ERROR, message="one\ntwo\tthree\x9b")))
    assert record.message == "one two three "


@pytest.mark.parametrize(
    "record",
    [
        StatusRecord("a//b", ProgramState.IDLE),
        StatusRecord("a/", ProgramState.IDLE),
        StatusRecord("a:state=clear", ProgramState.IDLE),
        StatusRecord("é", ProgramState.IDLE),
        StatusRecord("a" * 33, ProgramState.IDLE),
        StatusRecord("/".join("abcdefghi"), ProgramState.IDLE),
        StatusRecord("/".join(["a" * 32] * 4), ProgramState.IDLE),
        StatusRecord("", ProgramState.BLOCKED, "hunger"),
        StatusRecord("", ProgramState.WORKING, "permission"),
        StatusRecord("", ProgramState.WORKING, progress=101),
        StatusRecord("", ProgramState.WORKING, progress=-1),
        StatusRecord("", ProgramState.DONE, progress=100),
        StatusRecord("", ProgramState.IDLE, app="two words"),
        StatusRecord("", ProgramState.IDLE, app="a:id=b"),
        StatusRecord("", ProgramState.IDLE, app="a" * 33),
        StatusRecord("", ProgramState.IDLE, app="a\n"),
    ],
)
def test_what_no_report_can_say_is_refused(record: StatusRecord) -> None:
    with pytest.raises(ValueError, match=r"cannot name|has no"):
        encode_report(record)


def test_clear_takes_a_record_and_what_is_below_it() -> None:
    idle = StatusRecord("", ProgramState.IDLE)
    reports = [encode_report(replace(idle, id=name)) for name in ("", "a", "a/b", "c")]
    assert [record.id for record in _read(*reports, encode_clear("a"))] == ["", "c"]
    assert _read(*reports, encode_clear()) == []


@pytest.mark.parametrize("name", ["a//b", "a b", "a" * 33, "a\n"])
def test_clear_refuses_a_wrong_id(name: str) -> None:
    with pytest.raises(ValueError, match="cannot name"):
        encode_clear(name)


def test_no_id_names_the_root() -> None:
    assert not is_record_id("")


def test_a_terminal_answers_the_query_with_itself() -> None:
    terminal = Terminal(80, 24)
    terminal.feed(STATUS_QUERY)
    assert terminal.take_replies() == STATUS_QUERY
