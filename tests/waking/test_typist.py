"""When a line is typed, when Enter is pressed, when not: a terminal fed by hand, a clock of the test's."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from qms_tui.terminal import Terminal
from qms_tui.waking import Act, Scene, Step, Typist
from qms_tui.waking.prompt import free_prompt
from qms_tui.waking.typist import BACK_OFF, QUIET, SETTLED, VERIFY

LINE = "New in your QMS inbox: message from lead. Check your QMS inbox."


class World:
    """A program's terminal and the human at it."""

    def __init__(self, shown: str = "> ", columns: int = 40, pattern: str = "> ") -> None:
        self.terminal = Terminal(columns, 10)
        self.show(shown)
        self.typist = Typist(re.compile(pattern))
        self.now, self.touched_at, self.hindrance = 1000.0, 0.0, ""

    def show(self, text: str) -> None:
        self.terminal.feed(text.encode())

    def touch(self) -> None:
        """The human types."""
        self.touched_at = self.now

    def hinder(self) -> None:
        """Another interface takes over."""
        self.hindrance = "another screen leads"

    def look_on(self) -> None:
        """The human does nothing."""

    def step(self, after: float = 0.0) -> Step:
        self.now += after
        return self.typist.step(Scene(self.now, self.touched_at, self.hindrance, self.terminal))

    def typed(self) -> None:
        """Up to where a line has been typed."""
        self.step()
        assert self.step(SETTLED).act is Act.TYPE
        self.typist.typed(LINE, self.now)


@pytest.mark.parametrize("columns", [40, 65, 66, 7, 200])
def test_enter_once_prompt_and_line_stand_there_whatever_the_width(columns: int) -> None:
    world = World("one\r\n" * 12 + "> ", columns)
    world.typed()
    world.show(LINE[:20])
    assert world.step(0.1).act is Act.NOTHING
    world.show(LINE[20:])
    assert world.step(0.1).act is Act.ENTER
    assert world.step(0.1).act is Act.NOTHING
    world.show("\r\nthanks\r\n> ")
    assert world.step(0.1) == Step(Act.TOLD)
    assert not world.typist.busy


def test_a_hint_behind_the_cursor_must_go() -> None:
    for rest, act in (("\x1b[K", Act.ENTER), ("", Act.NOTHING)):
        world = World("> \x1b[2mWhat shall I do?\x1b[m\x1b[H\x1b[2C", 100)
        world.typed()
        world.show(f"\x1b[4h{LINE}\x1b[4l{rest}")
        assert world.step().act is act


@pytest.mark.parametrize(
    ("rows", "act"),
    [
        (["> New in your QMS in", "box: message from le", "ad. Check your QMS i", "nbox."], Act.ENTER),
        (["> New in your QMS", "  inbox: message", "  from lead. Check", "  your QMS inbox."], Act.ENTER),
        (["> New in your QMS", "| inbox: message", "| from lead. Check", "| your QMS inbox."], Act.NOTHING),
        (["  New in your QMS", "  inbox: message", "  from lead. Check", "  your QMS inbox."], Act.NOTHING),
        (
            ["> New in your QMS", "  inbox: message", "  from lead. Check", "  your QMS inbox.", ""],
            Act.NOTHING,
        ),
    ],
)
def test_rows_that_the_program_breaks_itself(rows: list[str], act: Act) -> None:
    world = World("\x1b[?7l> ", 20)
    world.typed()
    world.show("\r" + "\r\n".join(rows))
    assert world.step(0.1).act is act
    if act is Act.ENTER:
        world.show("\r\n")
        assert world.step(0.1).act is Act.TOLD


def test_the_human_is_given_time() -> None:
    world = World()
    world.touch()
    assert world.step() == Step(again=world.now + QUIET)
    assert world.typist.state == "waits until you have stopped typing"
    world.now += QUIET - 1
    world.touch()
    assert world.step(1) == Step(again=world.touched_at + QUIET)
    assert world.step(QUIET - 1).act is Act.TYPE


def test_a_prompt_that_does_not_stay_is_none() -> None:
    world = World()
    assert world.step() == Step(again=world.now + SETTLED)
    world.show("\rworking")
    assert world.step(SETTLED) == Step()
    assert world.typist.state == "waits for a free prompt"
    world.show("\r\n> ")
    assert world.step().act is Act.NOTHING
    assert world.step(SETTLED).act is Act.TYPE


