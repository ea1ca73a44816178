"""A stdio server has one session for all agents: none changes another's part of it, nor sees that."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from qms_tui.config import McpServer
from qms_tui.mcp.jsonrpc import METHOD_NOT_FOUND
from tests.mcp.house import House, wait_until
from tests.mcp.odd_server import LEVELS, THING
from tests.mcp.scripted import INITIALIZE, Bridge


class Log:
    """What the server was told."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def lines(self, begin: str) -> list[str]:
        """Those that begin so."""
        return [line for line in self._path.read_text().splitlines() if line.startswith(begin)]

    def wait(self, begin: str, count: int = 1) -> None:
        """Until there are so many."""
        wait_until(lambda: len(self.lines(begin)) >= count, f"{count} times {begin!r}")


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "odd")


@pytest.fixture
def house(make_house: Callable[..., House], tmp_path: Path) -> House:
    command = (sys.executable, "-m", "tests.mcp.odd_server", str(tmp_path / "odd"))
    house = make_house(McpServer("test", command=command))
    house.up("test")
    return house


@pytest.fixture
def claude(house: House) -> Iterator[Bridge]:
    """A client that can be asked."""
    with Bridge(house.socket("claude"), "test") as bridge:
        bridge.say("initialize", 0, {**INITIALIZE, "capabilities": {"elicitation": {}, "roots": {}}})
        assert "result" in bridge.hear()
        yield bridge


@pytest.fixture
def qa(house: House) -> Iterator[Bridge]:
    with Bridge(house.socket("qa"), "test") as bridge:
        bridge.begin()
        yield bridge


def call(bridge: Bridge, number: int, tool: str, meta: Any = None, **arguments: Any) -> list[dict[str, Any]]:
    """What comes until the answer to the call, with that."""
    params = {"name": tool, "arguments": arguments, **({"_meta": meta} if meta else {})}
    bridge.say("tools/call", number, params)
    heard = [bridge.hear()]
    while heard[-1].get("id") != number:
        heard.append(bridge.hear())
    return heard


def levels(bridge: Bridge, number: int) -> list[str]:
    """Of the messages that a call brings."""
    return [each["params"]["level"] for each in call(bridge, number, "log")[:-1]]


def test_each_client_has_its_own_level_of_logging(claude: Bridge, qa: Bridge, log: Log) -> None:
    usual = list(LEVELS[1:])
    assert levels(qa, 1) == usual
    assert claude.ask("logging/setLevel", 1, {"level": "debug"})["result"] == {}
    assert levels(claude, 2) == list(LEVELS)
    assert levels(qa, 2) == usual
    assert qa.ask("logging/setLevel", 3, {"level": "emergency"})["result"] == {}
    assert levels(qa, 4) == ["emergency"]
    assert levels(claude, 3) == list(LEVELS)
    assert qa.ask("logging/setLevel", 5, {"level": "loud"})["error"]["code"] == -32602
    claude.leave()
    log.wait("logging/setLevel info", 2)
    assert levels(qa, 6) == ["emergency"]
    assert log.lines("logging/setLevel") == [f"logging/setLevel {each}" for each in ("info", "debug", "info")]


def test_what_a_cancelled_call_says_is_nobody_elses(claude: Bridge, qa: Bridge, log: Log) -> None:
    """Its server goes on, and speaks of it while only the call of another agent runs."""
    claude.say("tools/call", 1, {"name": "linger"})
    log.wait("tools/call linger")
    claude.say("notifications/cancelled", None, {"requestId": 1})
    log.wait("notifications/cancelled")
    assert levels(qa, 1) == []


def test_nobody_cancels_anothers_call(claude: Bridge, qa: Bridge, house: House, log: Log) -> None:
    claude.say("tools/call", 7, {"name": "linger"})
    log.wait("tools/call linger")
    for request_id in (7, "7", 1, 2, 3):
        qa.say("notifications/cancelled", None, {"requestId": request_id})
    assert "result" in qa.ask("tools/call", 7, {"name": "yes"})
    assert log.lines("notifications/cancelled") == []
    agents = {each["agent"]: each["servers"][0]["in_flight"] for each in house.status()["agents"]}
    assert agents == {"claude": 1, "qa": 0}


