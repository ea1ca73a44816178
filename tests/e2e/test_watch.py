"""What happens to a container from outside is told by its pane within two seconds."""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import docker
import pytest

from qms_tui.config import AgentConfig, Config
from qms_tui.core import AgentState
from qms_tui.project import Project
from qms_tui.runtime import Action, Condition, ContainerEvent, EngineBack, EngineLost, RuntimeEvent
from qms_tui.runtime.docker import connect
from qms_tui.runtime.docker.container import Identity
from qms_tui.runtime.docker.watch import Watch

from . import engine as engines
from . import image as images
from .direct import DirectRuntime
from .own_engine import NoOwnEngine, OwnEngine
from .relay import Relay
from .watched import TRUTH, Watched, watched

ENDED, PAUSED, RUNNING, UNREACHABLE = (
    AgentState.ENDED,
    AgentState.PAUSED,
    AgentState.RUNNING,
    AgentState.UNREACHABLE,
)


@pytest.fixture
def qa(qms_project: Path) -> str:
    """The name of qa's container."""
    return Identity(str(qms_project), "qa").container


async def outside(function: Callable[..., object], *args: object, **options: object) -> None:
    """Do it in a thread, as somebody else would do it meanwhile."""
    await asyncio.to_thread(function, *args, **options)


async def test_paused_and_let_go_on(runtime: DirectRuntime, engine: docker.APIClient, qa: str) -> None:
    async with watched(runtime, "qa") as held:
        await outside(engine.pause, qa)
        await held.says("qa", PAUSED)
        assert (await runtime.find("qa")).condition is Condition.PAUSED
        held.type("qa", b"typed meanwhile\r")
        await outside(engine.unpause, qa)
        await held.says("qa", RUNNING)
        await held.shows("qa", "echo:typed meanwhile")
        await held.answers("qa", "after")


async def test_opened_while_paused(runtime: DirectRuntime, engine: docker.APIClient, qa: str) -> None:
    async with watched(runtime, "qa") as held:
        await outside(engine.pause, qa)
        await held.says("qa", PAUSED)
        held["qa"].open()
        await held["qa"].settled()
        await held.says("qa", PAUSED)
        held["qa"].stop()
        await held["qa"].settled()
        assert held["qa"].state is ENDED
    with pytest.raises(docker.errors.NotFound):
        engine.inspect_container(qa)


async def test_restarted_from_outside(runtime: DirectRuntime, engine: docker.APIClient, qa: str) -> None:
    async with watched(runtime, "qa") as held:
        await held.answers("qa", "before")
        del held.states[:]
        await outside(engine.restart, qa, timeout=5)
        await held.says("qa", RUNNING)
        await held.until(lambda: ("qa", RUNNING) in held.states)
        await held.answers("qa", "after")


async def test_started_again_after_its_end(runtime: DirectRuntime, engine: docker.APIClient, qa: str) -> None:
    async with watched(runtime, "qa") as held:
        held.type("qa", b"exit 3\r")
        await held.says("qa", ENDED)
        assert str(held["qa"].view.ending) == "exit code 3"
        await outside(engine.start, qa)
        await held.says("qa", RUNNING)
        assert held["qa"].view.ending is None
        await held.answers("qa", "after")


async def test_killed_and_removed(runtime: DirectRuntime, engine: docker.APIClient, qa: str) -> None:
    async with watched(runtime, "qa", "bu") as held:
        await outside(engine.kill, qa)
        await held.says("qa", ENDED)
        assert str(held["qa"].view.ending) == "exit code 137 (killed)"
        await outside(engine.remove_container, qa)
        await held.until(lambda: "removed" in str(held["qa"].view.ending), TRUTH)
        await held.answers("bu", "unharmed")


async def test_removed_while_it_runs(runtime: DirectRuntime, engine: docker.APIClient, qa: str) -> None:
    async with watched(runtime, "qa") as held:
        await outside(engine.remove_container, qa, force=True)
        await held.until(lambda: "the container was removed" in str(held["qa"].view.ending), TRUTH)
        assert held["qa"].state is ENDED
        held["qa"].restart()
        await held["qa"].settled()
        await held.answers("qa", "new")


async def test_out_of_memory(make_runtime: Callable[..., DirectRuntime], qms_project: Path) -> None:
    async with watched(make_runtime(qms_project, memory=32 * 2**20), "qa") as held:
        held.type("qa", b"oom\r")
        await held.until(lambda: held["qa"].view.ending, TRUTH)
        assert str(held["qa"].view.ending) == "exit code 137 (out of memory)"
        await held.until(lambda: "memory" in " ".join(held.notices), TRUTH)


async def test_what_we_do_ourselves_stays_done(runtime: DirectRuntime) -> None:
    """The events of our own stop and start change nothing."""
    async with watched(runtime, "qa") as held:
        held["qa"].restart()
        await held["qa"].settled()
        await held.answers("qa", "again")
        held["qa"].stop()
        await held["qa"].settled()
        del held.states[:]
        async with watched(runtime, "bu"):  # events come in order: this one's are later
            assert held.states == []
        assert str(held["qa"].view.ending) == "ended (stopped by you)"


