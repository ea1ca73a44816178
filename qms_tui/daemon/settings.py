"""What holds in the project: read again whenever an agent starts; what is broken keeps what held before."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from qms_tui.config import NO_OVERRIDES, AgentConfig, Config, Overrides, RuntimeKind, override_assignments
from qms_tui.errors import ConfigError, QmsTuiError
from qms_tui.inbox import mailboxes, scan
from qms_tui.keeper.servers import with_repository, with_servers
from qms_tui.project import Project
from qms_tui.trust import Standing, Word, examine


@dataclass(frozen=True, slots=True)
class Wishes:
    """What humans asked for beside the configuration: by agent, and the file to read in place of theirs."""

    agents: Mapping[str, Overrides] = field(default_factory=dict)
    config_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: the configuration, where each agent runs that has a wish of its own, and what is to be
    said of it."""

    config: Config
    kinds: Mapping[str, RuntimeKind] = field(default_factory=dict)
    notices: tuple[str, ...] = ()

    def kind(self, agent: str) -> RuntimeKind:
        """Where the agent is to run."""
        return self.kinds.get(agent, self.config.engine.runtime)


def read_settings(project: Project, wishes: Wishes, before: Reading | None = None) -> Reading:
    """What holds now. Blocking.

    Trust is judged on the very bytes that are used. If a file is broken, or has changed since the human
    trusted it, what held `before` goes on to hold, and that is said. Raises QmsTuiError without a `before`.
    """
    try:
        standing = _examined(project, wishes)
        if before is not None and standing.word is Word.UNDECIDED:
            raise ConfigError(
                f"{', '.join(standing.changes) or 'what the project brings'} has not been looked at",
                hint="look at it, and decide: qms-tui trust",
            )
        return _read(project, standing, wishes)
    except QmsTuiError as error:
        if before is None:
            raise
        said = f"the configuration stays as it was: {error.message} ({error.hint})"
        return dataclasses.replace(before, notices=(said,))


def _examined(project: Project, wishes: Wishes) -> Standing:
    options = [each for overrides in wishes.agents.values() for each in override_assignments(overrides)]
    return examine(project, user_file=wishes.config_file, command=options)


def _read(project: Project, standing: Standing, wishes: Wishes) -> Reading:
    config = standing.config()
    agents, kinds = dict[str, AgentConfig](), dict[str, RuntimeKind]()
    for name, overrides in wishes.agents.items():
        if overrides != NO_OVERRIDES:
            theirs = standing.config(overrides)
            agents[name] = dataclasses.replace(theirs.agent(name), name=name)
            kinds[name] = theirs.engine.runtime
    config = dataclasses.replace(config, overrides=MappingProxyType({**config.overrides, **agents}))
    reading = Reading(config, kinds)
    names = project.roster((*config.agents, *wishes.agents))
    if any(reading.kind(name) is RuntimeKind.DOCKER for name in names):
        config = with_repository(project, with_servers(project, config, names))
    return dataclasses.replace(reading, config=config, notices=config.notices)


def held_items(project: Project, config: Config) -> frozenset[tuple[str, str, int]]:
    """The items that came with a project that is looked at only: nobody is told of them. Blocking."""
    if config.trusted:
        return frozenset()
    return frozenset(_waiting(project, project.roster(config.agents)))


def _waiting(project: Project, names: Sequence[str]) -> Iterator[tuple[str, str, int]]:
    folders = {name: project.folders(name).inbox for name in mailboxes(project, names)}
    for item in scan(folders)[0]:
        yield item.agent, item.file, item.identity.inode
