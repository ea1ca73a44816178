"""Replies of servers that cannot be taken: whoever waits hears that at once, and nobody else does."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from qms_tui.config import McpServer
from qms_tui.mcp.replies import is_broken_reply, numbers_in
from tests.mcp.conftest import AGENTS
from tests.mcp.house import House, wait_until
from tests.mcp.scripted import Bridge

AT_ONCE = 10.0  # seconds, for a busy machine
COMMAND = (sys.executable, "-m", "tests.mcp.broken_server")
NAMELESS = '{"jsonrpc": "2.0", "id": null, "error": {"code": -32700, "message": "oh"}}'
BEGINNINGS = {  # of `initialize`, and what is told then
    "cut": ('{"jsonrpc": "2.0", "id": ID, "result": ', "to initialize cannot be read: it is not JSON"),
    "empty": ('{"jsonrpc": "2.0", "id": ID}', "to initialize cannot be read: it has neither"),
    "licence": ('{"jsonrpc": "2.0", "id": ID, "error": {"code": 1, "message": "no"}}', "refuses initialize"),
    "wrong": ('{"jsonrpc": "2.0", "id": ID, "result": {}}', "its answer to initialize is wrong: "),
}  # fmt: skip
GOOD = '{"jsonrpc": "2.0", "id": ID, "result": {"content": []}}'


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A gateway with the server that says what it is asked to, and some that begin with nonsense."""
    odd = (McpServer(name, command=(*COMMAND, line)) for name, (line, _) in BEGINNINGS.items())
    whole = (McpServer(name, command=COMMAND) for name in ("broken", "other"))
    house = House(tmp_path_factory.mktemp("broken"), (*whole, *odd), AGENTS)
    house.start()
    house.up("broken", "other")
    yield house
    house.close()


@pytest.fixture
def bridge(broken: House) -> Iterator[Bridge]:
    """A client of it."""
    with Bridge(broken.socket("qa"), "broken") as found:
        found.begin()
        yield found


def call(bridge: Bridge, line: str, number: int | float | str = 7) -> None:
    """Have the server answer with this line."""
    params = {"name": "say", "arguments": {"line": line}}
    bridge.say("tools/call", number, params)  # type: ignore[arg-type]


def answer(bridge: Bridge) -> dict[str, Any]:
    """The next one; what else is said is left out."""
    while "id" not in (found := bridge.hear(AT_ONCE)):
        pass
    return found


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"jsonrpc": "2.0", "id": ID, "result": {"content": [', "not JSON"),
        ('{"jsonrpc": "2.0", "id": ID, "result": {"content": [}}', "not JSON"),
        ("{nonsense", "not JSON"),
        ('{"jsonrpc": "2.0", "id": ID, "result": {"text": "\xff"}}', "not UTF-8"),
        ("\xff\xfe" + "".join(f"{each}\0" for each in GOOD).replace("I\0D\0", "ID\0"), "not UTF-8"),
        ('{"id": ID, "result": {"content": []}}', 'lacks "jsonrpc"'),
        ('{"jsonrpc": "1.0", "id": ID, "result": {"content": []}}', 'lacks "jsonrpc"'),
        ('{"jsonrpc": "2.0", "id": "ID", "result": {}}', "its id is"),
        ('{"jsonrpc": "2.0", "id": [ID], "result": {}}', "its id is"),
        ('{"jsonrpc": "2.0", "id": true, "result": {}}', "its id is true"),
        ('{"jsonrpc": "2.0", "id": 1.5, "result": {}}', "its id is 1.5"),
        ('{"jsonrpc": "2.0", "id": 123456789012345678901, "result": {}}', "its id is 1234"),
        ('{"jsonrpc": "2.0", "result": {}}', "its id is missing"),
        (NAMELESS, "its id is null: oh"),
        (f"[{GOOD}]", "a batch"),
        (f"[{GOOD},", "not JSON"),
        ('{"jsonrpc": "2.0", "id": ID}', "neither a result nor an error"),
        ('{"jsonrpc": "2.0", "id": ID, "result": {}, "error": {"code": 1, "message": "x"}}', "both"),
        ('{"jsonrpc": "2.0", "id": ID, "error": "text"}', "its error is not an object"),
        ('{"jsonrpc": "2.0", "id": ID, "error": {"message": "so"}}', "lacks a code"),
        ("{'jsonrpc': '2.0', 'id': ID, 'result': {}}", "not JSON"),
        ('{\n "jsonrpc": "2.0",\n "id": ID,\n "result": {}\n}', "not JSON"),
        ('{"jsonrpc": "2.0", "id": ID, "result": {"large": "' + "x" * 600_000 + '"', "not JSON"),
    ],
    ids=lambda value: value[:60].replace("\n", " "),
)  # fmt: skip
def test_a_reply_that_cannot_be_taken_is_an_error_at_once(bridge: Bridge, line: str, reason: str) -> None:
    call(bridge, line)
    found = answer(bridge)
    assert found["id"] == 7
    assert found["error"]["message"].startswith("the server's answer cannot be read: ")
    assert reason in found["error"]["message"]
    call(bridge, GOOD, 8)  # and the server goes on
    assert answer(bridge) == {"jsonrpc": "2.0", "id": 8, "result": {"content": []}}


