"""Makes the sample QMS project of `qms-tui demo`: the layout that `qms init` makes, with something in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from string import Template

from qms_tui.demo.workflow import check_agent
from qms_tui.errors import ProjectError, UnknownAgentError
from qms_tui.files import read_regular_file

_SAMPLE = Path(__file__).parent / "sample"
_CONFIG = "qms.config.json"
_MAX_CONFIG = 4096  # bytes; ours has a hundred
_USERS = ("lead", "claude", "qa")  # whom `qms init` makes folders for


def make_project(folder: Path, agents: Sequence[str], *, now: datetime | None = None) -> None:
    """Make a sample project in `folder` for `agents`, or add missing agents to one made before.

    A project made before is not changed otherwise: it may have been played with. `now` is when the project
    says that it was created.

    Raises:
        UnknownAgentError: a name in `agents` cannot be an agent's.
        ProjectError: `folder` is neither empty nor a sample project, or cannot be written.
    """
    for agent in agents:
        _check(agent)
    try:
        if not is_demo(folder):
            _make(folder, now or datetime.now(UTC))
        _add_users(folder, (*_USERS, *agents))
    except OSError as error:
        raise ProjectError(
            f"cannot make the sample project in {folder}: {error.strerror or error}",
            hint="choose another folder with --keep DIR",
        ) from error


def is_demo(folder: Path) -> bool:
    """Whether `folder` was made by `make_project`, completely."""
    try:
        config = json.loads(read_regular_file(folder / _CONFIG, _MAX_CONFIG))
    except (OSError, ValueError):  # not there, not text, not JSON: somebody else's folder
        return False
    return isinstance(config, dict) and config.get("demo") is True


def _check(agent: str) -> None:
    if check_agent(agent) == "lead":
        raise UnknownAgentError("lead is the human of the project, not an agent", hint="try: claude qa")


def _make(folder: Path, now: datetime) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise ProjectError(
            f"{folder} is not empty, and not a sample project",
            hint="give --keep an empty or new folder, or one that it kept before",
        )
    folder.mkdir(parents=True, exist_ok=True)
    for source in sorted((_SAMPLE / "QMS").rglob("*.md")):
        _copy(source, folder / source.relative_to(_SAMPLE))
    _copy(_SAMPLE / "context.md", folder / "CLAUDE.md")
    _copy(_SAMPLE / "gitignore", folder / ".gitignore")
    (folder / ".claude" / "sessions").mkdir(parents=True)
    _write_config(folder, now)  # last: a project made halfway is not taken for one


def _copy(source: Path, target: Path) -> None:
    """Contents only: the modes of a read-only installation would make this project read-only too."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())


def _write_config(folder: Path, now: datetime) -> None:
    created = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    config = {"version": "1.0", "created": created, "sdlc_namespaces": ["QMS"], "demo": True}
    (folder / _CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _add_users(folder: Path, names: Sequence[str]) -> None:
    claude = folder / ".claude"
    (claude / "agents").mkdir(parents=True, exist_ok=True)
    for name in names:
        for place in ("inbox", "workspace"):
            (claude / "users" / name / place).mkdir(parents=True, exist_ok=True)
        definition = claude / "agents" / f"{name}.md"
        if name not in ("lead", "claude") and not definition.exists():
            definition.write_text(_definition(name), encoding="utf-8")


def _definition(agent: str) -> str:
    own = _SAMPLE / "agents" / f"{agent}.md"
    if agent != "any" and own.is_file():
        return own.read_text(encoding="utf-8")
    return Template((_SAMPLE / "agents" / "any.md").read_text(encoding="utf-8")).substitute(agent=agent)
