"""Real clients in containers that reach nothing but a stand-in for the model, and what they tell."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import docker

from tests.bench.model import Model

KEY = "sk-ant-api03-placeholder-0123456789-abcdefghij"
START_SECONDS = 60.0  # it takes 1.3 s; a busy machine may need many
POLL = 0.05
AGAIN = 2.0  # seconds after which a key that did nothing is typed again


@contextlib.contextmanager
def closed_network(engine: docker.APIClient, name: str) -> Iterator[tuple[str, str]]:
    """The name of a network without a way out, and the address at which this host is in it."""
    engine.create_network(name, internal=True)
    try:
        facts: dict[str, Any] = engine.inspect_network(name)
        yield name, facts["IPAM"]["Config"][0]["Gateway"]
    finally:
        engine.remove_network(name)


def login(model: Model, key: str = KEY) -> dict[str, str]:
    """The variables with which a client asks the stand-in and nobody else; without a key if that is empty."""
    variables = {
        "ANTHROPIC_BASE_URL": model.url,
        "ANTHROPIC_API_KEY": key,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    }
    return {name: value for name, value in variables.items() if value}


def registry(root: Path, agent: str) -> dict[str, Any]:
    """What the client says of itself; empty while it says nothing, or writes it at this moment."""
    sessions = root / f".claude/users/{agent}/container/sessions"
    for file in sessions.glob("*.json") if sessions.is_dir() else ():
        with contextlib.suppress(ValueError, OSError):
            found = json.loads(file.read_text())
            if isinstance(found, dict):
                return found
    return {}


async def status(root: Path, agent: str, wanted: str) -> dict[str, Any]:
    """Wait until this is the client's status; what it says of itself then."""

    def look() -> dict[str, Any] | None:
        found = registry(root, agent)
        return found if found.get("status") == wanted else None

    found: dict[str, Any] = await until(look)
    return found


async def until(look: Callable[[], Any], within: float = START_SECONDS) -> Any:
    """Wait for something that is not empty."""
    deadline = time.monotonic() + within
    while not (found := look()):
        assert time.monotonic() < deadline, "waited too long"
        await asyncio.sleep(POLL)
    return found


class Typed(Protocol):
    """Whatever takes keys for an agent."""

    def type(self, keys: bytes) -> None: ...


def say(agent: Typed, text: str) -> None:
    """Type a prompt as a paste and submit it."""
    agent.type(f"\x1b[200~{text}\x1b[201~\r".encode())


async def press(agent: Typed, keys: bytes, look: Callable[[], Any], within: float = START_SECONDS) -> Any:
    """Type until something is there: a dialog that has just come up takes no keys yet."""
    deadline = time.monotonic() + within
    while True:
        agent.type(keys)
        with contextlib.suppress(AssertionError):
            return await until(look, AGAIN)
        assert time.monotonic() < deadline, f"{keys!r} did nothing"


async def asked(model: Model, text: str) -> dict[str, Any]:
    """Wait until the model is asked with this in what the user said last; the whole request."""

    def look() -> dict[str, Any] | None:
        talks = (request for request in reversed(model.requests) if request.get("tools"))
        return next((talk for talk in talks if text in json.dumps(_last_of_user(talk))), None)

    found: dict[str, Any] = await until(look)
    return found


def _last_of_user(request: dict[str, Any]) -> object:
    return [each["content"] for each in request["messages"] if each["role"] == "user"][-1]
