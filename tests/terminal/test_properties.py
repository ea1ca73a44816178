"""What must hold for any bytes, found by hypothesis."""

from typing import Any

import pyte
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wcwidth import iter_graphemes

from qms_tui.terminal import Terminal

COLUMNS, LINES = 10, 4

quick = settings(
    max_examples=300, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

_numbers = st.sampled_from(
    ["", "0", "1", "2", "3", "5", "9", "99", "65536", "4:3", "38:2::1:2:3", "38;5;9", "48;2;1;2;3"]
)
_private_modes = st.sampled_from([1, 3, 5, 6, 7, 25, 40, 45, 47, 69, 1047, 1048, 1049, 2004, 2026])
_sequences = st.builds(
    "\x1b[{}{}{}{}".format,
    st.sampled_from(["", "", "", "?", ">", "<", "="]),
    st.lists(_numbers, max_size=6).map(";".join),
    st.sampled_from(["", "", "", "", " ", "$", '"', "!", "'", "*"]),
    st.characters(min_codepoint=0x40, max_codepoint=0x7E),
)
_switches = st.builds("\x1b[?{}{}".format, _private_modes, st.sampled_from("hl"))
_margins = st.builds("\x1b[{};{}{}".format, st.integers(0, 6), st.integers(0, 11), st.sampled_from("rs"))
_strings = st.builds(
    "\x1b{}{}{}".format,
    st.sampled_from(
        ["]0;", "]8;;http://x", "]52;c;", "P$q", "P", "_", "^", "X", "]4;1;", "]", "]7501;state=idle:"]
    ),
    st.text(max_size=6),
    st.sampled_from(["\x07", "\x1b\\", "", "\x18", "\x9c", "\x1b[m"]),
)
_text = st.sampled_from(
    [
        "a",
        "word ",
        "0123456789",
        "long line that wraps",
        "漢字",
        "가",
        "😀",
        "e\u0301",
        "👨\u200d👩\u200d👧",
        "❤\ufe0f",
        "❤",
        "⌚\ufe0e",
        "🇺🇸",
        "🇺",
        "👍🏽",
        "\u200d",
        "\u0301",
        "\U00100000",
        "\u1100\u1161",
        "क्ष",
        "\ufeff",
        "é",
    ]
)
_controls = st.sampled_from(list("\r\n\t\b\v\x07\x0e\x0f\x18\x1a\x1b\x7f\x85\x9b\x84\x8d")) | st.just("\r\n")
_escapes = st.builds(
    "\x1b{}".format,
    st.sampled_from(
        [
            "7",
            "8",
            "D",
            "E",
            "M",
            "H",
            "c",
            "#8",
            "(0",
            "(B",
            ")0",
            "N",
            "O",
            "n",
            "6",
            "9",
            "V",
            "W",
            "\x1b",
            "[",
            " G",
            " F",
        ]
    ),
)
_pieces = _text | _controls | _sequences | _switches | _margins | _strings | _escapes | st.text(max_size=3)
streams = st.lists(_pieces, max_size=25).map(lambda parts: "".join(parts).encode("utf-8", "replace"))


def state(terminal: Terminal) -> dict[str, Any]:
    """All that can be seen of a terminal."""
    return {
        "display": terminal.display,
        "styled": [terminal.styled(y) for y in range(terminal.lines)],
        "history": list(terminal.history),
        "past": [terminal.styled(y) for y in range(-terminal.history_length, 0)],
        "cursor": terminal.cursor,
        "modes": terminal.modes,
        "status": terminal.status,
        "replies": terminal.take_replies(),
        "events": terminal.take_events(),
    }


def fresh() -> Terminal:
    return Terminal(COLUMNS, LINES, scrollback=20)


def check_shape(terminal: Terminal) -> None:
    """Rows are as wide as the screen, the cursor is on it."""
    rows = [terminal.styled(y) for y in range(-terminal.history_length, terminal.lines)]
    assert all(sum(run.width for run in row) == terminal.columns for row in rows[-terminal.lines :])
    assert ["".join(run.text for run in row) for row in rows[-terminal.lines :]] == terminal.display
    assert 0 <= terminal.cursor.row < terminal.lines
    assert 0 <= terminal.cursor.column < terminal.columns


@quick
@given(streams | st.binary(max_size=60), st.data())
def test_splitting_the_bytes_changes_nothing(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(data)))
    whole, split, single = fresh(), fresh(), fresh()
    whole.feed(data)
    split.feed(data[:at])
    split.feed(data[at:])
    for i in range(len(data)):
        single.feed(data[i : i + 1])
    expected = state(whole)
    assert state(split) == expected
    assert state(single) == expected
    check_shape(whole)


