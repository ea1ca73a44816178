"""Keys and mouse between bytes and Textual's events, against Textual's own parser where that is right."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual import events
from textual._xterm_parser import XTermParser
from textual.geometry import Size

from qms_tui.terminal import Key, Modes, Modifier, MouseAction, MouseButton, MouseEvent, encode_key
from qms_tui.terminal.keys import UNKNOWN
from qms_tui.ui.input import Pointer, TerminalKey, TerminalPaste, hand_on
from qms_tui.ui.keys import key_bytes, key_from_textual, mouse_from_textual
from qms_tui.ui.side_buttons import SideButtonDown, SideButtonUp
from qms_tui.ui.tokenizer import KeyToken, MouseToken, Tokenizer

from .test_app import OpenApp

SHIFT, ALT, CTRL = Modifier.SHIFT, Modifier.ALT, Modifier.CTRL
LEGACY, KITTY = Modes(), Modes(kitty_flags=1)


def _event(data: bytes) -> TerminalKey:
    tokenizer = Tokenizer()
    (token,) = tokenizer.feed(data) + tokenizer.flush()
    assert isinstance(token, KeyToken)
    return TerminalKey(token.key, token.data, LEGACY)


@pytest.mark.parametrize(
    ("data", "name", "character"),
    [
        (b"a", "a", "a"),
        (b"A", "A", "A"),
        (b" ", "space", " "),
        (b"!", "exclamation_mark", "!"),
        (b"[", "left_square_bracket", "["),
        (b"/", "slash", "/"),
        (b"-", "minus", "-"),
        (b"_", "underscore", "_"),
        ("é".encode(), "é", "é"),
        (b"\x02", "ctrl+b", "\x02"),
        (b"\x1c", "ctrl+backslash", "\x1c"),
        (b"\x1d", "ctrl+right_square_bracket", "\x1d"),
        (b"\x1e", "ctrl+circumflex_accent", "\x1e"),
        (b"\x1f", "ctrl+underscore", "\x1f"),
        (b"\x00", "ctrl+space", "\x00"),
        (b"\x08", "backspace", "\x08"),
        (b"\x7f", "backspace", "\x7f"),
        (b"\t", "tab", "\t"),
        (b"\n", "ctrl+j", "\n"),
        (b"\r", "enter", "\r"),
        (b"\x1b", "escape", "\x1b"),
        (b"\x1b1", "alt+1", None),
        (b"\x1bA", "alt+shift+a", None),
        (b"\x1b.", "alt+full_stop", None),
        (b"\x1b\r", "alt+enter", None),
        (b"\x1b\x7f", "alt+backspace", None),
        (b"\x1b\x01", "alt+ctrl+a", None),
        (b"\x1b[Z", "shift+tab", None),
        (b"\x1b[5~", "pageup", None),
        (b"\x1b[6;5~", "ctrl+pagedown", None),
        (b"\x1b[1;2P", "shift+f1", None),
        (b"\x1b[24~", "f12", None),
        (b"\x1b[13;2u", "shift+enter", None),
        (b"\x1b[49;3u", "alt+1", None),
        (b"\x1b[97;6u", "ctrl+shift+a", None),
        (b"\x1b[97;2;65u", "A", "A"),
        (b"\x1b[97;9u", "super+a", None),
        (b"\x1b[32;2u", "shift+space", " "),
        (b"\x1b[27u", "escape", "\x1b"),
        (b"\x1b[57399u", "0", "0"),
        (b"\x1b[57414u", "enter", None),
        (b"\x1b[57417u", "left", None),
        (b"\x1b[57441;2u", "left_shift", None),
        (b"\xff", "<ignore>", None),
    ],
)
def test_textual_names(data: bytes, name: str, character: str | None) -> None:
    event = _event(data)
    assert (event.key, event.character) == (name, character)
    copy = event.copy()
    assert (copy.key, copy.data, copy.terminal_key) == (event.key, event.data, event.terminal_key)


@pytest.mark.parametrize(
    "data",
    [b"\x1b[%d;%du" % (code, held) for code in (97, 49, 47, 13, 9, 127, 27, 32) for held in (3, 5, 6, 7, 9)]
    + [b"\x1b[1;%d%c" % (held, letter) for letter in b"ABCDHFPQS" for held in range(2, 9)]
    + [b"\x1b[%d;%d~" % (number, held) for number in (2, 3, 5, 6, 15, 24) for held in range(2, 9)],
)
def test_names_are_those_of_textuals_parser(data: bytes) -> None:
    (theirs,) = XTermParser().feed(data.decode())
    assert isinstance(theirs, events.Key)
    ours = _event(data)
    assert (ours.key, ours.character) == (theirs.key, theirs.character)


def test_events_reach_the_handlers_of_their_kind() -> None:
    assert TerminalKey.handler_name == "on_key"
    assert TerminalPaste.handler_name == "on_paste"
    paste = TerminalPaste(b"a\xff\0b")
    assert (paste.text, paste.data) == ("a\ufffdb", b"a\xff\0b")


@pytest.mark.parametrize(
    ("name", "character", "key"),
    [
        ("a", "a", Key("a", Modifier.NONE, "a")),
        ("A", "A", Key("a", SHIFT, "A")),
        ("space", " ", Key(" ", Modifier.NONE, " ")),
        ("exclamation_mark", "!", Key("!", Modifier.NONE, "!")),
        ("slash", "/", Key("/", Modifier.NONE, "/")),
        ("full_stop", None, Key(".", Modifier.NONE, ".")),
        ("plus", "+", Key("+", Modifier.NONE, "+")),
        ("enter", None, Key("enter")),
        ("backspace", "\x08", Key("backspace")),
        ("delete", "\x7f", Key("delete")),
        ("escape", "\x1b", Key("escape")),
        ("tab", "\t", Key("tab")),
        ("pageup", None, Key("page_up")),
        ("shift+tab", None, Key("tab", SHIFT)),
        ("ctrl+b", None, Key("b", CTRL)),
        ("ctrl+space", None, Key(" ", CTRL)),
        ("ctrl+@", None, Key("@", CTRL)),
        ("ctrl+underscore", None, Key("_", CTRL)),
        ("alt+1", None, Key("1", ALT)),
        ("alt+shift+a", None, Key("a", ALT | SHIFT)),
        ("alt+full_stop", None, Key(".", ALT)),
        ("ctrl+shift+left", None, Key("left", CTRL | SHIFT)),
        ("f12", None, Key("f12")),
        ("é", "é", Key("é", Modifier.NONE, "é")),
        ("<ignore>", None, None),
        ("no_such_key", None, None),
        ("weird+a", None, None),
    ],
)
def test_keys_of_textuals_events(name: str, character: str | None, key: Key | None) -> None:
    assert key_from_textual(name, character) == key


@pytest.mark.parametrize(
    "data", [b"a", b"A", b"!", b" ", b"\x01", b"\x1b1", b"\x1bA", b"\x1b[A", b"\x1b[1;5C", b"\x1b[Z"]
)
def test_a_key_without_bytes_is_encoded_as_it_would_have_come(data: bytes) -> None:
    event = _event(data)
    key = key_from_textual(event.key, event.character)
    assert key is not None
    assert encode_key(key, LEGACY) == data


@pytest.mark.parametrize(
    ("data", "outer", "inner", "wanted"),
    [
        # the same modes: as they came, also what only one kind of terminal sends
        (b"\x1b[7~", LEGACY, LEGACY, b"\x1b[7~"),
        (b"\x1b[[A", LEGACY, LEGACY, b"\x1b[[A"),
        (b"\x1b\x1b[A", LEGACY, LEGACY, b"\x1b\x1b[A"),
        (b"\x1b[99~", LEGACY, LEGACY, b"\x1b[99~"),
        (b"\x1b[1;129A", KITTY, KITTY, b"\x1b[1;129A"),
        (b"\x1b[97:65;6u", KITTY, KITTY, b"\x1b[97:65;6u"),
        (b"\x08", KITTY, KITTY, b"\x08"),
        # application modes do not matter to kitty's keyboard
        (b"\x1b[1;129A", KITTY, Modes(kitty_flags=1, application_cursor=True), b"\x1b[1;129A"),
        # what the modes cannot explain
        (b"\x1b[1;129A", LEGACY, LEGACY, b"\x1b[A"),
        (b"\x1b[P", LEGACY, LEGACY, b"\x1bOP"),
        (b"\x1bOP", KITTY, KITTY, b"\x1b[P"),
        (b"\x01", KITTY, KITTY, b"\x1b[97;5u"),
        (b"\x1ba", KITTY, KITTY, b"\x1b[97;3u"),
        (b"\x1b[A", Modes(application_cursor=True), Modes(application_cursor=True), b"\x1bOA"),
        (b"\x1bOA", Modes(application_cursor=True), Modes(application_cursor=True), b"\x1bOA"),
        (b"\x1bOp", Modes(application_keypad=True), Modes(application_keypad=True), b"\x1bOp"),
        # other modes
        (b"\x1b[P", KITTY, LEGACY, b"\x1bOP"),
        (b"\x1b[13~", KITTY, LEGACY, b"\x1bOR"),
        (b"\x1bOR", LEGACY, KITTY, b"\x1b[13~"),
        (b"\x1b[99~", LEGACY, KITTY, b"\x1b[99~"),
        (b"\xff", LEGACY, KITTY, b"\xff"),
        (b"\x1b[57441u", KITTY, KITTY, None),
    ],
)
def test_key_bytes(data: bytes, outer: Modes, inner: Modes, wanted: bytes | None) -> None:
    event = _event(data)
    assert key_bytes(event.terminal_key, event.data, outer, inner) == wanted


@settings(deadline=None)
@given(st.binary(max_size=40))
def test_on_equal_terms_plain_keys_pass_unchanged(data: bytes) -> None:
    tokenizer = Tokenizer()
    for token in tokenizer.feed(data) + tokenizer.flush():
        if isinstance(token, KeyToken) and not token.data.startswith(b"\x1b"):
            assert key_bytes(token.key, token.data, LEGACY, LEGACY) == token.data


# -- the mouse --------------------------------------------------------------------------------------------


_MOUSE_FACTS = (
    "_x",
    "_y",
    "_delta_x",
    "_delta_y",
    "_screen_x",
    "_screen_y",
    "button",
    "shift",
    "meta",
    "ctrl",
)


@pytest.mark.parametrize("pixels", [False, True])
def test_mouse_events_are_those_of_textuals_parser(pixels: bool) -> None:
    parser, pointer = XTermParser(), Pointer()
    if pixels:
        assert list(parser.feed("\x1b[48;30;100;600;1000t"))
        pointer.cells, pointer.pixels = Size(100, 30), Size(1000, 600)
    for code in range(128):
        for final in "Mm":
            x, y = 1 + code * 7 % 90, 1 + code * 3 % 25
            (theirs,) = parser.feed(f"\x1b[<{code};{x};{y}{final}")
            ours = pointer.event(MouseToken(code, x, y, final == "m", b""))
            assert type(ours) is type(theirs)
            assert isinstance(ours, events.MouseEvent)
            assert isinstance(theirs, events.MouseEvent)
            for name in _MOUSE_FACTS:
                assert getattr(ours, name) == getattr(theirs, name), (code, name)


def test_a_position_outside_is_no_event() -> None:
    assert Pointer().event(MouseToken(35, 0, 5, False, b"")) is None
    assert Pointer().event(MouseToken(35, 5, -3, False, b"")) is None


@pytest.mark.parametrize("code", range(128, 192))
def test_a_side_button_is_neither_pressed_nor_clicked_in_textual(code: int) -> None:
    for released in (False, True):
        event = Pointer().event(MouseToken(code, 3, 4, released, b""))
        assert not isinstance(event, events.MouseDown | events.MouseUp)
        assert event is None or event.button == 8 + code % 4


@pytest.mark.parametrize("code", [192, 200, 255, 256, 1 << 20])
def test_a_button_that_xterm_does_not_know_is_no_event(code: int) -> None:
    assert Pointer().event(MouseToken(code, 3, 4, False, b"")) is None


def _mouse(kind: type[events.MouseEvent], button: int = 0, *, ctrl: bool = False) -> events.MouseEvent:
    return kind(None, 9, 9, 0, 0, button, False, False, ctrl)


@pytest.mark.parametrize(
    ("event", "action", "button"),
    [
        (_mouse(events.MouseDown, 1), MouseAction.PRESS, MouseButton.LEFT),
        (_mouse(events.MouseDown, 2), MouseAction.PRESS, MouseButton.MIDDLE),
        (_mouse(events.MouseUp, 3), MouseAction.RELEASE, MouseButton.RIGHT),
        (_mouse(events.MouseMove), MouseAction.MOVE, MouseButton.NONE),
        (_mouse(events.MouseMove, 1), MouseAction.MOVE, MouseButton.LEFT),
        (_mouse(events.MouseScrollUp), MouseAction.PRESS, MouseButton.WHEEL_UP),
        (_mouse(events.MouseScrollDown), MouseAction.PRESS, MouseButton.WHEEL_DOWN),
        (_mouse(events.MouseScrollLeft), MouseAction.PRESS, MouseButton.WHEEL_LEFT),
        (_mouse(events.MouseScrollRight), MouseAction.PRESS, MouseButton.WHEEL_RIGHT),
        (_mouse(SideButtonDown, 8), MouseAction.PRESS, MouseButton.BACK),
        (_mouse(SideButtonUp, 9), MouseAction.RELEASE, MouseButton.FORWARD),
        (_mouse(SideButtonDown, 10), MouseAction.PRESS, MouseButton.BUTTON_10),
        (_mouse(events.MouseMove, 11), MouseAction.MOVE, MouseButton.BUTTON_11),
    ],
)
def test_mouse_from_textual(event: events.MouseEvent, action: MouseAction, button: MouseButton) -> None:
    assert mouse_from_textual(event, 4, 2) == MouseEvent(action, button, 4, 2)


def test_mouse_from_textual_knows_modifiers_and_its_limits() -> None:
    pressed = mouse_from_textual(_mouse(events.MouseDown, 1, ctrl=True), 0, 0)
    assert pressed is not None
    assert pressed.modifiers == CTRL
    assert mouse_from_textual(_mouse(events.Click, 1), 0, 0) is None
    assert key_bytes(Key(UNKNOWN), b"\xff", KITTY, LEGACY) == b"\xff"


async def test_a_key_handed_on_stays_before_those_typed_behind_it(open_app: OpenApp) -> None:
    """As behind a dialog that closes, when the next key comes before the one handed on is typed again."""
    async with open_app("claude", command=("cat",)) as ui:
        await ui.running()
        hand_on(ui.app.pane, _event(b"a"))
        for letter in (b"b", b"c", b"\r"):
            ui.app.post_message(_event(letter))
        await ui.until(lambda: "abc" in ui.text("claude"))
