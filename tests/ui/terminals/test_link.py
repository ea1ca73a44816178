"""The way to a terminal over the keeper's socket, without a screen: a real keeper, real programs on PTYs."""

from __future__ import annotations

import asyncio
import os
import random
import string
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from qms_tui.runtime import Closed, Size
from qms_tui.terminal import Bell, ClipboardWrite
from qms_tui.ui.terminals import terminals as module
from qms_tui.ui.terminals.events import Asked, LinkEvent, Reshaped, Warned
from qms_tui.ui.terminals.link import Link
from qms_tui.ui.terminals.terminals import Terminals
from qms_tui.ui.terminals.waiting_keys import TYPED_MOST
from qms_tui.ui.terminals.whereabouts import Whereabouts
from tests.here import HereRuntime

PATIENCE = 15.0
SIZE = Size(60, 12)
ECHO = "stty -echo; echo ready; while read line; do echo got $line; done"


class World:
    """A keeper, agents that run a script, and one screen's terminals."""

    def __init__(self, folder: Path, script: str) -> None:
        environment = dict(os.environ)
        self.runtime = HereRuntime(folder, lambda agent: ("/bin/sh", "-c", script), lambda agent: environment)
        self.events: list[LinkEvent] = []
        self.terminals = Terminals(self.events.append, size=SIZE)
        self.link = self.terminals.link("qa")
        self.where = Whereabouts()

    async def start(self) -> None:
        held = await self.runtime.start("qa", SIZE)
        self.ended: list[object] = []
        held.listen(lambda news: self.ended.append(news) if isinstance(news, Closed) else None)
        self.where = Whereabouts(held.id, self.runtime.keeper("qa"), reachable=True)

    async def shown(self, text: str) -> None:
        await self.until(lambda: text in "\n".join(self.link.terminal.display))

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not holds():  # noqa: ASYNC110 - keeper and links are in this loop
                await asyncio.sleep(0.005)

    def hang_up(self) -> None:
        """The keeper closes all connections to screens, as its end does."""
        assert self.runtime.held is not None
        for guest in [*self.runtime.held._guests]:
            if guest.agent is not None:
                guest.close()

    async def close(self) -> None:
        self.terminals.close()
        await self.runtime.close()


@asynccontextmanager
async def world(folder: Path, script: str = ECHO) -> AsyncIterator[World]:
    made = World(folder, script)
    try:
        await made.start()
        yield made
    finally:
        await made.close()


async def test_keys_typed_before_there_is_a_connection_are_given_after(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.link.send(b"nobody is there\r")
        assert here.link.keys_waiting == 0
        here.link.follow(here.where)
        for line in (b"one\r", b"two\r"):
            here.link.send(line)
        assert here.link.keys_waiting == 2
        await here.shown("got two")
        assert here.link.keys_waiting == 0
        assert "nobody" not in "\n".join(here.link.terminal.display)


async def test_what_a_program_says_at_once_is_heard(tmp_path: Path) -> None:
    """Once, by the first screen that comes soon: it rings, and writes to the clipboard."""
    async with world(tmp_path, r"printf '\007\033]52;c;aGk=\007here'; read line") as here:
        assert here.runtime.held is not None
        await here.until(lambda: "here" in here.runtime.held.agents["qa"].terminal.display[0])  # type: ignore[union-attr]
        here.link.follow(here.where)
        await here.shown("here")
        asked = [event.event for event in here.events if isinstance(event, Asked)]
        assert asked == [Bell(), ClipboardWrite("c", b"hi")]
        others: list[LinkEvent] = []
        second = Terminals(others.append, size=SIZE)
        link = second.link("qa")
        link.follow(here.where)
        await here.until(lambda: link.attached)
        assert link.terminal.display == here.link.terminal.display
        assert not [event for event in others if isinstance(event, Asked)]
        second.close()


async def test_no_key_is_lost_when_the_connection_is(tmp_path: Path) -> None:
    """Again and again, while somebody types: all come once, in their order."""
    async with world(tmp_path, "stty raw -echo; printf ready; exec cat > typed") as here:
        here.link.follow(here.where)
        await here.shown("ready")
        chance, typed = random.Random(5), ""
        for number in range(400):
            typed += (key := chance.choice(string.ascii_letters))
            here.link.send(key.encode())
            if number % 50 == 25:
                here.hang_up()
            if chance.random() < 0.2:
                await asyncio.sleep(0)
        await here.until(lambda: len((tmp_path / "typed").read_bytes()) >= len(typed))
        assert (tmp_path / "typed").read_text() == typed
        assert not [event for event in here.events if isinstance(event, Warned)]


async def test_a_keeper_that_cannot_be_reached_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys wait, as many as fit; what is pasted is refused."""
    async with world(tmp_path) as here:
        with monkeypatch.context() as away:
            away.setattr(module, "connect", lambda address: None)
            here.link.follow(here.where)
            here.link.send(b"one\r")
            here.link.paste(b"pasted")
            assert [event.severity for event in here.events if isinstance(event, Warned)] == ["error"]
        await here.shown("got one")
        assert "pasted" not in "\n".join(here.link.terminal.display)


def test_only_so_many_keys_are_kept() -> None:
    warned: list[LinkEvent] = []
    link = Link("qa", SIZE, warned.append, lambda link, want, take: None)
    link._where = Whereabouts("c1", reachable=True)
    for _ in range(TYPED_MOST + 1):
        link.send(b"x")
    assert link.keys_waiting == TYPED_MOST
    assert len([event for event in warned if isinstance(event, Warned)]) == 1


async def test_keys_are_not_for_another_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world(tmp_path) as here:
        here.link.follow(here.where)
        await here.shown("ready")
        with monkeypatch.context() as away:
            away.setattr(module, "connect", lambda address: None)
            here.hang_up()
            await here.until(lambda: not here.link.attached)
            here.link.send(b"for the first one\r")
            here.link.follow(replace(here.where, terminal="", reachable=False, starting=True))
            await here.start()
        here.link.follow(here.where)
        here.link.send(b"second\r")
        await here.shown("got second")
        assert "first" not in "\n".join(here.link.terminal.display)


async def test_one_that_has_ended_is_shown_as_it_was(tmp_path: Path) -> None:
    async with world(tmp_path, "echo last words") as here:
        await here.until(lambda: here.ended)
        here.link.follow(replace(here.where, terminal="", reachable=False, ended=True))
        await here.shown("last words")
        await here.until(lambda: here.link.attachment is None)
        reshaped = len([event for event in here.events if isinstance(event, Reshaped)])
        here.link.follow(replace(here.where, terminal=""))
        here.link.follow(
            replace(here.where, terminal="", reachable=False, ended=True)
        )  # nothing was missed since
        await asyncio.sleep(0.05)
        assert len([event for event in here.events if isinstance(event, Reshaped)]) == reshaped


async def test_it_follows_what_is_held_and_takes_nothing_up_itself(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.link.follow(replace(here.where, terminal="another"))
        await asyncio.sleep(0.2)
        assert not here.link.attached
        here.link.follow(here.where)
        await here.shown("ready")
