"""A real sshd on this machine, with keys of its own, and an `ssh` in PATH that knows them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from .engine import ANSWER_SECONDS

PROGRAM = "/usr/sbin/sshd"


class NoSshd(Exception):
    """None can be started here; says why."""


class Sshd:
    """Lets root in by key only; `bin` must go in front of PATH."""

    def __init__(self, folder: Path) -> None:
        if not Path(PROGRAM).exists() or shutil.which("ssh") is None or os.getuid() != 0:
            raise NoSshd("needs root, openssh-server and openssh-client")
        folder.mkdir(exist_ok=True)
        self._folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.bin = folder / "bin"
        self._make_keys()
        self._make_client(shutil.which("ssh") or "ssh")
        self.log = folder / "log"
        Path("/run/sshd").mkdir(exist_ok=True)
        self._process = subprocess.Popen(
            [PROGRAM, "-D", "-f", str(self._configuration()), "-E", str(self.log)]
        )
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
        self._end()

    def host(self, path: Path | str = "", user: str = "root", name: str = "127.0.0.1") -> str:
        """An engine's address by this way; `path` is its socket."""
        return f"ssh://{user}@{name}:{self.port}{path}"

    def _end(self) -> None:
        self._process.terminate()
        self._process.wait(ANSWER_SECONDS)

    def _make_keys(self) -> None:
        for name in ("host", "client"):
            key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self._folder / name)]
            subprocess.run(key, check=True)
        shutil.copy(self._folder / "client.pub", self._folder / "authorized")
        known = (self._folder / "host.pub").read_text()
        (self._folder / "known").write_text(f"[127.0.0.1]:{self.port} {known}")

    def _make_client(self, ssh: str) -> None:
        """OpenSSH takes the home folder from the system's accounts, never from HOME."""
        settings = {
            "IdentityFile": self._folder / "client",
            "IdentitiesOnly": "yes",
            "UserKnownHostsFile": self._folder / "known",
            "GlobalKnownHostsFile": "/dev/null",
        }
        lines = "".join(f"{name} {value}\n" for name, value in settings.items())
        (self._folder / "client.conf").write_text(lines)
        self.bin.mkdir()
        (self.bin / "ssh").write_text(f'#!/bin/sh\nexec {ssh} -F {self._folder}/client.conf "$@"\n')
        (self.bin / "ssh").chmod(0o755)

    def _configuration(self) -> Path:
        settings = {
            "Port": self.port,
            "ListenAddress": "127.0.0.1",
            "HostKey": self._folder / "host",
            "AuthorizedKeysFile": self._folder / "authorized",
            "PidFile": "none",
            "StrictModes": "no",  # the folders above are the tests'
            "PasswordAuthentication": "no",
            "KbdInteractiveAuthentication": "no",
            "PermitRootLogin": "yes",
            "UsePAM": "no",
        }
        path = self._folder / "sshd.conf"
        path.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        return path

    def _wait(self) -> None:
        deadline = time.monotonic() + ANSWER_SECONDS
        with socket.socket() as knocking:
            while knocking.connect_ex(("127.0.0.1", self.port)) != 0:
                assert self._process.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline
                time.sleep(0.02)
