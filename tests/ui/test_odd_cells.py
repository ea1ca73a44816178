"""Text that the outer terminal counts otherwise stays in its own pane, and in its own cells."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip

from qms_tui.terminal import Terminal
from qms_tui.text.printable import painted
from qms_tui.ui.odd_cells import held, held_runs, hold, is_odd, placed

from .counting_terminal import WAYS, Count, CountingTerminal
from .outer_terminal import OuterTerminal

APP = str(Path(__file__).with_name("key_rows_app.py"))
COLUMNS, LINES = 100, 12
CLUSTERS = {
    "a selector": "⚠️",
    "a keycap": "1️⃣",
    "thai": "กำ",
    "thai marks": "ที่",
    "lao": "ກຳ",
    "halfwidth": "ｶﾞ",
    "devanagari": "क्षि",
    "tamil": "நி",
    "a family": "👩‍👩‍👧‍👦",
    "a flag": "🇩🇪",
    "half a flag": "🇩",
    "a skin": "👍🏽",
    "a text emoji": "⌚︎",
    "a new emoji": "🫩",
    "jamo": "\u1100\u1161\u11a8",
    "a mark": "e\u0301",
    "a private one": "\ue0b0",
    "an ideograph of its own look": "葛\U000e0100",
}


@pytest.mark.parametrize("text", CLUSTERS.values(), ids=CLUSTERS)
def test_a_held_cluster_has_its_cells_and_is_written_whole(text: str) -> None:
    assert is_odd(text)
    for cells in (1, 2, 3, 4):
        assert cell_len(held(text, cells)) == cells
        written, _ = placed(f"\x1b[3;5H{held(text, cells)}x")
        blank = " " * cells
        assert written == f"\x1b[3;5H{blank}\x1b[5G{painted(text)}\x1b[{5 + cells}Gx"


@pytest.mark.parametrize("text", CLUSTERS.values(), ids=CLUSTERS)
def test_text_of_widgets_is_as_wide_as_before(text: str) -> None:
    said = f"ab {text}c{text}{text} é漢─"
    assert cell_len(hold(said)) == cell_len(said)
    assert hold(hold(said)) == hold(said)


@pytest.mark.parametrize("text", ["plain", "Straße", "Привет", "漢字かな", "╭──╮", "한글", "αλφα"])
def test_plain_text_costs_nothing(text: str) -> None:
    assert not is_odd(text)
    assert hold(text) is text or hold(text) == text
    data = f"\x1b[1;1H\x1b[31m{text}\x1b[0m"
    assert placed(data) == (data, [])


def test_a_pane_has_the_widths_of_its_terminal() -> None:
    terminal = Terminal(30, 2)
    terminal.feed("".join(CLUSTERS.values()).encode()[:60] + b"\x1b[1;25H\x1b[31m" + "⚠️".encode() + b"|")
    runs = terminal.styled(0)
    texts = list(held_runs(runs, terminal.cells(0)))
    assert [cell_len(text) for text in texts] == [run.width for run in runs]


def test_what_is_held_cannot_smuggle_in_anything() -> None:
    escapes = hold(
        "\ufdd0"
        + "".join(chr(0xE0100 + byte - 0x20) for byte in "\u202e\x9b31m\u2028".encode())
        + "\U000e01ef"
    )
    written, _ = placed(f"\x1b[1;1H{escapes}")
    assert "\u202e" not in written
    assert "\x9b" not in written
    assert "\u2028" not in written


def test_a_cluster_cut_in_half_leaves_blanks() -> None:
    left, right = Strip([Segment("a" + held("⚠️", 2) + "b")], 4).divide([2, 4])
    assert placed(left.text + right.text)[0] == "a  b"


def test_where_more_cells_may_have_been_filled_than_painted() -> None:
    family = CLUSTERS["a family"]
    assert placed(f"\x1b[2;1Habc{held(family, 2)}")[1] == [(5, 1)]
    assert placed(f"\x1b[2;1Habc{held(family, 2)}" + " " * 12)[1] == []
    assert placed(f"\x1b[2;1Habc{held(family, 2)}\x1b[2;6H" + " " * 12)[1] == []
    assert placed(f"\x1b[2;1Habc{held(family, 2)}\x1b[1;1Hx")[1] == [(5, 1)]


@pytest.fixture(scope="module")
def painting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """What the whole app writes for rows full of such clusters, and where its pane's frame stands.

    Some stand at the right edge, and some are painted again where others were.
    """
    folder = tmp_path_factory.mktemp("odd")
    (folder / "project/.claude/agents").mkdir(parents=True)
    with ExitStack() as stack:
        listening = stack.enter_context(socket.socket(socket.AF_UNIX))
        listening.bind(str(folder / "socket"))
        listening.listen(1)
        arguments = APP, str(folder / "project"), str(folder / "socket")
        outer = stack.enter_context(OuterTerminal(*arguments, columns=COLUMNS, lines=LINES))
        connected: list[socket.socket] = []
        outer.watch(listening, lambda: connected.append(stack.enter_context(listening.accept()[0])))
        outer.until(lambda: connected, "the program in the pane")
        for at, text in enumerate(CLUSTERS.values()):
            column = 5 + 9 * (at % 9)
            connected[0].sendall(
                f"\x1b[{1 + at // 9};{column}H{text}\x1b[{1 + at // 9};{column + 4}H|".encode()
            )
        connected[0].sendall("\x1b[5;1Hsome plain text|\r\n❤️👩‍👩‍👧‍👦กำ\x1b[6;9H|".encode())
        connected[0].sendall("\x1b[7;97H👩‍👩‍👧‍👦\x1b[8;98Hก\u0e33\x1b[9;1Hdone".encode())
        outer.until(lambda: b"done" in outer.output, "all of it")
        told = len(outer.output)
        outer.write(b"\x1b[O\x1b[I")
        outer.until(lambda: len(outer.output) > told, "the frame to be painted again")
        outer.until(lambda: all(framed(outer.output, count) for count in WAYS), "frames in their places")
        yield outer.output.decode(), COLUMNS - 1


def framed(written: bytearray, count: Count) -> bool:
    """Whether the pane's frame stands in its columns; what spills over it is painted over a moment later."""
    terminal = CountingTerminal(COLUMNS, LINES, count)
    terminal.feed(written.decode(errors="replace"))
    return all(
        terminal.cell(row, column) in tuple("│┃")
        for row in range(1, LINES - 2)
        for column in (0, COLUMNS - 1)
    )


@pytest.mark.parametrize("count", WAYS, ids=[way.__name__ for way in WAYS])
def test_nothing_moves_however_the_terminal_counts(painting: tuple[str, int], count: Count) -> None:
    written, right = painting
    terminal = CountingTerminal(COLUMNS, LINES, count)
    terminal.feed(written)
    shown = "\n".join(terminal.display)
    for row in range(1, LINES - 2):
        assert terminal.cell(row, 0) in "│┃", shown
        assert terminal.cell(row, right) in "│┃", shown
    for at in range(len(CLUSTERS)):
        assert terminal.cell(1 + at // 9, 5 + 9 * (at % 9) + 4) == "|", shown
    assert terminal.text(5, 1, 17) == "some plain text|"
    assert terminal.cell(6, 9) == "|", shown
    assert terminal.text(9, 1, 5) == "done"
