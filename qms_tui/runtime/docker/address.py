"""Where the engine is: configured, in DOCKER_HOST, or in the current docker context.

The SDK's own reader of contexts will not do: without a config.json it looks for them in the current folder,
which may be a stranger's project, and never finds those that `docker context create` has made.
Unlike the docker command, an engine.host of our configuration goes before everything else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from docker.errors import DockerException
from docker.tls import TLSConfig
from docker.utils import kwargs_from_env
from msgspec import Struct

from qms_tui.errors import EngineError

DEFAULT_HOST = "unix:///var/run/docker.sock"
_DEFAULT_CONTEXT = "default"
_CONTEXTS = "see: docker context ls"


class Address(Struct, frozen=True):
    """Of an engine; without `tls` the connection is plain."""

    host: str
    tls: TLSConfig | None = None


def find_address(configured: str | None, environment: Mapping[str, str], home: Path) -> Address:
    """The engine's address. Raises EngineError for a context or certificates that cannot be used."""
    host = configured or _text(environment, "DOCKER_HOST")
    if host:
        return Address(host, _tls_of(environment, host))
    folder = Path(environment.get("DOCKER_CONFIG") or home / ".docker")
    name = _text(environment, "DOCKER_CONTEXT") or _current_context(folder)
    return Address(DEFAULT_HOST) if name == _DEFAULT_CONTEXT else _context(folder, name)


def _text(environment: Mapping[str, str], name: str) -> str | None:
    """A variable that names an engine. Raises EngineError if it holds bytes that are no text."""
    value = environment.get(name)
    try:
        (value or "").encode()
    except UnicodeEncodeError:
        raise EngineError(f"{name} is not UTF-8: {value!r}", hint=f"correct it, or: unset {name}") from None
    return value


def _tls_of(environment: Mapping[str, str], host: str) -> TLSConfig | None:
    """As DOCKER_TLS_VERIFY and DOCKER_CERT_PATH say; sockets, near or through ssh, have no TLS."""
    if host.startswith(("unix://", "ssh://")):
        return None
    try:
        found = kwargs_from_env(environment={**environment, "DOCKER_HOST": host}).get("tls")
    except DockerException as error:
        raise EngineError(
            f"cannot use the certificates for {host}: {error}", hint="look at DOCKER_CERT_PATH"
        ) from error
    return found if isinstance(found, TLSConfig) else None


def _current_context(folder: Path) -> str:
    """As config.json says; like the docker command, a file that cannot be read says nothing."""
    try:
        name = json.loads((folder / "config.json").read_bytes())["currentContext"]
    except (OSError, ValueError, KeyError, TypeError):
        return _DEFAULT_CONTEXT
    return name if isinstance(name, str) and name.isprintable() and name else _DEFAULT_CONTEXT


def _context(folder: Path, name: str) -> Address:
    place = hashlib.sha256(name.encode()).hexdigest()
    try:
        meta: Any = json.loads((folder / "contexts/meta" / place / "meta.json").read_bytes())
        endpoint = meta["Endpoints"]["docker"]
        host, verify = str(endpoint["Host"]), not endpoint.get("SkipTLSVerify")
        tls = _tls_of_context(folder / "contexts/tls" / place / "docker", verify)
    except FileNotFoundError:
        raise EngineError(f"no docker context {name!r} in {folder}", hint=_CONTEXTS) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, DockerException) as error:
        raise EngineError(f"cannot use the docker context {name!r}: {error}", hint=_CONTEXTS) from error
    return Address(host, tls)


def _tls_of_context(folder: Path, verify: bool) -> TLSConfig | None:
    ca, certificate, key = (folder / f"{part}.pem" for part in ("ca", "cert", "key"))
    client = (str(certificate), str(key)) if certificate.exists() and key.exists() else None
    if client is None and not ca.exists() and verify:
        return None
    return TLSConfig(client_cert=client, ca_cert=str(ca) if ca.exists() else None, verify=verify)
