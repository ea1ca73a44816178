"""A Docker engine of a test's own, which may be stopped, killed and started again.

It lives in a network namespace of its own: there it cannot hurt the bridge of the machine's engine.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import docker

from . import engine as engines

START_SECONDS = 30.0  # it takes 0.3 s
REMAPPED = "daemon"  # a user that every Debian has; whose numbers containers' users get


class NoOwnEngine(Exception):
    """None can be started here; says why."""


class OwnEngine:
    """`hidden` is a folder that the engine's host seems not to have; `remap` gives containers other users."""

    def __init__(
        self, folder: Path, *, live_restore: bool = False, hidden: Path | None = None, remap: bool = False
    ) -> None:
        missing = [name for name in ("dockerd", "unshare", "nsenter") if not shutil.which(name)]
        if missing or os.getuid() != 0:
            raise NoOwnEngine(f"an engine of our own needs root and {', '.join(missing) or 'more rights'}")
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self.socket = folder / "docker.sock"
        self.host = f"unix://{self.socket}"
        self._flags = ["--live-restore"] if live_restore else []
        if remap:
            self._flags.append(f"--userns-remap={REMAPPED}")
        # Holds the namespaces while the engine is away.
        self._holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "sleep", "infinity"], stdin=subprocess.DEVNULL
        )
        self._daemon: subprocess.Popen[bytes] | None = None
        try:
            self._prepare(hidden, remap=remap)
            self.start()
        except BaseException:  # a test that fails leaves no processes to the next
            self._end()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.clean()
        finally:
            self._end()

    @property
    def client(self) -> docker.APIClient:
        """A new client; who takes it closes it."""
        return docker.APIClient(base_url=self.host, version="auto")

    def start(self) -> None:
        """Start it and wait until it answers."""
        with (self._folder / "log").open("ab") as log:
            self._daemon = subprocess.Popen(
                self._within(
                    "dockerd", "--host", self.host, "--data-root", str(self._folder / "data"),
                    "--exec-root", str(self._folder / "exec"), "--pidfile", str(self._folder / "pid"),
                    *self._flags,
                ),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._daemon.poll() is None, self._log()
            assert time.monotonic() < deadline, self._log()
            time.sleep(0.05)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it, and wait until it has ended."""
        if self._daemon is not None:
            self._daemon.send_signal(number)
            self._daemon.wait(START_SECONDS)
            self._daemon = None
        # Where pid 1 reaps late, a new engine takes the dead ones for alive.
        for pid in (self._folder / "pid", self._folder / "exec/containerd/containerd.pid"):
            pid.unlink(missing_ok=True)

    def clean(self) -> None:
        """Remove every container of it."""
        if self._daemon is None:
            self.start()
        with self.client as client:
            for container in client.containers(all=True):
                engines.remove_container(client, container["Id"])

    def _prepare(self, hidden: Path | None, *, remap: bool) -> None:
        """Make the namespaces as the engine is to have them."""
        self._wait_for_namespaces()
        self._inside("ip", "link", "set", "lo", "up")
        if hidden is not None:
            self._inside("mount", "-t", "tmpfs", "hidden", str(hidden))
        if remap:
            ranges = self._folder / "ranges"
            ranges.write_text(f"{REMAPPED}:100000:65536\n")
            for table in ("/etc/subuid", "/etc/subgid"):
                self._inside("mount", "--bind", str(ranges), table)

    def _end(self) -> None:
        try:
            self.stop()
        finally:
            self._holder.kill()
            self._holder.wait()

    def _within(self, *command: str) -> list[str]:
        place = f"/proc/{self._holder.pid}/ns"
        return ["nsenter", f"--net={place}/net", f"--mount={place}/mnt", *command]

    def _inside(self, *command: str) -> None:
        subprocess.run(self._within(*command), check=True, capture_output=True)

    def _wait_for_namespaces(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        mine = os.readlink("/proc/self/ns/mnt")
        while os.readlink(f"/proc/{self._holder.pid}/ns/mnt") == mine:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def _answers(self) -> bool:
        try:
            engines._knock(self.host)
            with self.client as client:
                return bool(client.ping())
        except (OSError, docker.errors.DockerException):
            return False

    def _log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")[-4000:]
