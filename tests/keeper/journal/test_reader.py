"""The reader: torn, damaged, foreign and vanishing files, and where to go on from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qms_tui.keeper.journal import (
    Output,
    Snapshot,
    apply,
    latest,
    read_entries,
    read_records,
    read_segments,
    since,
    text_lines,
)
from qms_tui.keeper.journal.files import file_name
from qms_tui.keeper.journal.records import LARGEST_PAYLOAD, OVERHEAD, encode
from qms_tui.keeper.past import read_past
from qms_tui.terminal import Terminal
from qms_tui.terminal.state import LARGEST
from tests.keeper.journal.tape import NOON, Tape, replayed, screen

CAPTURES = sorted((Path(__file__).parents[2] / "terminal" / "captures").glob("*.raw"))


def words(folder: Path) -> bytes:
    return b"".join(
        entry.fact.data for entry in read_entries(read_segments(folder)) if isinstance(entry.fact, Output)
    )


def flip(path: Path, at: int) -> None:
    """Change a byte; negative counts from the end."""
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
def test_the_latest_state_is_that_of_a_terminal_that_never_left(capture: Path, tmp_path: Path) -> None:
    data = capture.read_bytes()
    tape = Tape(tmp_path, size=(120, 40), segment=len(data) // 5)
    for at in range(0, len(data), 777):
        tape.say(data[at : at + 777])
    tape.resize(100, 30)
    tape.say("and on\r\n")
    assert len(read_segments(tmp_path)) > 1
    again = replayed(tmp_path)
    assert screen(again) == screen(tape.terminal)
    assert list(again.history) == list(tape.terminal.history)
    assert again.take_replies() == b""


def test_a_torn_tail_is_ignored_at_every_byte(tmp_path: Path) -> None:
    tape = Tape(tmp_path / "whole")
    tape.say("one")
    before = tape.size
    tape.say("two")
    [path] = tape.folder.iterdir()
    content = path.read_bytes()
    (tmp_path / "torn").mkdir()
    for end in range(before, len(content)):
        (tmp_path / "torn" / path.name).write_bytes(content[:end])
        said: list[str] = []
        found = latest(tmp_path / "torn", said.append)
        assert found is not None
        assert found.facts == (Output(b"one"),)
        assert not said


def test_a_writer_that_was_killed_in_the_middle_is_followed_by_one_that_is_read(tmp_path: Path) -> None:
    tape = Tape(tmp_path)
    tape.say("one")
    tape.say("lost")
    path = tmp_path / file_name(1)
    os.truncate(path, path.stat().st_size - 3)
    later = Tape(tmp_path)
    later.say("two")
    assert words(tmp_path) == b"onetwo"


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    tape = Tape(tmp_path)
    tape.say("mine")
    (tmp_path / "00000007.journal").write_bytes(b"no journal at all, but longer than its header would be")
    (tmp_path / "00000008.journal").mkdir()
    os.mkfifo(tmp_path / "00000009.journal")
    (tmp_path / "00000010.journal").symlink_to(tmp_path / "00000001.journal")
    (tmp_path / "00000011.journal").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("x")
    assert [segment.number for segment in read_segments(tmp_path)] == [1]
    assert replayed(tmp_path).display == tape.terminal.display
    tape.writer.rotate(tape.terminal.save())
    assert [segment.number for segment in read_segments(tmp_path)] == [1, 12]


LENGTH = 9  # where a record has its length: after its kind and time
WRONG = "00000001.journal: a record whose checksum is wrong; it is left out"


@pytest.mark.parametrize(("number", "at"), [(0, OVERHEAD - 4), (1, 0), (1, 8), (1, OVERHEAD - 4), (1, -1)])
def test_a_damaged_record_costs_itself_and_is_told(number: int, at: int, tmp_path: Path) -> None:
    tape = Tape(tmp_path)
    ends = [tape.size]
    for word in ("one ", "two ", "three "):
        tape.say(word)
        ends.append(tape.size)
    tape.writer.rotate(tape.terminal.save())
    tape.say("four")
    flip(tmp_path / file_name(1), (ends[number + 1] if at < 0 else ends[number]) + at)
    said: list[str] = []
    facts = [entry.fact for entry in read_entries(read_segments(tmp_path), said.append)]
    left = [word for word in (b"one ", b"two ", b"three ", b"four") if word != (b"one ", b"two ")[number]]
    assert [fact.data for fact in facts if isinstance(fact, Output)] == left
    assert said == [WRONG]


def test_after_a_wrong_length_the_rest_of_the_file_is_left_out_and_the_next_one_is_read(
    tmp_path: Path,
) -> None:
    tape = Tape(tmp_path)
    before = tape.size
    for word in ("one ", "two ", "three " * 9):
        tape.say(word)
    tape.writer.rotate(tape.terminal.save())
    tape.say("four")
    flip(tmp_path / file_name(1), before + LENGTH + 3)
    said: list[str] = []
    facts = [entry.fact for entry in read_entries(read_segments(tmp_path), said.append)]
    assert [fact.data for fact in facts if isinstance(fact, Output)] == [b"four"]
    assert said[0] == WRONG


def test_a_record_that_is_too_large_costs_itself(tmp_path: Path) -> None:
    """As an earlier version wrote of an agent with very many links."""
    tape = Tape(tmp_path)
    tape.say("one ")
    head = b"\x01" + bytes(8) + (LARGEST_PAYLOAD + 1).to_bytes(4, "big")
    with (tmp_path / file_name(1)).open("ab") as file:
        file.write(head)
        file.seek(LARGEST_PAYLOAD + 1 + 4, os.SEEK_CUR)
        file.truncate()  # a hole: it takes no room
        file.write(encode(1.0, Output(b"two")))
    said: list[str] = []
    found = latest(tmp_path, said.append)
    assert found is not None
    assert found.facts == (Output(b"one "), Output(b"two"))
    assert {*said} == {"00000001.journal: a record longer than any; it is left out"}


def test_an_agent_cannot_erase_its_record(tmp_path: Path) -> None:
    """Thousands of long links made each state so large that older files had no room."""
    tape = Tape(tmp_path, size=(200, 50))
    tape.say("this is how it began\r\n")
    for number in range(5000):
        tape.say(f"\x1b]8;id={number};https://example.org/{'x' * 2060}\x1b\\{'a' * 900}")
    assert read_segments(tmp_path)[0].number == 1
    assert len(read_segments(tmp_path)) > 5
    assert max(len(fact.state) for fact in tape.facts if isinstance(fact, Snapshot)) <= LARGEST
    assert next(text_lines(iter(tape.entries))) == "this is how it began"


def test_a_snapshot_that_cannot_be_used_is_made_up_for_by_what_is_before(tmp_path: Path) -> None:
    tape = Tape(tmp_path)
    tape.say("one ")
    tape.writer.rotate(b"of another version")
    tape.say("two")
    said: list[str] = []
    found = latest(tmp_path, said.append)
    assert found is not None
    for fact in found.facts:
        apply(found.terminal, fact)
    assert screen(found.terminal) == screen(tape.terminal)
    assert any("cannot be used" in text for text in said)


def test_a_damaged_newest_file_leaves_the_state_before_it(tmp_path: Path) -> None:
    tape = Tape(tmp_path)
    tape.say("one ")
    tape.writer.rotate(tape.terminal.save())
    flip(tmp_path / file_name(2), 60)  # in the snapshot
    assert replayed(tmp_path).display[0].startswith("one ")


@pytest.mark.parametrize("content", [None, b"", b"nothing usable"])
def test_without_anything_usable_there_is_no_latest(content: bytes | None, tmp_path: Path) -> None:
    folder = tmp_path / "qa"
    if content is not None:
        folder.mkdir()
        (folder / file_name(1)).write_bytes(content)
    assert latest(folder) is None


def test_what_is_replayed_is_bounded(tmp_path: Path) -> None:
    tape = Tape(tmp_path)
    tape.writer.rotate(b"unusable")
    for _ in range(12):
        tape.writer.output(bytes(2**20))
    tape.writer.rotate(b"unusable")
    assert latest(tmp_path) is None


def test_files_may_vanish_while_they_are_read(tmp_path: Path) -> None:
    tape = Tape(tmp_path)
    for number in range(3):
        tape.say(f"{number}")
        tape.writer.rotate(tape.terminal.save())
    segments = read_segments(tmp_path)
    said: list[str] = []
    found = []
    for entry in read_entries(segments, said.append):
        (tmp_path / file_name(1)).unlink(missing_ok=True)  # is open: read to its end
        (tmp_path / file_name(2)).unlink(missing_ok=True)
        found.append(entry.fact)
    assert [fact for fact in found if isinstance(fact, Output)] == [Output(b"0"), Output(b"2")]
    assert not said
    assert [*read_records(segments[0])] == []


def test_since_begins_with_the_file_before(tmp_path: Path) -> None:
    tape = Tape(tmp_path)
    for _ in range(4):
        tape.wait(3600)
        tape.writer.rotate(tape.terminal.save())
    numbers = {
        hours: [segment.number for segment in since(tmp_path, NOON + hours * 3600)]
        for hours in (-1, 0.5, 1.5, 3.99, 9)
    }
    assert numbers == {-1: [1, 2, 3, 4, 5], 0.5: [1, 2, 3, 4, 5], 1.5: [2, 3, 4, 5], 3.99: [4, 5], 9: [5]}


def test_since_reads_rather_more_when_the_clock_was_put_back(tmp_path: Path) -> None:
    tape = Tape(tmp_path)
    for seconds in (100, 100, -150, 100):
        tape.wall += seconds
        tape.writer.rotate(tape.terminal.save())
    assert [segment.number for segment in since(tmp_path, NOON + 120)] == [2, 3, 4, 5]


def test_reading_while_writing(tmp_path: Path) -> None:
    """A reader that begins at any moment sees a journal that is whole."""
    tape = Tape(tmp_path, size=(20, 4), scrollback=20, limit=30_000, segment=3_000)
    for number in range(1000):
        tape.say(f"line {number}\r\n")
        if number % 37 == 0:
            assert screen(replayed(tmp_path)) == screen(tape.terminal)


def test_a_snapshot_of_an_empty_terminal_is_enough(tmp_path: Path) -> None:
    Tape(tmp_path, size=(7, 3))
    found = latest(tmp_path)
    assert found is not None
    assert (found.terminal.columns, found.terminal.lines) == (7, 3)
    assert found.wall == pytest.approx(NOON)
    assert isinstance(found.terminal, Terminal)
    assert not any(isinstance(fact, Snapshot) for fact in found.facts)


def test_what_programs_report_comes_back_with_its_times(tmp_path: Path) -> None:
    """From the snapshot, and from what was replayed since."""
    tape = Tape(tmp_path)
    tape.terminal.clock = lambda: tape.wall
    tape.say("\x1b]7501;state=idle:id=a\x07", 5)
    tape.writer.rotate(tape.terminal.save())
    tape.say("\x1b]7501;state=blocked:kind=question\x07", 60)
    tape.say("\x1b]7501;?\x07\x1b[c", 60)
    past = read_past(tmp_path, 100)
    assert past is not None
    assert past.terminal.status == tape.terminal.status
    root, (child,) = past.terminal.status.root, past.terminal.status.children
    assert root is not None
    assert [root.at, child.at] == pytest.approx([NOON + 65, NOON + 5])
    assert not past.terminal.take_replies()
    assert not past.terminal.take_events()


def test_what_was_under_way_has_ended_with_its_program(tmp_path: Path) -> None:
    tape = Tape(tmp_path)
    tape.say("\x1b]7501;state=working\x07\x1b]7501;state=done:id=a\x07")
    tape.writer.end(0, "")
    assert _names(tmp_path) == ["a"]
    tape.writer.start("c0ffee", "", tape.wall)
    tape.say("\x1b]7501;state=idle:id=b\x07")
    assert _names(tmp_path) == ["b"]


def _names(folder: Path) -> list[str]:
    past = read_past(folder, 100)
    assert past is not None
    status = past.terminal.status
    return [record.id for record in (*([status.root] if status.root else []), *status.children)]
