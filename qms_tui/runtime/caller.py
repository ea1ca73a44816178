"""Whoever asks for an agent's start: its environment and umask are those that the agent's program gets."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field

from qms_tui.files import own_umask


@dataclass(frozen=True, slots=True)
class Caller:
    """A process that asked. `folder` is where it stood; values of variables are in no `repr`."""

    environment: Mapping[str, str] = field(repr=False)
    umask: int
    folder: str

    @classmethod
    def here(cls) -> Caller:
        """This process."""
        try:
            folder = os.getcwd()
        except OSError:  # somebody has removed it
            folder = "/"
        return cls(dict(os.environ), own_umask(), folder)

    def find(self, word: str, path: str | None) -> str | None:
        """The program that a command's first word means where the caller stands; None if there is none."""
        if os.path.dirname(word):
            return shutil.which(os.path.join(self.folder, word))
        places = (path if path is not None else os.defpath).split(os.pathsep)
        return shutil.which(word, path=os.pathsep.join(os.path.join(self.folder, place) for place in places))
