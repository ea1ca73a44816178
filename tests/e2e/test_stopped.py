"""What stops in a container goes on at once, as in a pane of tmux: the real client by Ctrl+Z, any program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from tests.bench.model import Model

from . import debian
from .clients import asked, login, press, say, status
from .direct import DirectRuntime
from .held import Held, started

pytestmark = pytest.mark.timeout(debian.BUILD_SECONDS)
AGENT = "qa"
SUSPENDS = b"\x1a"
STOPS = (
    "kill -STOP $$",
    "kill -TSTP $$",
    "kill -TSTP 0",  # as the client does
    "(kill -STOP $$) & wait",
)
Start = Callable[..., DirectRuntime]


async def test_the_client_goes_on_after_the_key_that_suspends(
    make_runtime: Start, qms_project: Path, client_image: str, network: tuple[str, str]
) -> None:
    with Model(network[1]) as model:
        host = login(model)
        runtime = make_runtime(qms_project, host, image=client_image, network=network[0], env=tuple(host))
        async with started(runtime, AGENT) as held:
            await status(qms_project, AGENT, "idle")
            await suspend(held)
            say(held, "hello again")
            await asked(model, "hello again")


async def suspend(held: Held) -> None:
    """Once it takes keys: it says so before it stops, and takes pastes again when it goes on."""
    await press(held, SUSPENDS, lambda: b"suspended" in held.unseen)
    await held.expect(rb"(?s)suspended.*\x1b\[\?2004h")


@pytest.mark.parametrize("stop", STOPS)
async def test_a_program_that_stops_itself_goes_on(
    make_runtime: Start, qms_project: Path, client_image: str, stop: str
) -> None:
    script = f'for n in 1 2 3; do {stop}; echo "on $n"; done; read x; echo "got $x"; exit 7'
    runtime = make_runtime(qms_project, image=client_image, command=("sh", "-c", script))
    async with started(runtime, AGENT) as held:
        for number in (b"1", b"2", b"3"):
            await held.expect(rb"on " + number)
        held.type(b"hello\r")
        await held.expect(rb"got hello")
        await held.end()
        ending = await runtime.ended(AGENT)
    assert ending is not None
    assert ending.exit_code == 7


async def test_signals_and_endings_pass(
    make_runtime: Start, qms_project: Path, client_image: str, engine: docker.APIClient
) -> None:
    """The container's signals are the program's, and its end is the container's."""
    script = "trap 'echo hup' HUP; trap 'echo usr' USR1; echo ready; while :; do sleep 0.1; done"
    runtime = make_runtime(qms_project, image=client_image, command=("bash", "-c", script))
    async with started(runtime, AGENT) as held:
        await held.expect(rb"ready")
        container = (await runtime.find(AGENT)).id
        for name, said in (("SIGHUP", rb"hup"), ("SIGUSR1", rb"usr")):
            engine.kill(container, name)
            await held.expect(said)
        engine.kill(container, "SIGTERM")
        await held.end()
        ending = await runtime.ended(AGENT)
    assert ending is not None
    assert ending.exit_code == 128 + 15


async def test_what_stops_everything_is_mended_from_outside(
    make_runtime: Start, qms_project: Path, client_image: str, engine: docker.APIClient
) -> None:
    """Nobody inside is left to continue it; README says what is."""
    script = "echo ready; kill -STOP -1; sleep 0.1; echo on"
    runtime = make_runtime(qms_project, image=client_image, command=("sh", "-c", script))
    async with started(runtime, AGENT) as held:
        await held.expect(rb"ready")
        container = (await runtime.find(AGENT)).id
        await press(held, b"", lambda: _stopped(engine, container))
        engine.kill(container, "SIGCONT")
        await held.expect(rb"on")


def _stopped(engine: docker.APIClient, container: str) -> bool:
    rows = engine.top(container, "-o pid,stat")["Processes"]
    return any("T" in row[1] for row in rows)
