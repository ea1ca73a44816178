"""Keys to the bytes a program expects, for the modes that it set.

Sources: xterm's ctlseqs and `ModifyOtherKeys()` in its input.c; the kitty keyboard protocol
(https://sw.kovidgoyal.net/kitty/keyboard-protocol/), whose table of legacy C0 keys is used for legacy mode.

Deviations:
- Shift+Enter is ESC CR in legacy mode, not CR: Claude Code reads it as a newline, shells as Enter.
- Shift with a printing key is text in every mode but kitty's "report all keys": xterm's modifyOtherKeys=2
  escapes A-Z, but an outer terminal that sends "A" does not say whether Shift or Caps Lock made it.
- Event types (kitty flag 2) are never reported: the flag is never set, and a program that asks is told so.
- Keys that xterm has no code for (Pause, media keys, Super+letter) send nothing in legacy mode; kitty sends
  CSI u for them, which legacy programs print as text.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag

from qms_tui.terminal.modes import Modes


class Modifier(IntFlag):
    """Modifier keys, numbered as kitty does (what is sent is one more)."""

    NONE = 0
    SHIFT = 1
    ALT = 2
    CTRL = 4
    SUPER = 8
    HYPER = 16
    META = 32
    CAPS_LOCK = 64
    NUM_LOCK = 128


@dataclass(frozen=True, slots=True)
class Key:
    """A key press.

    `name` is one character, without Shift as far as that is known ("a" also for A), or a name in
    `LETTER_KEYS`, `TILDE_KEYS` or `UNICODE_KEYS`, or `UNKNOWN`. `text` is what the press types, if anything.
    """

    name: str
    modifiers: Modifier = Modifier.NONE
    text: str | None = None


UNKNOWN = "unknown"  # bytes that are no key we know: they can be passed on, but not encoded anew

LETTER_KEYS = {
    "up": "A",
    "down": "B",
    "right": "C",
    "left": "D",
    "kp_begin": "E",
    "end": "F",
    "home": "H",
    "f1": "P",
    "f2": "Q",
    "f3": "R",  # not in kitty mode, where it would look like a cursor position report
    "f4": "S",
}
"""CSI letter, or CSI 1 ; modifiers letter."""

TILDE_KEYS = {"insert": 2, "delete": 3, "page_up": 5, "page_down": 6} | {
    f"f{number}": code
    for number, code in enumerate(
        # F13-F20 are the VT220's, F21 and above xterm's; the gaps are the VT220's keyboard.
        (11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 23, 24, 25, 26, 28, 29, 31, 32, 33, 34, *range(42, 57)),
        start=1,
    )
}
"""CSI number ~, or CSI number ; modifiers ~."""

_C0_KEYS = {"escape": 27, "enter": 13, "tab": 9, "backspace": 127}
_KEYPAD = (
    *(f"kp_{digit}" for digit in range(10)),
    *("kp_decimal", "kp_divide", "kp_multiply", "kp_subtract", "kp_add", "kp_enter", "kp_equal"),
    *("kp_separator", "kp_left", "kp_right", "kp_up", "kp_down", "kp_page_up", "kp_page_down"),
    *("kp_home", "kp_end", "kp_insert", "kp_delete", "kp_begin"),
)
_LOCKS = ("caps_lock", "scroll_lock", "num_lock")
_MODIFIER_KEYS = (
    *(
        f"{side}_{name}"
        for side in ("left", "right")
        for name in ("shift", "control", "alt", "super", "hyper", "meta")
    ),
    *("iso_level3_shift", "iso_level5_shift"),
)
LONE_KEYS = frozenset((*_LOCKS, *_MODIFIER_KEYS))
"""Keys that mean something only together with others: sent only when all keys are asked for."""

_MEDIA = (
    *("media_play", "media_pause", "media_play_pause", "media_reverse", "media_stop", "media_fast_forward"),
    *("media_rewind", "media_track_next", "media_track_previous", "media_record"),
    *("lower_volume", "raise_volume", "mute_volume"),
)
UNICODE_KEYS = (
    _C0_KEYS
    | {name: 57358 + i for i, name in enumerate((*_LOCKS, "print_screen", "pause", "menu"))}
    | {f"f{number}": 57376 - 13 + number for number in range(13, 36)}
    | {name: 57399 + i for i, name in enumerate((*_KEYPAD, *_MEDIA, *_MODIFIER_KEYS))}
)
"""CSI number ; modifiers u: kitty's functional keys."""

