"""Control strings: OSC and the few DCS that mean something here. Everything else is swallowed whole."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from qms_tui.terminal import reports
from qms_tui.terminal.capabilities import capability
from qms_tui.terminal.colors import dynamic, special, written
from qms_tui.terminal.events import (
    ClipboardWrite,
    DesktopNotification,
    IconChanged,
    Progress,
    PromptMark,
    TitleChanged,
    WorkingDirectory,
)
from qms_tui.terminal.program_status import program_status
from qms_tui.terminal.sgr import number, without_zeros

if TYPE_CHECKING:
    from qms_tui.terminal.screen import Screen

MAX_TITLE = 1024  # characters; a title bar shows some 200
MAX_URI = 2083  # characters; the bound of VTE and iTerm2 for OSC 8
MAX_CLIPBOARD = 750_000  # bytes; what fits the longest control string
_MAX_COLORS = 512  # pairs in one OSC 4

_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_URI = re.compile(r"[!-~]+")
_SELECTION = re.compile(r"[cpqs0-7]{0,12}")
_SYNCHRONIZED = re.compile(r"=0*([12])s")  # the older form of mode 2026
_BREAKS = str.maketrans("", "", "\t\n\r ")  # in base64, as `base64` breaks its lines


def osc(screen: Screen, payload: str) -> None:
    """An operating system command."""
    code, _, text = payload.partition(";")
    act = _OSC.get(without_zeros(code))
    if act:
        act(screen, text)


def dcs(screen: Screen, payload: str) -> None:
    """A device control string."""
    if payload.startswith("$q"):
        reports.setting(screen, payload[2:])
    elif payload.startswith("+q"):
        capability(screen, payload[2:])
    elif synchronized := _SYNCHRONIZED.fullmatch(payload):
        (screen.mode.add if synchronized[1] == "1" else screen.mode.discard)(2026 << 5)


def _plain(text: str, limit: int = MAX_TITLE) -> str:
    return _UNSAFE.sub("", text[: limit * 2])[:limit]


def _title(screen: Screen, text: str) -> None:
    screen.title = _plain(text)
    screen.happened(TitleChanged(screen.title))


def _icon(screen: Screen, text: str) -> None:
    screen.icon_name = _plain(text)
    screen.happened(IconChanged(screen.icon_name))


def _both(screen: Screen, text: str) -> None:
    _icon(screen, text)
    _title(screen, text)


def _palette(screen: Screen, text: str) -> None:
    """OSC 4: pairs of index and colour; a ? asks. From 256 on they are the special ones."""
    _pairs(screen, text, 4, 0)


def _special(screen: Screen, text: str) -> None:
    """OSC 5."""
    _pairs(screen, text, 5, special(0))


def _pairs(screen: Screen, text: str, code: int, base: int) -> None:
    fields = text.split(";", 2 * _MAX_COLORS)[: 2 * _MAX_COLORS]
    for index, color in zip(fields[::2], fields[1::2], strict=False):
        if not index.isdecimal():
            continue
        key = base + number(index)
        if color == "?":
            current = screen.colors.get(key) if key < dynamic(0) else None
            if current:
                screen.reply(f"\x1b]{code};{number(index)};{written(current)}{screen.osc_end}")
        elif key < dynamic(0):
            screen.colors.change(key, color)


def _reset_palette(screen: Screen, text: str) -> None:
    """OSC 104."""
    _reset(screen, text, 0, special(5))


def _reset_special(screen: Screen, text: str) -> None:
    """OSC 105."""
    _reset(screen, text, special(0), special(5))


def _reset(screen: Screen, text: str, base: int, end: int) -> None:
    if not text:
        screen.colors.reset_all(base, end)
        return
    for field in text.split(";", _MAX_COLORS)[:_MAX_COLORS]:
        if field.isdecimal() and base + number(field) < end:
            screen.colors.reset(base + number(field))


def _dynamic(first: int) -> Callable[[Screen, str], None]:
    """OSC 10 to 19: further fields go to the colours after it."""

    def act(screen: Screen, text: str) -> None:
        for code, color in enumerate(text.split(";", 10)[: 20 - first], first):
            current = screen.colors.get(dynamic(code))
            if color == "?" and current:
                screen.reply(f"\x1b]{code};{written(current)}{screen.osc_end}")
            else:
                screen.colors.change(dynamic(code), color)

    return act


def _reset_dynamic(code: int) -> Callable[[Screen, str], None]:
    """OSC 110 to 119."""
    return lambda screen, _: screen.colors.reset(dynamic(code))


def _directory(screen: Screen, text: str) -> None:
    if len(text) <= MAX_URI and text.startswith("file:") and _URI.fullmatch(text):
        screen.happened(WorkingDirectory(text))


def _link(screen: Screen, text: str) -> None:
    """OSC 8: parameters, then the URI; without one the link ends."""
    fields, _, uri = text.partition(";")
    if len(uri) > MAX_URI or (uri and not _URI.fullmatch(uri)):
        uri = ""
    name = next((part[3:] for part in fields[:500].split(":") if part.startswith("id=")), "")
    screen.new_look(link=(_plain(name, 250), uri) if uri else None)


def _notification(screen: Screen, text: str) -> None:
    """OSC 9: iTerm2's notification, or one of ConEmu's commands, of which 4 is progress."""
    code, _, rest = text.partition(";")
    if without_zeros(code) == "4":
        _progress(screen, rest)
    elif not code.isdecimal():
        screen.happened(DesktopNotification("", _plain(text)))


def _progress(screen: Screen, text: str) -> None:
    state, _, percent = text.partition(";")
    if state.isascii() and state.isdigit() and number(state) <= 4:
        screen.happened(Progress(number(state), min(number(percent), 100)))


def _urxvt(screen: Screen, text: str) -> None:
    kind, _, rest = text.partition(";")
    if kind == "notify":
        title, _, body = rest.partition(";")
        screen.happened(DesktopNotification(_plain(title), _plain(body)))


def _clipboard(screen: Screen, text: str) -> None:
    """OSC 52: writing is an event; asking (?) is not answered. Padding may be missing, as xterm has it."""
    selection, _, data = text.partition(";")
    if data == "?" or not _SELECTION.fullmatch(selection):
        return
    data = data.translate(_BREAKS)
    try:
        decoded = base64.b64decode((data + "=" * (-len(data) % 4)).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return
    if len(decoded) <= MAX_CLIPBOARD:
        screen.happened(ClipboardWrite(selection or "c", decoded))


def _prompt(screen: Screen, text: str) -> None:
    kind, _, rest = text.partition(";")
    if kind in ("A", "B", "C", "D"):
        status = without_zeros(rest.partition(";")[0])
        is_number = kind == "D" and status.isascii() and status.isdigit() and len(status) < 6
        screen.happened(PromptMark(kind, int(status) if is_number else None))
    if kind == "A":
        screen.has_new_status |= screen.status.end_program()


_OSC: dict[str, Callable[[Screen, str], None]] = {
    "0": _both,
    "1": _icon,
    "2": _title,
    "4": _palette,
    "5": _special,
    "7": _directory,
    "8": _link,
    "9": _notification,
    "52": _clipboard,
    "104": _reset_palette,
    "105": _reset_special,
    "133": _prompt,
    "777": _urxvt,
    "7501": program_status,
}
_OSC |= {str(code): _dynamic(code) for code in range(10, 20)}
_OSC |= {str(code + 100): _reset_dynamic(code) for code in range(10, 20)}
