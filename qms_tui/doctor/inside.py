"""Asking from inside an agent's container whether its MCP servers answer: by the very bridge that it uses."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence

import docker
from msgspec import Struct

from qms_tui.mcp.places import BRIDGE, PYTHON
from qms_tui.runtime.docker.engine import Engine

PATIENCE = 12.0  # seconds for the engine and the question together
LARGEST = 64 * 1024  # bytes of an answer: an agent may write there too
# Runs inside, with the image's Python: initialize, then the list of tools; the bridge ends with its input.
QUESTION = """
import json, signal, subprocess, sys, time
signal.alarm(8)
begun = time.monotonic()
command = [sys.executable, "-I", *sys.argv[1:]]
bridge = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
def ask(number, method, params):
    line = json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
    bridge.stdin.write(line.encode() + b"\\n")
    bridge.stdin.flush()
    while True:
        answer = json.loads(bridge.stdout.readline())
        if answer.get("id") == number:
            return answer
client = {"name": "qms-tui doctor", "version": "1"}
answer = ask(1, "initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client})
seconds = time.monotonic() - begun
if "error" not in answer:
    answer = ask(2, "tools/list", {})
bridge.stdin.close()
tools, error = answer.get("result", {}).get("tools", []), answer.get("error", {}).get("message", "")
print(json.dumps({"seconds": seconds, "tools": len(tools), "error": error}))
"""


class Answer(Struct, frozen=True):
    """What came back: seconds to `initialize`, the number of tools, an error's text or nothing."""

    seconds: float = 0.0
    tools: int = 0
    error: str = ""


def ask(engine: Engine, container: str, server: str, address: str = "") -> Answer:
    """Ask; `address` is the gateway's where there is no socket.

    What does not answer in time is an answer too; a thread that hangs is left alone.
    """
    said: list[bytes] = []
    command = (*PYTHON, "-c", QUESTION, BRIDGE, server)
    environment = {"QMS_MCP_ADDRESS": address} if address else {}
    thread = threading.Thread(
        target=_run, args=(engine.api, container, command, environment, said), daemon=True
    )
    thread.start()
    thread.join(PATIENCE)
    return read(b"".join(said))


def _run(
    api: docker.APIClient,
    container: str,
    command: Sequence[str],
    environment: dict[str, str],
    said: list[bytes],
) -> None:
    taken = 0
    try:
        made = api.exec_create(container, list(command), stderr=False, environment=environment)
        for part in api.exec_start(made["Id"], stream=True):
            taken += len(part)
            if taken > LARGEST:
                return
            said.append(part)
    except (docker.errors.DockerException, OSError):
        return  # no answer says it


def read(said: bytes) -> Answer:
    """What was printed; anything else than an answer is none. Pure."""
    try:
        found = json.loads(said)
        return Answer(float(found["seconds"]), int(found["tools"]), str(found["error"])[:200])
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return Answer(error="its bridge does not answer")