@pytest.mark.parametrize(
    ("shown", "pattern"),
    [
        ("> half", "> "),
        ("> half\r\x1b[2C", "> "),  # the cursor is back at the start
        ("> half", "> .*"),  # a pattern that takes what is typed for the prompt
        ("x> ", "> "),
        ("Delete all? [y/n] ", "> "),
        ("> \x1b[?25l", "> "),
        ("x" * 40 + "> ", "> "),  # the rest of a longer line
        ("x" * 38 + "\r\n" * 12 + "y" * 400 + "> \x1b[H\x1b[2C", "> "),
        ("\x1b[?1049h\x1b[2;1H", "> "),
        ("> " * 101, "(?:> |x)+"),
        ("> \x1b[2mhint\x1b[m half\x1b[H\x1b[2C", "> "),
        ("> \x1b[7mh\x1b[m\x1b[H\x1b[2C", "> "),  # one letter, below the program's own cursor
    ],
)
def test_what_is_no_free_prompt(shown: str, pattern: str) -> None:
    assert free_prompt(World(shown).terminal, re.compile(pattern)) is None


@pytest.mark.parametrize(
    "shown",
    [
        "> ",
        "\x1b[2J\x1b[H> ",
        "漢字> ",
        "text\r\n\x1b[31m> \x1b[m   \x1b[3D",
        ">\xa0",
        "\x1b[?1004h\x1b[?25l> ",
        "> \x1b[7mt\x1b[;2mype here\x1b[m\x1b[H\x1b[2C",
    ],
)
def test_what_is_a_free_prompt(shown: str) -> None:
    assert free_prompt(World(shown).terminal, re.compile("漢?字?> "))


def test_no_enter_where_nothing_shows_up_and_one_more_attempt_after_the_human_was_there() -> None:
    world = World()
    world.typed()
    assert world.step(VERIFY).act is Act.NOTHING
    assert world.step(0.1).act is Act.FAILED
    assert world.typist.state == "not verified: it did not show up behind the prompt"
    assert world.step(10 * BACK_OFF) == Step()
    world.touch()
    world.step()
    assert world.step(QUIET - 0.1).act is Act.NOTHING
    assert world.step(BACK_OFF).act is Act.TYPE
    world.typist.typed(LINE, world.now)
    assert world.step(VERIFY + 0.1).act is Act.FAILED
    world.touch()
    assert world.step(10 * BACK_OFF) == Step()
    assert world.typist.state.endswith("; w tries again")
    world.typist.start_over()
    world.typed()


def test_the_second_attempt_waits_its_time() -> None:
    world = World()
    world.typed()
    world.step(VERIFY + 0.1)
    failed = world.now
    world.now += 1
    world.touch()
    assert world.step() == Step(again=failed + BACK_OFF)


@pytest.mark.parametrize(
    ("shown", "spoil", "why"),
    [
        (LINE, World.touch, "you typed meanwhile"),
        (LINE, World.hinder, "another screen leads"),
        ("job done\r\n> " + LINE[1:], World.look_on, "it did not show up behind the prompt"),
        (LINE + "!", World.look_on, "it did not show up behind the prompt"),
        (LINE + "\b", World.look_on, "it did not show up behind the prompt"),
    ],
)
def test_no_enter_if_anything_else_happens(shown: str, spoil: Callable[[World], None], why: str) -> None:
    world = World()
    world.typed()
    world.now += 0.01
    world.show(shown)
    spoil(world)
    acts = [world.step(0.5).act for _ in range(8)]
    assert (acts.count(Act.FAILED), acts.count(Act.NOTHING)) == (1, 7)
    assert world.typist.state == f"not verified: {why}"


def test_a_hindrance_says_itself() -> None:
    world = World()
    world.hindrance = "another screen leads"
    assert world.step() == Step()
    assert world.typist.state == "waits: another screen leads"


def test_enter_that_does_nothing_is_not_pressed_again() -> None:
    world = World()
    world.typed()
    world.show(LINE)
    assert world.step().act is Act.ENTER
    assert [world.step(VERIFY / 2).act for _ in range(3)] == [Act.NOTHING, Act.NOTHING, Act.FAILED]
    assert world.typist.state == "not verified: it stood there still after Enter"