PLAIN_KEYPAD = {
    **{f"kp_{digit}": str(digit) for digit in range(10)},
    **dict(zip(_KEYPAD[10:15], "./*-+", strict=True)),
    "kp_equal": "=",
    "kp_separator": ",",
    **{name: name.removeprefix("kp_") for name in (*_KEYPAD[18:-1], "kp_enter")},
}
"""What the keypad's keys are while it is not in application mode."""

KEYPAD_LETTERS = {
    "kp_enter": "M",
    "kp_equal": "X",
    "kp_multiply": "j",
    "kp_add": "k",
    "kp_separator": "l",
    "kp_subtract": "m",
    "kp_decimal": "n",
    "kp_divide": "o",
} | {f"kp_{digit}": chr(ord("p") + digit) for digit in range(10)}
"""SS3 letter while the keypad is in application mode (DECKPAM)."""

_SHIFTED = dict(zip("`1234567890-=[]\\;',./", '~!@#$%^&*()_+{}|:"<>?', strict=True))  # US layout, as kitty
_CTRL = {chr(code | 0x60): code for code in range(1, 27)} | dict(
    zip(
        " @2[3\\4]5^6~_7/8?", (0, 0, 0, 27, 27, 28, 28, 29, 29, 30, 30, 30, 31, 31, 31, 127, 127), strict=True
    )
)
_DISAMBIGUATE, _ALTERNATES, _ALL_KEYS, _TEXT = 1, 4, 8, 16  # kitty's flags that can be set
_TYPING = Modifier.SHIFT | Modifier.CAPS_LOCK | Modifier.NUM_LOCK
_LEGACY = Modifier.SHIFT | Modifier.ALT | Modifier.CTRL


def encode_key(key: Key, modes: Modes) -> bytes | None:
    """The bytes for a key press; None when a program in these modes is sent nothing (a lone modifier)."""
    if key.name == UNKNOWN:
        return key.text.encode() if key.text else None
    if modes.kitty_flags & (_DISAMBIGUATE | _ALL_KEYS):
        return _kitty(key, modes.kitty_flags)
    if modes.modify_other_keys and _is_other_key(key, modes.modify_other_keys):
        return f"\x1b[27;{_parameter(key)};{_other_code(key)}~".encode()
    return _legacy(key, modes)


def shifted(name: str) -> str:
    """The character that Shift makes of a key on a US keyboard; letters of any language."""
    upper = name.upper()
    return _SHIFTED.get(name, upper if len(upper) == 1 else name)


def text_key(text: str) -> Key:
    """The key that most likely typed a character: "A" is Shift+a."""
    lower = text.lower()
    if lower != text and len(lower) == 1 and lower.upper() == text:
        return Key(lower, Modifier.SHIFT, text)
    return Key(text, Modifier.NONE, text)


def _parameter(key: Key) -> int:
    return 1 + int(key.modifiers)


def _is_text(key: Key) -> bool:
    return key.text is not None and not key.modifiers & ~_TYPING


# -- legacy ---------------------------------------------------------------------------------------------


def _legacy(key: Key, modes: Modes) -> bytes | None:
    modifiers = key.modifiers
    if modes.application_keypad and not modifiers and key.name in KEYPAD_LETTERS:
        return b"\x1bO" + KEYPAD_LETTERS[key.name].encode()
    if key.name in PLAIN_KEYPAD:
        return _legacy(Key(PLAIN_KEYPAD[key.name], modifiers, key.text), modes)
    if _is_text(key) and key.text:
        return key.text.encode()
    if key.name in _C0_KEYS:
        return _legacy_c0(key, modes)
    if key.name in LETTER_KEYS:
        return _cursor_or_pf(key, modes)
    if key.name in TILDE_KEYS:
        return _tilde(key)
    if key.name == "menu":
        return b"\x1b[29~"  # xterm, rxvt and kitty
    return _legacy_text(key)


def _legacy_c0(key: Key, modes: Modes) -> bytes:
    """Enter, Tab, Backspace, Escape: kitty's table "C0 controls"."""
    modifiers = key.modifiers & _LEGACY
    alt = b"\x1b" if modifiers & Modifier.ALT else b""
    if key.name == "enter":
        if modifiers == Modifier.SHIFT:
            return b"\x1b\r"
        return alt + (b"\r\n" if modes.newline else b"\r")
    if key.name == "tab":
        return alt + (b"\x1b[Z" if modifiers & Modifier.SHIFT else b"\t")
    if key.name == "backspace":
        return alt + (b"\x08" if modifiers & Modifier.CTRL else b"\x7f")
    return alt + b"\x1b"