async def test_another_interface_replaces_the_container(
    runtime: DirectRuntime, make_runtime: Callable[..., DirectRuntime], qms_project: Path
) -> None:
    async with watched(runtime, "qa") as one, watched(make_runtime(qms_project), "qa") as two:
        two["qa"].restart()
        await two["qa"].settled()
        new = (await runtime.find("qa")).id
        # Nobody keeps what is printed before it attaches.
        await one.until(lambda: one["qa"].container_id == new and one["qa"].state is AgentState.RUNNING)
        await one["qa"].settled()
        await two.answers("qa", "new-life")
        await one.shows("qa", "echo:new-life")
        await one.answers("qa", "mine-too")


# -- the stream itself ----------------------------------------------------------------------------------


async def test_events_of_other_projects_are_not_heard(
    make_runtime: Callable[..., DirectRuntime], make_qms_project: Callable[..., Path]
) -> None:
    one, two = make_qms_project("one"), make_qms_project("two")
    heard: list[RuntimeEvent] = []
    news = asyncio.Event()

    def hear(event: RuntimeEvent) -> None:
        assert threading.current_thread() is threading.main_thread()
        heard.append(event)
        news.set()

    begin = time.time()
    close = make_runtime(one).watch(hear)
    async with watched(make_runtime(two), "qa"), watched(make_runtime(one), "bu") as held:
        await outside(kill, Identity(str(one), "bu").container)
        await held.says("bu", ENDED)
        async with asyncio.timeout(TRUTH):
            while Action.DIE not in [event.action for event in heard if isinstance(event, ContainerEvent)]:
                news.clear()
                await news.wait()
    close()
    close()
    events = [event for event in heard if isinstance(event, ContainerEvent)]
    assert {event.agent for event in events} == {"bu"}
    assert [e.action for e in events] == [Action.CREATE, Action.START, Action.KILL, Action.DIE]
    assert all(begin - 1 < event.at < time.time() + 1 for event in events)


def kill(container: str) -> None:
    with engines.connect() as client:
        client.kill(container)


async def test_closing_ends_the_thread_at_once(image: str, qms_project: Path) -> None:
    engine = connect()
    watch = Watch(engine.api, str(qms_project), lambda event: None)
    begin = time.monotonic()
    watch.close()
    watch.close()
    assert time.monotonic() - begin < 2  # the stream of events would be silent for ever
    await outside(watch._thread.join, 5)
    assert not watch._thread.is_alive()
    engine.close()


# The SDK leaves a Unix socket to the garbage collector where nobody listens.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
async def test_a_cut_connection_is_mended(
    image: str, tmp_path: Path, qms_project: Path, engine: docker.APIClient, qa: str
) -> None:
    with Relay(tmp_path / "engine.sock") as relay:
        config = Config(every_agent=AgentConfig(image=image))
        runtime = DirectRuntime(connect(relay.host), Project(qms_project), config, {})
        async with watched(runtime, "qa") as held:
            relay.cut()
            await held.until(lambda: any(isinstance(e, EngineLost) for e in held.engine), TRUTH)
            await held.until(lambda: any(isinstance(e, EngineBack) for e in held.engine), TRUTH)
            await held.says("qa", RUNNING)
            await held.answers("qa", "after")
            await outside(engine.pause, qa)
            await held.says("qa", PAUSED)
            await outside(engine.unpause, qa)
            await held.says("qa", RUNNING)


# -- an engine that goes and comes ----------------------------------------------------------------------


@asynccontextmanager
async def on_own_engine(
    folder: Path, project: Path, live_restore: bool
) -> AsyncIterator[tuple[OwnEngine, Watched]]:
    try:
        own = await asyncio.to_thread(lambda: OwnEngine(folder, live_restore=live_restore))
    except NoOwnEngine as reason:
        pytest.skip(str(reason))
    with own:
        with own.client as client:
            image = images.ensure(client)
        config = Config(every_agent=AgentConfig(image=image))
        runtime = DirectRuntime(connect(own.host), Project(project), config, {})
        async with watched(runtime, "qa", "bu") as held:
            yield own, held
    gc.collect()


async def goes(held: Watched, how: Awaitable[None]) -> None:
    await how
    for name in ("qa", "bu"):
        await held.says(name, UNREACHABLE)
        assert held[name].view.trouble is not None


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_an_engine_that_restores_lets_agents_live(
    engine: docker.APIClient, qms_project: Path, tmp_path: Path, number: signal.Signals
) -> None:
    async with on_own_engine(tmp_path / "own", qms_project, live_restore=True) as (own, held):
        await held.answers("qa", "before")
        await goes(held, outside(own.stop, number))
        await outside(own.start)
        for name in ("qa", "bu"):
            await held.says(name, RUNNING)
            await held.answers(name, "after")
        await held.shows("qa", "echo:before")


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_an_engine_that_takes_agents_with_it(
    engine: docker.APIClient, qms_project: Path, tmp_path: Path, number: signal.Signals
) -> None:
    """Their end is told once the engine can tell it; until then nobody knows."""
    async with on_own_engine(tmp_path / "own", qms_project, live_restore=False) as (own, held):
        await outside(own.stop, number)
        for name in ("qa", "bu"):
            await held.says(name, UNREACHABLE, ENDED)
        await outside(own.start)
        for name in ("qa", "bu"):
            await held.says(name, ENDED)
            held[name].restart()
            await held[name].settled()
            await held.answers(name, "new")
