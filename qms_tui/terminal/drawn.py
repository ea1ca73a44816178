"""A terminal's state as the output that makes another one of its size look and go on the same.

For recordings that begin in the middle. What comes back: both screens with looks and soft wraps, cursor,
pending wrap, saved cursors, margins, tab stops, character sets, the modes that change what output does, the
title, and a control sequence or character that was not complete yet. Left out is what only input depends on
(mouse, keyboard, paste, focus: a player's own terminal should not report those), the history, protection,
and what the program reported of itself (OSC 7501): to another terminal that would be a report of whatever
plays it there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qms_tui.terminal import sgr
from qms_tui.terminal.charsets import BRITISH, LINE_DRAWING, Charsets
from qms_tui.terminal.page import Page, Saved
from qms_tui.terminal.rows import FILLER, PLAIN, SPACER, Row

if TYPE_CHECKING:
    from qms_tui.terminal.screen import Screen

CLEAN = "\x1b[?1049l\x1b[!p\x1b[?5;69l\x1b[20l\x1b[0m\x1b[H\x1b[2J"
"""What any terminal becomes a blank main screen by, its history being left alone."""
_PLAIN = "\x1b[0m\x1b]8;;\x1b\\"
_SHIFTS = ("\x0f", "\x0e", "\x1bn", "\x1bo")
_ANSI = (4, 20)
_PRIVATE = (5, 45, 1045)


def drawn(screen: Screen) -> str:
    """Output that turns a blank screen of the same size in its initial state into this one."""
    main, alternate, here = screen.main, screen.alternate, _here(screen)
    parts = [f"\x1b]2;{screen.title}\x1b\\"] if screen.title else []
    parts += [_tabs(screen), _page(screen, main)]
    if screen.is_alternate:
        parts += [
            _place(screen, main.rows, main.saved),
            "\x1b[?1049h\x1b[0m\x1b[2J",
            _page(screen, alternate),
        ]
    if screen.page.saved.charsets:
        parts += [_place(screen, screen.rows, screen.page.saved), "\x1b7"]
    corner = (screen.left, screen.top) if here.origin else (0, 0)
    parts += [_margins(screen), _place(screen, screen.rows, here, corner)]
    return "".join([*parts, _modes(screen), _charsets(screen.charsets)])


def _here(screen: Screen) -> Saved:
    """What DECSC would keep now."""
    cursor, origin = screen.cursor, 6 << 5 in screen.mode
    return Saved(cursor.x, cursor.y, screen.look, screen.pending, origin, screen.charsets)


def _page(screen: Screen, page: Page) -> str:
    """Every row at its place; one that goes on in the next is followed by that without a jump."""
    parts, wrapped = ["\x1b[0m"], False
    for y, row in enumerate(page.rows):
        if not wrapped:
            parts.append(f"\x1b[{y + 1}H" if row[0] else "")
        wrapped = row[2] and bool(page.rows[y + 1 : y + 2])
        parts.append(_row(screen, (row[0].ljust(screen.columns), *row[1:]) if wrapped else row))
    return "".join(parts)


def _row(screen: Screen, row: Row) -> str:
    text, looks, _ = row
    looks = looks.ljust(len(text), PLAIN)
    parts, current, start = [], PLAIN, 0
    for at in range(1, len(text) + 1):
        if at == len(text) or looks[at] != looks[start]:
            parts.append(_turn(screen, current, looks[start]) + _text(screen, text[start:at]))
            current, start = looks[start], at
    return "".join(parts) + _turn(screen, current, PLAIN)


def _text(screen: Screen, cells: str) -> str:
    return screen.clusters.expand(cells.replace(FILLER, "").replace(SPACER, ""))


def _turn(screen: Screen, current: str, wanted: str) -> str:
    """From one look to another."""
    if current == wanted:
        return ""
    before, look = screen.looks.look(current), screen.looks.look(wanted)
    link = "" if before.link == look.link else _link(look.link)
    return f"\x1b[{sgr.parameters(look)}m{link}"


def _link(link: tuple[str, str] | None) -> str:
    name, target = link or ("", "")
    return f"\x1b]8;{f'id={name}' if name else ''};{target}\x1b\\"


def _place(screen: Screen, rows: list[Row], saved: Saved, corner: tuple[int, int] = (0, 0)) -> str:
    """Cursor, look, character sets and origin mode; a pending wrap by writing the last character again.

    `corner` is where columns and lines are counted from.
    """
    x, last, again = saved.x, saved.x + 1, ""
    if saved.pending:
        text, looks, _ = rows[saved.y]
        x -= text[x : x + 1] == FILLER
        again = "\x1b(B\x0f" + _row(screen, (text.ljust(last)[x:last], looks[x:last], False))
    origin = "\x1b[?6h" if saved.origin else "\x1b[?6l"
    at = f"\x1b[{saved.y - corner[1] + 1};{x - corner[0] + 1}H"
    after = _turn(screen, PLAIN, saved.look) + (_charsets(saved.charsets) if saved.charsets else "")
    return f"{_PLAIN}{origin}{at}{again}{after}"


def _charsets(charsets: Charsets) -> str:
    names = {id(LINE_DRAWING): "0", id(BRITISH): "A"}
    finals = [names.get(id(table), "B") for table in charsets.sets]
    designated = "".join(f"\x1b{slot}{final}" for slot, final in zip("()*+", finals, strict=True))
    single = {2: "\x1bN", 3: "\x1bO"}.get(charsets.single or 0, "")
    return designated + _SHIFTS[charsets.locked] + single


def _margins(screen: Screen) -> str:
    parts = [f"\x1b[{screen.top + 1};{screen.bottom + 1}r" if screen.margins else ""]
    if 69 << 5 in screen.mode:
        parts.append(f"\x1b[?69h\x1b[{screen.left + 1};{screen.right + 1}s")
    return "".join(parts)


def _modes(screen: Screen) -> str:
    parts = [f"\x1b[{mode}h" for mode in _ANSI if mode in screen.mode]
    parts += [f"\x1b[?{mode}h" for mode in _PRIVATE if mode << 5 in screen.mode]
    parts += [f"\x1b[?{mode}l" for mode in (7, 25) if mode << 5 not in screen.mode]
    return "".join(parts) + f"\x1b[{screen.shape_number} q"


def _tabs(screen: Screen) -> str:
    stops = [x for x in range(screen.columns) if screen.tabs.after(x - 1, 1) == x]
    if stops == list(range(8, screen.columns, 8)):
        return ""
    return "\x1b[3g" + "".join(f"\x1b[1;{x + 1}H\x1bH" for x in stops)
