"""What is asked of an engine before an agent needs it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from docker.errors import DockerException

from qms_tui.config import AgentConfig, Config
from qms_tui.project import Owner, Project
from qms_tui.runtime.docker.containers import Containers
from qms_tui.runtime.docker.engine import Engine
from qms_tui.runtime.docker.starting import Starter

PATIENCE = 30.0  # seconds until a thread must have been given its turn


class SlowApi:
    """Answers no question for an image before it has been asked for the networks."""

    def __init__(self) -> None:
        self.asked_for_networks, self.answered = threading.Event(), threading.Event()

    def networks(self) -> list[dict[str, Any]]:
        self.asked_for_networks.set()
        raise DockerException("enough")

    def inspect_image(self, name: str) -> dict[str, Any]:
        if self.asked_for_networks.wait(PATIENCE):
            self.answered.set()
        raise DockerException("enough")


def test_the_network_does_not_wait_for_the_image(tmp_path: Path) -> None:
    api: Any = SlowApi()
    engine, project = Engine(api, "unix:///nowhere", "20.10", 1, rootless=False), Project(tmp_path)
    owner, config = Owner(0, 0), Config(every_agent=AgentConfig(image="any"))
    containers = Containers(engine, project, config, owner)
    Starter(engine, project, config, {}, owner, containers).prepare_early(["qa"])
    assert api.answered.wait(PATIENCE)
