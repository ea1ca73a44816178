"""What a program tells its host: titles, bells, clipboard, notifications; and what must not get through."""

import base64

import pytest

from qms_tui.terminal import (
    Bell,
    ClipboardWrite,
    CursorShape,
    DesktopNotification,
    IconChanged,
    Modes,
    MouseEncoding,
    MouseTracking,
    Progress,
    PromptMark,
    Terminal,
    TerminalEvent,
    TitleChanged,
    WorkingDirectory,
)
from qms_tui.terminal.colors import BACKGROUND


def fed(data: str) -> Terminal:
    terminal = Terminal(10, 4)
    terminal.feed(data.encode())
    return terminal


@pytest.mark.parametrize(
    ("data", "events"),
    [
        ("\x07", [Bell()]),
        ("\x1b]0;t\x07", [IconChanged("t"), TitleChanged("t")]),
        ("\x1b]1;t\x1b\\", [IconChanged("t")]),
        ("\x1b]2;t;u\x1b\\", [TitleChanged("t;u")]),
        ("\x1b]2;a\nb\u202ec\x07", [TitleChanged("abc")]),
        ("\x1b]21;t\x07\x1b]22;t\x07", []),
        ("\x1b]7;file://host/tmp\x07", [WorkingDirectory("file://host/tmp")]),
        ("\x1b]7;http://host/tmp\x07", []),
        ("\x1b]9;done\x07", [DesktopNotification("", "done")]),
        ("\x1b]9;4;1;50\x07", [Progress(1, 50)]),
        ("\x1b]9;4;3\x07", [Progress(3, 0)]),
        ("\x1b]9;4;1;999\x07", [Progress(1, 100)]),
        ("\x1b]9;4;9;5\x07", []),
        ("\x1b]9;9;C:\\\x07", []),
        ("\x1b]777;notify;t;b\x07", [DesktopNotification("t", "b")]),
        ("\x1b]133;A\x07\x1b]133;C\x07", [PromptMark("A"), PromptMark("C")]),
        ("\x1b]133;D;3\x07\x1b]133;D\x07\x1b]133;X\x07", [PromptMark("D", 3), PromptMark("D")]),
        ("\x1b]52;c;aGk=\x07", [ClipboardWrite("c", b"hi")]),
        ("\x1b]52;;aGk=\x07", [ClipboardWrite("c", b"hi")]),
        ("\x1b]52;c;aG\nk=\n\x07", [ClipboardWrite("c", b"hi")]),
        ("\x1b]52;c;aG\r\nk=\r\n\x1b\\", [ClipboardWrite("c", b"hi")]),
        ("\x1b]52;c; a G\tk = \x07", [ClipboardWrite("c", b"hi")]),
        ("\x1b]52;c;aGk\x07", [ClipboardWrite("c", b"hi")]),
        ("\x1b]52;c;\n\x07", [ClipboardWrite("c", b"")]),
        ("\x1b]52;c;a\x07\x1b]52;c;aG=k\x07\x1b]52;c;aGk=aGk=\x07", []),
        ("\x1b]52;c;?\x07\x1b]52;c;!!\x07\x1b]52;<x>;aGk=\x07", []),
        ("\x1b]2;a\x07\x1b[22;0t\x1b]2;b\x07\x1b[23;2t", [TitleChanged(text) for text in "aba"]),
        ("\x1b]2;a\x18\x1b]2;b", []),
    ],
)
def test_event(data: str, events: list[TerminalEvent]) -> None:
    assert fed(data).take_events() == events


def test_events_are_bounded() -> None:
    terminal = fed("\x07" * 5000 + "\x1b]2;last\x07")
    events = terminal.take_events()
    assert len(events) == 1000
    assert events[-1] == TitleChanged("last")
    assert terminal.take_events() == []


def test_clipboard_comes_as_base64_breaks_its_lines() -> None:
    text = bytes(range(256)) * 2700
    data = b"\x1b]52;c;" + base64.encodebytes(text) + b"\x07after"
    assert fed(data.decode()).take_events() == [ClipboardWrite("c", text)]
    pieces = Terminal(10, 4)
    for at in range(0, len(data), 1000):
        pieces.feed(data[at : at + 1000])
    assert pieces.take_events() == [ClipboardWrite("c", text)]
    assert pieces.display[0] == "after     "


def test_clipboard_is_bounded() -> None:
    assert fed("\x1b]52;c;" + base64.b64encode(b"x" * 800_000).decode() + "\x07").take_events() == []
    assert len(fed("\x1b]52;c;" + base64.b64encode(b"x" * 700_000).decode() + "\x07").take_events()) == 1


