"""What the keeper tells whoever decides about agents and shows none, and what it types for them.

A real keeper within the test's event loop, real programs on PTYs.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from qms_tui.ipc import reachable
from qms_tui.keeper import watch as module
from qms_tui.keeper.client import KeeperClient
from qms_tui.keeper.protocol import Frames, Hello, Kind, ProtocolError, Want, frame, message
from qms_tui.keeper.watch_words import Look, News, Type, read_look, read_news, read_type
from qms_tui.keeper.watching import WatchedTerminal, Watching
from qms_tui.runtime import Closed, Led, Printed, Rang, Remarked, Reported, Size, Titled, Typed
from qms_tui.runtime import News as Fact
from qms_tui.terminal import ProgramState, Terminal
from qms_tui.ui.terminals.link import Link
from qms_tui.ui.terminals.terminals import Terminals
from qms_tui.ui.terminals.whereabouts import Whereabouts
from tests.here import HereRuntime

PATIENCE = 15.0
SIZE = Size(60, 12)
SHOWS = r"printf '\033]2;its title\007\007\033]7501;state=blocked:kind=question\007here\n'"
N = TypeVar("N", bound=Fact)


class Ear:
    """A watch of its own, as a process of its own has it, and what it heard of one agent."""

    def __init__(self, client: KeeperClient, runtime: HereRuntime) -> None:
        self.watching = Watching(client, runtime._workers)
        self._keeper = client.address
        self.terminals = Terminals(lambda event: None, size=SIZE)
        self.terminals._who = client._interface, client._name
        self.heard: list[Fact] = []
        self.terminal: WatchedTerminal | None = None

    async def listen(self, agent: str, id: str) -> None:
        await self.watching.open()
        self.terminal = await self.watching.terminal(agent, id)
        self.terminal.listen(self.heard.append)

    def all(self, kind: type[N]) -> list[N]:
        return [fact for fact in self.heard if isinstance(fact, kind)]

    def last(self, kind: type[N]) -> N | None:
        return next(iter(self.all(kind)[::-1]), None)

    async def types(self, data: bytes, keys: int = 0) -> bool:
        assert self.terminal is not None
        taken: list[bool] = []
        self.terminal.type(data, keys, taken.append)
        await until(lambda: taken)
        return taken[0]

    async def sees(self) -> Terminal:
        assert self.terminal is not None
        states: list[bytes] = []
        self.terminal.look(states.append)
        await until(lambda: states)
        return Terminal.restored(states[0])

    async def shows(self, agent: str, id: str) -> Link:
        """A screen of the same interface shows it."""
        link = self.terminals.link(agent)
        link.follow(Whereabouts(id, self._keeper, reachable=True))
        await until(lambda: link.attached)
        return link

    def close(self) -> None:
        self.terminals.close()
        self.watching.close()


class World:
    def __init__(self, folder: Path, script: str) -> None:
        environment = dict(os.environ)
        self.runtime = HereRuntime(folder, lambda agent: ("/bin/sh", "-c", script), lambda agent: environment)
        self.ids: dict[str, str] = {}
        self._ears: list[Ear] = []

    async def start(self, agent: str = "qa") -> None:
        held = await self.runtime.start(agent, SIZE)
        self.ids[agent] = held.id
        self.runtime.watching.close()  # else it would come first

    async def ear(self, agent: str = "qa") -> Ear:
        client = KeeperClient(Path("/nowhere"), "here", folder=self.runtime.keeper("qa").parent)
        ear = Ear(client, self.runtime)
        self._ears.append(ear)
        await ear.listen(agent, self.ids[agent])
        return ear

    async def close(self) -> None:
        for ear in self._ears:
            ear.close()
        await self.runtime.close()


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - keeper and watches are in this loop
            await asyncio.sleep(0.005)


@asynccontextmanager
async def world(folder: Path, script: str) -> AsyncIterator[World]:
    made = World(folder, script)
    try:
        await made.start()
        yield made
    finally:
        await made.close()


async def test_how_it_stands_comes_first_with_its_times(tmp_path: Path) -> None:
    """Whoever comes later knows all that one who was there knows."""
    before = time.time()
    async with world(tmp_path, f"{SHOWS}; read line") as here:
        first = await here.ear()
        await until(lambda: any(each.status.root for each in first.all(Reported)))
        after = time.time()
        late = await here.ear()
        for kind in (Titled, Rang, Reported):
            assert first.last(kind) == late.last(kind)
        titled, rang, reported = late.last(Titled), late.last(Rang), late.last(Reported)
        assert titled is not None
        assert titled.text == "its title"
        assert rang is not None
        assert reported is not None
        root = reported.status.root
        assert root is not None
        assert (root.state, root.kind) == (ProgramState.BLOCKED, "question")
        assert all(before <= each <= after for each in (titled.at, rang.at, root.at))
        assert late.all(Printed) == []


async def test_output_is_told_at_once_and_then_merged(tmp_path: Path) -> None:
    async with world(tmp_path, "stty -echo; while read line; do echo $line; done") as here:
        ear = await here.ear()
        await asyncio.sleep(module.LATER)
        ear.heard.clear()
        began = asyncio.get_running_loop().time()
        assert await ear.types(b"once\r")
        await until(lambda: ear.all(Printed))
        assert asyncio.get_running_loop().time() - began < PATIENCE / 3
        ear.heard.clear()
        for number in range(200):
            await ear.types(b"%d\r" % number)
        seen = ""
        while "199" not in seen:
            seen = "\n".join((await ear.sees()).display)
        seconds = asyncio.get_running_loop().time() - began
        # What asks for a look is told what is new before it.
        assert len(ear.all(Printed)) < 100 + seconds / module.SOON


async def test_the_end_is_told_once_and_last(tmp_path: Path) -> None:
    async with world(tmp_path, "read line; printf '\\033]2;done\\007'") as here:
        ear = await here.ear()
        await ear.types(b"\r")
        await until(lambda: ear.all(Closed))
        assert ear.heard[-1] == Closed(over=True)
        late = await here.ear()
        await until(lambda: late.all(Closed))
        assert late.last(Titled) == ear.last(Titled)
        assert not await ear.types(b"too late\r")


async def test_a_keeper_that_is_gone_is_not_the_programs_end(tmp_path: Path) -> None:
    async with world(tmp_path, "read line") as here:
        ear = await here.ear()
        assert here.runtime.held is not None
        here.runtime.held.stop()
        await until(lambda: ear.all(Closed))
        assert ear.heard[-1] == Closed(over=False)


async def test_a_human_who_types_comes_first(tmp_path: Path) -> None:
    """What is typed by itself is not typed behind keys that whoever decided on it has not heard of."""
    async with world(tmp_path, "stty -echo; while read line; do echo got $line; done") as here:
        ear = await here.ear()
        link = await ear.shows("qa", here.ids["qa"])
        link.focus(True)
        assert await ear.types(b"one\r")
        assert ear.all(Typed)[-1].keys == 0  # what a screen reports of itself is not typed
        began = time.time(), time.monotonic()
        link.send(b"human")
        assert here.runtime.held is not None
        held = here.runtime.held.agents["qa"]
        await until(lambda: held.keys == 1)
        assert not await ear.types(b"two\r", keys=0)
        await ear.sees()  # which comes after what is new
        typed = ear.last(Typed)
        assert typed is not None
        assert typed.keys == 1
        assert (typed.at, typed.moment) >= began
        assert await ear.types(b" three\r", keys=1)
        await until(lambda: "got human three" in "\n".join(link.terminal.display))


async def test_of_two_who_decide_the_one_whose_screen_is_typed_into_types(tmp_path: Path) -> None:
    async with world(tmp_path, "stty -echo; read line; read line") as here:
        one, two = await here.ear(), await here.ear()
        assert (one.last(Led), two.last(Led)) == (Led(True, ""), Led(False, ""))
        mine, theirs = await one.shows("qa", here.ids["qa"]), await two.shows("qa", here.ids["qa"])
        theirs.send(b"x")
        await until(lambda: two.all(Led)[-1].ours)
        await until(lambda: not one.all(Led)[-1].ours)
        assert not await one.types(b"y", keys=1)
        assert await two.types(b"y", keys=1)
        two.close()  # who leads there goes, and the other decides again
        await until(lambda: one.all(Led)[-1].ours)
        assert mine.leads or await _soon(lambda: mine.leads)


async def _soon(holds: Callable[[], bool]) -> bool:
    await until(holds)
    return True


async def test_remarks_are_told_and_hold(tmp_path: Path) -> None:
    async with world(tmp_path, "read line") as here:
        ear = await here.ear()
        assert here.runtime.held is not None
        here.runtime.held.agents["qa"].say_disk("the disk is full", new=True)
        told = Remarked("the disk is full", serious=True, again=True)
        await until(lambda: told in ear.heard)
        late = await here.ear()
        assert late.all(Remarked) == [Remarked("the disk is full", serious=True)]


async def test_a_look_has_what_is_visible_and_the_row_above(tmp_path: Path) -> None:
    async with world(tmp_path, "seq 100; printf 'prompt> '; read line") as here:
        ear = await here.ear()
        seen = await ear.sees()
        while "prompt> " not in "\n".join(seen.display):
            seen = await ear.sees()
        assert (seen.columns, seen.lines, seen.history_length) == (60, 12, 1)
        assert seen.before_cursor() == "prompt> "
        assert seen.history[0].strip() == "89"
        assert len(seen.save()) < 16_000


async def test_one_that_does_not_read_costs_little_and_gets_the_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SOON", 0.0)
    monkeypatch.setattr(module, "LATER", 0.0)
    async with world(tmp_path, "read line") as here:
        held = here.runtime.held
        assert held is not None
        with socket.socket(socket.AF_UNIX) as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            with reachable(here.runtime.keeper("qa")) as path:
                slow.connect(str(path))
            slow.sendall(Hello(Want.WATCH, interface="slow").encode())
            await until(
                lambda: any(guest.hello.interface == "slow" and guest.watch for guest in held._guests)
            )
            guest = next(guest for guest in held._guests if guest.hello.interface == "slow")
            agent = held.agents["qa"]
            for number in range(3000):
                agent.terminal.feed(f"\x1b]2;{number} {'x' * 70}\x07".encode())
                agent._kept.show()
                await asyncio.sleep(0)
            assert guest._transport is not None
            assert guest._transport.get_write_buffer_size() < 128 * 1024
            slow.setblocking(False)
            frames, news = Frames(), list[News]()

            def newest() -> bool:
                try:
                    for kind, body in frames.feed(slow.recv(65536)):
                        news.extend([read_news(body)] if kind == Kind.NEWS else [])
                except BlockingIOError:
                    return False
                return any(each.facts.get("title", {}).get("text", "").startswith("2999 ") for each in news)

            await until(newest)
            assert len(news) < 1500


@pytest.mark.parametrize(
    "words",
    [
        frame(Kind.LOOK, b"{}"),
        frame(Kind.TYPE, b'{"agent": 1}'),
        frame(Kind.LEAD),
        frame(Kind.INPUT, bytes(9)),
    ],
    ids=["a look at nobody", "nothing to type", "a lead", "input"],
)
async def test_one_that_is_not_understood_is_turned_away(tmp_path: Path, words: bytes) -> None:
    async with world(tmp_path, "read line") as here:
        with socket.socket(socket.AF_UNIX) as rude:
            with reachable(here.runtime.keeper("qa")) as path:
                rude.connect(str(path))
            rude.setblocking(False)
            rude.sendall(Hello(Want.WATCH).encode())
            loop = asyncio.get_running_loop()
            assert await loop.sock_recv(rude, 65536)
            rude.sendall(words)
            async with asyncio.timeout(PATIENCE):
                while await loop.sock_recv(rude, 65536):
                    pass
        assert await (await here.ear()).sees()


def test_words_are_the_same_at_the_other_end() -> None:
    look, typed = Look("qa", "c1", 7), Type("qa", "c1", 8, 3, bytes(range(256)))
    for words, read in ((look, read_look), (typed, read_type)):
        ((_, body),) = Frames().feed(words.encode())
        assert read(body) == words


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"agent": 5},
        {"agent": "qa", "title": "text"},
        {"agent": "qa", "status": {"root": 5, "children": []}},
        {"agent": "qa", "status": {"root": {"id": ""}, "children": []}},
        {"agent": "qa", "notes": [{}]},
    ],
    ids=str,
)
def test_news_of_an_odd_shape_are_refused(content: dict[str, object]) -> None:
    ((_, body),) = Frames().feed(message(Kind.NEWS, content))
    with pytest.raises(ProtocolError):
        read_news(body)
