"""What one agent's new container gets, decided from the configuration, the project and the image.

An image of ours has an entrypoint that takes what the engine must not show from a file; with any other image
the engine gets all of it, as docker/README.md says.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from docker.types import Mount

from qms_tui.config import AgentConfig, Theme
from qms_tui.errors import ConfigError
from qms_tui.project import Owner, Project
from qms_tui.runtime.client import command_line
from qms_tui.runtime.docker import agent_files
from qms_tui.runtime.docker import container as spec
from qms_tui.runtime.docker.accounts import Accounts
from qms_tui.runtime.docker.agent_files import Entry
from qms_tui.runtime.docker.image import Image
from qms_tui.runtime.docker.kit import INSIDE, PRIVATE
from qms_tui.runtime.docker.maker import maker
from qms_tui.runtime.docker.private import Private
from qms_tui.runtime.environment import passed_on
from qms_tui.runtime.identity import definition_hash
from qms_tui.runtime.resume import resuming

TOKEN = f"/{PRIVATE}/token"


@dataclass(frozen=True, slots=True)
class Outfit:
    """`config` has the command as it will run; `private` has texts by name that only the agent may read."""

    config: AgentConfig
    environment: dict[str, str]
    private: dict[str, str]
    marks: dict[str, str]
    token: list[Mount]

    @property
    def shared(self) -> list[str]:
        """Where in the container there stand files of ours that everybody there may read."""
        return [each.path for each in self.config.laid if not each.secret]

    def mounts(self, project: Project, base: Path, private: Sequence[Private] = ()) -> list[Mount]:
        """What is mounted; `base` is where the engine has the container's own files."""
        place = agent_files.Place(base)
        return [
            *spec.mounts(project, self.config.name, self.config, place.empty, private, make=True),
            *agent_files.mounts(base, bool(self.private), self.shared),
            *self.token,
        ]

    def entries(self, accounts: Accounts, owner: Owner) -> list[Entry]:
        """The container's own files."""
        shared = [each.text for each in self.config.laid if not each.secret]
        return agent_files.entries(accounts, owner, self.private, shared)


def outfit(
    project: Project, config: AgentConfig, image: Image, host: Mapping[str, str], theme: Theme, fresh: bool
) -> Outfit:
    """Decide. The agent's folders must have been prepared. Raises ConfigError, ProjectError."""
    agent, ours = config.name, bool(image.kit)
    config = dataclasses.replace(config, command=command_line(config, INSIDE if ours else None))
    command = config.command if fresh else resuming(project, agent, config, config.workdir)
    marks = {spec.LABEL_MAKER: maker()}
    if command != config.command:
        config, marks[spec.LABEL_RESUMES] = dataclasses.replace(config, command=command), "1"
    definition = definition_hash(project, agent, config)
    if ours and definition:
        marks[spec.LABEL_DEFINITION] = definition
    passed = passed_on(config, host)
    shown = spec.environment(agent, {"QMS_TUI_THEME": theme.value} if ours else passed)
    return Outfit(
        config,
        shown,
        _private(passed, shown, config, ours),
        marks,
        _token(project, config, ours),
    )


def _private(
    passed: dict[str, str], shown: dict[str, str], config: AgentConfig, ours: bool
) -> dict[str, str]:
    """What only the agent gets to know: secrets laid there, and for our entrypoint its variables."""
    texts = {PurePosixPath(each.path).name: each.text for each in config.laid if each.secret}
    if ours:
        waking = {"QMS_TUI_WAKE": config.wake.value, "QMS_TUI_WAKE_TEXT": config.wake_text}
        hidden = {name: value for name, value in passed.items() if name not in shown}
        texts["environment.json"] = json.dumps(hidden | waking)
    if config.token_file is not None:
        texts[PurePosixPath(TOKEN).name] = ""  # what the file is mounted over
    return texts


def _token(project: Project, config: AgentConfig, ours: bool) -> list[Mount]:
    if config.token_file is None:
        return []
    if not ours:
        raise ConfigError(
            f"agent.token_file: the image {config.image!r} cannot read it",
            hint="use an image of qms-tui build, or pass the login on with agent.env or agent.env_file",
        )
    _check_readable(config, project.owner())
    return [spec.bind(config.token_file, PurePosixPath(TOKEN))]


def _check_readable(config: AgentConfig, owner: Owner) -> None:
    """The agent must be able to read its token; nothing of it is read here."""
    assert config.token_file is not None
    try:
        status = config.token_file.stat()
    except OSError as error:
        raise ConfigError(
            f"agent.token_file: {config.token_file}: {error.strerror}",
            hint="make the file with the token of: claude setup-token",
        ) from None
    allowed = status.st_mode & 0o004
    allowed |= status.st_mode & 0o400 if status.st_uid == owner.uid else 0
    allowed |= status.st_mode & 0o040 if status.st_gid == owner.gid else 0
    if not allowed:
        raise ConfigError(
            f"agent.token_file: {config.token_file} cannot be read by user {owner.uid}, as whom agents run",
            hint=f"sudo chown {owner.uid}:{owner.gid} {config.token_file}",
        )
