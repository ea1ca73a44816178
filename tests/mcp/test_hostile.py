"""An agent that does its worst on its own socket: nobody else has to wait, and it gains nothing."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from qms_tui.config import McpServer
from qms_tui.mcp.door import MOST_CONNECTIONS
from qms_tui.sockets import reachable
from tests.mcp.house import SECONDS, House, runs, text_of, wait_until

HELLO = json.dumps(
    {"server": "test", "session": "evil", "instance": "", "received": 0, "client": {}}
).encode()
MOST_MEMORY = 400 * 2**20  # bytes: what an agent may have waiting, several times over
PATIENCE = 10.0  # seconds for an honest call meanwhile; tests.bench says how long it takes


def knock(path: Path) -> socket.socket:
    """A connection to a door."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(SECONDS)
    try:
        with reachable(path) as short:
            connection.connect(str(short))
    except OSError:
        connection.close()
        raise
    return connection


def greeted(path: Path, hello: bytes = HELLO) -> socket.socket:
    connection = knock(path)
    try:
        connection.sendall(hello + b"\n")
        assert b"instance" in connection.recv(65536)
    except BaseException:
        connection.close()
        raise
    return connection


def garbage(path: Path) -> None:
    with knock(path) as connection:
        connection.sendall(os.urandom(65536) + b"\n")


def endless_line(path: Path) -> None:
    """A gigabyte without an end, as far as it gets."""
    with greeted(path) as connection:
        for _ in range(1024):
            connection.sendall(b"1 0 " + b"x" * 2**20)


def large_lines(path: Path) -> None:
    """Requests as large as may be, as many as go."""
    body = json.dumps(
        {"jsonrpc": "2.0", "id": 1, "method": "x", "params": {"x": "y" * (15 * 2**20)}}
    ).encode()
    with greeted(path) as connection:
        for number in range(1, 20):
            connection.sendall(b"%d 0 " % number + body + b"\n")


def many_connections(path: Path) -> None:
    """Connections that say nothing."""
    held = []
    try:
        for _ in range(1000):
            held.append(knock(path))
    finally:
        for each in held:
            each.close()


def many_sessions(path: Path) -> None:
    """Sessions without end."""
    for number in range(200):
        hello = {**json.loads(HELLO), "session": f"s{number}"}
        greeted(path, json.dumps(hello).encode()).close()


def unread_answers(path: Path) -> None:
    """Calls whose answers nobody reads."""
    call = {"name": "big", "arguments": {"size": 2 * 2**20}}
    with greeted(path) as connection:
        for number in range(1, 200):
            body = json.dumps({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": call})
            connection.sendall(f"{number} 0 {body}\n".encode())
        wait_until(lambda: _ended(connection), "it is shown out")


def _ended(connection: socket.socket) -> bool:
    time.sleep(0.05)
    try:
        connection.sendall(b"0 0\n")
    except OSError:
        return True
    return False


def half_open_calls(path: Path) -> None:
    """Calls that hang, over and over."""
    with greeted(path) as connection:
        for number in range(1, 2000):
            params = {"name": "count", "arguments": {"key": "evil", "seconds": 600}}
            body = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}
            connection.sendall(f"{number} 0 {json.dumps(body)}\n".encode())


def nested(path: Path) -> None:
    with greeted(path) as connection:
        connection.sendall(b"1 0 " + b"[" * 10**6 + b"\n")
        connection.recv(65536)


ATTACKS = (
    garbage, endless_line, large_lines, many_connections, many_sessions, unread_answers, half_open_calls,
    nested,
)  # fmt: skip


@pytest.fixture
def house(make_house: Callable[..., House], stdio: McpServer) -> House:
    found = make_house(stdio)
    found.up("test")
    return found


@contextmanager
def attacked(attack: Callable[[Path], None], path: Path) -> Iterator[None]:
    """Again and again, in another thread."""
    stopped = threading.Event()

    def go() -> None:
        while not stopped.is_set():
            with contextlib.suppress(OSError, AssertionError):  # it was shown out: it comes back
                attack(path)

    thread = threading.Thread(target=go, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(SECONDS)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
async def test_a_hostile_agent_harms_nobody_else(
    house: House, log: Path, attack: Callable[[Path], None]
) -> None:
    assert house.process is not None
    process = psutil.Process(house.process.pid)
    async with house.client("claude", "test") as honest:
        with attacked(attack, house.socket("qa")):
            for number in range(20):
                begun = time.monotonic()
                assert text_of(await honest.call_tool("count", {"key": str(number)})) == str(number)
                assert time.monotonic() - begun < PATIENCE
        assert process.memory_info().rss < MOST_MEMORY
    assert {key: count for key, count in runs(log).items() if key != "evil"} == dict.fromkeys(
        map(str, range(20)), 1
    )
    status = next(each for each in house.status()["agents"] if each["agent"] == "qa")
    assert status["connections"] <= MOST_CONNECTIONS


async def test_the_attacker_itself_is_served_again_afterwards(house: House) -> None:
    with contextlib.suppress(OSError):
        many_connections(house.socket("qa"))
    async with house.client("qa", "test") as session:
        assert text_of(await session.call_tool("count", {"key": "k"})) == "k"


def test_nobody_speaks_for_another_session(house: House) -> None:
    """A session's name of another agent is a new session: who asks is the socket, not the name."""
    greeted(house.socket("claude")).close()
    greeted(house.socket("qa")).close()
    found = {each["agent"]: each["servers"][0]["sessions"] for each in house.status()["agents"]}
    assert found == {"claude": 1, "qa": 1}
