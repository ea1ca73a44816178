"""Recordings: what the format asks for, and that asciinema itself shows the right screen."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ptyprocess import PtyProcess

from qms_tui.keeper.journal import cast_lines
from qms_tui.keeper.journal.reader import Entry
from qms_tui.keeper.journal.records import Output, Snapshot
from qms_tui.terminal import Terminal
from tests.keeper.journal.tape import NOON, Tape

CAPTURES = sorted((Path(__file__).parents[2] / "terminal" / "captures").glob("*.raw"))


@pytest.fixture
def tape(tmp_path: Path) -> Tape:
    return Tape(tmp_path / "journal")


def cast(tape: Tape, since: float = 0.0) -> tuple[dict[str, Any], list[Any]]:
    """Header and events."""
    head, *events = map(json.loads, cast_lines(tape.entries, "qa in project", since))
    return head, events


def played(events: list[Any], columns: int, lines: int) -> Terminal:
    """What a player that knows of sizes shows in the end."""
    terminal = Terminal(columns, lines)
    for _, code, content in events:
        if code == "o":
            terminal.feed(content.encode())
        elif code == "r":
            terminal.resize(*map(int, content.split("x")))
    return terminal


def shown(terminal: Terminal) -> list[object]:
    rows = [[(run.text, run.style) for run in terminal.styled(y)] for y in range(terminal.lines)]
    return [terminal.display, rows, terminal.cursor, terminal.modes.alternate_screen]


def asciinema(path: Path, columns: int, lines: int, *command: str) -> Terminal:
    """What the real program prints into a terminal of this size."""
    home = {"HOME": str(path.parent), "TERM": "xterm-256color", "LANG": "C.UTF-8", "PATH": os.environ["PATH"]}
    process = PtyProcess.spawn(
        [sys.executable, "-W", "ignore", "-m", "asciinema", *command, str(path)],
        dimensions=(lines, columns),
        env=home,
    )
    terminal = Terminal(columns, lines)
    try:
        while True:
            terminal.feed(process.read(65536))
    except EOFError:
        assert process.wait() == 0, terminal.display
    finally:
        process.close()
    return terminal


def test_the_header_and_events_are_what_the_format_asks_for(tape: Tape) -> None:
    tape.say("hello\r\n", 1.5)
    tape.resize(50, 12)
    tape.writer.start("abc", "image", NOON)
    tape.wait(2.0)
    tape.writer.end(0, "")
    head, events = cast(tape)
    assert head == {
        "version": 2, "width": 40, "height": 10, "timestamp": int(NOON), "idle_time_limit": 2,
        "title": "qa in project", "env": {"TERM": "xterm-256color"},
    }  # fmt: skip
    assert events == [
        [1.5, "o", "hello\r\n"],
        [1.5, "r", "50x12"],
        [1.5, "m", "started"],
        [3.5, "m", "ended, exit code 0"],
    ]


def test_a_character_cut_in_two_comes_whole_and_broken_bytes_are_replaced(tape: Tape) -> None:
    data = "漢字👩‍👩‍👧é".encode() + b"\xff\xc3(\xe6\xbc"
    for at in range(len(data)):
        tape.say(data[at : at + 1], 0.1)
    _, events = cast(tape)
    assert "".join(content for _, _, content in events) == "漢字👩‍👩‍👧é\ufffd\ufffd("
    assert all(content for _, _, content in events)


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
@pytest.mark.parametrize("middle", [False, True])
def test_asciinema_shows_the_journals_last_screen(capture: Path, middle: bool, tmp_path: Path) -> None:
    data = capture.read_bytes()
    tape = Tape(tmp_path / "journal", size=(120, 40), segment=30_000)
    for at in range(0, len(data), 700):
        tape.say(data[at : at + 700], 0.01)
    path = tmp_path / "f.cast"
    since = NOON + len(data) / 700 * 0.01 / 2 if middle else 0.0
    path.write_text("".join(cast_lines(tape.entries, "title", since)), encoding="utf-8")
    assert shown(asciinema(path, 120, 40, "cat")) == shown(tape.terminal)


def test_asciinema_plays_it(tape: Tape, tmp_path: Path) -> None:
    tape.say("first\r\n", 0.1)
    tape.writer.start("abc", "image", NOON)
    tape.say("\x1b[31mlast", 40_000)
    path = tmp_path / "f.cast"
    path.write_text("".join(cast_lines(tape.entries, "title")), encoding="utf-8")
    assert shown(asciinema(path, 40, 10, "play", "-s", "100")) == shown(tape.terminal)


def test_a_recording_from_the_middle_of_a_full_screen_program(tape: Tape) -> None:
    tape.say("$ edit\r\n\x1b[?1049h\x1b[2;8r\x1b[44m\x1b[5;1Hbody of the text\x1b[")
    tape.say("7m", 3600)
    tape.say("inverse", 1)
    tape.say("\x1b[?1049l", 1)
    head, events = cast(tape, NOON + 1800)
    assert head["timestamp"] == int(NOON + 3600)
    assert events[0][0] == 0
    assert "body of the text" in events[0][2]
    before_leaving = played(events[:-1], 40, 10)
    assert before_leaving.modes.alternate_screen
    assert before_leaving.display[4].startswith("body of the textinverse")
    assert shown(played(events, 40, 10)) == shown(tape.terminal)


def test_sizes_are_followed(tape: Tape) -> None:
    tape.say("a line that is longer than the screen is wide, so it wraps\r\n" * 8)
    tape.resize(70, 20)
    tape.say("more\r\n" * 3)
    tape.resize(30, 6)
    tape.say("end")
    for since in (0.0, NOON):
        head, events = cast(tape, since)
        assert shown(played(events, head["width"], head["height"])) == shown(tape.terminal)


def test_after_a_gap_the_screen_is_painted(tape: Tape) -> None:
    tape.say("before\r\n", 1)
    later = Terminal(50, 12)
    later.feed(b"\x1b[?1049h\x1b[3;3Hother screen")
    tape.wait(60)
    tape.writer.gap(NOON, NOON + 60, filled=False)
    tape.writer.rotate(later.save())
    tape.writer.output(b" and on")
    later.feed(b" and on")
    head, events = cast(tape)
    assert [code for _, code, _ in events] == ["o", "m", "r", "o", "o", "o"]
    assert "not recorded from" in events[1][2]
    assert shown(played(events, head["width"], head["height"])) == shown(later)


def test_files_leave_no_seam(tmp_path: Path) -> None:
    tape = Tape(tmp_path, segment=500)
    for number in range(200):
        tape.say(f"line {number}\r\n", 0.25)
    assert len([*tmp_path.iterdir()]) > 3
    _, events = cast(tape)
    assert [content for _, _, content in events] == [f"line {number}\r\n" for number in range(200)]
    assert [time for time, _, _ in events] == pytest.approx([0.25 * (n + 1) for n in range(200)])


def test_when_nothing_has_happened_since_a_picture_is_left(tape: Tape) -> None:
    tape.say("all there is")
    head, events = cast(tape, NOON + 3600)
    assert (head["width"], head["height"]) == (40, 10)
    assert shown(played(events, 40, 10)) == shown(tape.terminal)


def test_without_a_usable_snapshot_there_are_no_lines() -> None:
    said: list[str] = []
    entries = [Entry(0.0, 0.0, Snapshot(b"?")), Entry(0.0, 0.0, Output(b"x"))]
    assert [*cast_lines(entries, "", say=said.append)] == []
    assert said


@settings(max_examples=150, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.binary(max_size=40), max_size=12))
def test_any_bytes_make_a_recording_that_is_valid_and_shows_the_same(chunks: list[bytes]) -> None:
    terminal = Terminal(20, 6)
    entries = [Entry(5.0, 0.0, Snapshot(terminal.save()))]
    for number, chunk in enumerate(chunks):
        entries.append(Entry(5.0 + number, float(number), Output(chunk)))
        terminal.feed(chunk)
    _, *events = [json.loads(line.encode()) for line in cast_lines(entries, "")]
    again = played(events, 20, 6)
    if not terminal._screen.eight_bit:  # 8-bit controls cannot be written as text
        assert again.display == terminal.display
