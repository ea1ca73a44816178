"""The connection to a container engine: where it is, what it says about itself, its errors in our words."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from docker import APIClient
from docker.errors import APIError, DockerException, ImageNotFound, NotFound

from qms_tui.errors import EngineError, ImageError
from qms_tui.runtime.docker.address import Address, find_address
from qms_tui.runtime.docker.podman import is_podman
from qms_tui.runtime.docker.tunnel import Tunnel

API_TIMEOUT = 60  # seconds one call may take; an attachment's own socket is non-blocking
KNOCK_TIMEOUT = 5.0  # seconds in which somebody must at least take the connection
FIRST_TIMEOUT = 20  # seconds until an engine must have said who it is: one that hangs takes connections too
FEATURES = "org.opencontainers.runtime-spec.features"  # under what it tells what a runtime can
MOUNT_SETATTR = (5, 12)  # the kernel that changes mounts recursively
CONTAINERD_STORE = "io.containerd.snapshotter.v1"  # what such an engine says of its images
_GONE = re.compile(r"no such container|no container with (name or )?ID")
DEFAULT_PORT = 2375  # as the docker command takes it


@dataclass(frozen=True, slots=True)
class Engine:
    """A reachable engine."""

    api: APIClient
    host: str
    version: str
    cpus: int
    rootless: bool
    podman: bool = False
    containerd_store: bool = False
    """Whether it keeps images in containerd's store: compressed, and unpacked beside that."""
    tunnel: Tunnel | None = None
    remapped: bool = False
    """Users of containers are others on its machine, unless a container is exempt."""
    selinux: bool = False
    system: str = ""
    """What its machine calls its operating system."""
    kernel: str = ""
    seccomp: bool = True
    """Whether it can keep containers from system calls."""
    recursive: frozenset[str] = frozenset()
    """Runtimes (as runc) that make what is mounted below something read-only, too; "" for its default."""

    @property
    def kind(self) -> str:
        """Its name as people write it."""
        return "Podman" if self.podman else "Docker"

    @property
    def remote(self) -> bool:
        """Whether it is on another machine, as far as its address tells."""
        return not self.host.startswith("unix://")

    @property
    def elsewhere(self) -> bool:
        """Whether it is on another machine, or in a virtual one on this (Docker Desktop and the like).

        There a folder may be shared, but never a socket in it.
        """
        return self.remote or bool(self.kernel and self.kernel != os.uname().release)

    @property
    def labels_here(self) -> bool:
        """Whether SELinux keeps its containers in, with the labels of this machine's files."""
        return self.selinux and not self.elsewhere

    def close(self) -> None:
        """Close idle connections, and the tunnel."""
        self.api.close()
        if self.tunnel is not None:
            self.tunnel.close()


def connect(configured: str | None = None) -> Engine:
    """Reach the configured engine, else DOCKER_HOST, else the current docker context. Blocking.

    Raises EngineError if it does not answer, refuses us, or is of a kind that is not supported.
    """
    address = find_address(configured, os.environ, Path.home())
    host = address.host
    if host.startswith("npipe://"):
        raise EngineError(
            f"cannot use the engine at {host}: npipe is not supported yet",
            hint="name a unix://, ssh:// or tcp:// engine with engine.host or DOCKER_HOST",
        )
    if not host.startswith("ssh://"):
        with engine_errors(f"cannot reach the engine at {host}"):
            return _connect(host, address)
    tunnel = Tunnel(host)
    try:
        with engine_errors(f"cannot reach the engine at {host}"):
            return replace(_connect(host, Address(f"unix://{tunnel.socket}")), tunnel=tunnel)
    except EngineError as error:
        tunnel.close()
        raise error if isinstance(error.__cause__, APIError) else tunnel.nobody_there from None


def _connect(host: str, address: Address) -> Engine:
    """Ask the engine at the address who it is; `host` is what people call it."""
    _knock(address.host)
    api = _Client(base_url=address.host, timeout=FIRST_TIMEOUT, tls=address.tls or False)
    try:
        info: dict[str, Any] = api.info()
        podman = is_podman(api)
        api.timeout = API_TIMEOUT
    except BaseException:
        api.close()
        raise
    options = security_options(info)
    version, cpus = str(info.get("ServerVersion", "")), int(info.get("NCPU") or 1)
    return Engine(
        api,
        host,
        version,
        cpus,
        "rootless" in options,
        podman,
        containerd_store=["driver-type", CONTAINERD_STORE] in (info.get("DriverStatus") or ()),
        remapped="userns" in options,
        selinux="selinux" in options,
        system=str(info.get("OperatingSystem") or ""),
        kernel=str(info.get("KernelVersion") or ""),
        seccomp="seccomp" in options,
        recursive=frozenset() if podman else recursive_runtimes(info),
    )


