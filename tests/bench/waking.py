"""How soon a file in an inbox reaches the model, and whether every one does, with the real client."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import random
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qms_tui.config import AgentConfig, Config
from qms_tui.project import Project
from qms_tui.runtime.docker import connect
from tests.bench.model import Model
from tests.bench.table import Bar, Bench, Line, Unavailable, percentile, row
from tests.e2e import debian
from tests.e2e import engine as engines
from tests.e2e import project as projects
from tests.e2e.clients import closed_network, until
from tests.e2e.direct import DirectRuntime
from tests.e2e.woken import AGENT, LINE, VARIABLES, Woken, host, woken

SEED = 8  # of the random trouble
REFUSALS = 9  # a refused request is tried again in other forms
REPORTED = 25  # items between two reports
LOST_SECONDS = 15.0  # after which a wake counts as lost
READY_SECONDS = 20.0
CLEAR_LINE = b"\x15"  # an Esc may have brought the prompt before back


@row("waking")
def waking(bench: Bench) -> Iterator[Line]:
    """An idle agent, one file after the other."""
    times = bench.times(200, 5)
    delays = asyncio.run(_delays(bench, times))
    what = f"from the file's last byte to the model's request, over {times}; 0.15 s of it let the file settle"
    yield Line("waking, idle, p50", what, "s", percentile(delays, 50), bar=Bar(0.5))
    yield Line("waking, idle, p99", what, "s", percentile(delays, 99), bar=Bar(1.0))


@row("waking lost")
def lost(bench: Bench) -> Iterator[Line]:
    """Wakes while all kinds of things go wrong."""
    times = bench.times(1000, 16)
    found = asyncio.run(_troubled(bench, times))
    what = f"of {times} items, amid random Esc, refused requests, /clear, /compact and killed containers"
    yield Line("wakes lost", what, "", found.lost, bar=Bar(0))
    yield Line("wakes told twice", what, "", found.twice, bar=Bar(0))
    late = "turns that Esc ended before their request: the model got the line with the human's next prompt"
    yield Line("wakes ended by Esc", late, "", found.late)
    cut = (
        "turns that ended with an error or with their container, and whose items were told of again, rightly"
    )
    yield Line("wakes told again", cut, "", found.again)


class _House:
    """A project, its runtime, and the agent in its present container."""

    def __init__(self, root: Path, runtime: DirectRuntime, model: Model) -> None:
        self.root, self.runtime, self.model = root, runtime, model
        self.is_cut = False  # the last turn with an item never came to its end
        self.before: object = None  # what was remembered when the last container was killed
        self._holding = contextlib.AsyncExitStack()

    async def start(self) -> None:
        """Start the agent, with the conversation that it had."""
        self.agent: Woken = await self._holding.enter_async_context(
            woken(self.runtime, self.root, self.model)
        )

    async def stop(self, *, kill: bool = False) -> None:
        """End its container."""
        if kill:
            container = (await self.runtime.find(AGENT)).container
            with engines.connect() as engine:
                engine.kill(container)
            await self.agent.held.end()
        await self._holding.aclose()
        await self.runtime.stop(AGENT)


@contextlib.asynccontextmanager
async def _house(bench: Bench) -> AsyncIterator[_House]:
    root = projects.make_qms_project(bench.fresh("waking"))
    with contextlib.ExitStack() as stack:
        try:
            engine = stack.enter_context(engines.connect())
            ours = stack.enter_context(contextlib.closing(connect()))
            image = debian.ensure(ours, bench.fresh("debian"))
        except (engines.NoEngine, debian.NoDebian) as reason:
            raise Unavailable(str(reason)) from None
        name, address = stack.enter_context(closed_network(engine, f"qms-tui-bench-waking-{os.getpid()}"))
        stack.callback(engines.remove_project, engine, str(root))
        model = stack.enter_context(Model(address))
        agent = AgentConfig(image=image, network=name, env=VARIABLES)
        runtime = DirectRuntime(connect(), Project(root), Config(every_agent=agent), host(model))
        house = _House(root, runtime, model)
        await house.start()
        try:
            yield house
        finally:
            await house.stop()
            await runtime.close()


async def _delays(bench: Bench, times: int) -> list[float]:
    delays = []
    async with _house(bench) as house:
        for number in range(times):
            await _ready(house)
            put = house.agent.put(f"CR-{number}")
            delays.append(await house.agent.reached(f"CR-{number}") - put)
            _forget(house, f"CR-{number}")
    return delays


def _forget(house: _House, document: str) -> None:
    """The agent is done with it; the stand-in keeps few requests."""
    (house.agent.inbox / f"task-{document}-review-v0-1.md").unlink()
    house.model.scripted.clear()
    house.model.times.clear()
    house.model.requests.clear()


async def _ready(house: _House) -> None:
    """Wait until the agent is free; a dialog that two Esc have opened is closed by another."""
    for _ in range(3):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(READY_SECONDS):
                await house.agent.ready()
                return
        house.agent.held.type(b"\x1b")
    raise AssertionError(f"the agent does not come free: {house.agent.state()}")


@dataclass
class _Found:
    """How many items did not reach the model, did so more than once without a reason or with one, or only
    with a prompt of the human's."""

    lost: int = 0
    twice: int = 0
    again: int = 0
    late: int = 0