@quick
@given(streams, st.lists(st.tuples(st.integers(1, 14), st.integers(1, 6)), min_size=1, max_size=4), streams)
def test_resizing_never_raises(before: bytes, sizes: list[tuple[int, int]], after: bytes) -> None:
    terminal = fresh()
    terminal.feed(before)
    for columns, lines in sizes:
        terminal.resize(columns, lines)
        assert (terminal.columns, terminal.lines) == (columns, lines)
        assert len(terminal.display) == lines
        check_shape(terminal)
    terminal.feed(after)
    check_shape(terminal)


_lines = st.lists(st.text("abc 漢😀", max_size=25).map(str.strip), max_size=6)


def _logical(terminal: Terminal) -> str:
    """The text of history and screen with soft wraps undone."""
    text = ""
    for y in range(-terminal.history_length, terminal.lines):
        row = "".join(run.text for run in terminal.styled(y))
        text += row if terminal.is_wrapped(y) else row.rstrip() + "\n"
    return text.rstrip("\n")


@quick
@given(_lines, st.integers(2, 30), st.integers(1, 8))
def test_resizing_there_and_back_loses_nothing(lines: list[str], columns: int, height: int) -> None:
    terminal = Terminal(COLUMNS, LINES, scrollback=200)
    terminal.feed("\r\n".join(lines).encode())
    before, text = terminal.display, "".join(lines).replace(" ", "")
    terminal.resize(columns, height)
    assert "".join([*terminal.history, *terminal.display]).replace(" ", "") == text
    terminal.resize(COLUMNS, LINES)
    assert "".join([*terminal.history, *terminal.display]).replace(" ", "") == text
    assert terminal.display == before


@quick
@given(
    _lines,
    st.tuples(st.integers(1, LINES), st.integers(1, COLUMNS)),
    st.lists(st.tuples(st.integers(2, 30), st.integers(1, 8)), min_size=1, max_size=4),
)
def test_resizing_loses_nothing_wherever_the_cursor_is(
    lines: list[str], cursor: tuple[int, int], sizes: list[tuple[int, int]]
) -> None:
    terminal = Terminal(COLUMNS, LINES, scrollback=200)
    terminal.feed("\r\n".join(lines).encode() + b"\x1b[%d;%dH" % cursor)
    before = [*terminal.history, *terminal.display]
    for size in sizes:
        terminal.resize(*size)
    terminal.resize(COLUMNS, LINES)
    after = [*terminal.history, *terminal.display]
    assert "".join(after).replace(" ", "") == "".join(before).replace(" ", "")


@quick
@given(streams, st.lists(st.tuples(st.integers(1, 14), st.integers(1, 6)), min_size=1, max_size=6))
def test_history_may_be_laid_out_late(data: bytes, sizes: list[tuple[int, int]]) -> None:
    late, soon = fresh(), fresh()
    for terminal in (late, soon):
        terminal.feed(data)
    for size in sizes:
        late.resize(*size)
        soon.resize(*size)
        assert soon.history_length <= 20
        late.feed(b"x\r\n")
        soon.feed(b"x\r\n")
    assert late.display == soon.display
    assert late.cursor == soon.cursor


@quick
@given(_lines)
def test_rows_hold_all_graphemes(lines: list[str]) -> None:
    terminal = Terminal(60, 10)
    terminal.feed("\r\n".join(lines).encode())
    for row, line in zip(terminal.display, lines, strict=False):
        assert list(iter_graphemes(row.rstrip())) == list(iter_graphemes(line))


_simple = st.lists(
    st.text("abcdefgh ", min_size=1, max_size=8)
    | st.sampled_from(
        ["\r\n", "\r", "\n", "\b", "\x1b[K", "\x1b[1K", "\x1b[2K", "\x1b[J", "\x1b[1J", "\x1b[2J", "\x1bM"]
    )
    | st.builds("\x1b[{};{}H".format, st.integers(1, LINES), st.integers(1, COLUMNS))
    | st.builds("\x1b[{}{}".format, st.integers(1, 3), st.sampled_from("ABCDEFGdPX@"))
    | st.sampled_from(
        ["\x1b[31m", "\x1b[m", "\x1b[1;4m", "\x1b[38;5;200m", "\x1b[38;2;1;2;3m", "\x1b[39;7m"]
    ),
    max_size=25,
)


@quick
@given(_simple)
def test_simple_input_looks_as_in_pyte(parts: list[str]) -> None:
    mine, stock = Terminal(COLUMNS, LINES), pyte.Screen(COLUMNS, LINES)
    stream = pyte.ByteStream(stock)
    for part in parts:
        if stock.cursor.x == COLUMNS and not part.isalpha():
            part = "\r"  # with a pending wrap stock pyte is wrong in several ways
        mine.feed(part.encode())
        stream.feed(part.encode())
    assert mine.display == stock.display
    assert (mine.cursor.row, mine.cursor.column) == (stock.cursor.y, min(stock.cursor.x, COLUMNS - 1))
