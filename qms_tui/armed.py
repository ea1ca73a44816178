"""Whether policies may act in a project: since a human opened or started something, until `stop --all`.

A small file per project in the user's state folder: it is there if the project is armed, and says what the
human asked for beside the configuration. It outlives daemons and reboots. Of another folder at the same path,
and of a file that makes no sense, nothing counts.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from qms_tui.config import Overrides
from qms_tui.files import make_own_folder, read_regular_file, replace_file
from qms_tui.project import AGENT_NAME
from qms_tui.text.names import path_word
from qms_tui.trust import FolderIdentity

LARGEST = 2**20  # bytes: a hundred agents with long commands
_log = logging.getLogger(__name__)


class Armed(Struct, frozen=True):
    """What was asked for: by agent the options of the command line, and the file of `--config`."""

    agents: Mapping[str, Overrides] = field(default_factory=dict)
    config_file: str = ""


def armed_folder() -> Path:
    """Where the user's files of this kind are."""
    import platformdirs

    return platformdirs.user_state_path("qms-tui") / "armed"


class ArmedFile(Struct, frozen=True):
    """That of the project at `root`, in `folder`."""

    root: Path
    folder: Path

    @classmethod
    def of(cls, root: Path) -> ArmedFile:
        """The user's own."""
        return cls(root, armed_folder())

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / f"{path_word(self.root, leading='.')}.json"

    def read(self) -> Armed | None:
        """What was asked for; None if the project is not armed."""
        try:
            document = json.loads(read_regular_file(self.path, LARGEST))
            return _checked(document, self.root)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            _log.warning("%s is broken, the project is not armed: %r", self.path, error)
            return None

    def write(self, armed: Armed) -> None:
        """Arm the project, whole or not at all. Raises OSError."""
        document = {
            "version": 1,
            "project": str(self.root),
            "folder": asdict(FolderIdentity.of(self.root)),
            "agents": {name: asdict(overrides) for name, overrides in armed.agents.items()},
            "config_file": armed.config_file,
        }
        make_own_folder(self.folder)
        replace_file(self.path, json.dumps(document).encode(), durable=True)

    def remove(self) -> None:
        """Disarm the project. Raises OSError."""
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()


def _checked(document: Any, root: Path) -> Armed | None:
    """None for another folder. Raises KeyError, TypeError, ValueError or AttributeError for what this module
    does not write."""
    if document["version"] != 1 or document["project"] != str(root):
        raise ValueError("not of this project")
    if FolderIdentity(**document["folder"]) != FolderIdentity.of(root):
        return None
    agents = {str(name): _overrides(values) for name, values in document["agents"].items()}
    if not all(map(AGENT_NAME.fullmatch, agents)):
        raise ValueError("not agents' names")
    if not isinstance(document["config_file"], str):
        raise ValueError("not a path")
    return Armed(agents, document["config_file"])


def _overrides(values: Mapping[str, Any]) -> Overrides:
    overrides = Overrides(**values)
    if not all(isinstance(value, str | None) for value in values.values()):
        raise ValueError("not options")
    return overrides
