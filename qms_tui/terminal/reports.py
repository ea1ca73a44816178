"""Answers to a program's questions. None contains text that a program chose: titles, colour names and the
clipboard stay unanswered, checksums of the screen (DECRQCRA) too.

What we are: a VT420 with selective erase (6), horizontal scrolling (21), colour (22) and rectangles (28).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import qms_tui
from qms_tui.terminal import sgr
from qms_tui.terminal.events import IconChanged, TitleChanged

if TYPE_CHECKING:
    from qms_tui.terminal.screen import Screen

Parameters = Sequence[int]

# XTVERSION's answer: our own name, since the real client needs no other (`python -m tests.bench.client`).
# Claude Code 2.1.330, 15 names tried in its full-screen mode, 8 of them on its main screen too: whatever
# the name, it asks DECRQM 2026 and CSI ? u, and uses synchronized output, CSI > 5 u and CSI > 4;2m once
# they are answered. Without any reply to XTVERSION it never asks for 2026. Other names promise what is
# not here: kitty and ghostty pictures and notifications by OSC 99 and 777, iTerm2 3.5 its inline images;
# and all of them how that terminal scrolls and reflows. With its new renderer
# (CLAUDE_CODE_NEW_RENDERER=1) it measures a terminal whose name it does not know, and then uses REP, ECH,
# IL and DL here; its own cursor checks found nothing wrong. 2.1.197: 2026 likewise; kitty keys go by
# TERM_PROGRAM, which stays unset, so that Shift+Enter is ESC CR there.
TERMINAL_NAME = f"qms-tui({qms_tui.__version__})"

_MAX_TITLES = 10  # saved by CSI 22 t, xterm's bound
_XTERM_PATCH = 354  # in DA2: what programs take from it (SGR mouse, bracketed paste) we have


def primary(screen: Screen, p: Parameters) -> None:
    """DA1."""
    if p[0] == 0:
        screen.reply("\x1b[?64;1;6;21;22;28c")


def secondary(screen: Screen, p: Parameters) -> None:
    """DA2."""
    if p[0] == 0:
        screen.reply(f"\x1b[>41;{_XTERM_PATCH};0c")


def tertiary(screen: Screen, p: Parameters) -> None:
    """DA3: a unit id of zeros, as xterm."""
    if p[0] == 0:
        screen.reply("\x1bP!|00000000\x1b\\")


def identify(screen: Screen) -> None:
    """DECID."""
    primary(screen, (0,))


def version(screen: Screen, p: Parameters) -> None:
    """XTVERSION."""
    if p[0] == 0:
        screen.reply(f"\x1bP>|{screen.name}\x1b\\")


def parameters(screen: Screen, p: Parameters) -> None:
    """DECREQTPARM."""
    if p[0] <= 1:
        screen.reply(f"\x1b[{p[0] + 2};1;1;128;128;1;0x")


def status(screen: Screen, p: Parameters) -> None:
    """DSR: 5 is well, 6 the cursor's place."""
    if p[0] == 5:
        screen.reply("\x1b[0n")
    elif p[0] == 6:
        screen.reply("\x1b[{};{}R".format(*_place(screen)))


def _place(screen: Screen) -> tuple[int, int]:
    is_origin = 6 << 5 in screen.mode
    y = screen.cursor.y - (screen.top if is_origin else 0)
    x = screen.cursor.x - (screen.left if is_origin else 0)
    return y + 1, x + 1


_PRIVATE_STATUS = {
    15: "?13n",  # no printer
    25: "?21n",  # keys for UDKs are locked
    26: "?27;1;0;0n",  # a North American keyboard
    53: "?53n",  # no locator
    55: "?53n",
    56: "?57;0n",
    62: "0*{",  # no room for macros
    75: "?70n",  # no data errors
    85: "?83n",  # one session only
}


def private_status(screen: Screen, p: Parameters) -> None:
    """DSR of the VT420 and its kin."""
    if p[0] == 6:
        screen.reply("\x1b[?{};{};1R".format(*_place(screen)))
    elif p[0] == 63:
        screen.reply(f"\x1bP{p[1]}!~0000\x1b\\")
    elif p[0] == 996:
        screen.reply(f"\x1b[?997;{1 if screen.colors.is_dark else 2}n")
    elif p[0] in _PRIVATE_STATUS:
        screen.reply("\x1b[" + _PRIVATE_STATUS[p[0]])


def window(screen: Screen, p: Parameters) -> None:
    """XTWINOPS: sizes are told, titles kept on a stack; nothing moves, and titles are not told."""
    what = p[0]
    width, height = screen.cell_pixels
    rows, columns = screen.lines, screen.columns
    if what == 11:
        screen.reply("\x1b[1t")
    elif what == 13:
        screen.reply("\x1b[3;0;0t")
    elif what == 14:
        screen.reply(f"\x1b[4;{rows * height};{columns * width}t")
    elif what == 15:
        screen.reply(f"\x1b[5;{rows * height};{columns * width}t")
    elif what == 16:
        screen.reply(f"\x1b[6;{height};{width}t")
    elif what == 18:
        screen.reply(f"\x1b[8;{rows};{columns}t")
    elif what == 19:
        screen.reply(f"\x1b[9;{rows};{columns}t")
    elif what == 22:
        screen.titles.append((screen.icon_name, screen.title))
        del screen.titles[:-_MAX_TITLES]
    elif what == 23 and screen.titles:
        _restore_title(screen, p[1])


def _restore_title(screen: Screen, which: int) -> None:
    icon, title = screen.titles.pop()
    if which in (0, 1):
        screen.icon_name = icon
        screen.happened(IconChanged(icon))
    if which in (0, 2):
        screen.title = title
        screen.happened(TitleChanged(title))


def setting(screen: Screen, what: str) -> None:
    """DECRQSS."""
    answer = _setting(screen, what)
    screen.reply("\x1bP0$r\x1b\\" if answer is None else f"\x1bP1$r{answer}{what}\x1b\\")


def _setting(screen: Screen, what: str) -> str | None:
    look = screen.looks.look(screen.look)
    match what:
        case "m":
            return sgr.parameters(look)
        case "r":
            return f"{screen.top + 1};{screen.bottom + 1}"
        case "s":
            return f"{screen.left + 1};{screen.right + 1}"
        case "t" | "*|":
            return str(screen.lines)
        case "$|":
            return str(screen.columns)
        case " q":
            return str(screen.shape_number)
        case '"q':
            return str(int(look.protected and screen.guarded == "DEC"))
        case '"p':
            return f"{screen.level};{0 if screen.eight_bit else 1}"
        case "$}" | "$~":
            return "0"  # no status line
        case "*x":
            return "1" if screen.stream_attributes else "2"
    return None
