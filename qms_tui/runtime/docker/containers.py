"""The containers of one project: found by their labels, looked at, stopped, cleared away. Blocking."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from docker import APIClient
from docker.errors import APIError, NotFound

from qms_tui.config import Config
from qms_tui.errors import EngineError, OwnerError
from qms_tui.ownership import UNKNOWN
from qms_tui.project import Owner, Project
from qms_tui.runtime.docker import container as spec
from qms_tui.runtime.docker.agent_files import remove_files
from qms_tui.runtime.docker.container_list import (
    CREATED,
    REMOVING,
    Doubt,
    Listed,
    best_first,
    doubt,
    labelled,
    named,
    of_any_project,
)
from qms_tui.runtime.docker.engine import Engine, seconds
from qms_tui.runtime.docker.engine_log import UNKNOWN_SIZE, EngineLog, read_log, terminal_size
from qms_tui.runtime.docker.image import is_current, is_replaced
from qms_tui.runtime.docker.kit import LABEL_KIT
from qms_tui.runtime.docker.maker import is_foreign
from qms_tui.runtime.docker.stranger import Stranger, not_ours, strange_container
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
        self._root = str(project.root)

    def identity(self, agent: str) -> spec.Identity:
        """By what the agent's container is found."""
        return spec.Identity(self._root, agent)

    def find(self, agent: str) -> Found:
        """The agent's container as it is, once nobody is about to start or to remove it."""
        return self._told(agent, self._settled(agent))

    def check_owner(self, rows: Iterable[Listed]) -> None:
        """One project has one owner: raises OwnerError if another user has made containers of this one.

        `rows` are the containers of `everywhere`.
        """
        mine = (row for row in rows if row.labels.get(spec.LABEL_PROJECT) == self._root)
        foreign = [row for row in mine if is_foreign(row.labels)]
        names = sorted({row.agent for row in foreign if doubt(self._api, row) is None})
        if names:
            raise OwnerError(
                f"another user has started agents of this project: {', '.join(names)}", hint=_LOOK_ON
            )

    def all(self) -> dict[str, Found]:
        """What there is of each agent of this project."""
        rows: dict[str, list[Listed]] = {}
        for row in labelled(self._api, self._root):
            if doubt(self._api, row) is None:
                rows.setdefault(row.agent, []).append(row)
        found = {agent: self._told(agent, self._asked(each)) for agent, each in rows.items()}
        return {agent: each for agent, each in found.items() if each.condition is not Condition.ABSENT}

    def everywhere(self) -> list[Listed]:
        """What the engine lists of all projects' containers, ended ones too."""
        return of_any_project(self._api)

    def strangers(self) -> list[Stranger]:
        """Containers with this project's labels or names that are not its agents'."""
        doubted = {row.id: (row, doubt(self._api, row)) for row in labelled(self._api, self._root)}
        for row in named(self._api, f"{spec.project_slug(self._root)}-"):
            doubted.setdefault(row.id, (row, Doubt.NO_LABELS))
        kind = self._engine.kind
        return [strange_container(row.name, why, kind) for row, why in doubted.values() if why]

    def log(self, agent: str, since: float) -> EngineLog | None:
        """What the agent's container has printed since a time (seconds since 1970); None without one."""
        container = self.current(agent)
        if container is None:
            return None
        size = terminal_size(self._api, container) or UNKNOWN_SIZE
        return EngineLog(read_log(self._api, container, since), size)

    def current(self, agent: str) -> str | None:
        """The id of the agent's container, as it is now; None without one."""
        rows = self._listed(agent)
        return rows[0].id if rows else None

    def running(self, agent: str) -> str:
        """The id of the agent's container, which must be there."""
        rows = self._settled(agent)
        if not rows:
            raise EngineError(f"{agent} has no container", hint="start it anew")
        return rows[0].id

    def ended(self, agent: str) -> Ending | None:
        """How it ended, if it does within `ENDED_WAIT` seconds."""
        container = self.current(agent)
        if container is None:
            return REMOVED
        try:
            self._api.wait(container, timeout=ENDED_WAIT)
        except NotFound:
            return REMOVED
        except OSError:
            return None  # still running when the wait timed out: only the connection was lost
        there = self.find(agent)
        return REMOVED if there.condition is Condition.ABSENT else there.ending

    def stop(self, agent: str) -> bool:
        """Stop and remove what there is of the agent, whatever its name; whether there was anything."""
        rows = self._now(agent)
        if not rows:
            self.check_name(agent)
        for row in rows:
            self._stop(row)
        return bool(rows)

    def _stop(self, row: Listed) -> None:
        with contextlib.suppress(NotFound):  # somebody else was faster
            if row.state == "paused":  # Docker would do it, Podman refuses
                self._api.unpause(row.id)
            self._api.stop(row.id, timeout=STOP_GRACE)
        self.remove(row.id)

    def unpause(self, agent: str) -> bool:
        """Let the agent's container go on; whether it was paused."""
        paused = [row for row in self._now(agent) if row.state == "paused"]
        for row in paused:
            self._api.unpause(row.id)
        return bool(paused)

    def clear_ended(self, agent: str) -> None:
        """Make room for a new container. A running one is never touched: somebody else started it."""
        rows = self._settled(agent)
        alive = [row.name for row in rows if row.alive]
        if alive:
            renamed = "" if alive == [self.identity(agent).container] else f", in {' and '.join(alive)}"
            raise RunsAlready(
                f"{agent} runs already{renamed}: somebody else has started it",
                hint=f"attach to it instead, or end it: qms-tui stop {agent}",
            )
        for row in rows:
            self.remove(row.id)

    def check_name(self, agent: str) -> None:
        """Raise EngineError if what has the name of the agent's container is not the agent's."""
        identity = self.identity(agent)
        try:
            labels = self._api.inspect_container(identity.container)["Config"].get("Labels") or {}
        except NotFound:
            return
        if any(labels.get(name) != value for name, value in identity.labels.items()):
            raise not_ours(identity.container, Doubt.NO_LABELS, self._engine.kind)

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

    def _settled(self, agent: str) -> list[Listed]:
        """What there is of the agent, the best first, once nobody is about to start or to remove it.

        Between create and start it belongs to whoever starts it, perhaps another interface: a moment later
        it runs or is gone. One that is older was left by an interface that was killed. One that is being
        removed is gone a moment later.
        """
        deadline = time.monotonic() + STARTING_WAIT
        while (rows := self._now(agent)) and not rows[0].alive and self._is_under_way(rows):
            if time.monotonic() > deadline:
                break
            time.sleep(STARTING_POLL)
        return rows

    def _is_under_way(self, rows: Sequence[Listed]) -> bool:
        if any(row.state == REMOVING for row in rows):
            return True
        created = [row.created for row in rows if row.state == CREATED]
        return bool(created) and seconds(self._api.info()["SystemTime"]) - max(created) <= STARTING_WAIT

    def _now(self, agent: str) -> list[Listed]:
        """As `_listed`, each as it is now."""
        return self._asked(self._listed(agent))

    def _asked(self, rows: Iterable[Listed]) -> list[Listed]:
        """The same as they are now, the best first."""
        now = []
        for row in rows:
            with contextlib.suppress(NotFound):  # removed between the two calls
                now.append(row.now(self._api.inspect_container(row.id)))
        return best_first(now)

    def _listed(self, agent: str) -> list[Listed]:
        """What there is of the agent, the best first, whatever it is called and whoever started it.

        Raises EngineError if there is nothing but what may be the agent's and may be anybody's.
        """
        name, kind = self.identity(agent).container, self._engine.kind
        rows = [row for row in labelled(self._api, self._root) if row.agent == agent or row.name == name]
        doubts = {row.id: doubt(self._api, row) if row.agent == agent else Doubt.NO_LABELS for row in rows}
        ours = [row for row in rows if doubts[row.id] is None]
        for row in rows if not ours else ():
            why = doubts[row.id]
            if why and (row.name == name or (row.alive and why is not Doubt.OF_IMAGE)):
                raise not_ours(row.name, why, kind)
        return best_first(ours)

    def _told(self, agent: str, rows: Sequence[Listed]) -> Found:
        """What the engine knows of the first of them, and whether it is what it should be."""
        facts = rows[0].facts if rows else None
        if facts is None:
            return Found(Condition.ABSENT)
        there, name = found(facts), self.identity(agent).container
        if there.container != name:
            there = replace(there, renamed_from=name)
        there = self._judged(agent, there, facts["Config"].get("Labels") or {})
        if len(rows) > 1:
            names = ", ".join(row.name for row in rows)
            there = replace(
                there, wrong=f"it has {len(rows)} containers: {names}; end them all: qms-tui stop {agent}"
            )
        return there

    def _judged(self, agent: str, there: Found, labels: Mapping[str, str]) -> Found:
        """With whose it is, whether its image is of today, and who its program says it is."""
        if is_foreign(labels):
            return replace(there, outdated=False, foreign=True)
        if not there.alive or LABEL_KIT not in labels:
            return replace(there, outdated=False)  # one that has ended is started in the image of then
        config, expected = self._config.agent(agent), labels.get(spec.LABEL_DEFINITION, "")
        # By the name that it was made with, which --image may have said, not by the configuration's.
        if there.outdated or is_replaced(self._engine, there.image, there.digest):
            there = replace(there, outdated=True, needs_build=not is_current(self._engine, config.image))
        identity = read_identity(self._project, agent)
        if identity is None or identity.started < there.began - 1:  # of the container before
            return there
        if self._owner == UNKNOWN:
            return there
        return replace(there, wrong=mismatch(identity, agent, config, self._owner, expected))


def container_user(engine: Engine, project: Project) -> Owner:
    """As whom agents run. On a rootless engine the container's root is the user who runs the engine."""
    return Owner(0, 0) if engine.rootless else project.owner()
