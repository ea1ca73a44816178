"""A project's containers for commands, which have no event loop: every call blocks."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from qms_tui.config import Config
from qms_tui.errors import ProjectError
from qms_tui.ownership import UNKNOWN
from qms_tui.project import Owner, Project
from qms_tui.runtime.docker.containers import Containers, container_user
from qms_tui.runtime.docker.engine import Engine, engine_errors
from qms_tui.runtime.docker.engine_log import EngineLog
from qms_tui.runtime.docker.network import remove_project_network, strange_networks
from qms_tui.runtime.docker.stats import usage_of
from qms_tui.runtime.docker.stranger import Stranger
from qms_tui.runtime.runtime import Found
from qms_tui.runtime.usage import Usage

_log = logging.getLogger(__name__)


class ProjectContainers:
    """Those of its agents, and what else it has on the engine. All raise EngineError."""

    def __init__(self, engine: Engine, project: Project, config: Config) -> None:
        """Takes over the engine; `close()` closes it."""
        self._engine, self._project, self._root = engine, project, str(project.root)
        self.owner = _owner_to_look(engine, project)
        self.configure(config)

    def configure(self, config: Config) -> None:
        """Containers are judged by this from now on."""
        self.of_agents = Containers(self._engine, self._project, config, self.owner)

    @property
    def host(self) -> str:
        """The engine's address."""
        return self._engine.host

    def all(self) -> dict[str, Found]:
        """Every container of this project, by agent."""
        with engine_errors("cannot list the containers"):
            return self.of_agents.all()

    def strangers(self) -> list[Stranger]:
        """What has this project's names or labels on the engine and is not ours."""
        with engine_errors("cannot list what is not ours"):
            return [*self.of_agents.strangers(), *strange_networks(self._engine, self._root)]

    def usage(self, found: Mapping[str, Found]) -> dict[str, Usage]:
        """What the containers use that were found to run, by agent; two seconds for all."""
        alive = {agent: each.id for agent, each in found.items() if each.alive}
        return usage_of(self._engine.api, alive)

    def log(self, agent: str, since: float) -> EngineLog | None:
        """What the agent has shown since a time (seconds since 1970), by the engine's log."""
        with engine_errors(f"cannot read the log of {agent}"):
            return self.of_agents.log(agent, since)

    def stop(self, agent: str) -> bool:
        """Stop and remove the agent's container; whether there was one."""
        with engine_errors(f"cannot stop {agent}"):
            return self.of_agents.stop(agent)

    def unpause(self, agent: str) -> bool:
        """Let the agent's container go on; whether it was paused."""
        with engine_errors(f"cannot let {agent} go on"):
            return self.of_agents.unpause(agent)

    def remove_network(self) -> None:
        """Remove the project's network if nothing uses it."""
        with engine_errors("cannot remove the project's network"):
            remove_project_network(self._engine.api, self._root)

    def close(self) -> None:
        """Let go of the engine; containers go on."""
        self._engine.close()


def _owner_to_look(engine: Engine, project: Project) -> Owner:
    """As whom agents run; a full disk, say, keeps nobody from looking at them and ending them."""
    try:
        return container_user(engine, project)
    except ProjectError as error:
        _log.warning("%s", error)
        return UNKNOWN
