"""What one agent's new container gets, decided from the configuration, the project and the image.

An image of ours has an entrypoint that takes what the engine must not show from a file; with any other image
the engine gets all of it, as docker/README.md says.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from docker.types import Mount
from msgspec import Struct

from qms_tui.config import AgentConfig, Config, Judged
from qms_tui.errors import ConfigError
from qms_tui.programs.config_folder import container_folder
from qms_tui.programs.registry import program_of
from qms_tui.project import Owner, Project
from qms_tui.runtime.definition import Definition, read_definition, wishes
from qms_tui.runtime.docker import agent_files
from qms_tui.runtime.docker import container as spec
from qms_tui.runtime.docker.accounts import Accounts
from qms_tui.runtime.docker.agent_files import Entry
from qms_tui.runtime.docker.image import Image
from qms_tui.runtime.docker.kit import INSIDE, PRIVATE
from qms_tui.runtime.docker.maker import maker
from qms_tui.runtime.docker.private import Private
from qms_tui.runtime.environment import passed_on
from qms_tui.runtime.path_rules import PathRules

TOKEN = f"/{PRIVATE}/token"


class Outfit(Struct, frozen=True):
    """`config` has the command as it will run; `private` has texts by name that only the agent may read.

    `copied` is a definition of which the agent gets a copy, if so; `trusted` is whether the project is, and
    `judged` are its files of which the agent gets what was judged.
    """

    config: AgentConfig
    environment: dict[str, str]
    private: dict[str, str]
    marks: dict[str, str]
    token: list[Mount]
    copied: Definition | None
    trusted: bool
    judged: Sequence[Judged]

    @property
    def shared(self) -> list[str]:
        """Where in the container there stand files of ours that everybody there may read."""
        return [each.path for each in self.config.laid if not each.secret]

    def mounts(
        self, project: Project, place: agent_files.Place, private: Sequence[Private] = ()
    ) -> list[Mount]:
        """What is mounted; `place` is where the engine has the container's own files."""
        config, trusted = self.config, self.trusted
        copy = agent_files.definition_mount(project, config, self.copied, place, trusted=trusted)
        return [
            *spec.mounts(project, config.name, config, place.empty, copy, private, make=True),
            *agent_files.judged_mounts(config, self.judged, place),
            *agent_files.mounts(place.base, bool(self.private), self.shared),
            *self.token,
        ]

    def entries(self, accounts: Accounts, owner: Owner) -> list[Entry]:
        """The container's own files."""
        shared = [each.text for each in self.config.laid if not each.secret]
        return agent_files.entries(accounts, owner, self.private, shared, self.copied, self.judged)


def outfit(
    project: Project,
    whole: Config,
    agent: str,
    image: Image,
    host: Mapping[str, str],
    fresh: bool,
    rules: PathRules,
) -> Outfit:
    """Decide. The agent's folders must have been prepared; `rules` are for what is read by its path.

    Raises ConfigError, ProjectError.
    """
    config, ours = whole.agent(agent), bool(image.kit)
    definition = read_definition(project, agent, config, rules.places)
    program = program_of(config.command)
    wanted = wishes(definition, config, trusted=whole.trusted)
    command = program.command_line(config, INSIDE if ours else None, trusted=whole.trusted, wishes=wanted)
    config = dataclasses.replace(config, command=command)
    if not fresh:
        command = program.resuming(config, container_folder(project, agent), config.workdir)
    marks = {**spec.unlabelled(image.labels), spec.LABEL_MAKER: maker()}
    if command != config.command:
        config, marks[spec.LABEL_RESUMES] = dataclasses.replace(config, command=command), "1"
    if ours and definition and definition.label:
        marks[spec.LABEL_DEFINITION] = definition.label
    passed = {**program.defaults, **passed_on(config, host, rules)}
    shown = spec.environment(agent, program, {"QMS_TUI_THEME": whole.theme.value} if ours else passed)
    return Outfit(
        config,
        shown,
        _private(passed, shown, config, ours, [item[1:] for item in sorted(whole.held) if item[0] == agent]),
        marks,
        _token(project, config, ours),
        definition if definition and (definition.own or not whole.trusted) else None,
        whole.trusted,
        agent_files.judged_files(project, config, whole.judged),
    )


def _private(
    passed: dict[str, str],
    shown: dict[str, str],
    config: AgentConfig,
    ours: bool,
    held: Sequence[tuple[str, int]],
) -> dict[str, str]:
    """What only the agent gets to know: secrets laid there, and for our entrypoint its variables."""
    texts = {PurePosixPath(each.path).name: each.text for each in config.laid if each.secret}
    if ours:
        waking = {"QMS_TUI_WAKE": config.wake.value, "QMS_TUI_WAKE_TEXT": config.wake_text}
        if held:
            texts["held.json"] = json.dumps({name: str(inode) for name, inode in held})
        hidden = {name: value for name, value in passed.items() if shown.get(name) != value}
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
    check_token(config, project.owner())
    return [spec.bind(config.token_file, PurePosixPath(TOKEN))]


def check_token(config: AgentConfig, owner: Owner) -> None:
    """Raise ConfigError if the agent cannot read its token; nothing of it is read here."""
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
