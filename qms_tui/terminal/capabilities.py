"""XTGETTCAP: what this terminal can do beyond what terminfo says of xterm-256color, by its terminfo names.

Names are terminfo's (Co is termcap's) or those that tmux, vim, neovim and kitty have given to extensions.
A name that is not here is answered as unknown, also TN: what TERM says is the host's to choose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qms_tui.terminal.screen import Screen

_MAX_NAMES = 64  # answered of one request; programs ask for fewer than ten

CAPABILITIES: dict[str, str] = {
    "Co": "256",
    "colors": "256",
    "RGB": "8/8/8",
    "setrgbf": "\x1b[38:2::%p1%d:%p2%d:%p3%dm",
    "setrgbb": "\x1b[48:2::%p1%d:%p2%d:%p3%dm",
    "sitm": "\x1b[3m",
    "ritm": "\x1b[23m",
    "smxx": "\x1b[9m",
    "rmxx": "\x1b[29m",
    "Smol": "\x1b[53m",
    "Rmol": "\x1b[55m",
    "Smulx": "\x1b[4:%p1%dm",
    "Setulc": "\x1b[58:2::%p1%{65536}%/%d:%p1%{256}%/%{255}%&%d:%p1%{255}%&%dm",
    "ol": "\x1b[59m",
    "Ss": "\x1b[%p1%d q",
    "Se": "\x1b[0 q",
    "Cs": "\x1b]12;%p1%s\x1b\\",
    "Cr": "\x1b]112\x1b\\",
    "Ms": "\x1b]52;%p1%s;%p2%s\x1b\\",
    "Sync": "\x1b[?2026%?%p1%{1}%-%tl%eh%;",
    "BE": "\x1b[?2004h",
    "BD": "\x1b[?2004l",
    "PS": "\x1b[200~",
    "PE": "\x1b[201~",
    "fe": "\x1b[?1004h",
    "fd": "\x1b[?1004l",
    "kxIN": "\x1b[I",
    "kxOUT": "\x1b[O",
    "E3": "\x1b[3J",
}
"""Values as programs are sent them: with escape characters, and terminfo's parameters."""
SWITCHES = frozenset(("Tc", "Su", "AX", "XT", "bce"))
"""Capabilities without a value: direct colour, styled underlines, default colours, titles, BCE."""

_ANSWERS = {name.encode().hex(): f"={value.encode().hex().upper()}" for name, value in CAPABILITIES.items()}
_ANSWERS |= {name.encode().hex(): "" for name in SWITCHES}


def capability(screen: Screen, names: str) -> None:
    """Answer each name (in hex, separated by semicolons) by itself, as kitty and foot do.

    xterm puts all into one answer, which neovim reads the first name of only.
    """
    for name in names.lower().split(";", _MAX_NAMES)[:_MAX_NAMES]:
        answer = _ANSWERS.get(name)
        screen.reply("\x1bP0+r\x1b\\" if answer is None else f"\x1bP1+r{name.upper()}{answer}\x1b\\")
