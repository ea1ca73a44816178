"""Keys that the program around us takes before they come here, and what to press instead."""

from __future__ import annotations

from collections.abc import Mapping

from qms_tui.ui.keymap import MENU_KEY, shown_key

# Default keys: nobody can ask a multiplexer for its configuration without running it.
_TAKEN = {
    "TMUX": frozenset({"ctrl+b"}),
    "STY": frozenset({"ctrl+a"}),  # GNU screen
    "ZELLIJ": frozenset(f"ctrl+{letter}" for letter in "bghnopqst"),
}
_TERMS = {"tmux": "TMUX", "screen": "TMUX"}  # what TERM begins with, also on another machine; tmux says both


def taken_keys(environment: Mapping[str, str]) -> frozenset[str]:
    """The keys, by their Textual names, that do not come through."""
    around = {variable for variable in _TAKEN if environment.get(variable)}
    if not around:
        term = environment.get("TERM", "")
        around = {variable for prefix, variable in _TERMS.items() if term.startswith(prefix)}
    return frozenset().union(*(_TAKEN[variable] for variable in around))


def menu_key(prefix: str, environment: Mapping[str, str]) -> str:
    """The key to name for the menu, as people write it."""
    return shown_key(MENU_KEY if prefix in taken_keys(environment) else prefix)


def leave_keys(prefix: str, environment: Mapping[str, str]) -> str:
    """What to name for leaving."""
    return f"{menu_key(prefix, environment)} d" if "ctrl+q" in taken_keys(environment) else "Ctrl+Q"
