"""Whether containers of one project reach each other: one knocks at another, on the agents' network.

Nobody listens there. Who is reached refuses; where traffic is off, nothing comes back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from docker import APIClient

from qms_tui.doctor.finding import Finding, ok, warning
from qms_tui.doctor.isolation import SUBJECT
from qms_tui.runtime.docker.container import LABEL_MAKER, LABEL_THROWAWAY, NO_LABELS
from qms_tui.runtime.docker.engine import Engine, engine_errors
from qms_tui.runtime.docker.maker import maker
from qms_tui.runtime.docker.network import trial_network

PATIENCE = 20  # seconds for the container that knocks; it takes one where nothing comes back
LONGEST = 2000  # bytes of what it says
REMEDY = "see docker/README.md, Isolation"
WAIT = ("/bin/sh", "-c", "sleep 60")
KNOCK = """
address=$1
if command -v python3 >/dev/null; then
    python3 -I -c '
import socket, sys
try:
    socket.create_connection((sys.argv[1], 7), 1)
    print("reached")
except ConnectionRefusedError:
    print("reached")
except OSError as error:
    known = isinstance(error, TimeoutError) or error.errno in (101, 113)  # no way there
    print("silent" if known else error)
' "$address"
elif command -v nc >/dev/null; then
    case $(nc -w 1 "$address" 7 2>&1 </dev/null) in
        "" | *refused*) echo reached ;;
        *"timed out"* | *unreachable*) echo silent ;;
    esac
fi
"""


def traffic(engine: Engine, root: str, network: str, image: str) -> Finding:
    """Try it with two containers of the image. Raises EngineError."""
    if network == "none":
        return ok(SUBJECT, "agents have no network")
    with engine_errors("cannot try whether containers reach each other"):
        return judge(_say(engine, root, network, image))


def judge(said: str) -> Finding:
    """What the container that knocked says. Pure."""
    if "reached" in said.split():
        return warning(SUBJECT, "agents of the project reach each other over the network", REMEDY)
    if "silent" in said.split():
        return ok(SUBJECT, "no traffic between agents of the project")
    return ok(SUBJECT, "traffic between agents was not tried: the image has neither python3 nor nc")


def _say(engine: Engine, root: str, network: str, image: str) -> str:
    api = engine.api
    with ExitStack() as stack:
        joined = stack.enter_context(trial_network(engine, root, network))
        other = stack.enter_context(_container(api, root, joined, image, list(WAIT)))
        (place,) = api.inspect_container(other)["NetworkSettings"]["Networks"].values()
        command = ["/bin/sh", "-c", KNOCK, "knock", str(place.get("IPAddress") or "")]
        knocking = stack.enter_context(_container(api, root, joined, image, command))
        api.wait(knocking, timeout=PATIENCE)
        said: bytes = api.logs(knocking)
    return said[-LONGEST:].decode(errors="replace")


@contextmanager
def _container(api: APIClient, root: str, network: str, image: str, command: list[str]) -> Iterator[str]:
    """One that runs until the end, without any right and without anything of the project."""
    limits: dict[str, Any] = {"pids_limit": 32, "mem_limit": "64m"}
    host = api.create_host_config(
        network_mode=network, cap_drop=["ALL"], security_opt=["no-new-privileges"], init=True, **limits
    )
    labels = {**NO_LABELS, LABEL_THROWAWAY: root, LABEL_MAKER: maker()}
    made = api.create_container(
        image, command[1:], entrypoint=command[:1], user="65534", labels=labels, host_config=host
    )["Id"]
    try:
        api.start(made)
        yield made
    finally:
        api.remove_container(made, v=True, force=True)
