"""What a keeper has read and not journaled is its successor's; nothing comes twice."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qms_tui.keeper.journal.files import Position, last_position
from qms_tui.keeper.journal.writer import JournalWriter
from qms_tui.keeper.last_read import FILE, LastRead


@pytest.fixture
def journal(tmp_path: Path) -> JournalWriter:
    journal = JournalWriter(tmp_path)
    journal.rotate(b"a state")
    return journal


def read(last_read: LastRead, journal: JournalWriter, printed: bytes) -> bytes:
    """As the keeper does before it journals."""
    ours, theirs = os.pipe()
    os.write(theirs, printed)
    os.close(theirs)
    try:
        return last_read.read(ours, 16384, journal.position)
    finally:
        os.close(ours)


def begun(folder: Path) -> LastRead:
    last_read = LastRead(folder)
    last_read.begin()
    return last_read


@pytest.mark.parametrize("printed", [b"x", b"\xc3\xa9\0\n" * 4000, b"\0" * 100])
def test_what_was_read_is_there(tmp_path: Path, journal: JournalWriter, printed: bytes) -> None:
    assert read(begun(tmp_path), journal, printed) == printed
    assert LastRead(tmp_path).rest(last_position(tmp_path)) == printed


def test_what_was_journaled_is_not(tmp_path: Path, journal: JournalWriter) -> None:
    last_read = begun(tmp_path)
    journal.output(read(last_read, journal, b"one"))
    assert LastRead(tmp_path).rest(last_position(tmp_path)) == b""
    assert read(last_read, journal, b"2") == b"2"
    assert LastRead(tmp_path).rest(last_position(tmp_path)) == b"2"


def test_nor_is_what_a_new_file_begins_with(tmp_path: Path, journal: JournalWriter) -> None:
    journal.output(read(begun(tmp_path), journal, b"one"))
    journal.rotate(b"another state")
    assert LastRead(tmp_path).rest(last_position(tmp_path)) == b""


def test_a_record_that_was_torn_does_not_count(tmp_path: Path, journal: JournalWriter) -> None:
    before = journal.position
    journal.output(read(begun(tmp_path), journal, b"x" * 5000))
    (segment,) = tmp_path.glob("*.journal")
    os.truncate(segment, before.size + 4096)
    assert LastRead(tmp_path).rest(last_position(tmp_path)) == b"x" * 5000


@pytest.mark.parametrize("content", [b"", b"short", bytes(20_000)])
def test_a_file_that_is_none_of_ours(tmp_path: Path, journal: JournalWriter, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert LastRead(tmp_path).rest(last_position(tmp_path)) == b""
    assert read(begun(tmp_path), journal, b"one") == b"one"


def test_without_a_disk_it_only_reads(tmp_path: Path, journal: JournalWriter) -> None:
    last_read = begun(tmp_path / "nowhere")
    assert read(last_read, journal, b"one") == b"one"
    assert LastRead(tmp_path).rest(Position()) == b""
    last_read.close()
    last_read.close()
