"""The connection to a container engine: where it is, what it says about itself, its errors in our words."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
from docker import APIClient
from docker.context import ContextAPI
from docker.errors import APIError, DockerException, ImageNotFound, TLSParameterError
from docker.tls import TLSConfig
from docker.utils import kwargs_from_env

from qms_tui.errors import EngineError, ImageError

API_TIMEOUT = 60  # seconds one call may take; an attachment's own socket is non-blocking
DEFAULT_HOST = "unix:///var/run/docker.sock"


@dataclass(frozen=True, slots=True)
class Engine:
    """A reachable engine."""

    api: APIClient
    host: str
    version: str
    cpus: int
    rootless: bool

    def close(self) -> None:
        """Close idle connections."""
        self.api.close()


def connect(configured: str | None = None) -> Engine:
    """Reach the configured engine, else DOCKER_HOST, else the current docker context. Blocking.

    Raises EngineError if it does not answer, refuses us, or is of a kind that is not supported.
    """
    host, options = _address(configured)
    if host.startswith(("ssh://", "npipe://")):
        scheme = host.split(":", 1)[0]
        raise EngineError(
            f"cannot use the engine at {host}: {scheme} is not supported yet",
            hint="name a unix:// or tcp:// engine with engine.host or DOCKER_HOST",
        )
    with engine_errors(f"cannot reach the engine at {host}"):
        _knock(host)
        api = APIClient(base_url=host, timeout=API_TIMEOUT, **options)
        try:
            info: dict[str, Any] = api.info()
        except BaseException:
            api.close()
            raise
    rootless = any("rootless" in option for option in info.get("SecurityOptions") or ())
    return Engine(api, host, str(info.get("ServerVersion", "")), int(info.get("NCPU") or 1), rootless)


def _knock(host: str) -> None:
    """Fail at once where nobody listens: there the SDK would leave its own socket open."""
    scheme, _, path = host.partition("://")
    if scheme == "unix":
        with socket.socket(socket.AF_UNIX) as knocking:
            knocking.connect(path)


def _address(configured: str | None) -> tuple[str, dict[str, Any]]:
    if configured:
        return configured, {}
    try:
        if os.environ.get("DOCKER_HOST"):
            options = kwargs_from_env()
            return str(options.get("base_url", DEFAULT_HOST)), {"tls": options.get("tls") or False}
        context = ContextAPI.get_context(os.environ.get("DOCKER_CONTEXT"))
        if context is None:
            raise EngineError(
                f"no docker context named {os.environ.get('DOCKER_CONTEXT')!r}", hint="see: docker context ls"
            )
        tls = context.TLSConfig
    except (TLSParameterError, OSError, ValueError) as error:
        raise EngineError(f"cannot use the docker context: {error}", hint="see: docker context ls") from error
    host = str(context.Host or DEFAULT_HOST).removeprefix("http+")
    return host, {"tls": tls} if isinstance(tls, TLSConfig) else {}


@contextmanager
def engine_errors(what: str) -> Iterator[None]:
    """Turn whatever the SDK raises into an EngineError that begins with `what`."""
    try:
        yield
    except ImageNotFound as error:
        raise ImageError(f"{what}: {_explain(error)}") from error
    except APIError as error:
        raise EngineError(
            f"{what}: {_explain(error)}", hint="the engine refused; its log may say more"
        ) from error
    except (DockerException, requests.RequestException, OSError) as error:
        raise _unreachable(what, error) from error


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
