"""An agent that does its worst on its own socket: nobody else has to wait, and it gains nothing."""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import os
import resource
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
import pytest

from qms_tui.config import McpServer
from qms_tui.ipc import reachable
from qms_tui.mcp.door import MOST_CONNECTIONS
from qms_tui.mcp.orders import agent_line
from tests.mcp.house import SECONDS, House, runs, text_of, wait_until
from tests.mcp.scripted import Bridge

HELLO = json.dumps(
    {"server": "test", "session": "evil", "instance": "", "received": 0, "client": {}}
).encode()
MOST_MEMORY = 400 * 2**20  # bytes: what an agent may have waiting, several times over
MOST_MORE = 300 * 2**20  # bytes: what an agent may have waiting, and a message that is being read
MOST_MORE_UNREAD = 150 * 2**20  # bytes: a message that waits, and one that is being read
FEW = 500  # descriptors
MOST_MORE_OF_ALL = 550 * 2**20  # bytes: the same of all agents
SESSIONS, CALLS, ANSWER = 24, 10, 6 * 2**20  # sessions that do not read, calls of each, bytes of an answer
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


def hello_to(server: str, session: str = "evil") -> bytes:
    """What a bridge to this server would begin with."""
    return json.dumps({**json.loads(HELLO), "server": server, "session": session}).encode()


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


def endless_line(path: Path, server: str = "test") -> None:
    """A gigabyte without an end, as far as it gets."""
    with greeted(path, hello_to(server)) as connection:
        for _ in range(1024):
            connection.sendall(b"1 0 " + b"x" * 2**20)


def large_lines(path: Path, server: str = "test") -> None:
    """Requests as large as may be, as many as go."""
    body = json.dumps(
        {"jsonrpc": "2.0", "id": 1, "method": "x", "params": {"x": "y" * (15 * 2**20)}}
    ).encode()
    with greeted(path, hello_to(server)) as connection:
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


def nested(path: Path, server: str = "test") -> None:
    with greeted(path, hello_to(server)) as connection:
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


@pytest.fixture
def odd(make_house: Callable[..., House], tmp_path: Path) -> House:
    """A gateway whose server answers at once, for eight agents."""
    command = (sys.executable, "-m", "tests.mcp.odd_server", str(tmp_path / "odd"))
    house = make_house(McpServer("test", command=command))
    house.say(*map(agent_line, EVIL))
    house.up("test")
    wait_until(house.socket(EVIL[-1]).exists, "doors")
    return house


EVIL = tuple(f"evil{number}" for number in range(6))


class Peak(threading.Thread):
    """The most memory that a gateway takes, with the process that reads for it, while this runs."""

    def __init__(self, house: House) -> None:
        super().__init__(daemon=True)
        assert house.process is not None
        self._process = psutil.Process(house.process.pid)
        self._before = self._all()
        self._stopped = threading.Event()
        self.more = 0  # bytes than before

    def run(self) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            while not self._stopped.wait(0.005):
                self.more = max(self.more, self.now())

    def now(self) -> int:
        """Bytes more than before at the moment."""
        return self._all() - self._before

    def _all(self) -> int:
        found = 0
        for each in (self._process, *self._process.children()):
            with contextlib.suppress(psutil.NoSuchProcess):
                if each is self._process or "qms_tui.mcp.large_messages" in each.cmdline():
                    found += each.memory_info().rss
        return found

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self.join()


