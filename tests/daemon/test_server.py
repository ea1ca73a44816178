"""Snapshots and deltas for several clients, quick ones, slow ones and odd ones."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

import pytest
from msgspec import structs

from qms_tui.api import commands as api
from qms_tui.api import wire
from qms_tui.api.agents import AgentState
from qms_tui.api.commands import COMMANDS, OfAgent
from qms_tui.api.deltas import ArrivalDelta, Gap, InboxDelta, NoticeDelta, ServersDelta
from qms_tui.api.errors import ConnectionLost
from qms_tui.api.snapshot import Server as McpServerView
from qms_tui.api.snapshot import ServerState, Severity, Snapshot
from qms_tui.config import AgentConfig, Config, Launch, McpServer
from qms_tui.core.events import AgentChanged, EngineChanged, Notice
from qms_tui.daemon import delta_log, mapping, server
from qms_tui.inbox import HUMAN
from qms_tui.mcp.lights import Light, Shown, Standing
from qms_tui.project import Project
from qms_tui.runtime import EngineBack, EngineLost
from tests.inbox.qms_commands import QmsCommands

from .served import House, Window, served

CHANGES = 10_000


def only(agent: str, launch: Launch) -> Config:
    one = AgentConfig(name=agent, launch=launch)
    return replace(Config(), overrides=MappingProxyType({agent: one}))


def numbers(window: Window) -> list[int]:
    return [news.number for news in window.heard]


def truth(house: House) -> Snapshot:
    """What a snapshot must say, read from the core itself."""
    fresh = mapping.beginning(house.core, house.server.publisher._items.newest())
    mirror = house.server.publisher.mirror
    return structs.replace(
        fresh,
        number=house.server.publisher.log.last,
        notices=tuple(mirror.notices),
        servers=mirror.servers,
        engine=mirror.engine,
    )


def timeless(snapshot: Snapshot) -> Snapshot:
    """Without what is never told by itself: when something typed, and since when a state that is the same."""
    agents = tuple(structs.replace(agent, typed_at=0.0, state_at=0.0) for agent in snapshot.agents)
    return structs.replace(snapshot, agents=agents)


# -- what is told -------------------------------------------------------------------------------------------


async def test_the_snapshot_has_what_was_before_and_deltas_what_comes(project: Project) -> None:
    config = only("qa", Launch.AUTO_ON_TASK)
    qms = QmsCommands(project.root)
    async with served(project, "claude", "qa", config=config) as house:
        await house.running("claude")
        await house.until(lambda: house.core.view("qa").plan)
        client = await house.client()
        snapshot = client.mirror.snapshot
        assert [agent.name for agent in snapshot.agents] == ["claude", "qa"]
        assert client.state("claude") is AgentState.RUNNING
        assert client.agent("qa").plan == "starts when a task arrives"
        assert (snapshot.trust.trusted, snapshot.engine.reachable) == (True, True)
        assert [mailbox.agent for mailbox in snapshot.inbox.mailboxes] == ["claude", "qa"]
        begun = snapshot.number
        qms.route("CR-056", "qa")
        await house.until(lambda: client.state("qa") is AgentState.RUNNING)
        await house.until(lambda: client.told(ArrivalDelta))
        assert numbers(client) == list(range(begun + 1, client.mirror.number + 1))
        (delta,) = client.told(InboxDelta)[:1]
        assert [(item.agent, item.document) for item in delta.items] == [("qa", "CR-056")]
        (told,) = client.told(NoticeDelta)
        assert told.notice.text == "qa is started: CR-056 waits · launch = auto_on_task"
        assert (told.notice.agent, told.notice.severity) == ("qa", Severity.INFORMATION)
        assert told.notice.at > 0
        (arrival,) = client.told(ArrivalDelta)
        assert [toast.agent for toast in arrival.toasts] == ["qa"]
        late = await house.client()
        assert late.mirror.snapshot == client.mirror.snapshot == house.server.publisher.mirror.snapshot
        assert timeless(late.mirror.snapshot) == timeless(truth(house))


async def test_two_clients_are_told_the_same(project: Project) -> None:
    async with served(project, "qa") as house:
        first, second = await house.client(), await house.client()
        await house.until(lambda: first.state("qa") is AgentState.RUNNING)
        await first.ask(api.SEND, api.Send((HUMAN, "qa"), "a subject", "a body"))
        await house.until(lambda: len(first.mirror.items) == 2)
        await second.ask(api.STOP, OfAgent("qa"))
        await house.until(lambda: first.state("qa") is second.state("qa") is AgentState.ENDED)
        await house.until(lambda: first.mirror.number == second.mirror.number)
        assert first.mirror.snapshot == second.mirror.snapshot
        assert numbers(first)[-len(second.heard) :] == numbers(second)[-len(first.heard) :]


async def test_what_must_run_by_its_policy_is_added(project: Project) -> None:
    config = only("bu", Launch.ALWAYS_ON)
    async with served(project, "claude", config=config) as house:
        client = await house.client()
        await house.until(lambda: "bu" in client.mirror.agents)
        await house.until(lambda: client.state("bu") is AgentState.RUNNING)


async def test_items_are_told_with_how_many_older_ones_there_are(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qms_tui.daemon.inbox_items.MOST_ITEMS", 3)
    inbox = project.folders("qa").inbox
    for number in range(5):
        (inbox / f"{number}.md").write_text("x")
    async with served(project, "qa") as house:
        client = await house.client()
        await house.until(lambda: client.mirror.more == 2)
        assert len(client.mirror.items) == 3
        (inbox / "new.md").write_text("x")
        await house.until(lambda: client.mirror.more == 3)
        assert client.mirror.snapshot.inbox.items[0].name == "new.md"
        assert client.mirror.snapshot.inbox == truth(house).inbox
        assert (await client.ask(api.FIND_ITEMS, api.FindItems(words="md"))).more == 3
        (mailbox,) = [each for each in client.mirror.mailboxes if each.agent == "qa"]
        assert [count.count for count in mailbox.counts] == [6]


async def test_engine_and_servers_are_told(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qms_tui.core.servers.SELDOM", 0.0)
    monkeypatch.setattr("qms_tui.core.servers.EVERY", 0.02)
    looks = 0

    async def look() -> Standing:
        nonlocal looks
        looks += 1
        return Standing((Shown("qms", Light.DOWN, "no such file"),))

    config = replace(Config(), servers=(McpServer("qms", command=("true",)),))
    async with served(project, "qa", config=config, servers=look) as house:
        client = await house.client()
        await house.until(lambda: looks > 3 and client.mirror.servers)
        assert client.mirror.servers == (McpServerView("qms", ServerState.DOWN, "no such file"),)
        assert len(client.told(ServersDelta)) <= 1
        house.server.hear(EngineChanged(EngineLost("gone")))
        await house.until(lambda: client.mirror.engine.why == "gone")
        house.server.hear(EngineChanged(EngineBack()))
        await house.until(lambda: client.mirror.engine.reachable)


# -- who is slow --------------------------------------------------------------------------------------------


def _change(house: House, count: int) -> None:
    view = house.core.view("qa")
    for number in range(count):
        house.server.hear(AgentChanged(replace(view, title=f"{number} {'x' * 1000}")))
    house.server.hear(AgentChanged(view))


async def test_who_does_not_read_gets_a_gap_and_then_the_truth(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delta_log, "MOST_BYTES", 1024 * 1024)
    async with served(project, "qa") as house:
        quick, slow = await house.client(), await house.client()
        await house.running("qa")
        house.core.stop("qa")
        await house.until(lambda: quick.state("qa") is AgentState.ENDED)
        slow.client._writer.transport.pause_reading()  # type: ignore[attr-defined]
        tracemalloc.start()
        try:
            for _ in range(20):
                _change(house, CHANGES // 20)
                await house.until(lambda: quick.mirror.number == house.server.publisher.log.last)
                quick.heard.clear()
            kept, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert house.server.publisher.log.size <= delta_log.MOST_BYTES
        assert kept < 3 * 1024 * 1024  # of 10 MB of changes that the slow one has not read
        (project.folders("qa").inbox / "while-away.md").write_text("x")
        house.core.restart("qa")
        await house.until(lambda: quick.mirror.items and quick.state("qa") is AgentState.RUNNING)
        slow.client._writer.transport.resume_reading()  # type: ignore[attr-defined]
        await house.until(lambda: slow.mirror.number == quick.mirror.number)
        assert slow.state("qa") is AgentState.RUNNING
        assert [item.name for item in slow.mirror.items.values()] == ["while-away.md"]
        (gap,) = slow.told(Gap)
        place = slow.heard.index(gap)
        assert slow.heard[place - 1].number == gap.first - 1
        snapshot = slow.heard[place + 1]
        assert isinstance(snapshot, Snapshot)
        assert snapshot.number == gap.number
        await house.until(
            lambda: (
                quick.mirror.snapshot == slow.mirror.snapshot
                and timeless(slow.mirror.snapshot) == timeless(truth(house))
            )
        )
        house.server.hear(Notice("after that"))
        await house.until(lambda: slow.notices == ["after that"])


async def test_who_asks_and_does_not_read_waits(project: Project) -> None:
    """Its answers are bounded, too, and nobody else is held up."""
    async with served(project, "qa") as house:
        await house.running("qa")
        quick = await house.client()
        slow = house.socket()
        slow.setblocking(False)
        slow.sendall(wire.request(1, "hello", api.Hello(api.VERSION)))
        asked = 0
        loop = asyncio.get_running_loop()
        request = wire.request("x" * 200_000, "explain", OfAgent("qa"))
        try:
            async with asyncio.timeout(0.5):
                while asked < 1000:
                    await loop.sock_sendall(slow, request)
                    asked += 1
        except TimeoutError:
            pass
        assert asked < 50
        assert (await quick.ask(api.EXPLAIN, OfAgent("qa"))).sources
        slow.close()
        await house.until(lambda: house.server.clients == 1)


async def test_who_subscribes_again_goes_on_from_there(project: Project) -> None:
    async with served(project, "qa") as house:
        client = await house.client()
        await house.until(lambda: client.state("qa") is AgentState.RUNNING)
        client.heard.clear()
        again = await client.client.subscribe(client.heard.append)
        begun = again.number
        for number in range(3):
            house.server.hear(Notice(f"notice {number}"))
        await house.until(lambda: len(client.notices) == 3)
        assert numbers(client)[-3:] == [begun + 1, begun + 2, begun + 3]


# -- how many, and the end ----------------------------------------------------------------------------------


async def test_clients_are_counted(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MOST_CLIENTS", 2)
    async with served(project) as house:
        first, second, third = [await house.visitor() for _ in range(3)]
        await first.hello("test")
        await second.hello("test")
        assert "there are 2 clients already" in str(await third.wait_lost())
        await first.close()
        await house.until(lambda: house.server.clients == 1)
        await (await house.visitor()).hello("test")


async def test_all_clients_are_let_go_at_the_end(project: Project) -> None:
    async with served(project, "qa") as house:
        clients = [await house.client() for _ in range(3)]
        silent = house.socket()
        await house.server.close()
        for client in clients:
            assert isinstance(await client.client.wait_lost(), ConnectionLost)
        with pytest.raises(ConnectionLost):
            await clients[0].ask(api.EXPLAIN, OfAgent("qa"))
        silent.close()
        await house.server.close()


def test_every_command_has_an_answer() -> None:
    from qms_tui.daemon.requests import Requests

    answered: list[Callable[..., object]] = [getattr(Requests, name) for name in COMMANDS]
    assert len({each.__name__ for each in answered}) == len(COMMANDS)
