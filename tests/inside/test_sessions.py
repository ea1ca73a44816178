"""Several clients of one agent, as after its session was moved to the background: which of them is woken."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from .programs import command, read, run
from .waiting import CLAUDES_LINE, CONTENT, TASK, World, ended, line_of, until

JOB = "45ea16f6"


class Client:
    """A process that the registry knows."""

    def __init__(self, world: World, **registered: Any) -> None:
        self.process = subprocess.Popen(["sleep", "600"])
        self.world = world
        self.register(**registered)

    @property
    def pid(self) -> str:
        return str(self.process.pid)

    def register(self, **registered: Any) -> None:
        folder = self.world.config / "sessions"
        folder.mkdir(exist_ok=True)
        told = {"pid": int(self.pid), "sessionId": f"session-{self.pid}", "startedAt": time.time() * 1000}
        (folder / f"{self.pid}.json").write_text(json.dumps(told | registered))

    @contextmanager
    def waiter(self) -> Iterator[subprocess.Popen[str]]:
        """One that it has begun."""
        process = subprocess.Popen(
            command("waiter.py"),
            env=self.world.variables() | {"CLAUDE_PID": self.pid},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def armed(self, waiter: subprocess.Popen[str]) -> None:
        until(lambda: self.world.heartbeat().get("pid") == waiter.pid and self.world.heartbeat()["armed"])

    def hook(self, event: str, **more: str) -> None:
        given = {"hook_event_name": event, "session_id": f"session-{self.pid}", **more}
        assert run("hook.py", self.world.config, given, CLAUDE_PID=self.pid).returncode == 0

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def clients(world: World) -> Iterator[tuple[Client, Client, Client]]:
    """The one in front, the one that its session moved to, and one that is kept spare."""
    front = Client(world, kind="interactive", parkedJobId=JOB)
    moved = Client(world, kind="bg", jobId=JOB)
    spare = Client(world, kind="bg", jobId="741b0e77", spare=True)
    yield front, moved, spare
    for each in (front, moved, spare):
        each.end()


def test_the_session_that_goes_on_is_woken(world: World, clients: tuple[Client, Client, Client]) -> None:
    front, moved, spare = clients
    with front.waiter() as first, spare.waiter() as third:
        world.put(TASK, CONTENT)
        with moved.waiter() as second:
            assert line_of(second) == CLAUDES_LINE
        assert (first.poll(), third.poll()) == (None, None)


def test_a_waiter_in_front_gives_way_and_comes_back(
    world: World, clients: tuple[Client, Client, Client]
) -> None:
    front, moved, _ = clients
    front.register(kind="interactive")
    with front.waiter() as first, moved.waiter() as second:
        front.armed(first)
        front.register(kind="interactive", parkedJobId=JOB)
        moved.armed(second)
        front.register(kind="interactive")
        front.armed(first)
        world.put(TASK, CONTENT)
        assert line_of(first) == CLAUDES_LINE
        assert second.poll() is None


def test_what_the_one_in_front_did_not_take_up_is_said_where_it_goes_on(
    world: World, clients: tuple[Client, Client, Client]
) -> None:
    """It was moved just when it was woken: the client drops that."""
    front, moved, _ = clients
    front.register(kind="interactive")
    world.put(TASK, CONTENT)
    with front.waiter() as first:
        assert line_of(first) == CLAUDES_LINE
    front.register(kind="interactive", parkedJobId=JOB)
    moved.register(kind="bg", jobId=JOB)
    with moved.waiter() as second:
        assert line_of(second) == CLAUDES_LINE


def test_each_client_has_one(world: World, clients: tuple[Client, Client, Client]) -> None:
    _, moved, _ = clients
    with moved.waiter() as first:
        moved.armed(first)
        with moved.waiter() as again:
            ended(again)
        assert first.poll() is None


def test_one_that_stands_by_ends_with_its_client(
    world: World, clients: tuple[Client, Client, Client]
) -> None:
    _, moved, spare = clients
    with moved.waiter() as first, spare.waiter() as third:
        moved.armed(first)
        spare.end()
        ended(third)


def test_a_spare_session_takes_nothing_from_the_agents(
    world: World, clients: tuple[Client, Client, Client]
) -> None:
    """Neither what is open in it, nor its figures."""
    _, moved, spare = clients
    world.put(TASK, CONTENT)
    with moved.waiter() as waiter:
        said = line_of(waiter)
    moved.hook("UserPromptSubmit", prompt=f"<task-notification>{said}</task-notification>")
    before = world.announced()
    spare.hook("SessionStart", source="startup")
    assert world.announced() == before
    for client, cost in ((moved, 1.5), (spare, 0.0)):
        given = {"session_id": f"session-{client.pid}", "cost": {"total_cost_usd": cost}}
        assert run("status_line.py", world.config, given).returncode == 0
    assert read(world.ours / "status.json")["cost"] == 1.5


@pytest.mark.parametrize("torn", ["", '{"pid": 7', "[]"])
def test_a_registry_that_makes_no_sense_keeps_nobody_from_being_woken(world: World, torn: str) -> None:
    folder = world.config / "sessions"
    folder.mkdir()
    (folder / f"{os.getpid()}.json").write_text(torn)
    world.put(TASK, CONTENT)
    with world.waiter() as waiter:
        assert line_of(waiter) == CLAUDES_LINE


def test_without_a_registry_one_is_woken(world: World, tmp_path: Path) -> None:
    world.put(TASK, CONTENT)
    assert world.woken() == CLAUDES_LINE