@pytest.mark.parametrize(
    "line",
    [
        '{"jsonrpc": "2.0", "id": ID.0, "result": {"content": []}}',
        '{"jsonrpc": "2.0", "id": ID, "result": {"content": []}, "error": null}',
        f"[info] working\n{GOOD}",
        f"{{ level: 'info', text: \"as console.log prints it\" }}\n{GOOD}",
        f"{{'level': 'info'}}\n{GOOD}",
        f'{{"level": "info", "id": ID, "msg": "as pino logs it"}}\n{GOOD}',
        f'{{\n  "level": "info"\n}}\n{GOOD}',
        f"\xff\xfe\n\n{GOOD}",
    ],
    ids=lambda value: value[:40].replace("\n", " "),
)
def test_what_is_odd_and_can_be_taken_is_taken(bridge: Bridge, line: str) -> None:
    call(bridge, line)
    assert answer(bridge) == {"jsonrpc": "2.0", "id": 7, "result": {"content": []}}


@pytest.mark.parametrize("number", [0, -1, 1.0, 2**53 + 1, 10**30, "1", "", "\u00fc"])
def test_a_clients_id_comes_back_as_it_was(bridge: Bridge, number: int | float | str) -> None:
    call(bridge, GOOD, number)
    found = answer(bridge)
    assert (found["id"], type(found["id"])) == (number, type(number))


def test_an_id_that_is_none_is_refused_at_once(bridge: Bridge) -> None:
    for odd in ("null", "true", "[1]", "{}"):
        bridge.raw(b'{"jsonrpc": "2.0", "id": %s, "method": "tools/list"}\n' % odd.encode())
        found = bridge.hear(AT_ONCE)
        assert found["id"] is None
        assert "a string or a number" in found["error"]["message"]


def test_a_call_is_cancelled_by_its_number_however_that_is_written(broken: House) -> None:
    with Bridge(broken.socket("qa"), "other") as bridge:
        bridge.begin()
        call(bridge, "", 3)
        wait_until(lambda: in_flight(broken, "other") == 1, "it runs")
        bridge.say("notifications/cancelled", params={"requestId": 3.0})
        wait_until(lambda: in_flight(broken, "other") == 0, "it is cancelled")


def test_a_broken_reply_of_one_client_is_not_anothers(broken: House, bridge: Bridge) -> None:
    """Several wait, and a reply does not say whose it is: that is known when the other one has its own."""
    with Bridge(broken.socket("claude"), "broken") as claude:
        claude.begin()
        call(claude, "", 1)  # is not answered yet
        wait_until(lambda: in_flight(broken) == 1, "it runs")
        call(bridge, NAMELESS, 2)
        call(bridge, GOOD, 3)
        assert answer(bridge)["id"] == 3
        assert in_flight(broken) == 2
        call(bridge, GOOD.replace("ID", "KEPT"), 4)
        assert answer(claude) == {"jsonrpc": "2.0", "id": 1, "result": {"content": []}}
        assert "its id is null" in answer(bridge)["error"]["message"]


def in_flight(house: House, name: str = "broken") -> int:
    """Calls that wait for the server."""
    agents = house.status()["agents"]
    servers = [server for agent in agents for server in agent["servers"] if server["name"] == name]
    return sum(int(server["in_flight"]) for server in servers)


@pytest.mark.parametrize(("name", "reason"), [(name, reason) for name, (_, reason) in BEGINNINGS.items()])
def test_an_answer_to_initialize_that_cannot_be_taken_is_told(broken: House, name: str, reason: str) -> None:
    def detail() -> str:
        return next(str(each["detail"]) for each in broken.status()["servers"] if each["name"] == name)

    wait_until(lambda: reason in detail(), reason, AT_ONCE)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        (b'{"jsonrpc":"2.0","id":3,"result":{"id": 4,', [3]),
        (b'{"result":{"id": 4},"jsonrpc":"2.0","id":3', [3]),
        (b'{"result":{"id":4}, bad, "id":3}', [3]),
        (b'{"id": 4.0, "result": bad', [4]),
        (b'{"result": {"text": "\\"id\\": 3,"}, bad', []),
        (b'{"bad": bad, "id": 3, "id": 4, bad', [3, 4]),
        (b'{"bad": bad, "id": 9, bad', []),
    ],
)
def test_whose_a_line_is_that_cannot_be_read(text: bytes, numbers: list[int]) -> None:
    assert numbers_in(text, {3, 4}) == numbers


@pytest.mark.parametrize(
    "text", [b"", b"{", b"}", b"[", b"listening", b'{"jsonrpc":"2.0","id":3,"method":"ping"', b"{ a: 1 }"]
)  # fmt: skip
def test_what_answers_nothing(text: bytes) -> None:
    assert not is_broken_reply(text)
