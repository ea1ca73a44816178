"""Modes: set, reset, saved, restored, asked for; the alternate screen; DECSC; the keyboard protocols."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qms_tui.terminal import editing, movement
from qms_tui.terminal.modes import CursorShape

if TYPE_CHECKING:
    from qms_tui.terminal.screen import Screen

Parameters = Sequence[int]

MAX_KEYBOARDS = 16  # pushed kitty flags per screen
_KITTY_FLAGS = 1 | 4 | 8 | 16  # not event types (2), see keys.py: a program is only told what it gets

_ANSI = {2, 4, 12, 20}
_ANSI_FIXED = {1, 5, 7, 10, 11, 13, 14, 15, 16, 17, 18, 19}  # of ECMA-48, never set in xterm
_MOUSE = (9, 1000, 1001, 1002, 1003)
_ENCODINGS = (1005, 1006, 1015, 1016)
_SCREENS = {47, 1047, 1049}
_PLAIN_PRIVATE = {
    *(1, 4, 5, 7, 8, 12, 13, 14, 18, 19, 25, 30, 35, 40, 41, 42, 43, 44, 45, 46, 66, 67, 80, 95),
    *(1004, 1007, 1010, 1011, 1034, 1035, 1036, 1037, 1039, 1040, 1041, 1042, 1043, 1044, 1045, 1046),
    *(1050, 1051, 1052, 1053, 1060, 1061, 2004, 2026, 2031),
}
# Of hardware that we lack (page coupling, keyboards, CRT savers, modems): kept for programs that ask.
_HARDWARE = {34, 36, 57, 60, 61, 64, 68, 73, 81, *range(96, 105), 106, 112}
_PRIVATE = _HARDWARE | _PLAIN_PRIVATE | {3, 6, 69, 1001, 1048, *_MOUSE, *_ENCODINGS, *_SCREENS}
_SET_FOR_EVER = {2027}  # text is always measured in grapheme clusters

_SHAPES = {3: CursorShape.UNDERLINE, 4: CursorShape.UNDERLINE, 5: CursorShape.BAR, 6: CursorShape.BAR}


def set_ansi(screen: Screen, p: Parameters) -> None:
    """SM."""
    screen.mode.update(_ANSI.intersection(p))
    screen.settle()


def reset_ansi(screen: Screen, p: Parameters) -> None:
    """RM."""
    screen.mode.difference_update(_ANSI.intersection(p))
    screen.settle()


def set_private(screen: Screen, p: Parameters) -> None:
    """DECSET."""
    for mode in p:
        if mode in _PRIVATE:
            _switch(screen, mode, True)


def reset_private(screen: Screen, p: Parameters) -> None:
    """DECRST."""
    for mode in p:
        if mode in _PRIVATE:
            _switch(screen, mode, False)


def _switch(screen: Screen, mode: int, on: bool) -> None:
    if mode in _SCREENS:
        _switch_screen(screen, mode, on)
        return
    if mode in _MOUSE:
        screen.mode.difference_update(other << 5 for other in _MOUSE)
    elif mode in _ENCODINGS:
        screen.mode.difference_update(other << 5 for other in _ENCODINGS)
    elif mode == 69 and screen.level < 64:
        return
    elif mode == 3:
        _column_mode(screen)
    elif mode == 1048:
        save_cursor(screen) if on else restore_cursor(screen)
    (screen.mode.add if on else screen.mode.discard)(mode << 5)
    if mode == 6:
        movement.home(screen)
    elif mode == 69 and not on:
        screen.left, screen.right = 0, screen.columns - 1
        screen.pending = screen.pending and screen.cursor.x == screen.right
    elif mode == 12:
        screen.blinking = on
    elif mode == 1046 and not on:
        _show(screen, alternate=False)
    screen.settle()


def _column_mode(screen: Screen) -> None:
    """DECCOLM: erase, home, no margins; how wide the screen is decides its host."""
    screen.reset_margins()
    screen.mode.discard(69 << 5)
    if 95 << 5 not in screen.mode or screen.level < 65:  # DECNCSM, new with the VT510
        editing.blank_screen(screen)
    screen.mode.discard(6 << 5)
    movement.home(screen)


def _switch_screen(screen: Screen, mode: int, on: bool) -> None:
    """47, 1047 (clears when left), 1049 (saves the cursor and clears when entered); 1046 forbids them."""
    if 1046 << 5 not in screen.mode:
        return
    if on:
        if mode == 1049:
            save_cursor(screen)
        _show(screen, alternate=True)
        if mode == 1049:
            editing.blank_screen(screen)
    else:
        if mode == 1047 and screen.is_alternate:
            editing.blank_screen(screen)
        _show(screen, alternate=False)
        if mode == 1049:
            restore_cursor(screen)


def _show(screen: Screen, *, alternate: bool) -> None:
    page = screen.alternate if alternate else screen.main
    if page is screen.page:
        return
    screen.page.left_at.x, screen.page.left_at.y = screen.cursor.x, screen.cursor.y
    page.drop_below()
    screen.page = page
    screen.rows = page.rows


def save_cursor(screen: Screen) -> None:
    """DECSC."""
    saved = screen.page.saved
    saved.x, saved.y, saved.pending = screen.cursor.x, screen.cursor.y, screen.pending
    saved.look, saved.origin = screen.look, 6 << 5 in screen.mode
    saved.charsets = screen.charsets.copy()


def restore_cursor(screen: Screen) -> None:
    """DECRC; home and plain if nothing was saved."""
    saved = screen.page.saved
    screen.look = saved.look
    (screen.mode.add if saved.origin else screen.mode.discard)(6 << 5)
    screen.charsets = saved.charsets.copy() if saved.charsets else type(screen.charsets)()
    screen.cursor.x, screen.cursor.y = saved.x, saved.y
    screen.pending = saved.pending and saved.x + 1 == screen.edge()  # size and margins may have changed
    screen.settle()


def save_or_margins(screen: Screen, p: Parameters) -> None:
    """CSI s: SCOSC, or DECSLRM in mode 69."""
    if 69 << 5 in screen.mode:
        movement.left_right_margins(screen, p)
    else:
        save_cursor(screen)


def restore(screen: Screen, p: Parameters) -> None:
    """CSI u: SCORC."""
    restore_cursor(screen)


def save_modes(screen: Screen, p: Parameters) -> None:
    """XTSAVE."""
    for mode in p:
        if mode in _PRIVATE:
            screen.saved_modes[mode] = _is_set(screen, mode)


def restore_modes(screen: Screen, p: Parameters) -> None:
    """XTRESTORE."""
    for mode in p:
        if mode in screen.saved_modes:
            _switch(screen, mode, screen.saved_modes[mode])


def _is_set(screen: Screen, mode: int) -> bool:
    if mode in _SCREENS:
        return screen.is_alternate
    return mode << 5 in screen.mode


def ask_ansi(screen: Screen, p: Parameters) -> None:
    """DECRQM for an ANSI mode."""
    mode = p[0]
    if screen.level < 63:
        return
    state = 4 if mode in _ANSI_FIXED else (1 if mode in screen.mode else 2) if mode in _ANSI else 0
    screen.reply(f"\x1b[{mode};{state}$y")


def ask_private(screen: Screen, p: Parameters) -> None:
    """DECRQM for a private mode."""
    mode = p[0]
    if screen.level < 63:
        return
    state = 0
    if mode in _SET_FOR_EVER:
        state = 3
    elif mode in _PRIVATE:
        state = 1 if _is_set(screen, mode) else 2
    screen.reply(f"\x1b[?{mode};{state}$y")


def soft_reset(screen: Screen, p: Parameters) -> None:
    """DECSTR."""
    screen.mode -= {4, *(mode << 5 for mode in (1, 6, 45, 66, 69, 1045))}
    screen.mode |= {mode << 5 for mode in (7, 25)}
    screen.guarded = None
    screen.page.keyboards.clear()
    screen.page.keyboard = 0
    screen.modify_other_keys = 0
    screen.soft_reset()


def hard_reset(screen: Screen) -> None:
    """RIS."""
    screen.reset()


def keypad_application(screen: Screen) -> None:
    """DECKPAM."""
    screen.mode.add(66 << 5)


def keypad_numeric(screen: Screen) -> None:
    """DECKPNM."""
    screen.mode.discard(66 << 5)


def cursor_shape(screen: Screen, p: Parameters) -> None:
    """DECSCUSR."""
    if p[0] <= 6:
        screen.shape = _SHAPES.get(p[0], CursorShape.BLOCK)
        screen.shape_number = p[0] or 1
        screen.blinking = p[0] in (0, 1, 3, 5)


def level(screen: Screen, p: Parameters) -> None:
    """DECSCL: 61 to 65; a hard reset (VT420 and VT510 manuals, xterm; a soft one in the VT220's).

    Of what levels differ in, only this is kept: no DECRQM below 3, no left and right margins below 4, no
    DECNCSM below 5.
    """
    if 61 <= p[0] <= 65:
        hard_reset(screen)
        screen.level = p[0]
        screen.eight_bit = p[0] > 61 and p[1] == 2


def seven_bit(screen: Screen) -> None:
    """S7C1T."""
    screen.eight_bit = False


def eight_bit(screen: Screen) -> None:
    """S8C1T."""
    screen.eight_bit = screen.level > 61


def modify_keys(screen: Screen, p: Parameters) -> None:
    """XTMODKEYS: only modifyOtherKeys (4) is kept; without parameters all go back."""
    if p[0] in (0, 4):
        screen.modify_other_keys = min(p[1], 3) if p[0] == 4 else 0


def modify_keys_off(screen: Screen, p: Parameters) -> None:
    """CSI > n n: switched off."""
    if p[0] in (0, 4):
        screen.modify_other_keys = 0


def ask_modify_keys(screen: Screen, p: Parameters) -> None:
    """XTQMODKEYS."""
    if p[0] == 4:
        screen.reply(f"\x1b[>4;{screen.modify_other_keys}m")


def push_keyboard(screen: Screen, p: Parameters) -> None:
    """CSI > flags u of kitty; the oldest entry of a full stack goes."""
    page = screen.page
    page.keyboards.append(page.keyboard)
    del page.keyboards[:-MAX_KEYBOARDS]
    page.keyboard = p[0] & _KITTY_FLAGS


def pop_keyboard(screen: Screen, p: Parameters) -> None:
    """CSI < n u of kitty; an empty stack leaves no flags."""
    page = screen.page
    for _ in range(min(p[0] or 1, MAX_KEYBOARDS + 1)):
        page.keyboard = page.keyboards.pop() if page.keyboards else 0


def set_keyboard(screen: Screen, p: Parameters) -> None:
    """CSI = flags ; how u of kitty: 1 replaces, 2 adds, 3 removes."""
    page, flags = screen.page, p[0] & _KITTY_FLAGS
    how = p[1] or 1
    if how == 1:
        page.keyboard = flags
    elif how == 2:
        page.keyboard |= flags
    elif how == 3:
        page.keyboard &= ~flags


def ask_keyboard(screen: Screen, p: Parameters) -> None:
    """CSI ? u of kitty."""
    screen.reply(f"\x1b[?{screen.page.keyboard}u")