def unread_sessions(path: Path, count: int, server: str = "test") -> list[socket.socket]:
    """Sessions that ask for large answers and read none."""
    call = {"name": "big", "arguments": {"size": ANSWER}}
    held = []
    for session in range(count):
        held.append(greeted(path, hello_to(server, f"s{session}")))
        for number in range(1, CALLS + 1):
            body = json.dumps({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": call})
            held[-1].sendall(f"{number} 0 {body}\n".encode())
    return held


def in_flight(house: House) -> int:
    """Calls of all agents that are not answered."""
    return sum(server["in_flight"] for agent in house.status()["agents"] for server in agent["servers"])


def test_sessions_that_do_not_read_have_a_bound_together(odd: House) -> None:
    with Peak(odd) as peak, contextlib.ExitStack() as stack:
        for each in unread_sessions(odd.socket("qa"), SESSIONS):
            stack.enter_context(each)
        wait_until(lambda: in_flight(odd) == 0 or peak.more > MOST_MORE, "all are answered or ended", 120.0)
        assert peak.more < MOST_MORE
        with Bridge(odd.socket("claude"), "test") as honest:
            honest.begin()
            assert "result" in honest.ask("tools/call", 1, {"name": "yes"})
    agents = {each["agent"]: each for each in odd.status()["agents"]}
    assert agents["qa"]["servers"][0]["sessions"] < SESSIONS


def test_agents_that_do_not_read_have_a_bound_together(odd: House) -> None:
    with Peak(odd) as peak, contextlib.ExitStack() as stack:
        for agent in EVIL:
            for each in unread_sessions(odd.socket(agent), 2):
                stack.enter_context(each)
        wait_until(
            lambda: in_flight(odd) == 0 or peak.more > MOST_MORE_OF_ALL, "all are answered or ended", 120.0
        )
        assert peak.more < MOST_MORE_OF_ALL


@functools.cache
def _many_values() -> bytes:
    """Made once, so that the attacker and not its making takes the processor."""
    head = b'1 0 {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":['
    return head + b"{}," * 5_500_000 + b"0]}}\n"


def values(path: Path, server: str = "test") -> None:
    """A request of 16 MB that is five million empty objects."""
    with greeted(path, hello_to(server)) as connection:
        connection.sendall(_many_values())
        wait_until(lambda: _ended(connection), "it is shown out")


def test_many_values_take_neither_memory_nor_time(odd: House) -> None:
    with Bridge(odd.socket("claude"), "test") as honest, contextlib.ExitStack() as stack:
        honest.begin()
        peak = stack.enter_context(Peak(odd))
        for _ in range(4):
            stack.enter_context(attacked(values, odd.socket("qa")))
        for number in range(1, 5000):
            assert "result" in honest.ask("tools/call", number, {"name": "yes"})
            assert peak.more < MOST_MORE
            if odd.complaints("qa") >= 3:
                odd.kill()  # else the attackers would finish what they are sending
                return
    raise AssertionError("nobody is shown out")


def test_a_session_that_is_ended_says_why(odd: House, tmp_path: Path) -> None:
    """Its bridge comes back, and tells its client what became of the calls."""
    with Bridge(odd.socket("qa"), "test") as bridge:
        bridge.begin()
        size = {"size": 30 * 2**20}
        for number in range(1, 6):  # nobody reads: five answers fit neither the pipe nor the bridge
            bridge.say("tools/call", number, {"name": "big", "arguments": size})
        # The server has begun with the one that is too much; until then, none may have come to the gateway.
        asked = tmp_path / "odd"
        wait_until(lambda: asked.read_text().count("tools/call big") >= 4, "the server is asked")
        wait_until(lambda: odd.complaints("qa") or in_flight(odd) == 0, "it is too much")
        answers = [bridge.hear() for _ in range(5)]
    errors = [each["error"]["message"] for each in answers if "error" in each]
    assert errors
    assert [each for each in errors if "more than 96 MB wait for its agent" not in each] == []


def test_what_is_acknowledged_before_it_is_read_counts_all_the_same(odd: House) -> None:
    call = {"name": "big", "arguments": {"size": ANSWER}}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call})
    with greeted(odd.socket("qa")) as connection:
        connection.sendall(f"1 0 {body}\n".encode())
        wait_until(lambda: connection.recv(1, socket.MSG_PEEK), "the answer begins")
        connection.sendall(b"0 1\n")
        wait_until(lambda: _ended(connection), "it is shown out")


def test_calls_that_are_cancelled_do_not_wait_for_a_server_that_does_not_read(odd: House) -> None:
    """Their bytes counted for nobody, and stayed until the server would read them."""
    with Peak(odd) as peak, greeted(odd.socket("qa")) as connection:
        params = {"name": "deaf", "arguments": "x" * 15 * 2**20}
        numbers = itertools.count(1)
        for call in range(14):
            body = {"jsonrpc": "2.0", "id": call, "method": "tools/call", "params": params}
            connection.sendall(f"{next(numbers)} 0 {json.dumps(body)}\n".encode())
            cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": call}}
            connection.sendall(f"{next(numbers)} 0 {json.dumps(cancel)}\n".encode())
        wait_until(lambda: in_flight(odd) == 0, "all are cancelled")
        assert peak.now() < MOST_MORE_UNREAD


@pytest.fixture
def few_descriptors() -> Iterator[tuple[int, int]]:
    """The limits that what we start has: fewer than are allowed, as on most systems."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = (FEW, before[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, few)
    yield few
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems tell no limits of other processes")
def test_the_gateway_has_descriptors_for_all_and_servers_have_the_usual_number(
    few_descriptors: tuple[int, int], odd: House
) -> None:
    assert odd.process is not None
    gateway = psutil.Process(odd.process.pid)
    assert gateway.rlimit(psutil.RLIMIT_NOFILE) == (few_descriptors[1], few_descriptors[1])
    (server,) = gateway.children()
    assert server.rlimit(psutil.RLIMIT_NOFILE) == few_descriptors
