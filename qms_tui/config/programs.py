"""Files of the project that commands name: what of them may run on this machine, and which bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from qms_tui.project import Project

LARGEST = 4 * 2**20  # bytes of a file that can be judged


@dataclass(frozen=True, slots=True)
class Program:
    """A file of the project, relative to its root, and the words of commands that name it.

    `sha256` is of the bytes that the human trusts; empty if the project is not trusted.
    """

    path: str
    sha256: str
    words: tuple[str, ...]

    def refusal(self, project: Project) -> str:
        """Why it must not run on this machine as it is now; empty if it may."""
        if not self.sha256:
            return f"{self.path} is the project's, which is not trusted"
        try:
            content = project.read(PurePosixPath(self.path), LARGEST + 1)
        except OSError as error:
            return f"{self.path}: {error.strerror}"
        if hashlib.sha256(content).hexdigest() != self.sha256:
            return f"{self.path} has changed since you trusted it"
        return ""


def refusal(project: Project, programs: Iterable[Program], command: Iterable[str]) -> str:
    """Why a command must not run on this machine now; empty if it may."""
    said = set(command)
    reasons = (each.refusal(project) for each in programs if said & set(each.words))
    return next(filter(None, reasons), "")
