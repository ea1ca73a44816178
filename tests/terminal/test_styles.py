"""SGR, links and background colours, as runs."""

import pytest

from qms_tui.terminal import Attribute, Run, Style, Terminal, Underline, direct_color, rgb

RED = Style(foreground=1)


def runs(data: str, row: int = 0, columns: int = 10) -> tuple[Run, ...]:
    terminal = Terminal(columns, 4)
    terminal.feed(data.encode())
    return terminal.styled(row)


def style(data: str) -> Style:
    """The style of the first cell."""
    return runs(data)[0].style


@pytest.mark.parametrize(
    ("sgr", "expected"),
    [
        ("1", Style(attributes=Attribute.BOLD)),
        ("2", Style(attributes=Attribute.FAINT)),
        ("3", Style(attributes=Attribute.ITALIC)),
        ("5", Style(attributes=Attribute.BLINK)),
        ("6", Style(attributes=Attribute.BLINK)),
        ("7", Style(attributes=Attribute.INVERSE)),
        ("8", Style(attributes=Attribute.HIDDEN)),
        ("9", Style(attributes=Attribute.STRIKE)),
        ("53", Style(attributes=Attribute.OVERLINE)),
        ("1;2;22;3", Style(attributes=Attribute.ITALIC)),
        ("3;5;7;8;9;53;23;25;27;28;29;55", Style()),
        ("4", Style(underline=Underline.SINGLE)),
        ("21", Style(underline=Underline.DOUBLE)),
        ("4:0", Style()),
        ("4;24", Style()),
        ("4:2", Style(underline=Underline.DOUBLE)),
        ("4:3", Style(underline=Underline.CURLY)),
        ("4:4", Style(underline=Underline.DOTTED)),
        ("4:5", Style(underline=Underline.DASHED)),
        ("4:9", Style()),
        ("31", RED),
        ("97", Style(foreground=15)),
        ("44", Style(background=4)),
        ("103", Style(background=11)),
        ("38;5;200", Style(foreground=200)),
        ("48;5;200", Style(background=200)),
        ("38:5:200", Style(foreground=200)),
        ("38;2;1;2;3", Style(foreground=direct_color(1, 2, 3))),
        ("38:2:1:2:3", Style(foreground=direct_color(1, 2, 3))),
        ("38:2::1:2:3", Style(foreground=direct_color(1, 2, 3))),
        ("48:2::1:2:3", Style(background=direct_color(1, 2, 3))),
        ("58;2;1;2;3", Style(underline_color=direct_color(1, 2, 3))),
        ("58:2::1:2:3", Style(underline_color=direct_color(1, 2, 3))),
        ("58;5;9", Style(underline_color=9)),
        ("58;5;9;59", Style()),
        ("31;44;39", Style(background=4)),
        ("31;44;49", RED),
        ("1;31;0", Style()),
        ("1;31;", Style()),
        ("31;38;5;256", RED),
        ("31;38;2;300;0;0", RED),
        ("31;38;5", RED),
        ("31;38;9;1", Style(foreground=1, attributes=Attribute.BOLD)),
        ("31;1234", RED),
    ],
)
def test_sgr(sgr: str, expected: Style) -> None:
    assert style(f"\x1b[{sgr}ma") == expected
    steps = "".join(f"\x1b[{sgr[: len(sgr)]}m")
    terminal = Terminal(10, 4)
    for char in steps + "a":
        terminal.feed(char.encode())
    assert terminal.styled(0)[0].style == expected


def test_rgb() -> None:
    assert rgb(direct_color(1, 2, 3)) == (1, 2, 3)
    assert rgb(7) is None


def test_runs_are_cut_where_the_style_changes() -> None:
    assert runs("a\x1b[31m漢b\x1b[mc") == (
        Run("a", 1, Style()),
        Run("漢b", 3, RED),
        Run("c     ", 6, Style()),
    )


def test_erasing_leaves_the_background_only() -> None:
    assert runs("\x1b[1;31;44mab\x1b[K")[1] == Run(" " * 8, 8, Style(background=4))


@pytest.mark.parametrize(
    "data",
    [
        "\x1b[44m\x1b[2J",
        "\x1b[44m\x1b[H\x1b[K",
        "\x1b[44m\x1b[10X",
        "\x1b[44m\x1bM",
        "\x1b[44m\x1b[L",
        "\x1b[44m\x1b[T",
    ],
)
def test_background_colour_erase(data: str) -> None:
    assert runs(data) == (Run(" " * 10, 10, Style(background=4)),)


def test_scrolling_brings_in_the_background() -> None:
    assert runs("\x1b[44m\n\n\n\n", row=3) == (Run(" " * 10, 10, Style(background=4)),)


def test_links() -> None:
    link = "\x1b]8;id=1;https://example.org/\x1b\\"
    assert runs(f"{link}ab\x1b]8;;\x1b\\c")[:2] == (
        Run("ab", 2, Style(link="https://example.org/")),
        Run("c       ", 8, Style()),
    )


@pytest.mark.parametrize("uri", ["https://e.org/" + "a" * 3000, "https://e.org/ b", "https://é.org"])
def test_insane_links_are_dropped(uri: str) -> None:
    assert style(f"\x1b]8;;{uri}\x1b\\a").link is None


def test_sgr_keeps_the_link() -> None:
    assert style("\x1b]8;;http://e.org\x1b\\\x1b[31;0ma").link == "http://e.org"


def test_saved_cursor_keeps_the_style() -> None:
    assert style("\x1b[31m\x1b7\x1b[m\x1b8a") == RED


def test_inverse_screen() -> None:
    terminal = Terminal(10, 4)
    terminal.feed(b"\x1b[?5h")
    assert terminal.inverse
    terminal.feed(b"\x1b[?5l")
    assert not terminal.inverse


def test_deccara_and_decrara() -> None:
    assert runs("abcdefgh\x1b[2*x\x1b[1;2;1;3;1;4$r")[1] == Run(
        "bc", 2, Style(attributes=Attribute.BOLD, underline=Underline.SINGLE)
    )
    assert runs("abcdefgh\x1b[2*x\x1b[1;2;1;3;7$t")[1].style == Style(attributes=Attribute.INVERSE)


def test_more_looks_than_there_is_room_for() -> None:
    terminal = Terminal(100, 10, scrollback=1000)
    for i in range(60):
        cells = (f"\x1b[38;2;{i};{j % 250};{j // 250}mx" for j in range(1000))
        terminal.feed("".join(cells).encode())
    last = direct_color(59, 999 % 250, 999 // 250)
    assert terminal.styled(9)[-1] == Run("x", 1, Style(foreground=last))
    assert len(terminal.styled(0)) == 100
