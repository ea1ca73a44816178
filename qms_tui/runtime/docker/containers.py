"""The containers of one project: found by name and labels, looked at, stopped, cleared away. Blocking."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from docker import APIClient
from docker.errors import APIError, NotFound

from qms_tui.config import Config
from qms_tui.errors import EngineError, OwnerError
from qms_tui.project import AGENT_NAME, Owner, Project
from qms_tui.runtime.docker import container as spec
from qms_tui.runtime.docker.agent_files import remove_files
from qms_tui.runtime.docker.engine import Engine, seconds
from qms_tui.runtime.docker.engine_log import UNKNOWN_SIZE, EngineLog, read_log, terminal_size
from qms_tui.runtime.docker.image import is_replaced
from qms_tui.runtime.docker.kit import LABEL_KIT
from qms_tui.runtime.docker.maker import is_foreign
from qms_tui.runtime.docker.told import REMOVED, found
from qms_tui.runtime.identity import mismatch, read_identity
from qms_tui.runtime.runtime import Condition, Ending, Found, RunsAlready

STOP_GRACE = 5  # seconds between SIGTERM and SIGKILL
STARTING_WAIT = 10.0  # seconds between create and start of a container, with a slow disk
STARTING_POLL = 0.05  # seconds between looks at a container that another interface starts
_LOOK_ON = (
    "only that user starts more; you can look on, as with: qms-tui ps, qms-tui log. "
    "If they are yours (started by root, on another machine, or before this one was renamed), "
    "end them: qms-tui stop --all"
)
ENDED_WAIT = 1  # seconds after its terminal closed in which a container still counts as ending


class Containers:
    """What there is. Methods raise EngineError, and what the docker SDK raises."""

    def __init__(self, engine: Engine, project: Project, config: Config, owner: Owner) -> None:
        """`owner` is whom agents run as."""
        self._engine, self._project, self._config, self._owner = engine, project, config, owner
        self._api: APIClient = engine.api

    def identity(self, agent: str) -> spec.Identity:
        """By what the agent's container is found."""
        return spec.Identity(str(self._project.root), agent)

    def find(self, agent: str) -> Found:
        """The agent's container as it is, once nobody is about to start or to remove it."""
        facts = self.settled(agent)
        return self._told(agent, facts) if facts else Found(Condition.ABSENT)

    def check_owner(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """One project has one owner: raises OwnerError if another user has made containers of this one.

        `rows` are the containers of `everywhere`.
        """
        every = [row["Labels"] or {} for row in rows]
        mine = [labels for labels in every if labels.get(spec.LABEL_PROJECT) == str(self._project.root)]
        names = sorted({str(labels.get(spec.LABEL_AGENT, "")) for labels in mine if is_foreign(labels)})
        if names:
            known = ", ".join(name for name in names if AGENT_NAME.fullmatch(name))
            raise OwnerError(f"another user has started agents of this project: {known}", hint=_LOOK_ON)

    def all(self) -> dict[str, Found]:
        """Every container of this project, by agent."""
        listed = {}
        for row in self._rows():
            try:
                facts = self._api.inspect_container(row["Id"])
            except NotFound:
                continue  # removed between the two calls
            agent = facts["Config"]["Labels"].get(spec.LABEL_AGENT, "")
            listed[agent or "?"] = self._told(agent, facts) if AGENT_NAME.fullmatch(agent) else found(facts)
        return listed

    def everywhere(self) -> list[dict[str, Any]]:
        """What the engine lists of all projects' containers, ended ones too."""
        rows: list[dict[str, Any]] = self._api.containers(all=True, filters={"label": spec.LABEL_PROJECT})
        return rows

    def _rows(self) -> list[dict[str, Any]]:
        """What the engine lists of this project's containers, ended ones too."""
        wanted = {"label": f"{spec.LABEL_PROJECT}={self._project.root}"}
        rows: list[dict[str, Any]] = self._api.containers(all=True, filters=wanted)
        return rows

    def log(self, agent: str, since: float) -> EngineLog | None:
        """What the agent's container has printed since a time (seconds since 1970); None without one."""
        facts = self._inspect(agent)
        if facts is None:
            return None
        size = terminal_size(self._api, facts["Id"]) or UNKNOWN_SIZE
        return EngineLog(read_log(self._api, facts["Id"], since), size)

    def running(self, agent: str) -> str:
        """The id of the agent's container, which must be there."""
        facts = self.settled(agent)
        if facts is None:
            raise EngineError(f"{agent} has no container", hint="start it anew")
        return str(facts["Id"])

    def ended(self, agent: str) -> Ending | None:
        """How it ended, if it does within `ENDED_WAIT` seconds."""
        try:
            self._api.wait(self.identity(agent).container, timeout=ENDED_WAIT)
        except NotFound:
            return REMOVED
        except OSError:
            return None  # still running when the wait timed out: only the connection was lost
        there = self.find(agent)
        return REMOVED if there.condition is Condition.ABSENT else there.ending

    def stop(self, agent: str) -> bool:
        """Stop and remove the agent's container; whether there was one."""
        facts = self._inspect(agent)
        if facts is None:
            return False
        try:
            if facts["State"].get("Paused"):  # Docker would do it, Podman refuses
                self._api.unpause(facts["Id"])
            self._api.stop(facts["Id"], timeout=STOP_GRACE)
        except NotFound:
            return True  # somebody else was faster
        self.remove(facts["Id"])
        return True

    def clear_ended(self, agent: str) -> None:
        """Make room for a new container. A running one is never touched: somebody else started it."""
        facts = self.settled(agent)
        if facts is None:
            return
        if found(facts).alive:
            raise RunsAlready(
                f"{agent} runs already: somebody else has started it", hint="attach to it instead"
            )
        self.remove(facts["Id"])

    def remove(self, container: str) -> None:
        """Remove a container, whatever it does, and its files; gone already is fine."""
        try:
            labels = self._api.inspect_container(container)["Config"].get("Labels") or {}
            self._api.remove_container(container, v=True, force=True)
        except NotFound:
            return
        except APIError as error:
            if error.status_code != 409:  # 409: its removal is under way
                raise
            return
        remove_files(self._api, labels)

    def settled(self, agent: str) -> dict[str, Any] | None:
        """The engine's facts of the agent's container.

        Between create and start it belongs to whoever starts it, perhaps another interface: a moment later
        it runs or is gone. One that is older was left by an interface that was killed. One that is being
        removed is gone a moment later.
        """
        deadline = time.monotonic() + STARTING_WAIT
        while (facts := self._inspect(agent)) and facts["State"].get("Status") in ("created", "removing"):
            old = facts["State"]["Status"] == "created" and self._age(facts) > STARTING_WAIT
            if old or time.monotonic() > deadline:
                break
            time.sleep(STARTING_POLL)
        return facts

    def _age(self, facts: dict[str, Any]) -> float:
        """Seconds since the container was made, by the engine's clock."""
        return seconds(self._api.info()["SystemTime"]) - seconds(facts["Created"])

    def _inspect(self, agent: str) -> dict[str, Any] | None:
        """The engine's facts of what has the name of the agent's container; it must be ours."""
        identity = self.identity(agent)
        try:
            facts: dict[str, Any] = self._api.inspect_container(identity.container)
        except NotFound:
            return None
        labels = facts["Config"].get("Labels") or {}
        if any(labels.get(k) != v for k, v in identity.labels.items()):
            raise EngineError(
                f"the container {identity.container} is not ours (its labels differ)",
                hint="remove or rename it: qms-tui does not touch it",
            )
        return facts

    def _told(self, agent: str, facts: dict[str, Any]) -> Found:
        """What the engine knows of the container, and who its program says it is."""
        there, labels = found(facts), facts["Config"].get("Labels") or {}
        if is_foreign(labels):
            return replace(there, outdated=False, foreign=True)
        if not there.alive or LABEL_KIT not in labels:
            return there
        config, expected = self._config.agent(agent), labels.get(spec.LABEL_DEFINITION, "")
        if is_replaced(self._engine, config.image, there.digest):
            there = replace(there, outdated=True)
        identity = read_identity(self._project, agent)
        if identity is None or identity.started < there.began - 1:  # of the container before
            return there
        return replace(there, wrong=mismatch(identity, agent, config, self._owner, expected))