async def _troubled(bench: Bench, times: int) -> _Found:
    chance, found = random.Random(SEED), _Found()
    async with _house(bench) as house:
        for number in range(times):
            document = f"CR-{number}"
            (trouble,) = chance.choices(list(TROUBLES), list(TROUBLES.values()))
            moment = chance.random()
            house.is_cut = False
            await _ready(house)
            await trouble(house, document, moment)
            before = replace(found)
            await _judge(house, document, found, may_be_late=trouble in (_interrupted, _while_busy))
            if (before.lost, before.twice) != (found.lost, found.twice):
                kept = house.before, house.agent.told("seen.json"), house.agent.events()[-8:]
                _report(f"{document}: {trouble.__name__} at {moment:.3f}: {kept}")
            _forget(house, document)
            if (number + 1) % REPORTED == 0:
                _report(f"{number + 1} of {times}: {found}")
    return found


async def _judge(house: _House, document: str, found: _Found, *, may_be_late: bool) -> None:
    """Count what became of an item."""
    if not await _heard(house, document):
        await _ready(house)
        await _hello(house)
        is_late = may_be_late and await _heard(house, document)
        found.late += is_late
        found.lost += not is_late
    await _ready(house)
    told = max((_count(request, document) for request in house.model.requests), default=0)
    found.twice += told > 1 + house.is_cut
    found.again += house.is_cut


def _report(text: str) -> None:
    """How it goes on, for who waits for an hour."""
    print(f"waking lost, {text}", file=sys.stderr, flush=True)


async def _heard(house: _House, document: str) -> bool:
    """Whether the model is asked with the line, within some seconds."""
    try:
        await until(functools.partial(house.agent.asked, _line(document)), LOST_SECONDS)
    except AssertionError:
        return False
    return True


async def _hello(house: _House) -> None:
    house.model.scripted.clear()
    house.agent.held.type(CLEAR_LINE)
    await house.agent.say("hello")


def _line(document: str) -> str:
    return LINE.format(document=document)


def _count(request: dict[str, Any], document: str) -> int:
    """How often the conversation has the line."""
    return str(request["messages"]).count(_line(document))


async def _nothing(house: _House, document: str, moment: float) -> None:
    house.agent.put(document)


async def _interrupted(house: _House, document: str, moment: float) -> None:
    """Esc at any moment from the file's arrival to the middle of the answer."""
    house.model.scripted.append("slow")
    house.agent.put(document)
    await asyncio.sleep(moment)
    house.agent.held.type(b"\x1b")


async def _refused(house: _House, document: str, moment: float) -> None:
    """The turn ends with an error; sometimes the time comes for the next attempt."""
    house.model.scripted.extend(["fail"] * REFUSALS)
    house.agent.put(document)
    await until(lambda: "again" in house.agent.receipt(document))
    await house.agent.ready()
    house.model.scripted.clear()
    if moment < 0.5:
        house.is_cut = True
        house.model.times.clear()
        house.model.requests.clear()
        house.agent.make_due()


async def _while_busy(house: _House, document: str, moment: float) -> None:
    """It comes while the agent answers the human, who may interrupt."""
    house.agent.held.type(CLEAR_LINE)
    await house.agent.say("slow")
    await asyncio.sleep(moment)
    house.agent.put(document)
    if moment > 0.5:
        await asyncio.sleep(moment / 2)
        house.agent.held.type(b"\x1b")


async def _at_a_command(house: _House, document: str, moment: float) -> None:
    """It comes while the client forgets, or sums up, the conversation."""
    house.agent.held.type(CLEAR_LINE)
    await house.agent.command("/clear" if moment < 0.5 else "/compact")
    await asyncio.sleep(moment % 0.5)
    house.agent.put(document)


async def _killed(house: _House, document: str, moment: float) -> None:
    """The container is killed within a second after the file's arrival, and started again."""
    house.agent.put(document)
    await asyncio.sleep(moment)
    await house.stop(kill=True)
    house.before = house.agent.told("seen.json")
    house.is_cut = "session" in house.agent.remembered(document)  # which a turn that ends well takes away
    if house.is_cut:  # what it was asked before does not count: it never answered to the end
        house.model.times.clear()
        house.model.requests.clear()
    await house.start()


TROUBLES: dict[Callable[[_House, str, float], Coroutine[Any, Any, None]], int] = {
    _nothing: 3, _interrupted: 8, _refused: 3, _while_busy: 4, _at_a_command: 2, _killed: 1,
}  # fmt: skip
"""What can happen, and how often that does in proportion."""
