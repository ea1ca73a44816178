"""The screen's own colours: dark and light, around terminals that have the palette's."""

from __future__ import annotations

from textual.theme import Theme

from qms_tui.ui.palette import DARK, LIGHT, Palette


def _theme(name: str, palette: Palette, *, dark: bool, panel: str, frame: str) -> Theme:
    """Surface and background are the terminals' own, so that no band of another colour frames them."""
    return Theme(
        name=name,
        dark=dark,
        primary=_hex(palette.named[4]),
        accent=_hex(palette.named[3]),
        warning=_hex(palette.named[3]),
        error=_hex(palette.named[1]),
        success=_hex(palette.named[2]),
        foreground=_hex(palette.foreground),
        background=_hex(palette.background),
        surface=_hex(palette.background),
        panel=panel,
        variables={"frame": frame},
    )


def _hex(color: int) -> str:
    return f"#{color:06x}"


THEMES = {
    "dark": _theme("qms-dark", DARK, dark=True, panel="#23272f", frame="#4b5263"),
    "light": _theme("qms-light", LIGHT, dark=False, panel="#eaecef", frame="#a8b0b8"),
}
