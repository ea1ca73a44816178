"""Making an agent's container, having its output held, starting it: all of it or nothing stays. Blocking."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from docker import APIClient
from docker.errors import APIError, DockerException, NotFound
from docker.types import Mount
from requests import RequestException

from qms_tui.config import AgentConfig, Config
from qms_tui.errors import ImageError, QmsTuiError
from qms_tui.ownership import ROOT, UNKNOWN
from qms_tui.programs.config_folder import container_folder
from qms_tui.programs.registry import program_of
from qms_tui.project import Owner, Project
from qms_tui.runtime.base import Reached, T
from qms_tui.runtime.docker import container as spec
from qms_tui.runtime.docker import podman, quotas, read_only, seccomp, selinux
from qms_tui.runtime.docker.accounts import Accounts, accounts_folder, accounts_of
from qms_tui.runtime.docker.agent_files import AgentFiles, Place
from qms_tui.runtime.docker.container_list import Listed
from qms_tui.runtime.docker.containers import STARTING_POLL, STARTING_WAIT, Containers
from qms_tui.runtime.docker.engine import Engine
from qms_tui.runtime.docker.image import Image, find_image
from qms_tui.runtime.docker.mount_check import Sources, judge_mounts, writable_sources
from qms_tui.runtime.docker.network import project_network
from qms_tui.runtime.docker.outfit import Outfit, outfit
from qms_tui.runtime.docker.private import private_places
from qms_tui.runtime.path_rules import PathRules, path_rules
from qms_tui.trust import ConfigFolders, TrustStore
from qms_tui.workers import DISK, waiting_for

_MISSING = "make it with: qms-tui build"
_MISSING_OTHER = "build or pull it, or name another with --image or agent.image; docker/README.md says more"


class Starter:
    """Starts agents of one project. Methods raise EngineError leaves, and what the docker SDK raises."""

    def __init__(
        self,
        engine: Engine,
        project: Project,
        config: Config,
        host_environment: Mapping[str, str],
        owner: Owner,
        containers: Containers,
    ) -> None:
        self._engine, self._project, self._config = engine, project, config
        self._api: APIClient = engine.api
        self._host_environment, self._owner, self._containers = host_environment, owner, containers
        self._files = AgentFiles(engine)
        self._config_folders = ConfigFolders(project, TrustStore.of_user())
        self._asking = threading.Lock()  # agents that start at the same time ask for their accounts once

    def launch(self, agent: str, hold: Callable[[str], T], fresh: bool) -> Reached[T]:
        """Make the container, hold it, start it.

        In one call: a start that is given up must have come back before its container can be removed.
        """
        container, sources = self._create(agent, fresh)
        program = program_of(self._config.agent(agent).command)
        with waiting_for(DISK):
            program.clear(container_folder(self._project, agent))  # the name is taken: nobody else's runs
        try:
            held = hold(container)
            try:
                self._api.start(container)
                sources.compare(self._api.inspect_container(container))
            except BaseException:
                held.close()
                raise
        except BaseException:
            self._containers.remove(container)
            raise
        return Reached(container, held)

    def discard(self, reached: Reached[T]) -> None:
        """Undo a launch that came too late."""
        reached.held.close()
        self._containers.remove(reached.container)

    def image(self, agent: str) -> Image:
        """The agent's image, which must be there."""
        name = self._config.agent(agent).image
        there = find_image(self._engine, name)
        if there is None:
            raise _no_image(name, agent)
        return there

    def prepare_early(self, agents: Sequence[str]) -> None:
        """Ask and make what these agents' containers will need, while nobody waits for it yet.

        What fails here fails again, and is told, when an agent starts. Images and networks at the same time:
        the engine takes long for both.
        """
        for prepare in (
            lambda agent: self._accounts(self.image(agent)),
            lambda agent: self._network(self._config.agent(agent)),
        ):
            words = (prepare, agents)
            threading.Thread(target=_attempt, args=words, name="qms-tui-early", daemon=True).start()

    def _accounts(self, image: Image) -> Accounts:
        with self._asking:
            return accounts_of(self._api, image.id, str(self._project.root), accounts_folder())

    def _network(self, config: AgentConfig) -> str:
        return project_network(self._engine, str(self._project.root), config.network)

    def _create(self, agent: str, fresh: bool) -> tuple[str, Sources]:
        """Make the agent's container; its id, since another interface may take the name at any time.

        And what it is to have mounted.
        """
        rows = self._containers.everywhere()
        self._containers.check_owner(rows)
        self._prepare_folders(agent)
        config, image = self._config.agent(agent), self.image(agent)
        rules, fitted = self._fitted(agent, image, rows, fresh)
        entries = fitted.entries(self._accounts(image), self._owner) + seccomp.entries(self._engine)
        identity = self._containers.identity(agent)

        def create(place: Place) -> tuple[str, Sources]:
            mounts, sources = self._judged_mounts(place, fitted, rules)
            container = self._take_name(agent, self._request(place, agent, fitted, mounts))
            self._files.remove_others(place, identity)
            return container, sources

        try:
            return self._files.provide(identity, image.id, entries, self._owner, create)
        except NotFound:
            raise _no_image(config.image, agent) from None

    @waiting_for(DISK)
    def _prepare_folders(self, agent: str) -> None:
        owner = self._project.owner()
        # On a rootless engine the container's root is whoever runs it, and so the owner that there is.
        if self._owner == UNKNOWN:
            self._owner = ROOT if self._engine.rootless else owner
        if self._engine.rootless and not owner.has_account:
            owner = self._owner
        with self._config_folders.making(agent):
            self._project.prepare(agent, owner)

    @waiting_for(DISK)
    def _fitted(
        self, agent: str, image: Image, rows: Sequence[Listed], fresh: bool
    ) -> tuple[PathRules, Outfit]:
        others = () if self._engine.elsewhere else writable_sources(rows)
        rules = path_rules(self._project, self._config, self._project.owner(), others)
        return rules, outfit(self._project, self._config, agent, image, self._host_environment, fresh, rules)

    @waiting_for(DISK)
    def _judged_mounts(
        self, place: Place, fitted: Outfit, rules: PathRules
    ) -> tuple[Sequence[Mount], Sources]:
        """All mounts, as the engine is asked for them, and what of this machine they are."""
        mounts = self._mounts(place, fitted)
        sources = judge_mounts(mounts, rules, place, here=not self._engine.elsewhere)
        selinux.admit(self._engine, mounts)
        if self._engine.podman and not self._engine.elsewhere:
            podman.check_sources(mounts)
        return mounts, sources

    def _mounts(self, place: Place, fitted: Outfit) -> list[Mount]:
        spec.check_sources(self._project, fitted.config)
        roster = self._project.roster(self._config.agents)
        reach = read_only.reach_of(self._config.agent(other) for other in roster)
        made = fitted.mounts(self._project, place, private_places(self._config, self._engine.host))
        made = quotas.beside_memory(made, fitted.config, spec.HOME)
        return read_only.throughout(self._engine, made, fitted.config.oci_runtime or "", reach)

    def _request(self, place: Place, agent: str, fitted: Outfit, mounts: Sequence[Mount]) -> dict[str, Any]:
        if self._engine.podman:
            podman.check_runtime(self._api, fitted.config.oci_runtime)
        request = spec.request(
            self._containers.identity(agent),
            fitted.config,
            self._owner,
            fitted.environment,
            mounts,
            self._network(fitted.config),
            self._engine.cpus,
            {**fitted.marks, **place.labels},
        )
        request["host_config"]["security_opt"] += seccomp.options(self._engine, place.base)
        if self._engine.podman:
            podman.keep_masks_empty(request["host_config"])
            podman.keep_process_limit(request["host_config"])
        return {**request, "host_config": self._api.create_host_config(**request["host_config"])}

    def _take_name(self, agent: str, request: dict[str, Any]) -> str:
        """Make the container once its name is free: the engine holds a name from before a container can be
        seen until after it is gone, and other interfaces may be at either."""
        deadline = time.monotonic() + STARTING_WAIT
        while True:
            self._containers.clear_ended(agent)
            try:
                return str(self._api.create_container(**request)["Id"])
            except APIError as error:
                if unknown := quotas.refusal(self._api, self._config.agent(agent), error):
                    raise unknown from error
                taken = error.status_code == 409 or "already in use" in str(error.explanation)  # Podman: 500
                if not taken or time.monotonic() > deadline:
                    raise
                self._containers.check_name(agent)
            time.sleep(STARTING_POLL)


def _attempt(prepare: Callable[[str], object], agents: Sequence[str]) -> None:
    with contextlib.suppress(QmsTuiError, DockerException, RequestException, OSError):
        for agent in agents:
            prepare(agent)


def _no_image(image: str, agent: str) -> ImageError:
    hint = _MISSING if image == AgentConfig().image else _MISSING_OTHER
    return ImageError(f"there is no image {image!r} for {agent} on this engine", hint)
