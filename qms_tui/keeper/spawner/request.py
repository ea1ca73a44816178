"""What a program is started with, and what is known of it afterwards: values, to JSON and back."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, Self

from qms_tui.keeper.spawner.messages import BadMessage


@dataclass(frozen=True, slots=True)
class Request:
    """A program to start: all of the caller's environment, its umask, and where."""

    agent: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    folder: str
    umask: int
    columns: int
    lines: int
    resumes: bool = False
    """Whether it goes on with an earlier conversation."""

    def encode(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self) | {"environment": dict(self.environment)}

    @classmethod
    def decode(cls, content: Mapping[str, Any]) -> Self:
        """The way back. Raises BadMessage."""
        request = cls(**_fields(cls, content) | {"argv": tuple(content.get("argv", ()))})
        if not request.argv or not all(isinstance(word, str) for word in request.argv):
            raise BadMessage("no command")
        if not all(isinstance(value, str) for value in request.environment.values()):
            raise BadMessage("no environment")
        return request


@dataclass(frozen=True, slots=True)
class Facts:
    """A program as the spawner has it; times are in seconds since 1970, 0 is not yet.

    `exit_code` is 128 and more for a signal, whose number `signal` is; both are None while it runs.
    """

    id: str
    agent: str
    pid: int
    began: float
    resumes: bool
    ended: float = 0.0
    exit_code: int | None = None
    signal: int | None = None
    asked: bool = False
    """Whether somebody has asked for its end."""
    folder: str = ""
    """Which folder it was started in, whatever its path leads to by now; empty if that is not known."""

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.exit_code is None

    def encode(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)

    @classmethod
    def decode(cls, content: Mapping[str, Any]) -> Self:
        """The way back. Raises BadMessage."""
        return cls(**_fields(cls, content))


def folder_identity(path: str | os.PathLike[str]) -> str:
    """By device and inode, as long as somebody is in it; empty if there is no such folder."""
    try:
        status = os.stat(path)
    except OSError:
        return ""
    return f"{status.st_dev}:{status.st_ino}"


_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "int | None": (int, type(None)),
    "tuple[str, ...]": (list, tuple),
    "Mapping[str, str]": (dict,),
}


def _fields(made: type[Request] | type[Facts], content: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are known; others may come from a later version."""
    values = {}
    for field in fields(made):
        if field.name in content:
            if not isinstance(content[field.name], _TYPES[str(field.type)]):
                raise BadMessage(f"an odd {field.name}")
            values[field.name] = content[field.name]
        elif field.default is MISSING:
            raise BadMessage(f"without {field.name}")
    return values
