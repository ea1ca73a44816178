"""A pane whose terminal has another size than the pane: another interface leads and has set it.

The facts that say so come as the keeper's do, through `Agent.take`; the programs are real.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

import pytest

from qms_tui.core import AgentState
from qms_tui.runtime import Led, Received, Remarked, Resized, Size
from qms_tui.terminal import Terminal
from qms_tui.ui.chrome import StatusLine
from qms_tui.ui.letterbox import WHOLE, View, beside, hidden, look_at

from .conftest import Screen

OpenApp: TypeAlias = Callable[..., AbstractAsyncContextManager[Screen]]
CAT = ("cat", "-v")
NUMBERED = "".join(f"\x1b[{n};1Hrow {n}" for n in range(1, 61)).encode()


def terminal(columns: int, lines: int, output: bytes) -> Terminal:
    made = Terminal(columns, lines)
    made.feed(output)
    return made


@pytest.mark.parametrize(
    ("output", "view"),
    [
        (b"$ ", View(0, 0)),
        (b"\r\n" * 30 + b"$ ", View(11, 0)),  # the prompt on the last row in view
        (b"\r\n" * 30 + b"$ \x1b7\r\nstatus below\x1b8", View(12, 0)),  # and what is written below it
        (b"\x1b[50;1Hstatus\x1b[5;1H", View(0, 0)),  # too far from each other: the cursor counts
        (b"\x1b[50;1Hstatus\x1b[25;1H", View(14, 0)),  # in the middle
        (b"\x1b[1;150H", View(0, 109)),
        (b"\x1b[1;200H", View(0, 120)),  # no further than there is something
        (b"\x1b[50;1Hstatus\x1b[5;150H\x1b[?25l", View(30, 0)),  # no cursor to follow
    ],
)
def test_the_part_around_the_cursor(output: bytes, view: View) -> None:
    assert look_at(terminal(200, 50, output), 80, 20, WHOLE) == view


def test_the_view_stays_while_the_cursor_is_in_it() -> None:
    seen = terminal(200, 50, b"\x1b[50;1Hstatus\x1b[25;150H")
    first = look_at(seen, 80, 20, WHOLE)
    for output, same in ((b"\x1b[15;111H", True), (b"\x1b[30;185H", True), (b"\x1b[14;150H", False)):
        seen.feed(output)
        assert (look_at(seen, 80, 20, first) == first) is same


@pytest.mark.parametrize(("columns", "lines"), [(80, 20), (10, 5), (80, 5), (10, 20)])
def test_what_fits_is_shown_whole(columns: int, lines: int) -> None:
    assert look_at(terminal(columns, lines, b"x" * 99), 80, 20, View(3, 3)) == WHOLE


def test_what_is_out_of_view_is_named() -> None:
    assert hidden(terminal(200, 50, b""), 80, 20, View(11, 0)) == "↑11 ↓19 →120"
    assert hidden(terminal(80, 20, b""), 80, 20, WHOLE) == ""


def test_edge_and_dots() -> None:
    rows = [beside(row, 12, 5, 2) for row in range(-1, 5)]
    assert [len(row) for row in rows] == [7, 7, 7, 12, 12, 12]
    assert rows[2][0] == "│"
    assert rows[3].startswith("─────┘")
    assert set(rows[4]) == {"·", " "}
    assert beside(0, 12, 12, 2) == beside(0, 12, 200, 2) == ""


async def follow(ui: Screen, size: Size, agent: str = "claude", leader: str = "pts/3") -> None:
    """Another interface leads from here on, with a size of its own."""
    taking = ui.link(agent)
    taking.take(Led(ours=False, leader=leader))
    taking.take(Resized(size))
    await ui.until(lambda: ui.pane(agent).agent.leader == leader)


async def test_smaller_is_at_the_top_left_and_the_rest_is_dotted(open_app: OpenApp) -> None:
    async with open_app("claude", size=(100, 30), command=CAT) as ui:
        await ui.running()
        await follow(ui, Size(20, 5))
        ui.link("claude").take(Received(b"x" * 20 + b"\r\nhello"))
        await ui.until(lambda: "hello" in ui.painted("claude"))
        rows = ui.painted("claude").splitlines()
        assert rows[0].startswith("x" * 20 + "│")
        assert rows[1].startswith("hello" + " " * 15 + "│")
        assert rows[5].startswith("─" * 20 + "┘")
        assert "·" in rows[10]
        assert all(len(row) == 98 for row in rows)


async def test_the_leader_sees_nothing_between_two_sizes(open_app: OpenApp) -> None:
    async with open_app("claude", size=(100, 30), command=CAT) as ui:
        await ui.running()
        ui.link("claude").take(Resized(Size(20, 5)))
        assert not ui.painted("claude").strip()


async def test_larger_shows_the_prompt_and_says_that_there_is_more(open_app: OpenApp) -> None:
    async with open_app("claude", size=(100, 20), command=CAT) as ui:
        await ui.running()
        await follow(ui, Size(200, 60))
        ui.link("claude").take(Received(NUMBERED))
        await ui.until(lambda: "row 60" in ui.painted("claude"))
        assert ui.painted("claude").splitlines()[0].startswith("row 44 ")
        assert "↑43 →102" in ui.footnote("claude")


async def test_rows_are_painted_where_they_are_shown(open_app: OpenApp) -> None:
    """The short way of painting takes the pane's rows, and damage names the terminal's."""
    async with open_app("claude", size=(100, 20), command=CAT) as ui:
        await ui.running()
        await follow(ui, Size(200, 60))
        link = ui.link("claude")
        link.take(Received(NUMBERED))
        await ui.until(lambda: "row 60" in ui.painted("claude"))
        link.take(Received(b"\x1b[50;1Hchanged\x1b[60;1H"))
        await ui.until(lambda: "changed" in ui.painted("claude").splitlines()[6])
        cell = ui.pane("claude").render_line(16).crop(0, 1)
        style = next(iter(cell)).style
        assert style is not None
        assert style.reverse  # the cursor


async def test_columns_follow_the_cursor(open_app: OpenApp) -> None:
    async with open_app("claude", size=(100, 20), command=CAT) as ui:
        await ui.running()
        await follow(ui, Size(200, 17))
        ui.link("claude").take(Received(b"left" + b"\x1b[1;150H" + "宽here".encode()))
        await ui.until(lambda: "here" in ui.painted("claude"))
        assert "left" not in ui.painted("claude")
        assert ui.pane("claude").render_line(0).cell_length == 98


async def test_scrolling_back_reaches_what_is_cut_above_and_the_history(open_app: OpenApp) -> None:
    async with open_app("claude", size=(100, 20), command=CAT) as ui:
        await ui.running()
        await follow(ui, Size(98, 40))
        link, pane = ui.link("claude"), ui.pane("claude")
        link.take(Received(b"".join(b"line %d\r\n" % n for n in range(1, 101)) + b"$ "))
        await ui.until(lambda: "$" in ui.painted("claude"))
        pane.scroll_history(1000)
        rows = ui.painted("claude").splitlines()
        assert rows[0].startswith("line 1 ")
        assert rows[16].startswith("line 17 ")
        link.take(Received(b"\r\nmore"))
        await ui.until(lambda: " 85 rows back" in ui.footnote("claude"))
        assert ui.painted("claude").splitlines()[0].startswith("line 1 ")
        pane.scroll_history(-1000)
        assert "more" in ui.painted("claude").splitlines()[16]


async def test_a_size_that_changes_under_a_view_in_the_history(open_app: OpenApp) -> None:
    async with open_app("claude", size=(100, 20), command=CAT) as ui:
        await ui.running()
        link, pane = ui.link("claude"), ui.pane("claude")
        link.take(Received(b"".join(b"%d " % n + b"x" * 80 + b"\r\n" for n in range(200))))
        for size in (Size(20, 5), Size(300, 90), Size(98, 17), Size(1, 1)):
            pane.scroll_history(10_000)
            await follow(ui, size)
            assert all(len(row) == 98 for row in ui.painted("claude").splitlines())


async def test_the_mouse_points_at_the_cell_that_is_shown(open_app: OpenApp) -> None:
    async with open_app("claude", size=(100, 20), command=("/bin/sh", "-c", "stty raw -echo; cat -v")) as ui:
        await ui.running()
        await follow(ui, Size(200, 60))
        pane = ui.pane("claude")
        ui.link("claude").take(Received(NUMBERED + b"\x1b[60;150H\x1b[?1003h\x1b[?1006h"))
        await ui.until(lambda: "↑43 ↓" in ui.footnote("claude") or "↑43 ←" in ui.footnote("claude"))
        left = pane._view.left
        await ui.pilot.hover(pane, offset=(9, 9))  # moving is no typing: the program hears nothing
        await ui.pilot.mouse_down(pane, offset=(4, 3))  # the frame is column and row 0
        await ui.until(lambda: f"[<0;{4 + left};{43 + 3}M" in ui.text("claude"))
        assert "[<35" not in ui.text("claude")


async def test_the_mouse_beside_the_terminal_is_not_the_programs(open_app: OpenApp) -> None:
    async with open_app("claude", size=(100, 30), command=("/bin/sh", "-c", "stty raw -echo; cat -v")) as ui:
        await ui.running()
        await follow(ui, Size(40, 10))
        pane = ui.pane("claude")
        ui.link("claude").take(Received(b"\x1b[?1000h\x1b[?1006h"))
        await ui.pilot.mouse_down(pane, offset=(60, 4))
        await ui.pilot.mouse_down(pane, offset=(4, 20))
        await ui.pilot.mouse_down(pane, offset=(40, 10))
        await ui.until(lambda: "[<0;40;10M" in ui.text("claude"))
        assert ui.text("claude").count("[<0") == 1


async def test_frame_and_status_line_say_who_leads(open_app: OpenApp) -> None:
    async with open_app("claude", "qa", size=(200, 40), command=CAT) as ui:
        await ui.running()
        await follow(ui, Size(50, 10))
        assert ui.footnote("claude") == " pts/3 leads at 50x10 · type to take over "
        status = ui.app.query_one(StatusLine)
        assert "following pts/3" in str(status.render())
        ui.link("claude").take(Led(ours=True))
        await ui.until(lambda: not ui.footnote("claude"))
        assert "following" not in str(status.render())


async def test_another_process_names_itself(open_app: OpenApp) -> None:
    async with open_app("claude", size=(200, 40), command=CAT) as ui:
        await ui.running()
        await follow(ui, Size(50, 10), leader="\x1b]0;[red]\x07\u202e" + "x" * 500)
        assert ui.footnote("claude").startswith(" ]0;[red]xxxx")
        assert "\u202e" not in ui.footnote("claude")
        assert len(ui.footnote("claude")) < 80
        await follow(ui, Size(50, 10), leader="\n")
        assert "another interface leads" in ui.footnote("claude")


async def test_a_narrow_frame_says_the_most_important(open_app: OpenApp) -> None:
    async with open_app("claude", size=(36, 12), command=CAT) as ui:
        await ui.running()
        await follow(ui, Size(200, 60))
        assert "pts/3 leads" in ui.footnote("claude")
        assert len(ui.footnote("claude")) <= 34


async def test_a_remark_is_said_once_and_stays_as_a_mark(open_app: OpenApp) -> None:
    async with open_app("claude", size=(140, 30), command=CAT) as ui:
        await ui.running()
        terminal = ui.agent("claude").terminal
        for lost in ("", "; 5 bytes of output are lost", "; 9 bytes of output are lost"):
            terminal.take(Remarked(f"the disk is full{lost}", serious=True))
        await ui.until(lambda: ui.app._notifications and "9 bytes" in ui.footnote("claude"))
        assert "!" in ui.title("claude")
        assert "the disk is full; 9 bytes" in ui.footnote("claude")
        terminal.take(Remarked("the journal is written to disk again"))
        await ui.until(lambda: "!" not in ui.title("claude"))
        assert not ui.footnote("claude")
        await ui.until(lambda: len(ui.app._notifications) == 2)


async def test_keys_wait_until_it_is_known_what_became_of_the_program(
    open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_app("claude", size=(140, 30), command=CAT) as ui:
        await ui.running()
        link, agent = ui.pane("claude").link, ui.agent("claude")
        link.take(Received(b"the last screen"))
        with monkeypatch.context() as patch:
            patch.setattr("qms_tui.ui.terminals.terminals.connect", lambda address: None)
            ui.hang_up("claude")
            await ui.until(lambda: not link.attached)
            link.send(b"a")
            assert ui.footnote("claude") == " 1 key waits "
            link.send(b"\x1b[A")
            assert ui.footnote("claude") == " 2 keys wait "
            assert "the last screen" in ui.painted("claude")
            agent.restart()  # what was typed into the old program is not for the new one
        await ui.until(lambda: agent.state is AgentState.RUNNING and "last" not in ui.text("claude"))
        assert not link.keys_waiting
