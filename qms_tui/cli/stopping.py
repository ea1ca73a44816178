"""What there is of a project's agents, wherever they run, and its end.

An engine that does not answer, or a process of ours that hangs, keeps nothing else from being ended: what
fails is said, and the command goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from qms_tui.cli.local_agents import LOOK_PATIENCE, stop_local
from qms_tui.cli.printing import complain, echo, echo_lines, warn
from qms_tui.config import Config, RuntimeKind
from qms_tui.errors import EngineError, KeeperError, QmsTuiError
from qms_tui.keeper.elsewhere import engines_elsewhere
from qms_tui.keeper.local_found import find_local
from qms_tui.keeper.paths import keeper_folder
from qms_tui.keeper.runtimes import keeper_client, local_processes
from qms_tui.project import Project
from qms_tui.runtime.engines import engine_host, project_containers

if TYPE_CHECKING:
    from qms_tui.runtime import Found
    from qms_tui.runtime.docker import ProjectContainers

AT_ONCE = 8  # agents: each may take its seconds to end
_ALL_AGAIN = "once the engine answers, end them with: qms-tui stop --all"
FAILED = 2  # the exit status where something could not be ended


class Stopping:
    """Looks once at what there is; `close` lets go of the engine."""

    def __init__(self, project: Project, config: Config) -> None:
        self._project, self._config = project, config
        self._processes = local_processes(project, config)
        self._containers: ProjectContainers | None = None
        self._local: Mapping[str, Found] = {}
        self._found: Mapping[str, Found] = {}
        self._local_failure: KeeperError | None = None
        self._engine_failure: EngineError | None = None
        self._failed = False
        self._look_here()
        self._look_at_engine()

    @property
    def agents(self) -> tuple[str, ...]:
        """All of which there is something."""
        return tuple(sorted({*self._found, *self._local}))

    @property
    def nothing(self) -> str:
        """What to say where there are none."""
        what = "runs" if self._containers is None else "has a container"
        return f"no agent of {self._project.name} {what}"

    def is_foreign(self, agent: str) -> bool:
        """Whether another user has started it."""
        return agent in self._found and self._found[agent].foreign

    def end(self, agents: Sequence[str], ended: Collection[str]) -> None:
        """End them, and say what became of each; some have been `ended` just before."""
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            outcomes = pool.map(lambda agent: self._end(agent, agent in ended), agents)
            for agent, outcome in zip(agents, outcomes, strict=True):
                if isinstance(outcome, str):
                    echo(f"{agent}: {outcome}")
                else:
                    self._complain(f"{agent}: {outcome.message}", outcome.hint)

    def clear_away(self) -> None:
        """End our own processes, and remove what is left once all agents are stopped."""
        self._try(self._stop_here)
        self._try(self._stop_keeper)
        if self._containers is not None:
            self._try(self._containers.remove_network)
            self._try(self._say_strangers)
        elif self._engine_failure is not None and self._may_be_on_engine:
            failure = self._engine_failure
            self._complain(f"agents in containers go on: {failure.message}", f"{failure.hint}; {_ALL_AGAIN}")
        self._try(self._say_elsewhere)

    @property
    def status(self) -> int:
        """The command's: whether all could be done."""
        return FAILED if self._failed else 0

    def close(self) -> None:
        """Idempotent."""
        containers, self._containers = self._containers, None
        if containers is not None:
            containers.close()

    # -- looking ----------------------------------------------------------------------------------------

    def _look_here(self) -> None:
        try:
            self._local = find_local(self._processes, LOOK_PATIENCE)
        except KeeperError as error:
            self._local_failure = error
            warn(f"what runs on this machine is not known: {error.message}")

    def _look_at_engine(self) -> None:
        try:
            self._containers = project_containers(self._project, self._config)
            self._found = self._containers.all()
        except EngineError as error:
            self._engine_failure = error
            self.close()
        except BaseException:
            self.close()
            raise

    @property
    def _may_be_on_engine(self) -> bool:
        """Whether an engine that does not answer may have agents of the project; a keeper's folder says that
        it has had some."""
        if self._config.engine.runtime is RuntimeKind.LOCAL:
            return False
        try:
            return not self._local or keeper_folder(self._project.root, engine_host(self._config)).exists()
        except (OSError, EngineError):
            return True

    # -- ending -----------------------------------------------------------------------------------------

    def _end(self, agent: str, is_ended: bool) -> str | QmsTuiError:
        """What became of it, or why it goes on."""
        failure: QmsTuiError | None = self._local_failure
        try:
            if failure is None and stop_local(self._processes, agent):
                is_ended = True
            if self._containers is not None and self._containers.stop(agent):
                is_ended = True
        except QmsTuiError as error:
            return error
        if is_ended:
            return "stopped"
        if self._engine_failure is not None and self._config.engine.runtime is not RuntimeKind.LOCAL:
            failure = self._engine_failure
        return failure or ("does not run" if self._containers is None else "has no container")

    def _stop_here(self) -> None:
        self._processes.stop()

    def _stop_keeper(self) -> None:
        keeper_client(self._project, self._config, engine_host(self._config)).stop()

    def _say_elsewhere(self) -> None:
        """Another engine holds there, as with a file that is broken now."""
        for host in engines_elsewhere(self._project.root, engine_host(self._config)):
            hint = "name it with engine.host or DOCKER_HOST, then: qms-tui stop --all"
            self._complain(f"agents on another engine may go on: {host}", hint)

    def _say_strangers(self) -> None:
        assert self._containers is not None
        echo_lines(f"left alone: {each}: {each.remedy}" for each in self._containers.strangers())

    def _try(self, errand: Callable[[], object]) -> None:
        try:
            errand()
        except QmsTuiError as error:
            self._complain(error.message, error.hint)

    def _complain(self, message: str, hint: str) -> None:
        complain(message, hint)
        self._failed = True
