"""The bridge alone, under the image's kind of Python, between a client and a gateway that a test plays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.mcp.scripted import REAL, Bridge, FakeGateway, Link

MAYBE_RUN, REFUSED = -32011, -32012


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mcp.sock"


@pytest.fixture
def gateway(path: Path) -> Iterator[FakeGateway]:
    found = FakeGateway(path)
    yield found
    found.close()


@pytest.fixture
def bridge(path: Path) -> Iterator[Bridge]:
    with Bridge(path) as found:
        yield found


def begun(bridge: Bridge, gateway: FakeGateway) -> Link:
    bridge.say("initialize", 0, {"protocolVersion": "2025-06-18"})
    link = gateway.take()
    link.welcome()
    assert bridge.hear()["result"]["serverInfo"] == REAL["serverInfo"]
    return link


def test_initialize_is_answered_at_once_without_a_gateway(bridge: Bridge) -> None:
    bridge.begin()
    bridge.say("initialize", 7, {"protocolVersion": "2024-11-05"})
    answer = bridge.hear(within=5)  # 0.08 s on a quiet machine: tests.bench says how long
    assert answer["id"] == 7
    assert answer["result"]["protocolVersion"] == "2024-11-05"
    assert answer["result"]["capabilities"]["tools"] == {"listChanged": True}


def test_initialize_is_the_real_servers_when_the_gateway_knows_it(
    bridge: Bridge, gateway: FakeGateway
) -> None:
    begun(bridge, gateway).close()


def test_lists_are_empty_without_a_gateway_and_it_is_told_so(bridge: Bridge, path: Path) -> None:
    bridge.begin()
    bridge.say("tools/list", 1)
    assert bridge.hear()["result"] == {"tools": []}
    gateway = FakeGateway(path)
    link = gateway.take()
    assert link.hello["stale"] is True
    link.close()
    gateway.close()


def test_a_call_waits_for_the_gateway(bridge: Bridge, path: Path) -> None:
    bridge.begin()
    bridge.say("tools/call", 1, {"name": "x"})
    gateway = FakeGateway(path)
    link = gateway.take()
    link.welcome()
    number, message = link.hear()
    assert message["params"] == {"name": "x"}
    link.answer(1, number, 1, number)
    assert bridge.hear()["result"] == "yes"
    link.close()
    gateway.close()


def test_after_a_broken_connection_only_what_did_not_arrive_is_sent_again(
    bridge: Bridge, gateway: FakeGateway
) -> None:
    link = begun(bridge, gateway)
    bridge.say("tools/call", 1, {"name": "arrived"})
    bridge.say("tools/call", 2, {"name": "lost"})
    first, second = link.hear()[0], link.hear()[0]
    link.close()
    link = gateway.take()
    assert link.hello["instance"] == "A"
    link.welcome(resumed=True, received=first)
    number, message = link.hear()
    assert (number, message["params"]["name"]) == (second, "lost")
    link.answer(1, first, 1, second)
    link.answer(2, second, 2, second)
    assert [bridge.hear()["id"], bridge.hear()["id"]] == [1, 2]
    link.close()


def test_an_answer_that_comes_twice_is_given_once(bridge: Bridge, gateway: FakeGateway) -> None:
    link = begun(bridge, gateway)
    bridge.say("tools/call", 1)
    number = link.hear()[0]
    link.answer(1, number, 1, number, "first")
    assert bridge.hear()["result"] == "first"
    link.close()
    link = gateway.take()
    assert link.hello["received"] == 1
    link.welcome(resumed=True, received=number)
    link.answer(1, number, 1, number, "again")
    bridge.say("tools/call", 2)
    number = link.hear()[0]
    link.answer(2, number, 2, number, "second")
    assert bridge.hear()["result"] == "second"
    link.close()


def test_another_instance_never_gets_a_call_that_may_have_run(bridge: Bridge, gateway: FakeGateway) -> None:
    link = begun(bridge, gateway)
    bridge.say("tools/call", 1)
    link.hear()
    bridge.say("tools/list", 2)
    link.hear()
    link.close()
    link = gateway.take()
    link.welcome("B")
    error = bridge.hear()
    assert (error["id"], error["error"]["code"]) == (1, MAYBE_RUN)
    number, message = link.hear()  # a list does no harm
    assert (number, message["method"]) == (1, "tools/list")
    link.answer(1, number, 2, number)
    assert bridge.hear()["id"] == 2
    link.close()


def test_a_refusal_is_told_to_every_request(bridge: Bridge, gateway: FakeGateway) -> None:
    bridge.say("initialize", 0, {"protocolVersion": "2025-06-18"})
    link = gateway.take()
    link.raw(b'{"refused":"agent qa may not use it"}')
    for number in (0, 1):
        error = bridge.hear()
        assert (error["id"], error["error"]["code"]) == (number, REFUSED)
        assert error["error"]["message"] == "git: agent qa may not use it"
        bridge.say("tools/call", number + 1)
    link.close()


def test_a_cancelled_call_needs_no_answer(bridge: Bridge, gateway: FakeGateway) -> None:
    link = begun(bridge, gateway)
    bridge.say("tools/call", 1)
    number = link.hear()[0]
    bridge.say("notifications/cancelled", params={"requestId": 1})
    assert link.hear()[1]["method"] == "notifications/cancelled"
    link.raw(f"1 {number} {number} -".encode())
    bridge.say("tools/call", 2)
    number = link.hear()[0]
    link.answer(2, number, 2, number)
    assert bridge.hear()["id"] == 2
    link.close()


def test_a_call_cancelled_while_it_waits_never_leaves(bridge: Bridge, path: Path) -> None:
    bridge.begin()
    bridge.say("tools/call", 1, {"name": "no"})
    bridge.say("notifications/cancelled", params={"requestId": 1})
    bridge.say("tools/call", 2, {"name": "yes"})
    gateway = FakeGateway(path)
    link = gateway.take()
    link.welcome()
    assert link.hear()[1]["params"]["name"] == "yes"
    link.close()
    gateway.close()


@pytest.mark.parametrize("nonsense", [b"{", b"[]", b'"x"', b"[" * 100_000, b"\xff\xfe", b"{}"])
def test_nonsense_of_a_client_does_not_end_it(bridge: Bridge, nonsense: bytes) -> None:
    bridge.raw(nonsense + b"\n")
    bridge.say("ping", 5)
    answers = [bridge.hear()]
    while answers[-1]["id"] is None:
        answers.append(bridge.hear())
    assert answers[-1] == {"jsonrpc": "2.0", "id": 5, "result": {}}


@pytest.mark.parametrize("nonsense", [b"", b"1", b"x y z", b"[1]", b'{"resumed":false}', b"\xff"])
def test_nonsense_of_a_gateway_ends_the_connection_only(
    bridge: Bridge, gateway: FakeGateway, nonsense: bytes
) -> None:
    bridge.begin()
    link = gateway.take()
    link.raw(nonsense)
    again = gateway.take()
    again.welcome()
    again.raw(nonsense)
    gateway.take().close()
    again.close()
    link.close()


def test_it_ends_with_its_client_and_is_small(bridge: Bridge) -> None:
    bridge.begin()
    assert psutil.Process(bridge.process.pid).memory_info().rss < 30 * 2**20
    bridge.leave()
    assert bridge.process.returncode == 0