def test_title_is_bounded() -> None:
    event = fed("\x1b]2;" + "t" * 500_000 + "\x07").take_events()[0]
    assert isinstance(event, TitleChanged)
    assert len(event.text) == 1024


def test_muted_discards_replies() -> None:
    terminal = Terminal(10, 4)
    terminal.muted = True
    terminal.feed(b"\x1b[c\x1b[6n")
    assert terminal.take_replies() == b""
    terminal.muted = False
    terminal.feed(b"\x1b[5n")
    assert terminal.take_replies() == b"\x1b[0n"
    assert terminal.take_replies() == b""


def test_replies_are_bounded() -> None:
    assert len(fed("\x1b[c" * 100_000).take_replies()) <= 65536


def test_host_tells_its_colours_and_name() -> None:
    terminal = Terminal(10, 4)
    terminal.colors.set_default(BACKGROUND, 255, 255, 255)
    terminal.name = "other(1)"
    terminal.feed(b"\x1b]11;?\x07\x1b[?996n\x1b[>q")
    assert terminal.take_replies() == (b"\x1b]11;rgb:ffff/ffff/ffff\x07\x1b[?997;2n\x1bP>|other(1)\x1b\\")


@pytest.mark.parametrize(
    ("data", "modes"),
    [
        ("", Modes()),
        ("\x1b[?1h", Modes(application_cursor=True)),
        ("\x1b=", Modes(application_keypad=True)),
        ("\x1b[?66h\x1b>", Modes()),
        ("\x1b[20h", Modes(newline=True)),
        ("\x1b[?2004h", Modes(bracketed_paste=True)),
        ("\x1b[?1004h", Modes(focus_events=True)),
        ("\x1b[?1049h", Modes(alternate_screen=True)),
        ("\x1b[?1007l", Modes(alternate_scroll=False)),
        ("\x1b[?9h", Modes(mouse_tracking=MouseTracking.X10)),
        ("\x1b[?1000h", Modes(mouse_tracking=MouseTracking.NORMAL)),
        ("\x1b[?1002h", Modes(mouse_tracking=MouseTracking.BUTTON)),
        ("\x1b[?1000;1003h", Modes(mouse_tracking=MouseTracking.ANY)),
        ("\x1b[?1003h\x1b[?1003l", Modes()),
        ("\x1b[?1005h", Modes(mouse_encoding=MouseEncoding.UTF8)),
        ("\x1b[?1006h", Modes(mouse_encoding=MouseEncoding.SGR)),
        ("\x1b[?1015h", Modes(mouse_encoding=MouseEncoding.URXVT)),
        ("\x1b[?1016h", Modes(mouse_encoding=MouseEncoding.SGR_PIXELS)),
        ("\x1b[>4;2m", Modes(modify_other_keys=2)),
        ("\x1b[>4;2m\x1b[>4m", Modes()),
        ("\x1b[>5u", Modes(kitty_flags=5)),
        ("\x1b[>5u\x1b[<u", Modes()),
        ("\x1b[?1;2004h\x1b[?1049h\x1b[>1u\x1bc", Modes()),
        ("\x1b[?2004h\x1b[?2004s\x1b[?2004l\x1b[?2004r", Modes(bracketed_paste=True)),
    ],
)
def test_modes(data: str, modes: Modes) -> None:
    assert fed(data).modes == modes


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("\x1b[?2026h", True),
        ("\x1b[?2026h\x1b[?2026l", False),
        ("\x1bP=1s\x1b\\", True),
        ("\x1bP=1s\x1b\\\x1bP=2s\x1b\\", False),
    ],
)
def test_synchronized(data: str, expected: bool) -> None:
    assert fed(data).synchronized is expected


@pytest.mark.parametrize(
    ("data", "shape"),
    [
        ("", CursorShape.BLOCK),
        ("\x1b[2 q", CursorShape.BLOCK),
        ("\x1b[3 q", CursorShape.UNDERLINE),
        ("\x1b[6 q", CursorShape.BAR),
        ("\x1b[6 q\x1b[ q", CursorShape.BLOCK),
    ],
)
def test_cursor_shape(data: str, shape: CursorShape) -> None:
    assert fed(data).cursor.shape is shape


def test_cursor_visibility() -> None:
    assert fed("").cursor.visible
    assert not fed("\x1b[?25l").cursor.visible
    assert fed("\x1b[?25l\x1b[!p").cursor.visible


def test_keyboard_stack_is_bounded() -> None:
    terminal = fed("\x1b[>1u" * 100_000 + "\x1b[<9999u")
    assert terminal.modes.kitty_flags == 0
