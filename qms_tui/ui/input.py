"""Textual's input events, made from tokens and carrying their bytes."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from textual import events
from textual.geometry import Size
from textual.widget import Widget

from qms_tui.terminal import Key, Modes
from qms_tui.ui import side_buttons
from qms_tui.ui.keys import textual_character, textual_name
from qms_tui.ui.tokenizer import MouseToken

_WHEEL = 64  # in a button's code


class TerminalKey(events.Key):
    """A key with the bytes it came as, and the modes of the terminal it came from."""

    def __init__(self, terminal_key: Key, data: bytes, outer: Modes) -> None:
        super().__init__(textual_name(terminal_key, data), textual_character(terminal_key, data))
        self.terminal_key = terminal_key
        self.data = data
        self.outer = outer

    def copy(self) -> TerminalKey:
        """Another event for the same key press."""
        return TerminalKey(self.terminal_key, self.data, self.outer)


class TerminalPaste(events.Paste):
    """A paste with its bytes; the text is what can be decoded of them, without NULs, as Textual's own."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data.decode(errors="replace").replace("\0", ""))
        self.data = data


# A subclass of a message gets a handler of its own name; these are for `on_key` and `on_paste`.
TerminalKey.handler_name = events.Key.handler_name
TerminalPaste.handler_name = events.Paste.handler_name


@runtime_checkable
class KeyOrder(Protocol):
    """The app, which keeps keys in the order in which they were typed."""

    def type_again(self, event: events.Key) -> None:
        """Take a key back, before all that was typed behind it."""


def hand_on(widget: Widget, event: events.Key) -> None:
    """Give a key to whoever has the keyboard now: it was typed right behind one that gave that away.

    Textual puts a key into the queue of the widget that has the focus when the key comes in.
    """
    event.stop()
    event.prevent_default()
    late = event.copy() if isinstance(event, TerminalKey) else events.Key(event.key, event.character)
    late.time = event.time
    app = widget.app
    assert isinstance(app, KeyOrder)
    app.type_again(late)


class Pointer:
    """Mouse reports to Textual's events, as its own parser makes them."""

    def __init__(self) -> None:
        self.cells = Size(0, 0)
        self.pixels: Size | None = None  # the window's, while reports are in pixels
        self._x = self._y = 0.0

    def event(self, token: MouseToken) -> events.MouseEvent | None:
        """The event of a report; None for a button that xterm has no code for.

        None, too, for a position outside (Ghostty has sent negative ones).
        """
        x, y = float(token.x - 1), float(token.y - 1)
        if x < 0 or y < 0 or token.code >= side_buttons.CODE + _WHEEL:
            return None
        if self.pixels and self.cells:
            x /= self.pixels.width / self.cells.width
            y /= self.pixels.height / self.cells.height
        delta_x, delta_y = int(x) - int(self._x), int(y) - int(self._y)
        self._x, self._y = x, y
        button = _button(token.code)
        shift, meta, ctrl = (bool(token.code & bit) for bit in (4, 8, 16))
        made = _mouse_class(token, button)
        return made(None, x, y, delta_x, delta_y, button, shift, meta, ctrl, screen_x=x, screen_y=y)


def _button(code: int) -> int:
    """Textual's number of a button: 0 is none, 1 the left one."""
    if code & side_buttons.CODE:
        return side_buttons.FIRST + (code & 3)
    return 0 if code & _WHEEL else (code + 1) & 3


def _mouse_class(token: MouseToken, button: int) -> type[events.MouseEvent]:
    if token.code & _WHEEL:
        return (
            events.MouseScrollUp,
            events.MouseScrollDown,
            events.MouseScrollLeft,
            events.MouseScrollRight,
        )[token.code & 3]
    if token.code & 32 or not button:
        return events.MouseMove
    if button >= side_buttons.FIRST:
        return side_buttons.SideButtonUp if token.released else side_buttons.SideButtonDown
    return events.MouseUp if token.released else events.MouseDown
