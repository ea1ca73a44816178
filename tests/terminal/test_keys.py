"""Keys to bytes, against the tables of xterm (ctlseqs, modified-keys) and of the kitty keyboard protocol."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qms_tui.terminal import Key, Modes, Modifier, encode_key
from qms_tui.terminal.keys import LETTER_KEYS, TILDE_KEYS, UNICODE_KEYS, UNKNOWN, text_key

SHIFT, ALT, CTRL, SUPER = Modifier.SHIFT, Modifier.ALT, Modifier.CTRL, Modifier.SUPER
LEGACY = Modes()
CURSOR = Modes(application_cursor=True)
KEYPAD = Modes(application_keypad=True)


def _kitty(flags: int) -> Modes:
    return Modes(kitty_flags=flags)


@pytest.mark.parametrize(
    ("name", "normal", "application"),
    [
        ("up", b"\x1b[A", b"\x1bOA"),
        ("down", b"\x1b[B", b"\x1bOB"),
        ("right", b"\x1b[C", b"\x1bOC"),
        ("left", b"\x1b[D", b"\x1bOD"),
        ("home", b"\x1b[H", b"\x1bOH"),
        ("end", b"\x1b[F", b"\x1bOF"),
        ("f1", b"\x1bOP", b"\x1bOP"),
        ("f4", b"\x1bOS", b"\x1bOS"),
        ("page_up", b"\x1b[5~", b"\x1b[5~"),
    ],
)
def test_cursor_keys_in_both_modes(name: str, normal: bytes, application: bytes) -> None:
    assert encode_key(Key(name), LEGACY) == normal
    assert encode_key(Key(name), CURSOR) == application


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("insert", b"\x1b[2~"),
        ("delete", b"\x1b[3~"),
        ("page_down", b"\x1b[6~"),
        ("f1", b"\x1bOP"),
        ("f2", b"\x1bOQ"),
        ("f3", b"\x1bOR"),
        ("f4", b"\x1bOS"),
        ("f5", b"\x1b[15~"),
        ("f6", b"\x1b[17~"),
        ("f7", b"\x1b[18~"),
        ("f8", b"\x1b[19~"),
        ("f9", b"\x1b[20~"),
        ("f10", b"\x1b[21~"),
        ("f11", b"\x1b[23~"),
        ("f12", b"\x1b[24~"),
        ("f13", b"\x1b[25~"),
        ("f15", b"\x1b[28~"),
        ("f20", b"\x1b[34~"),
        ("f21", b"\x1b[42~"),
        ("menu", b"\x1b[29~"),
        ("pause", None),
        ("media_play", None),
        ("left_shift", None),
        ("caps_lock", None),
        (UNKNOWN, None),
    ],
)
def test_function_keys(name: str, wanted: bytes | None) -> None:
    assert encode_key(Key(name), LEGACY) == wanted


@pytest.mark.parametrize(
    ("modifiers", "number"),
    [(SHIFT, 2), (ALT, 3), (SHIFT | ALT, 4), (CTRL, 5), (SHIFT | CTRL, 6), (ALT | CTRL, 7), (7, 8)],
)
def test_modified_cursor_and_function_keys(modifiers: int, number: int) -> None:
    held = Modifier(modifiers)
    for modes in (LEGACY, CURSOR):
        assert encode_key(Key("up", held), modes) == b"\x1b[1;%dA" % number
        assert encode_key(Key("home", held), modes) == b"\x1b[1;%dH" % number
        assert encode_key(Key("f3", held), modes) == b"\x1b[1;%dR" % number
        assert encode_key(Key("delete", held), modes) == b"\x1b[3;%d~" % number
        assert encode_key(Key("f5", held), modes) == b"\x1b[15;%d~" % number


# kitty's table "C0 controls", but for Shift+Enter: plain, Ctrl, Alt, Shift, Ctrl+Shift, Alt+Shift, Ctrl+Alt
C0 = {
    "enter": (b"\r", b"\r", b"\x1b\r", b"\x1b\r", b"\r", b"\x1b\r", b"\x1b\r"),
    "escape": (b"\x1b", b"\x1b", b"\x1b\x1b", b"\x1b", b"\x1b", b"\x1b\x1b", b"\x1b\x1b"),
    "backspace": (b"\x7f", b"\x08", b"\x1b\x7f", b"\x7f", b"\x08", b"\x1b\x7f", b"\x1b\x08"),
    "tab": (b"\t", b"\t", b"\x1b\t", b"\x1b[Z", b"\x1b[Z", b"\x1b\x1b[Z", b"\x1b\t"),
    " ": (b" ", b"\0", b"\x1b ", b" ", b"\0", b"\x1b ", b"\x1b\0"),
}
HELD = (Modifier.NONE, CTRL, ALT, SHIFT, CTRL | SHIFT, ALT | SHIFT, CTRL | ALT)


@pytest.mark.parametrize(
    ("name", "held", "wanted"), [(n, h, w) for n in C0 for h, w in zip(HELD, C0[n], strict=True)]
)
def test_c0_keys(name: str, held: Modifier, wanted: bytes) -> None:
    assert encode_key(Key(name, held), LEGACY) == wanted


def test_newline_mode_is_for_enter() -> None:
    modes = Modes(newline=True)
    assert encode_key(Key("enter"), modes) == b"\r\n"
    assert encode_key(Key("kp_enter"), modes) == b"\r\n"
    assert encode_key(Key("j", CTRL), modes) == b"\n"


def test_ctrl_makes_control_characters() -> None:
    """Table "Legacy ctrl mapping of ASCII keys" of the kitty keyboard protocol."""
    table = {" ": 0, "@": 0, "2": 0, "[": 27, "3": 27, "\\": 28, "4": 28, "]": 29, "5": 29, "^": 30, "6": 30}
    table |= {
        "~": 30,
        "_": 31,
        "7": 31,
        "/": 31,
        "8": 127,
        "?": 127,
        "0": 48,
        "1": 49,
        "9": 57,
        ";": 59,
        "=": 61,
    }
    table |= {chr(96 + code): code for code in range(1, 27)}
    for name, code in table.items():
        assert encode_key(Key(name, CTRL), LEGACY) == bytes((code,)), name
        assert encode_key(Key(name, CTRL | ALT), LEGACY) == bytes((27, code)), name


def test_ctrl_and_shift_make_what_ctrl_makes_of_the_shifted_key() -> None:
    for name, code in (("a", 1), ("2", 0), ("6", 30), ("-", 31), ("/", 127), ("`", 30)):
        assert encode_key(Key(name, CTRL | SHIFT), LEGACY) == bytes((code,)), name


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        (Key("a", Modifier.NONE, "a"), b"a"),
        (Key("a", SHIFT, "A"), b"A"),
        (Key("a", SHIFT), b"A"),
        (Key("a", ALT), b"\x1ba"),
        (Key("a", ALT | SHIFT), b"\x1bA"),
        (Key("4", ALT | SHIFT), b"\x1b$"),
        (Key("é", ALT), "\x1bé".encode()),
        (Key("ö", SHIFT), "Ö".encode()),
        (Key("ß", SHIFT), "ß".encode()),
        (Key("a", SUPER), None),
        (Key("a", SUPER | CTRL), None),
        (Key("up", SUPER), b"\x1b[1;9A"),
        (Key(UNKNOWN, Modifier.NONE, "한"), "한".encode()),
    ],
)
def test_text(key: Key, wanted: bytes | None) -> None:
    assert encode_key(key, LEGACY) == wanted


@pytest.mark.parametrize(
    ("name", "normal", "application"),
    [
        ("kp_0", b"0", b"\x1bOp"),
        ("kp_9", b"9", b"\x1bOy"),
        ("kp_enter", b"\r", b"\x1bOM"),
        ("kp_add", b"+", b"\x1bOk"),
        ("kp_subtract", b"-", b"\x1bOm"),
        ("kp_multiply", b"*", b"\x1bOj"),
        ("kp_divide", b"/", b"\x1bOo"),
        ("kp_decimal", b".", b"\x1bOn"),
        ("kp_separator", b",", b"\x1bOl"),
        ("kp_equal", b"=", b"\x1bOX"),
        ("kp_left", b"\x1b[D", b"\x1b[D"),
        ("kp_page_up", b"\x1b[5~", b"\x1b[5~"),
        ("kp_delete", b"\x1b[3~", b"\x1b[3~"),
        ("kp_begin", b"\x1b[E", b"\x1b[E"),
    ],
)
def test_keypad(name: str, normal: bytes, application: bytes) -> None:
    assert encode_key(Key(name), LEGACY) == normal
    assert encode_key(Key(name), KEYPAD) == application
    assert encode_key(Key("kp_left"), Modes(application_cursor=True, application_keypad=True)) == b"\x1bOD"


@pytest.mark.parametrize(
    ("key", "level1", "level2"),
    [
        # https://invisible-island.net/xterm/modified-keys.html, with Alt sending Escape at level 1
        (Key("a", Modifier.NONE, "a"), b"a", b"a"),
        (Key("a", SHIFT, "A"), b"A", b"A"),
        (Key("a", CTRL), b"\x01", b"\x1b[27;5;97~"),
        (Key("a", CTRL | SHIFT), b"\x01", b"\x1b[27;6;65~"),
        (Key("a", ALT), b"\x1ba", b"\x1b[27;3;97~"),
        (Key("a", ALT | CTRL), b"\x1b\x01", b"\x1b[27;7;97~"),
        (Key("1", CTRL), b"\x1b[27;5;49~", b"\x1b[27;5;49~"),
        (Key("2", CTRL), b"\0", b"\x1b[27;5;50~"),
        (Key(";", CTRL), b"\x1b[27;5;59~", b"\x1b[27;5;59~"),
        (Key(";", CTRL | SHIFT), b"\x1b[27;6;58~", b"\x1b[27;6;58~"),
        (Key(".", ALT), b"\x1b.", b"\x1b[27;3;46~"),
        (Key(" ", CTRL), b"\0", b"\x1b[27;5;32~"),
        (Key("enter"), b"\r", b"\r"),
        (Key("enter", SHIFT), b"\x1b[27;2;13~", b"\x1b[27;2;13~"),
        (Key("enter", ALT), b"\x1b[27;3;13~", b"\x1b[27;3;13~"),
        (Key("enter", CTRL), b"\x1b[27;5;13~", b"\x1b[27;5;13~"),
        (Key("tab"), b"\t", b"\t"),
        (Key("tab", SHIFT), b"\x1b[Z", b"\x1b[Z"),
        (Key("tab", CTRL), b"\x1b[27;5;9~", b"\x1b[27;5;9~"),
        (Key("tab", CTRL | SHIFT), b"\x1b[27;6;9~", b"\x1b[27;6;9~"),
        (Key("backspace"), b"\x7f", b"\x7f"),
        (Key("backspace", CTRL), b"\x08", b"\x08"),
        (Key("backspace", ALT), b"\x1b\x7f", b"\x1b[27;3;127~"),
        (Key("escape"), b"\x1b", b"\x1b"),
        (Key("escape", ALT), b"\x1b[27;3;27~", b"\x1b[27;3;27~"),
        (Key("escape", CTRL), b"\x1b", b"\x1b[27;5;27~"),
        (Key("up", CTRL), b"\x1b[1;5A", b"\x1b[1;5A"),
        (Key("f5", SHIFT), b"\x1b[15;2~", b"\x1b[15;2~"),
    ],
)
def test_modify_other_keys(key: Key, level1: bytes, level2: bytes) -> None:
    assert encode_key(key, Modes(modify_other_keys=1)) == level1
    assert encode_key(key, Modes(modify_other_keys=2)) == level2


@pytest.mark.parametrize(
    ("flags", "key", "wanted"),
    [
        # disambiguate
        (1, Key("a", Modifier.NONE, "a"), b"a"),
        (1, Key("a", SHIFT, "A"), b"A"),
        (1, Key("a", CTRL), b"\x1b[97;5u"),
        (1, Key("a", ALT), b"\x1b[97;3u"),
        (1, Key("a", CTRL | SHIFT), b"\x1b[97;6u"),
        (1, Key("i", CTRL), b"\x1b[105;5u"),
        (1, Key("[", ALT), b"\x1b[91;3u"),
        (1, Key("a", SUPER), b"\x1b[97;9u"),
        (1, Key("escape"), b"\x1b[27u"),
        (1, Key("enter"), b"\r"),
        (1, Key("tab"), b"\t"),
        (1, Key("backspace"), b"\x7f"),
        (1, Key("enter", SHIFT), b"\x1b[13;2u"),
        (1, Key("tab", SHIFT), b"\x1b[9;2u"),
        (1, Key("backspace", CTRL), b"\x1b[127;5u"),
        (1, Key("up"), b"\x1b[A"),
        (1, Key("up", CTRL), b"\x1b[1;5A"),
        (1, Key("f1"), b"\x1b[P"),
        (1, Key("f3"), b"\x1b[13~"),
        (1, Key("f3", SHIFT), b"\x1b[13;2~"),
        (1, Key("f5"), b"\x1b[15~"),
        (1, Key("f13"), b"\x1b[57376u"),
        (1, Key("f35"), b"\x1b[57398u"),
        (1, Key("kp_0", Modifier.NONE, "0"), b"0"),
        (1, Key("kp_enter"), b"\x1b[57414u"),
        (1, Key("kp_left"), b"\x1b[57417u"),
        (1, Key("kp_begin"), b"\x1b[E"),
        (1, Key("pause"), b"\x1b[57362u"),
        (1, Key("mute_volume"), b"\x1b[57440u"),
        (1, Key("left_shift", SHIFT), None),
        (1, Key("num_lock"), None),
        # flags without 1 and 8 leave the legacy form
        (2, Key("escape"), b"\x1b"),
        (4, Key("a", CTRL), b"\x01"),
        # event types: presses need none
        (3, Key("a", CTRL), b"\x1b[97;5u"),
        # alternate keys
        (5, Key("a", CTRL | SHIFT), b"\x1b[97:65;6u"),
        (5, Key("a", CTRL), b"\x1b[97;5u"),
        (13, Key("a", SHIFT, "A"), b"\x1b[97:65;2u"),
        # all keys as escape codes
        (8, Key("a", Modifier.NONE, "a"), b"\x1b[97u"),
        (9, Key("a", SHIFT, "A"), b"\x1b[97;2u"),
        (9, Key("enter"), b"\x1b[13u"),
        (9, Key("tab"), b"\x1b[9u"),
        (9, Key(" ", Modifier.NONE, " "), b"\x1b[32u"),
        (9, Key("left_shift", SHIFT), b"\x1b[57441;2u"),
        (9, Key("iso_level5_shift"), b"\x1b[57454u"),
        # associated text
        (25, Key("a", Modifier.NONE, "a"), b"\x1b[97;;97u"),
        (25, Key("a", SHIFT, "A"), b"\x1b[97;2;65u"),
        (25, Key("a", CTRL), b"\x1b[97;5u"),
        (25, Key("kp_0", Modifier.NONE, "0"), b"\x1b[57399u"),
        (31, Key("a", SHIFT, "A"), b"\x1b[97:65;2;65u"),
        (1, Key(UNKNOWN), None),
    ],
)
def test_kitty(flags: int, key: Key, wanted: bytes | None) -> None:
    assert encode_key(key, _kitty(flags)) == wanted


def test_kitty_wins_over_modify_other_keys() -> None:
    assert encode_key(Key("a", CTRL), Modes(kitty_flags=1, modify_other_keys=2)) == b"\x1b[97;5u"


def test_the_key_of_a_character() -> None:
    assert text_key("a") == Key("a", Modifier.NONE, "a")
    assert text_key("A") == Key("a", SHIFT, "A")
    assert text_key("!") == Key("!", Modifier.NONE, "!")
    assert text_key("Ж") == Key("ж", SHIFT, "Ж")
    assert text_key("İ") == Key("İ", Modifier.NONE, "İ")  # its lower case is two characters


_NAMES = st.sampled_from([*LETTER_KEYS, *TILDE_KEYS, *UNICODE_KEYS, UNKNOWN]) | st.characters()
_KEYS = st.builds(
    Key,
    _NAMES,
    st.integers(0, 255).map(Modifier),
    st.none() | st.text(st.characters(exclude_categories=["Cs"])),
)
_MODES = st.builds(
    Modes,
    application_cursor=st.booleans(),
    application_keypad=st.booleans(),
    newline=st.booleans(),
    modify_other_keys=st.integers(0, 2),
    kitty_flags=st.integers(0, 31),
)


@settings(deadline=None)
@given(_KEYS.filter(lambda key: not "\ud800" <= key.name <= "\udfff"), _MODES)
def test_any_key_in_any_modes(key: Key, modes: Modes) -> None:
    assert encode_key(key, modes) != b""
