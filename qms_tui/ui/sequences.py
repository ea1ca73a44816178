"""The key that a control sequence of the outer terminal means.

Sources: xterm's ctlseqs ("PC-Style Function Keys", modifyOtherKeys), the kitty keyboard protocol, and what
rxvt, mintty, the Linux console and old GNOME terminals send instead.
"""

from __future__ import annotations

import re
from functools import lru_cache

from qms_tui.terminal.keys import (
    KEYPAD_LETTERS,
    LETTER_KEYS,
    TILDE_KEYS,
    UNICODE_KEYS,
    UNKNOWN,
    Key,
    Modifier,
    shifted,
    text_key,
)

_BY_LETTER = {letter: name for name, letter in LETTER_KEYS.items()}
_BY_TILDE = {code: name for name, code in TILDE_KEYS.items()} | {1: "home", 4: "end", 7: "home", 8: "end"}
_BY_UNICODE = {code: name for name, code in UNICODE_KEYS.items()}
_BY_KEYPAD = {letter: name for name, letter in KEYPAD_LETTERS.items()} | {" ": " ", "I": "tab"}
_RXVT_MODIFIERS = {"^": Modifier.CTRL, "@": Modifier.CTRL | Modifier.SHIFT}
_MINTTY_DIGITS = "pqrstuvwxy"
_LOCKS = Modifier.CAPS_LOCK | Modifier.NUM_LOCK
_RELEASE = "3"  # kitty's event type
NO_PRESS, NO_KEY = "no press", "no key"


def control_key(byte: int) -> Key:
    """C0 and DEL: the keys that have one of their own, else Ctrl and the character."""
    name = _BY_UNICODE.get(byte)
    if name is not None:
        return Key(name)
    return Key(" " if byte == 0 else chr(byte | 0x40).lower(), Modifier.CTRL)


def with_alt(key: Key) -> Key:
    return Key(key.name, key.modifiers | Modifier.ALT)


@lru_cache(maxsize=1024)
def csi_key(parameters: str, last: str) -> Key | str:
    """The key of CSI parameters last; or `NO_PRESS`, `NO_KEY`."""
    if not re.fullmatch(r"(?:\d{0,7}(?:[:;]|$))*", parameters) or parameters.count(";") > 2:
        return NO_KEY
    fields = [field.split(":") for field in parameters.split(";")]
    if len(fields) > 1 and fields[1][1:2] == [_RELEASE]:
        return NO_PRESS
    if last == "u":
        return _unicode_key(fields)
    if last == "~":
        return _other_key(fields) if fields[0] == ["27"] and len(fields) == 3 else tilde_key(fields)
    if last in _RXVT_MODIFIERS and len(fields) == 1 and parameters:
        return Key(tilde_key(fields).name, _RXVT_MODIFIERS[last])
    if last in _MINTTY_DIGITS and fields[0] == ["1"] and len(fields) == 2:
        return Key(str(_MINTTY_DIGITS.index(last)), _modifiers(fields))
    return _letter_key(fields, last)


def _modifiers(fields: list[list[str]]) -> Modifier:
    """The second field, less one; without the locks, which kitty tells of and no key here depends on."""
    number = int(fields[1][0] or 1) if len(fields) > 1 else 1
    return Modifier(max(number - 1, 0) & 0xFF) & ~_LOCKS


def _letter_key(fields: list[list[str]], last: str) -> Key | str:
    number = fields[0][0]
    if last == "Z" and len(fields) == 1:
        return Key("tab", Modifier.SHIFT)
    if last in "abcd" and fields == [[""]]:
        return Key(_BY_LETTER[last.upper()], Modifier.SHIFT)  # rxvt
    name = _BY_LETTER.get(last)
    if name is None or len(fields) > 2:
        return NO_KEY
    if len(fields) == 1 and number not in ("", "1"):
        # CSI 5 A is Ctrl+Up of some terminals; CSI n R is no key.
        return Key(name, Modifier.CTRL) if number == "5" and last in "ABCD" else NO_KEY
    if number not in ("", "1") or (
        last == "R" and not 2 <= int(fields[-1][0] or 2) <= 16 and fields != [["1"]]
    ):
        return NO_KEY
    return Key(name, _modifiers(fields))


def tilde_key(fields: list[list[str]]) -> Key:
    number = fields[0][0]
    if not number:
        return Key("tab", Modifier.SHIFT)  # CSI ~, the Windows console
    name = _BY_TILDE.get(int(number)) or (_BY_UNICODE.get(int(number)) if len(number) > 3 else None)
    return Key(name or UNKNOWN, _modifiers(fields))


def _other_key(fields: list[list[str]]) -> Key | str:
    """modifyOtherKeys: CSI 27 ; modifiers ; code point ~."""
    return _coded_key(fields[2][0], _modifiers(fields), "", "")


def _unicode_key(fields: list[list[str]]) -> Key | str:
    """kitty: CSI code : shifted : base ; modifiers : event ; text u."""
    code, alternate, base, *_ = (*fields[0], "", "")
    text = "".join(map(_character, fields[2])) if len(fields) > 2 else ""
    if code == "1" and len(fields) == 2:
        return Key("5", _modifiers(fields))  # mintty's Ctrl+5; no terminal has a key 1
    if code in ("", "0"):
        return Key(UNKNOWN, Modifier.NONE, text) if text else NO_KEY
    modifiers = _modifiers(fields)
    if modifiers & Modifier.CTRL and int(code) > 0x7F and _character(base):
        code, alternate = base, ""  # Ctrl+C on a Cyrillic keyboard; but Ctrl+A on a French one is no Ctrl+Q
    return _coded_key(code, modifiers, _character(alternate), text)


def _coded_key(code: str, modifiers: Modifier, alternate: str, text: str) -> Key | str:
    """The key of a code point, which may be a functional key's; text is guessed when it was not sent."""
    name = "backspace" if code == "8" else _BY_UNICODE.get(int(code or 0))  # 8: xterm's backarrow key
    if name is not None:
        return Key(name, modifiers, text or None)
    character = _character(code)
    if not character:
        return NO_KEY
    if modifiers & (Modifier.SHIFT | Modifier.CTRL):
        character = text_key(character).name  # xterm sends the shifted character, kitty the plain one
    if not text and not modifiers & ~Modifier.SHIFT:
        text = (alternate or shifted(character)) if modifiers else character
    return Key(character, modifiers, text or None)


def _character(code: str) -> str:
    """The printable character of a code point in decimal; empty if there is none."""
    number = int(code or 0)
    printable = 0x20 <= number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF and not 0x7F <= number < 0xA0
    return chr(number) if printable else ""


def ss3_key(modifier: str, letter: str) -> Key | None:
    """The key of SS3 letter; old GNOME terminals put modifiers between, rxvt has lower case for Ctrl."""
    modifiers = Modifier(max(int(modifier or 1) - 1, 0))
    if letter in _BY_LETTER:
        return Key(_BY_LETTER[letter], modifiers)
    if letter in "abcd":
        return Key(_BY_LETTER[letter.upper()], Modifier.CTRL)
    name = _BY_KEYPAD.get(letter)
    return Key(name, modifiers) if name else None
