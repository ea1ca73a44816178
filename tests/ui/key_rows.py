"""THE table of keys: what the outer terminal writes, and what the program in the focused pane must read.

Fixed before the driver existed. It is used twice: against the pure functions (test_key_rows.py), and
end to end, where the bytes are written to a PTY in which the whole app runs. Sources: xterm's ctlseqs
(CSI, SS3, modifyOtherKeys, mouse), the kitty keyboard protocol, and what was measured of Claude Code.

Keys of the app itself (Alt+1..9, F1-F4, F12, Ctrl+B, Ctrl+Q) are not in the table: they reach no program.
Mouse rows count columns and rows from the pane's own corner; `moved` brings them to where the pane is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from qms_tui.terminal import Modes, MouseEncoding, MouseTracking


@dataclass(frozen=True)
class Program:
    """What the program in the pane wrote before the key, and the modes that this means."""

    setup: bytes
    modes: Modes


@dataclass(frozen=True)
class Outer:
    """The outer terminal: what it answers to our questions at the start, and the modes that this means."""

    replies: bytes
    modes: Modes


@dataclass(frozen=True)
class Row:
    """`outer` bytes in, `expected` bytes out."""

    name: str
    outer: bytes
    expected: bytes
    program: Program
    terminal: Outer
    mouse: bool = False


PLAIN = Program(b"", Modes())
CURSOR = Program(b"\x1b[?1h", Modes(application_cursor=True))
KEYPAD = Program(b"\x1b=", Modes(application_keypad=True))
NEWLINE = Program(b"\x1b[20h", Modes(newline=True))
PASTE = Program(b"\x1b[?2004h", Modes(bracketed_paste=True))
FOCUS = Program(b"\x1b[?1004h", Modes(focus_events=True))
OTHER1 = Program(b"\x1b[>4;1m", Modes(modify_other_keys=1))
OTHER2 = Program(b"\x1b[>4;2m", Modes(modify_other_keys=2))
KITTY1 = Program(b"\x1b[>1u", Modes(kitty_flags=1))
KITTY5 = Program(b"\x1b[>5u", Modes(kitty_flags=5))
KITTY9 = Program(b"\x1b[>9u", Modes(kitty_flags=9))
KITTY25 = Program(b"\x1b[>25u", Modes(kitty_flags=25))
KITTY1_CURSOR = Program(b"\x1b[?1h\x1b[>1u", Modes(application_cursor=True, kitty_flags=1))


def _mouse(tracking: MouseTracking, encoding: MouseEncoding = MouseEncoding.LEGACY) -> Program:
    setup = b"\x1b[?%dh" % tracking.value
    if encoding is not MouseEncoding.LEGACY:
        setup += b"\x1b[?%dh" % encoding.value
    return Program(setup, Modes(mouse_tracking=tracking, mouse_encoding=encoding))


X10 = _mouse(MouseTracking.X10)
NORMAL = _mouse(MouseTracking.NORMAL)
NORMAL_SGR = _mouse(MouseTracking.NORMAL, MouseEncoding.SGR)
NORMAL_UTF8 = _mouse(MouseTracking.NORMAL, MouseEncoding.UTF8)
NORMAL_URXVT = _mouse(MouseTracking.NORMAL, MouseEncoding.URXVT)
BUTTON_SGR = _mouse(MouseTracking.BUTTON, MouseEncoding.SGR)
ANY_SGR = _mouse(MouseTracking.ANY, MouseEncoding.SGR)

LEGACY = Outer(b"", Modes())
KITTY = Outer(b"\x1b[?1u", Modes(kitty_flags=1))
ALTERNATES = Outer(b"\x1b[?5u", Modes(kitty_flags=5))

_SGR = re.compile(rb"\x1b\[<(\d+);(\d+);(\d+)([Mm])")


def moved(data: bytes, column: int, row: int) -> bytes:
    """The SGR mouse reports in `data`, for a pane whose corner is at `column`, `row` (from 0)."""

    def move(match: re.Match[bytes]) -> bytes:
        code, x, y = (int(number) for number in match.groups()[:3])
        return b"\x1b[<%d;%d;%d%b" % (code, x + column, y + row, match[4])

    return _SGR.sub(move, data)


def _same(program: Program, terminal: Outer, rows: dict[str, bytes]) -> list[Row]:
    return [Row(name, data, data, program, terminal) for name, data in rows.items()]


def _changed(program: Program, terminal: Outer, rows: dict[str, tuple[bytes, bytes]]) -> list[Row]:
    return [Row(name, data, wanted, program, terminal) for name, (data, wanted) in rows.items()]


def _nothing(program: Program, terminal: Outer, rows: dict[str, bytes]) -> list[Row]:
    return [Row(name, data, b"", program, terminal) for name, data in rows.items()]


def _pointer(rows: list[tuple[str, Program, bytes, bytes]]) -> list[Row]:
    return [Row(name, data, wanted, program, LEGACY, True) for name, program, data, wanted in rows]


_TYPED = _same(
    PLAIN,
    LEGACY,
    {
        "a": b"a",
        "A": b"A",
        "digit": b"7",
        "space": b" ",
        "tilde": b"~",
        "a run of text": b"the quick brown fox",
        "enter": b"\r",
        "tab": b"\t",
        "backspace": b"\x7f",
        "ctrl+h is not backspace": b"\x08",
        "escape": b"\x1b",
        "escape twice": b"\x1b\x1b",
        "ctrl+j": b"\n",
        "ctrl+space": b"\0",
        "ctrl+a": b"\x01",
        "ctrl+c": b"\x03",
        "ctrl+d": b"\x04",
        "ctrl+o": b"\x0f",
        "ctrl+r": b"\x12",
        "ctrl+z": b"\x1a",
        "ctrl+backslash": b"\x1c",
        "ctrl+]": b"\x1d",
        "ctrl+^": b"\x1e",
        "ctrl+_": b"\x1f",
        "alt+a": b"\x1ba",
        "alt+b": b"\x1bb",
        "alt+shift+a": b"\x1bA",
        "alt+0": b"\x1b0",
        "alt+space": b"\x1b ",
        "alt+enter": b"\x1b\r",
        "alt+backspace": b"\x1b\x7f",
        "alt+ctrl+h": b"\x1b\x08",
        "alt+tab": b"\x1b\t",
        "alt+ctrl+a": b"\x1b\x01",
        "alt+[": b"\x1b[",
        "alt+shift+o": b"\x1bO",
        "alt+]": b"\x1b]",
        "alt+shift+p": b"\x1bP",
        "alt+é": "\x1bé".encode(),
        "shift+tab": b"\x1b[Z",
        "alt+shift+tab": b"\x1b\x1b[Z",
        "é": "é".encode(),
        "€": "€".encode(),
        "emoji": "😀".encode(),
        "combining mark": "e\u0301".encode(),
        "latin-1 é alone": b"\xe9",
        "half a euro sign, then a": b"\xe2\x82a",
        "continuation byte alone": b"\x80",
        "0xff": b"\xff",
        "overlong slash": b"\xc0\xaf",
        "utf-8 cut by a key": b"\xc3\x1b[A",
    },
)

_FUNCTION = _same(
    PLAIN,
    LEGACY,
    {
        "up": b"\x1b[A",
        "left": b"\x1b[D",
        "home": b"\x1b[H",
        "end": b"\x1b[F",
        "home of rxvt": b"\x1b[7~",
        "insert": b"\x1b[2~",
        "delete": b"\x1b[3~",
        "page up": b"\x1b[5~",
        "page down": b"\x1b[6~",
        "ctrl+delete": b"\x1b[3;5~",
        "shift+page down": b"\x1b[6;2~",
        "shift+up": b"\x1b[1;2A",
        "alt+left": b"\x1b[1;3D",
        "ctrl+right": b"\x1b[1;5C",
        "ctrl+home": b"\x1b[1;5H",
        "alt+up of rxvt": b"\x1b\x1b[A",
        "f5": b"\x1b[15~",
        "f11": b"\x1b[23~",
        "f13": b"\x1b[25~",
        "shift+f1": b"\x1b[1;2P",
        "ctrl+f3 is no cursor report": b"\x1b[1;5R",
        "shift+f12": b"\x1b[24;2~",
    },
) + _changed(
    PLAIN,
    LEGACY,
    {
        "up of an outer terminal left in application mode": (b"\x1bOA", b"\x1b[A"),
        "home of an outer terminal left in application mode": (b"\x1bOH", b"\x1b[H"),
        "keypad 0 of an outer terminal left in application mode": (b"\x1bOp", b"0"),
        "keypad enter of an outer terminal left in application mode": (b"\x1bOM", b"\r"),
    },
)

_APPLICATION = [
    *_changed(
        CURSOR,
        LEGACY,
        {
            "application cursor: up": (b"\x1b[A", b"\x1bOA"),
            "application cursor: right": (b"\x1b[C", b"\x1bOC"),
            "application cursor: home": (b"\x1b[H", b"\x1bOH"),
            "application cursor: end": (b"\x1b[F", b"\x1bOF"),
            "application cursor: rxvt's home": (b"\x1b[7~", b"\x1bOH"),
            "application cursor on both sides": (b"\x1bOB", b"\x1bOB"),
        },
    ),
    *_same(
        CURSOR,
        LEGACY,
        {
            "application cursor: ctrl+right stays": b"\x1b[1;5C",
            "application cursor: page up stays": b"\x1b[5~",
            "application cursor: f6 stays": b"\x1b[17~",
            "application cursor: alt+enter stays": b"\x1b\r",
            "application cursor: ctrl+h stays": b"\x08",
            "application cursor: escape stays": b"\x1b",
            "application cursor: broken utf-8 stays": b"\xe9",
            "application cursor: shift+tab stays": b"\x1b[Z",
        },
    ),
    *_same(KEYPAD, LEGACY, {"application keypad: keypad 5": b"\x1bOu", "application keypad: enter": b"\r"}),
    *_changed(NEWLINE, LEGACY, {"newline mode: enter": (b"\r", b"\r\n")}),
]

_PASTED = [
    *_same(
        PASTE,
        LEGACY,
        {
            "paste": b"\x1b[200~hello\x1b[201~",
            "paste of lines": b"\x1b[200~one\ntwo\r\nthree\rfour\x1b[201~",
            "paste of nothing (an image for Claude Code)": b"\x1b[200~\x1b[201~",
            "paste of utf-8": "\x1b[200~é€😀\x1b[201~".encode(),
            "paste of broken utf-8": b"\x1b[200~\xe9\xff\x1b[201~",
            "paste, then a key": b"\x1b[200~x\x1b[201~y",
        },
    ),
    *_changed(
        PASTE,
        LEGACY,
        {
            "paste with an escape sequence inside": (
                b"\x1b[200~a\x1b[31mb\x1b[201~",
                b"\x1b[200~a[31mb\x1b[201~",
            ),
            "paste with a lone escape inside": (b"\x1b[200~a\x1bb\x1b[201~", b"\x1b[200~ab\x1b[201~"),
            "paste with ctrl+c inside": (b"\x1b[200~a\x03b\x1b[201~", b"\x1b[200~ab\x1b[201~"),
            "paste with a second start inside": (
                b"\x1b[200~a\x1b[200~b\x1b[201~",
                b"\x1b[200~a[200~b\x1b[201~",
            ),
            "paste with an 8-bit CSI inside": (
                b"\x1b[200~a\xc2\x9b201~b\x1b[201~",
                b"\x1b[200~a201~b\x1b[201~",
            ),
            "an end of paste too many": (b"\x1b[200~a\x1b[201~\x1b[201~b", b"\x1b[200~a\x1b[201~b"),
        },
    ),
    *_changed(
        PLAIN,
        LEGACY,
        {
            "unasked paste": (b"\x1b[200~hello\x1b[201~", b"hello"),
            "unasked paste of lines": (
                b"\x1b[200~one\ntwo\r\nthree\rfour\x1b[201~",
                b"one\rtwo\rthree\rfour",
            ),
            "unasked paste with an escape sequence": (b"\x1b[200~a\x1b[31mb\x1b[201~", b"a[31mb"),
            "unasked paste of nothing": (b"\x1b[200~\x1b[201~", b""),
        },
    ),
]

_MOUSE = _pointer(
    [
        ("mouse nobody asked for", PLAIN, b"\x1b[<0;5;3M\x1b[<0;5;3m", b""),
        ("click, SGR", NORMAL_SGR, b"\x1b[<0;5;3M\x1b[<0;5;3m", b"\x1b[<0;5;3M\x1b[<0;5;3m"),
        ("right click, SGR", NORMAL_SGR, b"\x1b[<2;5;3M\x1b[<2;5;3m", b"\x1b[<2;5;3M\x1b[<2;5;3m"),
        ("ctrl+click, SGR", NORMAL_SGR, b"\x1b[<16;5;3M\x1b[<16;5;3m", b"\x1b[<16;5;3M\x1b[<16;5;3m"),
        ("wheel up, SGR", NORMAL_SGR, b"\x1b[<64;5;3M", b"\x1b[<64;5;3M"),
        ("wheel down, SGR", NORMAL_SGR, b"\x1b[<65;5;3M", b"\x1b[<65;5;3M"),
        ("wheel left, SGR", NORMAL_SGR, b"\x1b[<66;5;3M", b"\x1b[<66;5;3M"),
        ("shift+wheel right, SGR", NORMAL_SGR, b"\x1b[<71;5;3M", b"\x1b[<71;5;3M"),
        ("wheel left nobody asked for", PLAIN, b"\x1b[<66;5;3M", b""),
        *(
            (f"button {8 + n}, SGR", NORMAL_SGR, data, data)
            for n in range(4)
            for data in [b"\x1b[<%d;5;3M\x1b[<%d;5;3m" % (128 + n, 128 + n)]
        ),
        ("ctrl+button 9, SGR", NORMAL_SGR, b"\x1b[<145;5;3M", b"\x1b[<145;5;3M"),
        ("drag with button 8", BUTTON_SGR, b"\x1b[<160;6;3M", b"\x1b[<160;6;3M"),
        ("button 8 nobody asked for", PLAIN, b"\x1b[<128;5;3M\x1b[<128;5;3m", b""),
        ("button 8, X10", X10, b"\x1b[<128;5;3M\x1b[<128;5;3m", b""),
        ("button 8, legacy", NORMAL, b"\x1b[<128;5;3M\x1b[<128;5;3m", b"\x1b[M\xa0%#\x1b[M#%#"),
        ("button 9, UTF-8", NORMAL_UTF8, b"\x1b[<129;5;3M", b"\x1b[M\xc2\xa1%#"),
        ("button 11, urxvt", NORMAL_URXVT, b"\x1b[<131;5;3M", b"\x1b[163;5;3M"),
        ("a button that xterm does not know", NORMAL_SGR, b"\x1b[<192;5;3M\x1b[<256;5;3M", b""),
        (
            "drag, normal tracking",
            NORMAL_SGR,
            b"\x1b[<0;5;3M\x1b[<32;6;3M\x1b[<0;6;3m",
            b"\x1b[<0;5;3M\x1b[<0;6;3m",
        ),
        (
            "drag, button tracking",
            BUTTON_SGR,
            b"\x1b[<0;5;3M\x1b[<32;6;3M\x1b[<0;6;3m",
            b"\x1b[<0;5;3M\x1b[<32;6;3M\x1b[<0;6;3m",
        ),
        ("motion, button tracking", BUTTON_SGR, b"\x1b[<35;6;4M", b""),
        ("motion, any-event tracking", ANY_SGR, b"\x1b[<35;6;4M", b"\x1b[<35;6;4M"),
        ("click, X10", X10, b"\x1b[<0;5;3M\x1b[<0;5;3m", b"\x1b[M %#"),
        ("click, legacy", NORMAL, b"\x1b[<0;5;3M\x1b[<0;5;3m", b"\x1b[M %#\x1b[M#%#"),
        ("click, UTF-8", NORMAL_UTF8, b"\x1b[<0;5;3M\x1b[<0;5;3m", b"\x1b[M %#\x1b[M#%#"),
        ("click, urxvt", NORMAL_URXVT, b"\x1b[<0;5;3M\x1b[<0;5;3m", b"\x1b[32;5;3M\x1b[35;5;3M"),
    ]
)

_FOCUSED = [
    *_same(FOCUS, LEGACY, {"focus lost": b"\x1b[O", "focus lost and back": b"\x1b[O\x1b[I"}),
    *_nothing(PLAIN, LEGACY, {"focus nobody asked for": b"\x1b[O\x1b[I"}),
]

_REPLIES = [
    *_nothing(
        PLAIN,
        LEGACY,
        {
            "reply: primary attributes": b"\x1b[?62;22c",
            "reply: secondary attributes": b"\x1b[>1;4000;29c",
            "reply: tertiary attributes": b"\x1bP!|7E565445\x1b\\",
            "reply: cursor position": b"\x1b[5;10R",
            "reply: status": b"\x1b[0n",
            "reply: private mode": b"\x1b[?2026;2$y",
            "reply: ansi mode": b"\x1b[4;2$y",
            "reply: name and version": b"\x1bP>|WezTerm 20240203\x1b\\",
            "reply: setting": b"\x1bP1$r0m\x1b\\",
            "reply: capability": b"\x1bP1+r544e=787465726d\x1b\\",
            "reply: foreground, bel": b"\x1b]10;rgb:ffff/ffff/ffff\x07",
            "reply: background, st": b"\x1b]11;rgb:0000/0000/0000\x1b\\",
            "reply: palette": b"\x1b]4;1;rgb:cdcd/0000/0000\x1b\\",
            "reply: clipboard": b"\x1b]52;c;aGVsbG8=\x07",
            "reply: title": b"\x1b]lsomething\x1b\\",
            "reply: kitty graphics": b"\x1b_Gi=31;OK\x1b\\",
            "reply: kitty flags, none": b"\x1b[?0u",
            "reply: text area": b"\x1b[8;24;80t",
            "reply: colour scheme": b"\x1b[?997;1n",
            "a privacy message": b"\x1b^hello\x1b\\",
            "a start of string": b"\x1bXhello\x1b\\",
            "key release": b"\x1b[97;5:3u",
            "a lone shift": b"\x1b[57441u",
        },
    ),
    *_changed(
        PLAIN,
        LEGACY,
        {
            "reply between two keys": (b"a\x1b]11;rgb:0000/0000/0000\x1b\\b", b"ab"),
            "broken off reply, then a key": (b"\x1b]11;rgb:00\x18b", b"b"),
            "broken off sequence, then a key": (b"\x1b[1;2\x1b[A", b"\x1b[A"),
        },
    ),
]

_KITTY_OUTSIDE = [
    *_changed(
        PLAIN,
        KITTY,
        {
            "kitty outside: ctrl+a": (b"\x1b[97;5u", b"\x01"),
            "kitty outside: ctrl+c": (b"\x1b[99;5u", b"\x03"),
            "kitty outside: escape": (b"\x1b[27u", b"\x1b"),
            "kitty outside: alt+a": (b"\x1b[97;3u", b"\x1ba"),
            "kitty outside: alt+shift+a": (b"\x1b[97;4u", b"\x1bA"),
            "kitty outside: ctrl+alt+a": (b"\x1b[97;7u", b"\x1b\x01"),
            "kitty outside: ctrl+shift+a": (b"\x1b[97;6u", b"\x01"),
            "kitty outside: shift+enter": (b"\x1b[13;2u", b"\x1b\r"),
            "kitty outside: alt+enter": (b"\x1b[13;3u", b"\x1b\r"),
            "kitty outside: ctrl+enter": (b"\x1b[13;5u", b"\r"),
            "kitty outside: alt+backspace": (b"\x1b[127;3u", b"\x1b\x7f"),
            "kitty outside: ctrl+backspace": (b"\x1b[127;5u", b"\x08"),
            "kitty outside: ctrl+h": (b"\x1b[104;5u", b"\x08"),
            "kitty outside: ctrl+i": (b"\x1b[105;5u", b"\t"),
            "kitty outside: ctrl+m": (b"\x1b[109;5u", b"\r"),
            "kitty outside: ctrl+space": (b"\x1b[32;5u", b"\0"),
            "kitty outside: ctrl+slash": (b"\x1b[47;5u", b"\x1f"),
            "kitty outside: ctrl+shift+minus": (b"\x1b[45;6u", b"\x1f"),
            "kitty outside: alt+[": (b"\x1b[91;3u", b"\x1b["),
            "kitty outside: shift+tab": (b"\x1b[9;2u", b"\x1b[Z"),
            "kitty outside: alternate keys": (b"\x1b[97:65;4u", b"\x1bA"),
            "kitty outside: text in the sequence": (b"\x1b[97;;97u", b"a"),
            "kitty outside: up with num lock": (b"\x1b[1;129A", b"\x1b[A"),
            "kitty outside: keypad enter": (b"\x1b[57414u", b"\r"),
            "kitty outside: shift+f3": (b"\x1b[13;2~", b"\x1b[1;2R"),
            "kitty outside: f13": (b"\x1b[57376u", b"\x1b[25~"),
            "kitty outside: alt+é": (b"\x1b[233;3u", "\x1bé".encode()),
            "kitty outside: super+a": (b"\x1b[97;9u", b""),
        },
    ),
    *_same(
        PLAIN,
        KITTY,
        {
            "kitty outside: a": b"a",
            "kitty outside: enter": b"\r",
            "kitty outside: up": b"\x1b[A",
            "kitty outside: ctrl+right": b"\x1b[1;5C",
            "kitty outside: f5": b"\x1b[15~",
        },
    ),
    *_changed(CURSOR, KITTY, {"kitty outside: up, application cursor": (b"\x1b[A", b"\x1bOA")}),
]

_OTHER_LAYOUTS = [
    *_changed(
        PLAIN,
        ALTERNATES,
        {
            "cyrillic: ctrl+c": (b"\x1b[1089::99;5u", b"\x03"),
            "cyrillic: ctrl+z": (b"\x1b[1103::122;5u", b"\x1a"),
            "cyrillic: ctrl+shift+c": (b"\x1b[1089:1057:99;6u", b"\x03"),
            "cyrillic: ctrl+alt+c": (b"\x1b[1089::99;7u", b"\x1b\x03"),
            "cyrillic: ctrl+right bracket": (b"\x1b[1098::93;5u", b"\x1d"),
            "cyrillic: alt+s": (b"\x1b[1089::99;3u", "\x1b\u0441".encode()),
            "cyrillic: ctrl+c with caps lock": (b"\x1b[1089::99;69u", b"\x03"),
            "greek: ctrl+c": (b"\x1b[968::99;5u", b"\x03"),
            "hebrew: ctrl+c": (b"\x1b[1489::99;5u", b"\x03"),
            "french: ctrl+a": (b"\x1b[97::113;5u", b"\x01"),
            "dvorak: ctrl+c": (b"\x1b[99::105;5u", b"\x03"),
        },
    ),
    *_same(PLAIN, ALTERNATES, {"cyrillic: a letter": "\u0441".encode(), "cyrillic: up": b"\x1b[A"}),
    *_changed(KITTY1, ALTERNATES, {"cyrillic to kitty: ctrl+c": (b"\x1b[1089::99;5u", b"\x1b[99;5u")}),
    *_same(
        KITTY1,
        ALTERNATES,
        {"alternates outside only: ctrl+a": b"\x1b[97;5u", "alternates outside only: up": b"\x1b[1;129A"},
    ),
    *_same(KITTY5, ALTERNATES, {"alternates on both sides: ctrl+c": b"\x1b[1089::99;5u"}),
]

_KITTY_BOTH = [
    *_same(
        KITTY1,
        KITTY,
        {
            "kitty on both sides: a": b"a",
            "kitty on both sides: enter": b"\r",
            "kitty on both sides: backspace": b"\x7f",
            "kitty on both sides: ctrl+a": b"\x1b[97;5u",
            "kitty on both sides: ctrl+shift+a": b"\x1b[97;6u",
            "kitty on both sides: shift+enter": b"\x1b[13;2u",
            "kitty on both sides: escape": b"\x1b[27u",
            "kitty on both sides: up with num lock": b"\x1b[1;129A",
            "kitty on both sides: super+a": b"\x1b[97;9u",
            "kitty on both sides: shift+f1": b"\x1b[1;2P",
        },
    ),
    *_nothing(
        KITTY1,
        KITTY,
        {
            "kitty on both sides: key release": b"\x1b[97;5:3u",
            "kitty on both sides: a lone shift": b"\x1b[57441;2u",
        },
    ),
    *_changed(
        KITTY9,
        KITTY,
        {
            "all keys as escape codes: a": (b"a", b"\x1b[97u"),
            "all keys as escape codes: A": (b"A", b"\x1b[97;2u"),
            "all keys as escape codes: enter": (b"\r", b"\x1b[13u"),
            "all keys as escape codes: a lone shift": (b"\x1b[57441;2u", b"\x1b[57441;2u"),
        },
    ),
    *_changed(
        KITTY25,
        KITTY,
        {
            "associated text: a": (b"a", b"\x1b[97;;97u"),
            "associated text: A": (b"A", b"\x1b[97;2;65u"),
            "associated text: ctrl+a": (b"\x1b[97;5u", b"\x1b[97;5u"),
        },
    ),
    *_changed(KITTY5, KITTY, {"alternate keys: ctrl+shift+a": (b"\x1b[97;6u", b"\x1b[97:65;6u")}),
]

_KITTY_INSIDE = [
    *_changed(
        KITTY1,
        LEGACY,
        {
            "kitty inside: ctrl+a": (b"\x01", b"\x1b[97;5u"),
            "kitty inside: ctrl+h": (b"\x08", b"\x1b[104;5u"),
            "kitty inside: ctrl+space": (b"\0", b"\x1b[32;5u"),
            "kitty inside: escape": (b"\x1b", b"\x1b[27u"),
            "kitty inside: escape twice": (b"\x1b\x1b", b"\x1b[27u\x1b[27u"),
            "kitty inside: alt+a": (b"\x1ba", b"\x1b[97;3u"),
            "kitty inside: alt+shift+a": (b"\x1bA", b"\x1b[97;4u"),
            "kitty inside: alt+enter": (b"\x1b\r", b"\x1b[13;3u"),
            "kitty inside: alt+backspace": (b"\x1b\x7f", b"\x1b[127;3u"),
            "kitty inside: shift+tab": (b"\x1b[Z", b"\x1b[9;2u"),
            "kitty inside: ctrl+f3": (b"\x1b[1;5R", b"\x1b[13;5~"),
        },
    ),
    *_same(
        KITTY1,
        LEGACY,
        {
            "kitty inside: a": b"a",
            "kitty inside: é": "é".encode(),
            "kitty inside: enter": b"\r",
            "kitty inside: tab": b"\t",
            "kitty inside: backspace": b"\x7f",
            "kitty inside: up": b"\x1b[A",
            "kitty inside: ctrl+right": b"\x1b[1;5C",
            "kitty inside: f5": b"\x1b[15~",
        },
    ),
    *_same(KITTY1_CURSOR, LEGACY, {"kitty inside, application cursor: up": b"\x1b[A"}),
]

_OTHER_KEYS = [
    *_changed(
        OTHER2,
        LEGACY,
        {
            "modifyOtherKeys 2 inside: ctrl+a": (b"\x01", b"\x1b[27;5;97~"),
            "modifyOtherKeys 2 inside: alt+a": (b"\x1ba", b"\x1b[27;3;97~"),
            "modifyOtherKeys 2 inside: alt+enter": (b"\x1b\r", b"\x1b[27;3;13~"),
            "modifyOtherKeys 2 inside: alt+backspace": (b"\x1b\x7f", b"\x1b[27;3;127~"),
        },
    ),
    *_same(
        OTHER2,
        LEGACY,
        {
            "modifyOtherKeys 2 inside: a": b"a",
            "modifyOtherKeys 2 inside: enter": b"\r",
            "modifyOtherKeys 2 inside: escape": b"\x1b",
            "modifyOtherKeys 2 inside: shift+tab": b"\x1b[Z",
            "modifyOtherKeys 2 inside: up": b"\x1b[A",
        },
    ),
    *_same(
        OTHER1,
        LEGACY,
        {"modifyOtherKeys 1 inside: ctrl+a": b"\x01", "modifyOtherKeys 1 inside: alt+a": b"\x1ba"},
    ),
    *_changed(OTHER1, LEGACY, {"modifyOtherKeys 1 inside: alt+enter": (b"\x1b\r", b"\x1b[27;3;13~")}),
    *_changed(
        OTHER1,
        KITTY,
        {
            "modifyOtherKeys 1 inside, kitty outside: shift+enter": (b"\x1b[13;2u", b"\x1b[27;2;13~"),
            "modifyOtherKeys 1 inside, kitty outside: ctrl+1": (b"\x1b[49;5u", b"\x1b[27;5;49~"),
            "modifyOtherKeys 1 inside, kitty outside: ctrl+a": (b"\x1b[97;5u", b"\x01"),
        },
    ),
    *_changed(
        OTHER2,
        KITTY,
        {
            "modifyOtherKeys 2 inside, kitty outside: shift+enter": (b"\x1b[13;2u", b"\x1b[27;2;13~"),
            "modifyOtherKeys 2 inside, kitty outside: ctrl+shift+a": (b"\x1b[97;6u", b"\x1b[27;6;65~"),
        },
    ),
    *_changed(
        PLAIN,
        LEGACY,
        {
            "modifyOtherKeys left on outside: ctrl+a": (b"\x1b[27;5;97~", b"\x01"),
            "modifyOtherKeys left on outside: ctrl+shift+a": (b"\x1b[27;6;65~", b"\x01"),
            "modifyOtherKeys left on outside: shift+a": (b"\x1b[27;2;65~", b"A"),
            "modifyOtherKeys left on outside: shift+enter": (b"\x1b[27;2;13~", b"\x1b\r"),
            "modifyOtherKeys left on outside: ctrl+tab": (b"\x1b[27;5;9~", b"\t"),
            "kitty keys left on outside: ctrl+a": (b"\x1b[97;5u", b"\x01"),
            "kitty keys left on outside: shift+enter": (b"\x1b[13;2u", b"\x1b\r"),
        },
    ),
    *_same(OTHER2, LEGACY, {"modifyOtherKeys on both sides: shift+enter": b"\x1b[27;2;13~"}),
    *_changed(
        KITTY1,
        LEGACY,
        {"modifyOtherKeys left on outside, kitty inside: shift+enter": (b"\x1b[27;2;13~", b"\x1b[13;2u")},
    ),
]

ROWS: tuple[Row, ...] = (
    *_TYPED,
    *_FUNCTION,
    *_APPLICATION,
    *_PASTED,
    *_MOUSE,
    *_FOCUSED,
    *_REPLIES,
    *_KITTY_OUTSIDE,
    *_OTHER_LAYOUTS,
    *_KITTY_BOTH,
    *_KITTY_INSIDE,
    *_OTHER_KEYS,
)
