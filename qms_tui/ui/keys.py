"""Keys between three worlds: bytes of the outer terminal, Textual's events, bytes for an agent's program."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

from textual import events
from textual.keys import REPLACED_KEYS, _character_to_key, _get_unicode_name_from_key

from qms_tui.terminal import Key, Modes, Modifier, MouseAction, MouseButton, MouseEvent, encode_key
from qms_tui.terminal.keys import LETTER_KEYS, LONE_KEYS, PLAIN_KEYPAD, TILDE_KEYS, UNICODE_KEYS, UNKNOWN
from qms_tui.ui.side_buttons import FIRST, SideButtonDown, SideButtonUp

_ALTERNATES = 4
_KITTY = 1 | 8  # the flags with which keys come as CSI sequences
_NOT_LEGACY = re.compile(rb"\x1b+\[(?:.*u|27;\d+;\d+~|[PQS])", re.DOTALL)  # kitty's, modifyOtherKeys
_CSI_MODIFIERS = re.compile(rb".*;(\d{1,7})[A-Z~]", re.DOTALL)
_MAX_MODIFIERS = 16  # kitty adds more for the locks
_NAMED = frozenset((*LETTER_KEYS, *TILDE_KEYS, *UNICODE_KEYS))
_CHARACTERS = {"enter": "\r", "tab": "\t", "backspace": "\x7f", "escape": "\x1b"}
_TO_TEXTUAL = {"page_up": "pageup", "page_down": "pagedown", UNKNOWN: "<ignore>"}
_FROM_TEXTUAL = {"pageup": "page_up", "pagedown": "page_down", "space": " "}
_MODIFIERS = {  # in Textual's order
    "alt": Modifier.ALT,
    "ctrl": Modifier.CTRL,
    "hyper": Modifier.HYPER,
    "meta": Modifier.META,
    "shift": Modifier.SHIFT,
    "super": Modifier.SUPER,
}
_WHEEL: dict[type[events.MouseEvent], MouseButton] = {
    events.MouseScrollUp: MouseButton.WHEEL_UP,
    events.MouseScrollDown: MouseButton.WHEEL_DOWN,
    events.MouseScrollLeft: MouseButton.WHEEL_LEFT,
    events.MouseScrollRight: MouseButton.WHEEL_RIGHT,
}
_ACTIONS: dict[type[events.MouseEvent], MouseAction] = {
    events.MouseDown: MouseAction.PRESS,
    events.MouseUp: MouseAction.RELEASE,
    events.MouseMove: MouseAction.MOVE,
    SideButtonDown: MouseAction.PRESS,
    SideButtonUp: MouseAction.RELEASE,
}
_BUTTONS = dict(enumerate((MouseButton.NONE, MouseButton.LEFT, MouseButton.MIDDLE, MouseButton.RIGHT)))
_BUTTONS |= enumerate(
    (MouseButton.BACK, MouseButton.FORWARD, MouseButton.BUTTON_10, MouseButton.BUTTON_11), FIRST
)


def key_bytes(key: Key, data: bytes, outer: Modes, inner: Modes) -> bytes | None:
    """What a program in `inner` modes is sent for a key that came as `data` from a terminal in `outer` modes.

    The bytes themselves if the keyboards are in the same modes, else the key encoded anew; None for nothing.
    Bytes that the modes cannot explain (somebody left the outer terminal in others) are encoded anew, too.
    """
    if key.name == UNKNOWN and key.text is None:
        return data
    same = _keyboard(_plainer(outer, inner, data)) == _keyboard(inner)
    return data if same and key.name not in LONE_KEYS and _is_native(data, inner) else encode_key(key, inner)


def _plainer(outer: Modes, inner: Modes, data: bytes) -> Modes:
    """The outer modes; those without alternate keys for a key that has none and a program that wants none."""
    if inner.kitty_flags & _ALTERNATES or b":" in data:
        return outer
    return replace(outer, kitty_flags=outer.kitty_flags & ~_ALTERNATES)


def _keyboard(modes: Modes) -> tuple[int | bool, ...]:
    if modes.kitty_flags & _KITTY:
        return (modes.kitty_flags,)
    return (modes.application_cursor, modes.application_keypad, modes.newline, modes.modify_other_keys)


def _is_native(data: bytes, modes: Modes) -> bool:
    """Whether a terminal in these modes sends such bytes."""
    if modes.kitty_flags & _KITTY:
        if data[0] < 0x20 and data[0] != 0x1B:
            return data in (b"\r", b"\t", b"\x08")
        return data[0] != 0x1B or (data[:2] == b"\x1b[" and not data.startswith(b"\x1b[27;"))
    if data[:2] == b"\x1bO" and len(data) > 2:
        letter = data[-1:]
        if letter in b"ABCDEFH":
            return modes.application_cursor
        return letter in b"PQRSabcd" or modes.application_keypad
    if data[:2] in (b"\x1b[", b"\x1b\x1b") and len(data) > 2:
        if len(data) == 3 and data[-1:] in b"ABCDEFH":
            return not modes.application_cursor
        return bool(modes.modify_other_keys) or _is_legacy_csi(data)
    return True


def _is_legacy_csi(data: bytes) -> bool:
    modifiers = _CSI_MODIFIERS.fullmatch(data)
    return _NOT_LEGACY.fullmatch(data) is None and (modifiers is None or int(modifiers[1]) <= _MAX_MODIFIERS)


# -- Textual's names --------------------------------------------------------------------------------------


def textual_name(key: Key, data: bytes = b"") -> str:
    """The name that Textual gives to a key, as its own parser does with kitty's exact sequences."""
    if data == b"\x08":
        return (
            "backspace"  # Textual's widgets delete with it; some terminals' Backspace key sends nothing else
        )
    name = PLAIN_KEYPAD.get(key.name, key.name)
    modifiers = key.modifiers
    if key.text and not key.text.isspace():
        name, modifiers = key.text[0], modifiers & ~Modifier.SHIFT
    if name in LONE_KEYS:
        return name
    base = _TO_TEXTUAL.get(name) or (_character_to_key(name) if len(name) == 1 else name)
    return "+".join((*(word for word, modifier in _MODIFIERS.items() if modifiers & modifier), base))


