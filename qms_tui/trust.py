"""Which projects' configuration files the user trusts: by place and content, asked again on any change."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path

from qms_tui.config.files import read_regular_file, replace_file
from qms_tui.errors import QmsTuiError

MOST_PROJECTS = 500  # the oldest is forgotten, and asked for again
LARGEST_STORE = 4 * 2**20  # bytes: as many projects with paths of 4,096 bytes, written as JSON
_log = logging.getLogger(__name__)


class TrustStore:
    """A small file in the user's state folder. Whatever is wrong with it, nothing is trusted then."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def of_user(cls) -> TrustStore:
        """The store of whoever runs this."""
        import platformdirs

        return cls(platformdirs.user_state_path("qms-tui") / "trust.json")

    def is_trusted(self, project_root: Path, content: bytes) -> bool:
        """Whether the user trusts the project's file with exactly this content."""
        return self._read().get(_place(project_root)) == _digest(content)

    def knows(self, project_root: Path) -> bool:
        """Whether the user has trusted the project's file, perhaps with other content."""
        return _place(project_root) in self._read()

    def grant(self, project_root: Path, content: bytes) -> None:
        """Trust the project's file as long as it has this content.

        Of two grants at the same moment one may be lost: it is asked for again. Raises QmsTuiError if it
        cannot be written.
        """
        trusted = dict(self._read())
        trusted.pop(_place(project_root), None)
        trusted[_place(project_root)] = _digest(content)
        newest = dict(list(trusted.items())[-MOST_PROJECTS:])
        try:
            self._write(newest)
        except OSError as error:
            raise QmsTuiError(
                f"{self._path}: cannot be written: {error.strerror}",
                hint="the trust is kept there; check the folder's permissions and the disk's space",
            ) from error

    def _read(self) -> Mapping[str, str]:
        try:
            content = read_regular_file(self._path, LARGEST_STORE)
            projects = json.loads(content)["projects"]
            return {str(place): str(digest) for place, digest in projects.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            _log.warning("%s is broken, no project is trusted: %r", self._path, error)
            return {}

    def _write(self, trusted: Mapping[str, str]) -> None:
        folder = self._path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        content = json.dumps({"version": 1, "projects": trusted}, indent=1)
        replace_file(self._path, content, durable=True)


def _place(project_root: Path) -> str:
    return str(project_root.resolve())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
