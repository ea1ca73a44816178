"""Paths in a configuration file: of the host, inside the project, inside a container."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from msgspec import Struct

from qms_tui.config.text import WrongValue, a_string, shown, strings

_OWN_FOLDERS = ("/proc", "/sys", "/dev", "/etc", "/claude-config")
_USERS = PurePosixPath(".claude/users")


class Mount(Struct, frozen=True):
    """A host folder or file shown to an agent at an absolute path inside its container.

    `ours` is what qms-tui itself mounts of its own folders, and never comes from a file.
    """

    source: Path
    target: str
    read_only: bool = True
    ours: bool = False

    def __str__(self) -> str:
        return f"{self.source}:{self.target}:{'ro' if self.read_only else 'rw'}"


def path(value: object) -> Path:
    """A path of the host; a relative one is meant from the folder of the file that names it."""
    hint = "write it like '~/agent.env'"
    return _expanded(a_string(value, "a path", hint), hint)


def program(word: str, folder: Path) -> str:
    """A program that a file in `folder` names: a mere name is looked for, a relative path is meant from
    there. Raises WrongValue."""
    return str(folder / _expanded(word, "write its full path")) if "/" in word else word


def definition(value: object) -> str:
    """A Markdown file inside the project, relative to its root; never one that agents must not see."""
    hint = "write it like 'docs/agents/qa.md': a Markdown file inside the project"
    path = _inside(value, "a file in the project", hint)
    if path.suffix != ".md":
        raise WrongValue(f"{shown(value)} is not a Markdown file", hint)
    if path.is_relative_to(_USERS) or path.parts[0].startswith(".env"):
        raise WrongValue(f"{shown(value)} is hidden from agents", hint)
    return str(path)


def hidden(value: object) -> tuple[str, ...]:
    """Project paths that no agent sees, relative to the project's root."""
    hint = 'write it like ["secrets", "build/keys.txt"]: paths inside the project'
    paths = tuple(
        _inside(item, "a path in the project", hint) for item in strings(value, "a list of paths", hint)
    )
    for path in paths:
        if path.is_relative_to(_USERS) or _USERS.is_relative_to(path):
            raise WrongValue(
                f"'{path}' holds the agents' own folders",
                "leave it out: an agent only ever sees its own folders there",
            )
    return tuple(dict.fromkeys(str(path) for path in paths))


def workdir(value: object) -> str:
    """Where the project stands inside the container."""
    hint = "write it like '/pipe-dream'"
    place = _absolute(value, "an absolute path inside the container", hint)
    if any(PurePosixPath(place).is_relative_to(own) for own in _OWN_FOLDERS):
        raise WrongValue(f"{shown(value)} belongs to the container itself", hint)
    return place


def mounts(value: object) -> tuple[Mount, ...]:
    """Host paths shown to an agent, each at a place of its own."""
    hint = 'write it like ["~/data:/data", "/srv/cache:/cache:rw"]: HOST:CONTAINER, read-only unless :rw'
    found = tuple(_mount(item, hint) for item in strings(value, "a list of mounts", hint))
    targets = [mount.target for mount in found]
    for target in targets:
        if targets.count(target) > 1:
            raise WrongValue(f"{shown(target)} is mounted twice", "give each mount a place of its own")
    return found


def _mount(text: str, hint: str) -> Mount:
    parts = text.split(":")
    if len(parts) not in (2, 3) or (len(parts) == 3 and parts[2] not in ("ro", "rw")):
        raise WrongValue(f"{shown(text)} is not a mount", hint)
    source = _expanded(parts[0], hint)
    if not source.is_absolute():
        raise WrongValue(f"{shown(text)} does not start with an absolute path of this host", hint)
    return Mount(
        source, _absolute(parts[1], "an absolute path inside the container", hint), parts[2:] != ["rw"]
    )


def _inside(value: object, noun: str, hint: str) -> PurePosixPath:
    text = a_string(value, noun, hint)
    path = PurePosixPath(text)
    if path.is_absolute() or text.startswith("~"):
        raise WrongValue(f"{shown(text)} is not inside the project", hint)
    if ".." in path.parts or not path.parts:
        raise WrongValue(f"{shown(text)} is not {noun}", hint)
    return path


def _absolute(value: object, noun: str, hint: str) -> str:
    text = a_string(value, noun, hint)
    path = PurePosixPath(text)
    if not path.is_absolute() or text.startswith("//") or ".." in path.parts:
        raise WrongValue(f"{shown(text)} is not {noun}", hint)
    if len(path.parts) < 2:
        raise WrongValue("'/' is the whole container", hint)
    return str(path)


def _expanded(text: str, hint: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise WrongValue(f"{shown(text)} names a home folder that is not known", hint) from None
