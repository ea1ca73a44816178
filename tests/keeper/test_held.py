"""One agent as the keeper holds it, on sockets: who is answered, in which order, and what screens get."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from qms_tui.errors import EngineError
from qms_tui.ipc.stream import Stream
from qms_tui.keeper import backlog
from qms_tui.keeper.backlog import PIECE, Slices
from qms_tui.keeper.held import HeldAgent
from qms_tui.keeper.input import Piece
from qms_tui.keeper.replies import SOON, Palette
from qms_tui.keeper.turns import Turns
from qms_tui.runtime import Size
from qms_tui.runtime.docker.tap import Tap
from qms_tui.terminal import Terminal
from qms_tui.terminal.reports import TERMINAL_NAME

PATIENCE = 10.0
SIZE = Size(80, 24)
QUESTION = b"\x1b[c"
ANSWER = b"\x1b[?64;1;6;21;22;28c"


class Container(Tap):
    """A program that is a test, and the little that its engine says of it."""

    def __init__(self) -> None:
        self.outputs: list[socket.socket] = []
        self.inputs: list[socket.socket] = []
        self.foreign = False
        self.logged = b""
        self.code: int | None = None
        self.since = 0.0
        self.sizes_set: list[Size] = []

    def print(self, data: bytes) -> None:
        """All who listen hear it."""
        for output in self.outputs:
            output.setblocking(True)
            output.sendall(data)

    async def hears(self, size: int) -> bytes:
        """What is typed into it, or answered."""
        found = b""
        async with asyncio.timeout(PATIENCE):
            while not self.inputs:  # noqa: ASYNC110 - the agent is in this loop
                await asyncio.sleep(0)
            while len(found) < size:
                found += await asyncio.get_running_loop().sock_recv(self.inputs[-1], size - len(found))
        return found

    def heard_nothing(self) -> bool:
        try:
            return not (self.inputs and self.inputs[-1].recv(1))
        except BlockingIOError:
            return True

    def end(self, code: int | None) -> None:
        self.code = code
        for one in (*self.outputs, *self.inputs):
            one.close()
        self.outputs.clear()
        self.inputs.clear()

    # -- as the keeper asks the engine ------------------------------------------------------------------

    async def open(self, container: str) -> Stream:
        return self._pair(self.outputs)

    async def open_input(self, container: str) -> Stream:
        return self._pair(self.inputs)

    async def open_ended(self, container: str) -> Stream | None:
        return self._pair(self.outputs)

    async def ending(self, container: str) -> int | None:
        return self.code

    async def is_foreign(self, container: str) -> bool:
        return self.foreign

    async def size(self, container: str) -> Size | None:
        return SIZE

    async def began(self, container: str) -> float:
        return self.since

    async def log(self, container: str, since: float) -> bytes:
        return self.logged

    async def last(self, agent: str) -> str | None:
        raise EngineError("nobody asks", "")

    async def resize(self, container: str, size: Size) -> bool:
        self.sizes_set.append(size)
        return True

    def _pair(self, ends: list[socket.socket]) -> Stream:
        theirs, ours = socket.socketpair()
        for one in (theirs, ours):
            one.setblocking(False)
        ends.append(theirs)
        return Stream(ours)


@dataclass
class Screen:
    """An interface that follows."""

    agent: HeldAgent
    rank: tuple[int, int] = (0, 0)
    leads: bool = False
    size: Size = SIZE
    palette: str = ""
    name: str = "pts/1"
    interface: str = "screen"
    typed: bool = False
    terminal: Terminal = field(default_factory=lambda: Terminal(80, 24))
    states: int = 0

    def send_output(self, data: bytes) -> None:
        self.terminal.feed(data)

    def send_size(self, size: Size) -> None:
        self.terminal.resize(size.columns, size.lines)

    def send_leader(self, leader: object) -> None:
        pass

    def send_state(self) -> None:
        self.states += 1
        self.terminal = Terminal.restored(self.agent.terminal.save())
        self.send_output(self.agent.backlog.waiting)

    def send_remark(self, text: str, *, holds: bool, again: bool = False) -> None:
        pass

    def send_end(self) -> None:
        self.agent.remove(self)


@dataclass
class World:
    container: Container
    agent: HeldAgent

    async def fed(self) -> None:
        """Everything printed has reached the terminal."""
        mark = "printed to its end"
        self.container.print(mark.encode() + b"\r\n")
        async with asyncio.timeout(PATIENCE):
            while mark not in "\n".join(self.agent.terminal.display):  # noqa: ASYNC110
                await asyncio.sleep(0)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    container = Container()
    agent = HeldAgent("qa", container, tmp_path / "qa", 100, Slices(), Turns(), Palette())
    yield World(container, agent)
    agent.close()
    container.end(0)
    await asyncio.sleep(0)


async def test_a_program_is_answered_without_a_screen(world: World) -> None:
    await world.agent.hold("c1", SIZE)
    world.container.print(b"\x1b[>q" + QUESTION)
    name = f"\x1bP>|{TERMINAL_NAME}\x1b\\".encode()
    assert await world.container.hears(len(name + ANSWER)) == name + ANSWER


async def test_keys_and_answers_are_in_one_order(world: World) -> None:
    await world.agent.hold("c1", SIZE)
    world.agent.input.write(Piece(b"a", urgent=True))
    world.container.print(QUESTION)
    assert await world.container.hears(1 + len(ANSWER)) == b"a" + ANSWER
    world.agent.input.write(Piece(b"b", urgent=True))
    assert await world.container.hears(1) == b"b"


async def test_another_users_agent_is_not_answered(world: World) -> None:
    world.container.foreign = True
    await world.agent.take_up("c1")
    world.container.print(QUESTION)
    await world.fed()
    assert world.container.heard_nothing()


async def test_what_was_asked_before_anybody_listened_is_not_answered(world: World) -> None:
    """The program has given up waiting: it would be typed text to it. What it asks now is."""
    world.container.logged = QUESTION + b"long ago\r\n"
    await world.agent.take_up("c1")
    await world.fed()
    assert "long ago" in "\n".join(world.agent.terminal.display)
    assert world.container.heard_nothing()
    world.container.print(QUESTION)
    assert await world.container.hears(len(ANSWER)) == ANSWER


@pytest.mark.parametrize("seconds", [0.0, 2 * SOON])
async def test_what_was_asked_in_a_gap(world: World, seconds: float) -> None:
    """Of some seconds it is answered, of a long one not."""
    await world.agent.hold("c1", SIZE)
    world.container.print(b"known to the keeper before it was away\r\n")
    await world.fed()
    before = b"known to the keeper before it was away\r\nprinted to its end\r\n"
    world.container.logged = before + QUESTION + b"asked\r\n"
    world.agent._program.let_go()
    world.container.end(None)
    world.agent._kept.heard -= seconds
    await world.agent.take_up("c1")
    await world.fed()
    assert "asked" in "\n".join(world.agent.terminal.display)
    if seconds:
        assert world.container.heard_nothing()
    else:
        assert await world.container.hears(len(ANSWER)) == ANSWER


async def test_a_container_that_is_started_again_is_heard_from_its_first_byte(world: World) -> None:
    await world.agent.hold("c1", SIZE)
    world.container.print(b"\x1b]7501;state=working\x07")
    await world.fed()
    world.container.end(0)
    async with asyncio.timeout(PATIENCE):
        while not world.container.outputs or world.agent.alive:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    async with asyncio.timeout(PATIENCE):
        while world.agent.terminal.status.root is not None:  # noqa: ASYNC110 until it is known to have ended
            await asyncio.sleep(0.01)
    world.container.code = None
    world.container.sizes_set.clear()
    world.container.print(b"again" + QUESTION)
    assert await world.container.hears(len(ANSWER)) == ANSWER
    assert world.agent.alive
    assert world.agent.terminal.status.root is None
    assert SIZE in world.container.sizes_set


async def test_a_screen_that_comes_while_output_waits_gets_all_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once: what waits for the keeper's terminal comes behind the state."""
    monkeypatch.setattr(backlog, "SLICE", 0.0)  # a piece a turn
    await world.agent.hold("c1", SIZE)
    first = Screen(world.agent)
    world.agent.add(first)
    lines = b"".join(b"line %06d of many\r\n" % number for number in range(4 * PIECE // 20))
    world.container.print(lines)
    async with asyncio.timeout(PATIENCE):
        while not world.agent.backlog.waiting:  # noqa: ASYNC110
            await asyncio.sleep(0)
    second = Screen(world.agent, rank=(0, -1))
    world.agent.add(second)
    await world.fed()
    for screen in (first, second):
        assert screen.terminal.display == world.agent.terminal.display
        assert list(screen.terminal.history) == list(world.agent.terminal.history)
    assert (first.states, second.states) == (1, 1)


async def test_a_size_comes_behind_what_was_printed_before_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "SLICE", 0.0)
    await world.agent.hold("c1", SIZE)
    screen = Screen(world.agent)
    world.agent.add(screen)
    world.container.print(b"x" * 70 + b"\x1b[100Gy" + bytes(3 * PIECE))
    async with asyncio.timeout(PATIENCE):
        while not world.agent.backlog.waiting:  # noqa: ASYNC110
            await asyncio.sleep(0)
    screen.size = Size(100, 24)
    world.agent.resize(screen)
    await world.fed()
    assert screen.terminal.display == world.agent.terminal.display
    assert world.agent.terminal.display[0].startswith("x" * 70 + " " * 9 + "y")
