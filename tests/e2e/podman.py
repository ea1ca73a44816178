"""Podman's Docker-compatible socket, with storage of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import docker

from . import engine as engines

START_SECONDS = 30.0
LIMIT = 4096  # open files and processes; Podman's own million is not everywhere allowed
INITS = ("/usr/libexec/podman/catatonit", "/usr/local/libexec/podman/catatonit", "/usr/lib/podman/catatonit")


class NoPodman(Exception):
    """None can be started here; says why."""


class Podman:
    """`host` is its address."""

    def __init__(self, folder: Path) -> None:
        init = shutil.which("catatonit") or any(os.path.exists(path) for path in INITS)
        if shutil.which("podman") is None or not init or os.getuid() != 0:
            raise NoPodman("needs root, podman and catatonit")
        self.host = f"unix://{folder}/podman.sock"
        self._log = folder / "log"
        self._storage = folder / "root"
        places = ["--root", str(self._storage), "--runroot", str(folder / "run")]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["podman", *places, "--cgroup-manager", "cgroupfs", "system", "service",
                 "--time=0", self.host],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=os.environ | {"CONTAINERS_CONF": str(_configuration(folder))},
            )  # fmt: skip
        try:
            self._wait()
        except BaseException:  # a test that fails leaves no processes to the next
            self._end()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with self.client() as client:
                for container in client.containers(all=True):
                    engines.remove_container(client, container["Id"])
                for network in client.networks(filters={"label": engines.PROJECT_LABEL}):
                    client.remove_network(network["Id"])
        finally:
            self._end()

    def client(self) -> docker.APIClient:
        """A new client; who takes it closes it."""
        return docker.APIClient(base_url=self.host, version="auto")

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.05)

    def _end(self) -> None:
        self._process.terminate()
        self._process.wait(START_SECONDS)
        # Podman leaves its storage mounted upon itself.
        subprocess.run(["umount", "--lazy", str(self._storage / "overlay")], check=False, capture_output=True)

    def _answers(self) -> bool:
        try:
            engines._knock(self.host)
            with self.client() as client:
                return bool(client.ping())
        except (OSError, docker.errors.DockerException):
            return False


def _configuration(folder: Path) -> Path:
    """A CI machine that is itself a container may not raise its limits as Podman does."""
    limits = [f"{name}={LIMIT}:{LIMIT}" for name in ("nofile", "nproc")]
    path = folder / "containers.conf"
    path.write_text(f"[containers]\ndefault_ulimits = {limits}\n".replace("'", '"'))
    return path
