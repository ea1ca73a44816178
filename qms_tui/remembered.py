"""How a project's screen was arranged last: a small file per project in the user's state folder.

Whatever is wrong with the file, nothing is remembered then. Of two interfaces the last writer wins.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from qms_tui.files import make_own_folder, read_regular_file, replace_file
from qms_tui.project import AGENT_NAME
from qms_tui.text.names import path_word

ARRANGEMENTS = ("auto", "columns", "grid", "tabs")
MOST_AGENTS = 100  # as a configuration may name
LARGEST = 64 * 2**10  # bytes: a hundred long names, and a root of 4,096 bytes written as JSON
LARGEST_OF_ALL = 16 * 2**20  # bytes of any file that begins with its project
_log = logging.getLogger(__name__)


class View(Struct, frozen=True):
    """Which agents stood on the screen, in their order, and how."""

    agents: tuple[str, ...]
    arrangement: str = "auto"
    zoomed: bool = False
    focused: str = ""

    def only(self, names: Sequence[str]) -> View | None:
        """Without the agents that are not among these; None if none is left."""
        agents = tuple(name for name in self.agents if name in names)
        there = self.focused in agents
        focused = self.focused if there else ""
        return View(agents, self.arrangement, self.zoomed and there, focused) if agents else None

    def ordered(self, names: Sequence[str]) -> View | None:
        """The same view with its agents in this order; None if they are others."""
        if set(names) != set(self.agents):
            return None
        return View(tuple(names), self.arrangement, self.zoomed, self.focused)


def views_folder() -> Path:
    """Where the user's files of this kind are."""
    import platformdirs

    return platformdirs.user_state_path("qms-tui") / "layouts"


class Memory(Struct, frozen=True):
    """The view of the project at `root`, as a file in `folder`."""

    root: Path
    folder: Path

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / f"{path_word(self.root, leading='.')}.json"

    def read(self) -> View | None:
        """What was remembered, if anything."""
        try:
            document = json.loads(read_regular_file(self.path, LARGEST))
            return _checked(document, str(self.root))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            _log.warning("%s is broken, no layout is remembered: %r", self.path, error)
            return None

    def write(self, view: View) -> None:
        """Remember it: whole or not at all, also if we are killed. Not to be able to is no reason to fail."""
        content = {
            "version": 1,
            "project": str(self.root),
            "agents": view.agents,
            "arrangement": view.arrangement,
            "zoomed": view.zoomed,
            "focused": view.focused,
        }
        try:
            make_own_folder(self.folder)
            # Not durable: this runs in the event loop, and a layout lost with the machine's power is none.
            replace_file(self.path, json.dumps(content).encode())
        except OSError as error:
            _log.warning("%s: the layout cannot be remembered: %s", self.path, error)


def project_of(path: Path) -> str | None:
    """The root of the project that a file of the user's state folder is of; None if it does not say.

    Layouts, records of trust, consumed items and the folders of local agents say it in their first line.
    """
    try:
        first, _, _ = read_regular_file(path, LARGEST_OF_ALL).partition(b"\n")
        root = json.loads(first)["project"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return root if isinstance(root, str) else None


def _checked(document: object, root: str) -> View:
    """Raises KeyError, TypeError or ValueError for what this module does not write."""
    if not isinstance(document, dict) or document["version"] != 1 or document["project"] != root:
        raise ValueError("not a layout of this project")
    agents, arrangement, zoomed = document["agents"], document["arrangement"], document["zoomed"]
    focused = document["focused"]
    if not isinstance(agents, list) or not 1 <= len(agents) <= MOST_AGENTS:
        raise ValueError("not a list of agents")
    if not all(isinstance(name, str) and AGENT_NAME.fullmatch(name) for name in agents):
        raise ValueError("not agents' names")
    if len(set(agents)) != len(agents) or arrangement not in ARRANGEMENTS or not isinstance(zoomed, bool):
        raise ValueError("not a layout")
    if not isinstance(focused, str) or focused not in ("", *agents):
        raise ValueError("no such pane")
    return View(tuple(agents), arrangement, zoomed, focused)