def security_options(info: Mapping[str, Any]) -> set[str]:
    """The names of what keeps containers in: `name=seccomp,profile=builtin` is seccomp."""
    parts = (option.split(",")[0] for option in info.get("SecurityOptions") or ())
    return {part.removeprefix("name=") for part in parts}


def recursive_runtimes(info: Mapping[str, Any]) -> frozenset[str]:
    """The runtimes that make mounts recursively read-only, as the engine says; "" stands for its default.

    Docker knows the option since 25 (API 1.44), and says since then what its runtimes can.
    """
    release = re.match(r"(\d+)\.(\d+)", str(info.get("KernelVersion") or ""))
    if release is None or (int(release[1]), int(release[2])) < MOUNT_SETATTR:
        return frozenset()
    runtimes: Mapping[str, Any] = info.get("Runtimes") or {}
    able = {name for name, runtime in runtimes.items() if "rro" in _mount_options(runtime)}
    return frozenset(able | ({""} if info.get("DefaultRuntime") in able else set()))


def _mount_options(runtime: Mapping[str, Any]) -> Sequence[str]:
    try:
        features = json.loads((runtime.get("status") or {}).get(FEATURES, "{}"))
        return list(features.get("mountOptions") or ())
    except (AttributeError, TypeError, ValueError):
        return ()


class _Client(APIClient):
    """A client that does not look into the environment, as requests does, and knows what is gone.

    There REQUESTS_CA_BUNDLE, which people behind a company's proxy set, would replace the engine's own CA.
    """

    _answered: dict[str, Any] | None = None  # when it was asked for its version

    def _raise_for_status(self, response: requests.Response) -> None:
        """Podman answers 500 for a container that somebody removes at the same moment."""
        try:
            super()._raise_for_status(response)  # type: ignore[misc]
        except APIError as error:
            gone = _GONE.search(str(error.explanation)) if error.status_code == 500 else None
            if gone is None:
                raise
            raise NotFound(str(error), error.response, error.explanation) from error

    def version(self, api_version: bool = True) -> dict[str, Any]:
        """As the engine answered at first: the SDK has to ask before anything else, and we do so again."""
        if self._answered is None:
            self._answered = super().version(api_version)
        return self._answered

    @property
    def trust_env(self) -> bool:
        """Never."""
        return False

    @trust_env.setter
    def trust_env(self, value: bool) -> None:
        """As requests sets it; not heeded."""


def _knock(host: str) -> None:
    """Fail soon where nobody listens: the SDK leaves its socket open, and waits long for a silent host."""
    scheme, _, path = host.partition("://")
    if scheme == "unix":
        with socket.socket(socket.AF_UNIX) as knocking:
            knocking.settimeout(KNOCK_TIMEOUT)
            knocking.connect(path)
    elif scheme in ("tcp", "http", "https"):
        place = urlsplit(host)
        try:
            port = place.port or DEFAULT_PORT
        except ValueError as error:
            raise OSError(f"no such port: {host}") from error
        socket.create_connection((place.hostname or "localhost", port), KNOCK_TIMEOUT).close()


@contextmanager
def engine_errors(what: str) -> Iterator[None]:
    """Turn whatever the SDK raises into an EngineError that begins with `what`."""
    try:
        yield
    except ImageNotFound as error:
        raise ImageError(f"{what}: {_explain(error)}") from error
    except APIError as error:
        raise EngineError(f"{what}: {_explain(error)}", hint=_hint(error)) from error
    except (DockerException, requests.RequestException, OSError) as error:
        raise _unreachable(what, error) from error


def _hint(error: APIError) -> str:
    text = str(error.explanation)
    if "bind source path does not exist" in text or "statfs" in text:
        return "the engine's own machine must have that folder under the same path"
    if "container-init" in text or "catatonit" in text:
        return "Podman needs its package catatonit on the engine's machine"
    return "qms-tui doctor tries what this engine can do"


def seconds(stamp: str) -> float:
    """RFC 3339 with nanoseconds, which Python does not read, as seconds since 1970."""
    return datetime.fromisoformat(re.sub(r"\.\d+", "", stamp)).timestamp()


def _explain(error: APIError) -> str:
    return str(error.explanation or error).strip().replace("\n", " ")


def _unreachable(what: str, error: BaseException) -> EngineError:
    if "PermissionError" in repr(error) or "Permission denied" in str(error):
        return EngineError(
            f"{what}: permission denied",
            hint="join its group (sudo usermod -aG docker $USER, then log in anew), or --runtime local, "
            "or try: qms-tui demo",
        )
    return EngineError(what, hint="start Docker, or --runtime local, or try: qms-tui demo")