def _cursor_or_pf(key: Key, modes: Modes) -> bytes:
    letter = LETTER_KEYS[key.name]
    if key.modifiers:
        return f"\x1b[1;{_parameter(key)}{letter}".encode()
    pf_key = letter in "PQRS"
    return f"\x1b{'O' if pf_key or modes.application_cursor else '['}{letter}".encode()


def _tilde(key: Key) -> bytes:
    modifiers = f";{_parameter(key)}" if key.modifiers else ""
    return f"\x1b[{TILDE_KEYS[key.name]}{modifiers}~".encode()


def _legacy_text(key: Key) -> bytes | None:
    """A printing key with Ctrl or Alt; Super and the like have no legacy form."""
    if len(key.name) != 1 or key.modifiers & ~(_LEGACY | _TYPING):
        return None
    alt = b"\x1b" if key.modifiers & Modifier.ALT else b""
    character = shifted(key.name) if key.modifiers & Modifier.SHIFT else key.name
    if key.modifiers & Modifier.CTRL:
        code = _ctrl_code(key)
        return alt + (bytes((code,)) if code is not None else character.encode())
    return alt + character.encode()


def _ctrl_code(key: Key) -> int | None:
    """The control character of Ctrl+key, None where Ctrl makes none (Ctrl+1, Ctrl+;)."""
    character = shifted(key.name) if key.modifiers & Modifier.SHIFT else key.name
    return _CTRL.get(character, _CTRL.get(character.lower()))


# -- modifyOtherKeys ------------------------------------------------------------------------------------


def _is_other_key(key: Key, level: int) -> bool:
    """Whether xterm sends CSI 27 at this level: `ModifyOtherKeys()` with Alt sending Escape."""
    modifiers = key.modifiers & _LEGACY
    if not modifiers or (len(key.name) != 1 and key.name not in _C0_KEYS):
        return False
    if key.name == "enter":
        return True
    if key.name == "tab":
        return modifiers != Modifier.SHIFT
    if key.name == "backspace":
        return level >= 2 and modifiers != Modifier.CTRL
    if key.name == "escape":
        return modifiers != Modifier.SHIFT and (level >= 2 or modifiers != Modifier.CTRL)
    if level >= 2:
        return bool(modifiers & ~Modifier.SHIFT)
    return bool(modifiers & Modifier.CTRL) and _ctrl_code(key) is None


def _other_code(key: Key) -> int:
    """The code point with Shift applied, as xterm sends the keysym of the shifted key."""
    if key.name in _C0_KEYS:
        return _C0_KEYS[key.name]
    return ord(shifted(key.name) if key.modifiers & Modifier.SHIFT else key.name)


# -- kitty ----------------------------------------------------------------------------------------------


def _kitty(key: Key, flags: int) -> bytes | None:
    if _is_text(key) and key.text and not flags & _ALL_KEYS:
        return key.text.encode()
    if key.name in LONE_KEYS and not flags & _ALL_KEYS:
        return None
    if not key.modifiers and not flags & _ALL_KEYS and key.name in ("enter", "tab", "backspace"):
        # Kept as they are, so that `reset` can be typed after a program died in this mode.
        return bytes((_C0_KEYS[key.name],))
    if key.name in LETTER_KEYS and key.name != "f3":
        return _csi("1" if key.modifiers else "", key.modifiers, LETTER_KEYS[key.name])
    if key.name in UNICODE_KEYS:
        return _csi(str(UNICODE_KEYS[key.name]), key.modifiers, "u")
    if key.name in TILDE_KEYS:
        return _csi(str(TILDE_KEYS[key.name]), key.modifiers, "~")
    if len(key.name) != 1:
        return None
    return _kitty_text(key, flags)


def _kitty_text(key: Key, flags: int) -> bytes:
    code = str(ord(key.name))
    if flags & _ALTERNATES and key.modifiers & Modifier.SHIFT:
        # Only letters: what Shift makes of other keys depends on a layout that is not known here.
        upper = key.text or (shifted(key.name) if key.name.isalpha() else "")
        code += f":{ord(upper)}" if len(upper) == 1 and upper != key.name else ""
    text = ":".join(str(ord(c)) for c in key.text or "") if _is_text(key) and flags & _TEXT else ""
    return _csi(code, key.modifiers, "u", text)


def _csi(code: str, modifiers: Modifier, final: str, text: str = "") -> bytes:
    fields = [code, str(1 + int(modifiers)) if modifiers else "", text]
    while fields and not fields[-1]:
        fields.pop()
    return f"\x1b[{';'.join(fields)}{final}".encode()