def test_nobody_answers_what_another_was_asked(claude: Bridge, qa: Bridge, log: Log) -> None:
    claude.say("tools/call", 1, {"name": "elicit"})
    asked = claude.hear()
    assert asked["method"] == "elicitation/create"
    for request_id in (asked["id"], "asked"):
        answer = {"jsonrpc": "2.0", "id": request_id, "result": {"action": "qa"}}
        qa.raw(json.dumps(answer).encode() + b"\n")
    assert "result" in qa.ask("tools/call", 1, {"name": "yes"})
    assert log.lines("answer asked") == []
    answer = {"jsonrpc": "2.0", "id": asked["id"], "result": {"action": "claude"}}
    claude.raw(json.dumps(answer).encode() + b"\n")
    log.wait("answer asked {'action': 'claude'}")


def test_roots_of_one_agent_are_not_everybodys(claude: Bridge, qa: Bridge, log: Log) -> None:
    """Servers take them for the folders that they may use, whoever asks."""
    claude.say("notifications/roots/list_changed")
    claude.say("tools/call", 1, {"name": "roots"})
    log.wait("answer roots")
    assert log.lines("notifications/roots") == []
    assert "method" not in claude.ask("tools/call", 2, {"name": "yes"})


@pytest.mark.parametrize("method", ["tasks/list", "tasks/get", "tasks/result", "tasks/cancel"])
def test_tasks_of_others_are_not_listed_read_or_ended(qa: Bridge, log: Log, method: str) -> None:
    assert qa.ask(method, 1, {"taskId": "t"})["error"]["code"] == METHOD_NOT_FOUND
    assert log.lines("tasks/") == []


def test_no_task_is_made_where_it_would_be_everybodys(house: House, qa: Bridge, log: Log) -> None:
    params: dict[str, Any] = {"name": "yes", "task": {"ttl": 60_000}}
    for number, text in enumerate(("", "x" * 2**20), 1):
        answer = qa.ask("tools/call", number, {**params, "arguments": {"text": text}})
        assert answer["error"]["code"] == METHOD_NOT_FOUND
    assert log.lines("tools/call") == []
    assert [each["method"] for each in call(qa, 3, "task")[:-1]] == []
    with Bridge(house.socket("claude"), "test") as bridge:
        assert "tasks" not in bridge.begin()["capabilities"]


def test_each_hears_how_far_its_own_call_is(claude: Bridge, qa: Bridge) -> None:
    """Both have the same id and the same token."""
    claude.say(
        "tools/call", 1, {"name": "progress", "arguments": {"count": 2}, "_meta": {"progressToken": 1}}
    )
    for token in range(10):
        qa.say("notifications/progress", None, {"progressToken": token, "progress": 99})
    heard = call(qa, 1, "progress", {"progressToken": 1}, count=5)
    assert [each["params"]["progress"] for each in heard[:-1]] == [0, 1, 2, 3, 4]
    assert [claude.hear()["params"]["progress"] for _ in range(2)] == [0, 1]
    assert claude.hear()["id"] == 1


def test_only_who_subscribed_hears_of_a_resource(claude: Bridge, qa: Bridge) -> None:
    assert "result" in claude.ask("resources/subscribe", 1, {"uri": THING})
    assert [each["method"] for each in call(qa, 1, "update")[:-1]] == []
    assert claude.hear()["params"] == {"uri": THING}


def test_who_asks_for_completions_is_who_asks(qa: Bridge) -> None:
    claim = {"_meta": {"qms-tui/agent": "claude"}}
    answer = qa.ask("completion/complete", 1, claim)
    assert answer["result"]["completion"]["values"] == ["qa"]


@pytest.mark.parametrize("size", [10, 2**20], ids=["small", "large"])
def test_who_asks_is_told_whatever_the_size(qa: Bridge, size: int) -> None:
    """What is large is read in another process, and has the same said with it."""
    meta = {"qms-tui/agent": "claude", "qms-tui/x": 1, "progressToken": "mine", "kept": ["\N{GRINNING FACE}"]}
    (answer,) = call(qa, 1, "meta", meta, text="x" * size)
    told = json.loads(answer["result"]["content"][0]["text"])
    assert told.pop("progressToken") != "mine"
    assert told == {"qms-tui/agent": "qa", "kept": ["\N{GRINNING FACE}"]}


def test_the_longest_request_and_answer_arrive_whole(qa: Bridge) -> None:
    (answer,) = call(qa, 1, "length", text="\N{GRINNING FACE}" * (15 * 2**18 // 3))
    assert answer["result"]["content"][0]["text"] == str(15 * 2**18 // 3)
    (answer,) = call(qa, 2, "big", size=31 * 2**20)
    assert len(answer["result"]["content"][0]["text"]) == 31 * 2**20
