"""Every key of ours: the few that never reach an agent, and the commands of the menu.

The help screen, the menu and the README's table are made from what stands here.
"""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import Struct

PANES_BY_NUMBER = 9
RESTART_HUNG_KEY = "f5"  # the agent's while nothing hangs
MENU_KEY = "f12"  # beside the configured one, for terminals and multiplexers that take that


class GlobalKey(Struct, frozen=True):
    """A key that works everywhere; `key` and `action` are Textual's names."""

    key: str
    shown: str
    action: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Command:
    """An entry of the command menu."""

    keys: tuple[str, ...]
    shown: str
    action: str
    meaning: str


def global_keys(prefix: str) -> tuple[GlobalKey, ...]:
    """The keys that belong to us; `prefix` is the configured key of the menu."""
    panes = tuple(
        GlobalKey(f"alt+{n}", "Alt+1..9", f"pane({n})", "go to a pane") for n in range(1, PANES_BY_NUMBER + 1)
    )
    return (
        *panes,
        GlobalKey("f1", "F1", "help", "this help"),
        GlobalKey("f2", "F2", "sidebar", "inboxes: what has arrived for whom; again returns to the agent"),
        GlobalKey(
            "f3",
            "F3",
            "attend",
            "the agent that needs you, longest first; then your inbox",
        ),
        GlobalKey("f4", "F4", "zoom", "zoom: one pane large, and back"),
        GlobalKey(
            RESTART_HUNG_KEY,
            "F5",
            "restart_hung",
            "while the daemon or the keeper hangs: restart it; else the agent's",
        ),
        GlobalKey(MENU_KEY, "F12", "menu", "command menu"),
        GlobalKey(prefix, shown_key(prefix), "menu", f"command menu; twice sends {shown_key(prefix)} itself"),
        GlobalKey("ctrl+q", "Ctrl+Q", "leave", "leave; agents go on"),
    )


COMMANDS = (
    Command(("n",), "n", "next(1)", "next pane"),
    Command(("p",), "p", "next(-1)", "previous pane"),
    Command(("left",), "←", "toward('left')", "pane to the left"),
    Command(("right",), "→", "toward('right')", "pane to the right"),
    Command(("up",), "↑", "toward('up')", "pane above"),
    Command(("down",), "↓", "toward('down')", "pane below"),
    *(Command((str(n),), "1-9", f"pane({n})", "go to a pane") for n in range(1, PANES_BY_NUMBER + 1)),
    Command(("pageup",), "PgUp", "scroll", "scroll back"),
    Command(("u",), "u", "links", "addresses in the pane"),
    Command(("e",), "e", "explain", "explain the agent's state"),
    Command(("z",), "z", "zoom", "zoom, and back"),
    Command(("space",), "space", "layout", "next layout"),
    Command(("r",), "r", "restart", "restart the agent"),
    Command(("f",), "f", "restart(True)", "restart, a new conversation"),
    Command(("b",), "b", "rebuild", "build the image anew, restart"),
    Command(("g",), "g", "unpause", "let a paused agent go on"),
    Command(("x",), "x", "stop", "stop the agent"),
    Command(("c",), "c", "add", "one more agent"),
    Command(("m",), "m", "write", "write a message"),
    Command(("w",), "w", "wake", "wake the agent for its inbox"),
    Command(("h",), "h", "restart_hung(True)", "restart what hangs"),
    Command(("d",), "d", "leave", "leave the screen"),
    Command(("question_mark",), "?", "help", "help"),
)

MOVES = ("up", "down", "pageup", "pagedown", "home", "end")
SIDEBAR_KEYS = (
    Command(
        ("up", "down", "pageup", "pagedown", "home", "end"),
        "↑ ↓",
        "move",
        "choose; also PgUp, PgDn, Home, End",
    ),
    Command(("enter",), "Enter", "preview", "read it"),
    Command(("r",), "r", "reply", "answer whoever sent it"),
    Command(("d",), "d", "done", "done with it: from your inbox into the archive"),
    Command(("x",), "x", "archive", "archive it unanswered; an agent's, too"),
    Command(("g",), "g", "goto", "go to the agent's pane"),
    Command(("y",), "y", "copy", "copy the file's path"),
    Command(("e",), "e", "edit", "open it in $EDITOR"),
    Command(("m",), "m", "write", "write a message to the agent"),
    Command(("w",), "w", "wake", "wake the agent for it"),
    Command(("a",), "a", "agent", "only one agent's; again for the next"),
    Command(("k",), "k", "kind", "only one kind; again for the next"),
    Command(("slash",), "/", "search", "search; Esc ends it"),
    Command(("escape",), "Esc", "back", "back to the agent; from a search, to all items"),
)
"""What the keys do while the sidebar has the keyboard."""


def distinct(entries: tuple[GlobalKey, ...] | tuple[Command, ...]) -> list[tuple[str, str]]:
    """What is shown and what it means, numbered keys once."""
    return list({entry.shown: (entry.shown, entry.meaning) for entry in entries}.values())


def shown_key(key: str) -> str:
    """A Textual key name as people write it: ctrl+b becomes Ctrl+B."""
    return "+".join(part.upper() if len(part) == 1 else part.capitalize() for part in key.split("+"))
