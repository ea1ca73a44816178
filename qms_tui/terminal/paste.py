"""Pasted text and focus to the bytes a program asked for.

As foot does (selection.c), the control characters that format no text are dropped, ESC with them: so the
end marker ESC [ 201 ~ cannot be smuggled in, and no paste presses Ctrl+C. Unlike foot, C1 controls in UTF-8
go too, because some programs read U+009B as CSI. xterm writes spaces instead (disallowedPasteControls),
which changes what was pasted for no gain. Newlines stay as they came in a bracketed paste (kitty, foot);
without brackets they become the CR that the Enter key sends (all terminals).
"""

from __future__ import annotations

import re

from qms_tui.terminal.modes import Modes

PASTE_START = b"\x1b[200~"
PASTE_END = b"\x1b[201~"

_FORMATTING = b"\b\t\n\r"
_CONTROLS = bytes(code for code in range(32) if code not in _FORMATTING)
_BARE_CONTROLS = _CONTROLS[1:] + b"\0\b\x7f"  # keys that edit or delete, where no brackets mark them as text
_BRACKETED_CONTROLS = _CONTROLS.replace(b"\0", b"")
_C1 = re.compile(rb"\xc2+[\x80-\x9f]+")  # greedy, so that what is left cannot join to another one


def encode_paste(data: bytes, modes: Modes) -> bytes:
    """The bytes of a paste. An empty one is still announced: Claude Code then looks for an image."""
    if modes.bracketed_paste:
        return PASTE_START + _clean(data, _BRACKETED_CONTROLS) + PASTE_END
    text = _clean(data, _BARE_CONTROLS)
    return text.replace(b"\r\n", b"\r").replace(b"\n", b"\r")


def encode_focus(focused: bool, modes: Modes) -> bytes | None:
    """The report of focus gained or lost (mode 1004); None if the program did not ask for it."""
    if not modes.focus_events:
        return None
    return b"\x1b[I" if focused else b"\x1b[O"


def _clean(data: bytes, controls: bytes) -> bytes:
    return _C1.sub(b"", data.translate(None, controls))