def textual_character(key: Key, data: bytes = b"") -> str | None:
    """The character of Textual's event: what the key types, or the control character that it is."""
    if key.text is not None:
        return key.text
    if len(data) == 1 and data < b"\x80":
        return data.decode()
    if key.modifiers:
        return None
    plain = PLAIN_KEYPAD.get(key.name, "")
    return _CHARACTERS.get(key.name) or (plain if len(plain) == 1 else None)


def key_from_textual(name: str, character: str | None) -> Key | None:
    """The key of a Textual event that carries no bytes (the Pilot's); None for one that cannot be sent."""
    *words, base = name.split("+") if not name.endswith("+") else [name]
    if not all(word in _MODIFIERS for word in words):
        return None
    modifiers = Modifier.NONE
    for word in words:
        modifiers |= _MODIFIERS[word]
    base = _FROM_TEXTUAL.get(base, base)
    if base in _NAMED:
        return Key(base, modifiers)
    typed = base if len(base) == 1 else _named_character(base) or character
    if not typed or len(typed) != 1 or not typed.isprintable():
        return None
    plain = typed.lower() if len(typed.lower()) == 1 else typed
    if plain != typed:
        modifiers |= Modifier.SHIFT
    return Key(plain, modifiers, None if modifiers & ~Modifier.SHIFT else typed)


def _named_character(name: str) -> str | None:
    unicode_name = _get_unicode_name_from_key(REPLACED_KEYS.get(name, name))
    try:
        return unicodedata.lookup(unicode_name.replace("_", " "))
    except KeyError:
        return None


# -- the mouse --------------------------------------------------------------------------------------------


def mouse_from_textual(event: events.MouseEvent, column: int, row: int) -> MouseEvent | None:
    """A mouse event over the pane's cell `column`, `row`; None for what no terminal sends (Enter, Click)."""
    modifiers = Modifier.NONE
    for held, modifier in (
        (event.shift, Modifier.SHIFT),
        (event.meta, Modifier.ALT),
        (event.ctrl, Modifier.CTRL),
    ):
        if held:
            modifiers |= modifier
    if (wheel := _WHEEL.get(type(event))) is not None:
        return MouseEvent(MouseAction.PRESS, wheel, column, row, modifiers)
    action = _ACTIONS.get(type(event))
    button = _BUTTONS.get(event.button)
    if action is None or button is None:
        return None
    return MouseEvent(action, button, column, row, modifiers)
