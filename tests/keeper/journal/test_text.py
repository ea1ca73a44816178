"""The history as text: every line once, however it was shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from qms_tui.keeper.journal import log_lines, text_lines
from qms_tui.terminal import Terminal
from tests.keeper.journal.tape import NOON, Tape

ALTERNATE, MAIN = "\x1b[?1049h\x1b[H\x1b[2J", "\x1b[?1049l"
CAPTURES = Path(__file__).parents[2] / "terminal" / "captures"


@pytest.fixture
def tape(tmp_path: Path) -> Tape:
    return Tape(tmp_path)


def text(tape: Tape, since: float | None = None) -> list[str]:
    return [*text_lines(tape.entries, since)]


def paint(rows: list[str]) -> str:
    return "".join(f"\x1b[{y};1H{row}\x1b[K" for y, row in enumerate(rows, 1))


def test_each_line_once_whatever_has_scrolled_off(tape: Tape) -> None:
    for number in range(300):
        tape.say(f"line {number}\r\n")
    assert text(tape) == [f"line {number}" for number in range(300)]


def test_lines_in_one_flood(tape: Tape) -> None:
    tape.say("".join(f"{number}\r\n" for number in range(50_000)))
    assert text(tape) == [str(number) for number in range(50_000)]


def test_equal_lines_are_told_as_often_as_they_came(tape: Tape) -> None:
    tape.say("yes\r\n" * 5000)
    assert text(tape) == ["yes"] * 5000


def test_a_long_line_is_one_line(tape: Tape) -> None:
    long = "".join(f"{number:05}" for number in range(60))
    tape.say(f"{long}\r\n" * 20)
    assert text(tape) == [long] * 20


def test_an_engines_log_is_laid_out_at_a_size() -> None:
    log = "".join(f"line {number}\r\n" for number in range(300)) + "x" * 50 + "\r\n\x1b[1A\x1b[2Klast"
    lines = [f"line {number}" for number in range(300)]
    assert [*log_lines(log.encode(), 50, 10)] == [*lines, "last"]
    assert [*log_lines(log.encode(), 40, 10)] == [*lines, "x" * 40, "last"]
    assert [*log_lines(paint(["one", "two"]).encode() + ALTERNATE.encode() + b"three", 40, 10)] == [
        "one", "two", "three",
    ]  # fmt: skip


def test_lines_survive_new_sizes(tape: Tape) -> None:
    wanted = [f"line {number} which is a good deal longer than twenty columns" for number in range(200)]
    for number, line in enumerate(wanted):
        tape.say(f"{line}\r\n")
        if number % 20 == 10:
            tape.resize(*((20, 5), (90, 24), (40, 3))[number // 20 % 3])
    assert text(tape) == wanted


def test_a_progress_line_is_told_as_it_was_last(tape: Tape) -> None:
    for percent in range(101):
        tape.say(f"\r{percent} %", 0.1)
    tape.say("\r\ndone\r\n")
    assert text(tape) == ["100 %", "done"]


def test_what_is_cleared_is_told_before(tape: Tape) -> None:
    tape.say("one\r\ntwo\r\n", 5)
    tape.say("\x1b[H\x1b[2J\x1b[3Jthree\r\n", 5)
    tape.say("\x1b[H\x1b", 5)
    tape.say("[Jfour", 5)
    assert text(tape) == ["one", "two", "three", "four"]


def test_a_program_that_clears_and_writes_all_again_adds_nothing(tape: Tape) -> None:
    lines = [f"message {number}" for number in range(60)]
    for count in (20, 40, 60):
        tape.say("\x1b[2J\x1b[3J\x1b[H" + "".join(f"{line}\r\n" for line in lines[:count]), 5)
    assert text(tape) == lines


def test_a_full_screen_program_is_told_in_its_place(tape: Tape) -> None:
    tape.say("$ edit\r\n")
    tape.say(ALTERNATE + paint(["a file", "", "of three rows"]), 1)
    tape.say(MAIN + "$ exit\r\n", 3)
    assert text(tape) == ["$ edit", "a file", "", "of three rows", "$ exit"]


def test_a_pager_gives_each_line_once(tape: Tape) -> None:
    lines = [f"line {number} of the document" for number in range(60)]
    tape.say(ALTERNATE)
    for top in (0, 9, 18, 19, 20, 19, 18, 27, 36, 45, 51, 0):
        tape.say(paint([*lines[top : top + 9], ":"]), 2)
    tape.say(MAIN, 2)
    told = text(tape)
    assert [line for line in told if line.startswith("line")] == lines


def test_a_pager_that_scrolls_by_a_line_gives_each_line_once(tape: Tape) -> None:
    tape.say(ALTERNATE + paint([f"line {number}" for number in range(9)]))
    for number in range(9, 100):
        tape.say(f"\x1b[10;1H\r\x1b[Kline {number}\r\n", 0.7)
    tape.say(MAIN, 2)
    assert text(tape) == [f"line {number}" for number in range(100)]


def test_a_line_that_streams_is_told_when_it_stands(tape: Tape) -> None:
    tape.say(ALTERNATE + paint(["question"]), 1)
    for end in range(1, 30):
        tape.say(f"\x1b[3;1H{'the answer grows word by word'[:end]}", 0.05)
    tape.say("\x1b[5;1H> ", 2)
    assert text(tape) == ["question", "", "the answer grows word by word"]


def test_counters_and_spinners_are_told_once(tape: Tape) -> None:
    tape.say(ALTERNATE + paint(["title", "working", "below"]), 1)
    for second in range(100):
        tape.say(f"\x1b[2;1H{'|/-'[second % 3]} thinking {second} s", 1)
    tape.say(MAIN, 2)
    told = text(tape)
    assert len([line for line in told if "thinking" in line]) == 1
    assert len(told) <= 6


def test_programs_that_repaint_everything_give_each_line_once(tape: Tape) -> None:
    tape.say(ALTERNATE)
    for _ in range(50):
        tape.say("\x1b[H\x1b[2J" + paint(["alpha", "beta", "gamma"]), 2)
    tape.say(MAIN, 1)
    assert text(tape) == ["alpha", "beta", "gamma"]


def test_what_is_on_the_screen_comes_last(tape: Tape) -> None:
    tape.say("$ top\r\n")
    tape.say(ALTERNATE + paint(["still", "there"]), 1)
    assert text(tape) == ["$ top", "still", "there"]


def test_starts_ends_and_gaps_are_lines(tape: Tape, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    tape.writer.start("abc", "image:1", NOON)
    tape.say("hello\r\n", 90)
    tape.writer.gap(NOON, NOON + 60, filled=False, reason="the keeper was \x1b[2Jkilled")
    tape.writer.gap(NOON, NOON + 60, filled=True, size=12_345)
    tape.writer.end(137, "out of memory")
    found = text(tape)
    monkeypatch.undo()
    time.tzset()
    assert found == [
        "-- 2026-11-22 12:00:00 started --",
        "hello",
        "-- 2026-11-22 12:01:30 not recorded from 2026-11-22 12:00:00 to 2026-11-22 12:01:00, "
        "output is missing (the keeper was [2Jkilled) --",
        "-- 2026-11-22 12:01:30 not recorded from 2026-11-22 12:00:00 to 2026-11-22 12:01:00, "
        "12,345 bytes come from the engine's log --",
        "-- 2026-11-22 12:01:30 ended, exit code 137 (out of memory) --",
    ]


def test_a_new_container_that_says_the_same_is_told_again(tape: Tape) -> None:
    for container in ("one", "two"):
        tape.terminal = Terminal(40, 10)
        tape.writer.rotate(tape.terminal.save())
        tape.writer.start(container, "", NOON)
        tape.say("welcome\r\n", 1)
        tape.writer.end(0, "")
    assert [line for line in text(tape) if not line.startswith("--")] == ["welcome", "welcome"]


def test_after_a_gap_what_is_still_shown_is_not_told_again(tape: Tape) -> None:
    tape.say("one\r\ntwo\r\n", 1)
    later = Terminal(40, 10)
    later.feed(b"one\r\ntwo\r\nthree\r\n")
    tape.writer.gap(NOON, NOON + 60, filled=False)
    tape.writer.rotate(later.save())
    tape.writer.output(b"four\r\n")
    assert [line for line in text(tape) if not line.startswith("--")] == ["one", "two", "three", "four"]


def test_since_leaves_out_what_had_scrolled_off(tape: Tape) -> None:
    tape.say("".join(f"old {number}\r\n" for number in range(100)))
    tape.wait(3600)
    tape.say("".join(f"new {number}\r\n" for number in range(100)))
    found = text(tape, NOON + 60)
    assert found[-100:] == [f"new {number}" for number in range(100)]
    assert len(found) <= 110


def test_a_journal_whose_beginning_was_pruned_begins_with_the_history(tape: Tape) -> None:
    tape.say("".join(f"line {number}\r\n" for number in range(100)))
    tape.writer.rotate(tape.terminal.save())
    (tape.folder / "00000001.journal").unlink()
    tape.say("last\r\n")
    assert text(tape) == [*(f"line {number}" for number in range(100)), "last"]


def test_files_leave_no_seam(tmp_path: Path) -> None:
    tape = Tape(tmp_path, segment=700)
    for number in range(300):
        tape.say(f"line {number}\r\n")
    assert len([*tmp_path.iterdir()]) > 5
    assert text(tape) == [f"line {number}" for number in range(300)]


def test_nothing_that_a_terminal_obeys_is_left(tape: Tape) -> None:
    tape.say("a\x1b]0;title\x07b\x9bmc\u202ed\x07e\x00f 漢字 👨\u200d👩\u200d👧\r\n")
    [line] = text(tape)
    assert line == "abcdef 漢字 👨\u200d👩\u200d👧"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("git-log-color", "commit "), ("npm", ""), ("claude-code", ""), ("less", ""), ("vim", ""), ("htop", "")],
)
def test_real_programs(name: str, wanted: str, tmp_path: Path) -> None:
    """Nothing is told much more often than it was there."""
    data = (CAPTURES / f"{name}.raw").read_bytes()
    tape = Tape(tmp_path, size=(120, 40))
    for at in range(0, len(data), 1000):
        tape.say(data[at : at + 1000], 0.1)
    told = text(tape)
    assert told
    assert any(wanted in line for line in told)
    assert not any("\x1b" in line for line in told)
    for row in tape.terminal.display:
        assert row.rstrip() in told or not row.strip()
