"""Processes of ours killed, hung, replaced, out of memory, while six agents print and somebody types.

No byte and no key is lost, and no agent ends; with no screen of ours open.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

import docker
import psutil
import pytest

from qms_tui.api.agents import AgentState
from qms_tui.api.commands import SEND, Send
from qms_tui.api.place import LOCK, daemon_folder
from qms_tui.errors import QmsTuiError
from qms_tui.keeper.client import end_hung
from qms_tui.keeper.paths import LOCAL, SOCKET, keeper_folder
from qms_tui.keeper.paths import LOCK as KEEPER_LOCK
from qms_tui.keeper.pulse import HANGS
from qms_tui.runtime.docker.address import find_address
from tests.daemon.household import Household, at_home
from tests.daemon.served import Window

from .streaming import (
    HERE,
    IN_CONTAINERS,
    NAMES,
    Streams,
    contained_processes_of,
    local_processes_of,
    prepare,
    streaming,
)

RUNNING = AgentState.RUNNING
MANY, MUCH = 20, 500_000  # requests, and bytes of each, which a process has no room for


@dataclass(frozen=True)
class Street:
    """A household whose six agents run, in containers or on this machine."""

    household: Household
    engine: str
    processes: Callable[[], dict[str, int]]
    runtime: str | None
    command: str

    async def hold(self) -> Window:
        window = await self.household.hold(*NAMES, runtime=self.runtime, command=self.command)
        await self.is_well(window)
        return window

    async def is_well(self, window: Window) -> None:
        """The daemon has all agents, and says that they run."""
        await self.household.until(
            lambda: (
                all(name in window.mirror.agents for name in NAMES)
                and all(window.state(name) is RUNNING and window.agent(name).terminal for name in NAMES)
            )
        )

    def streaming(self, window: Window) -> AbstractAsyncContextManager[Streams]:
        return streaming(self.household, self.engine, {name: window.agent(name).terminal for name in NAMES})

    def keeper(self) -> psutil.Process:
        lock = keeper_folder(self.household.root, self.engine) / KEEPER_LOCK
        return psutil.Process(json.loads(lock.read_text())["pid"])


@pytest.fixture(params=["containers", "local"])
async def street(
    request: pytest.FixtureRequest, qms_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Street]:
    home = tmp_path / "home"
    home.mkdir()
    prepare(qms_project)
    with at_home(qms_project, home, monkeypatch) as made:
        try:
            if request.param == "local":
                yield Street(made, LOCAL, lambda: local_processes_of(made), "local", HERE)
            else:
                engine: docker.APIClient = request.getfixturevalue("engine")
                made.set(f'[agent]\nimage = "{request.getfixturevalue("programs_image")}"\n')
                host = find_address(None, os.environ, Path.home()).host
                yield Street(made, host, lambda: contained_processes_of(made, engine), None, IN_CONTAINERS)
        finally:
            await made.close()
            made.run("stop", "--all", "--yes")


async def test_a_daemon_that_is_killed_hangs_is_replaced_or_has_no_memory(street: Street) -> None:
    """One after the other, while the streams and the typing go on."""
    household, window = street.household, await street.hold()
    before = street.processes()
    assert len(before) == len(NAMES)
    async with street.streaming(window) as streams:
        for fault in (killed, hung_for_a_while, hung_and_replaced, upgraded, without_memory):
            window = await fault(household, window, streams)
            await street.is_well(window)
            await streams.types_on()
            await streams.prints_on()
            assert street.processes() == before, fault.__name__
        await streams.stop()
        check(streams)
    assert "out of memory" in household.log


async def killed(household: Household, window: Window, streams: Streams) -> Window:
    household.kill()
    await window.client.wait_lost()
    await streams.types_on()
    await streams.prints_on()
    return await household.window_of_new()


async def hung_for_a_while(household: Household, window: Window, streams: Streams) -> Window:
    process = household.kill(signal.SIGSTOP)
    await streams.types_on()
    await streams.prints_on()
    process.resume()
    await household.status(window)
    return window


async def hung_and_replaced(household: Household, window: Window, streams: Streams) -> Window:
    process = household.kill(signal.SIGSTOP)
    count = len(streams.keys)
    again = await household.window_of_new()
    assert len(streams.keys) > count
    assert household.process().pid != process.pid
    return again


async def upgraded(household: Household, window: Window, streams: Streams) -> Window:
    """A newer version finds an older one."""
    lock, process = daemon_folder(household.root) / LOCK, household.process()
    lock.write_text(json.dumps({**json.loads(lock.read_text()), "version": "0.0.9"}))
    count = len(streams.keys)
    again = await household.window_of_new()
    assert len(streams.keys) > count
    assert household.process().pid != process.pid
    return again


async def without_memory(household: Household, window: Window, streams: Streams) -> Window:
    """It ends by itself, says why, and is started again by whoever asks for it."""
    process = household.process()
    process.rlimit(psutil.RLIMIT_DATA, (1, 1))  # not a page more
    with pytest.raises(QmsTuiError):
        await send_much(window)
    await household.until(lambda: is_gone(process))
    await streams.types_on()
    return await household.window_of_new()


async def send_much(window: Window) -> None:
    for _ in range(MANY):
        await window.ask(SEND, Send(("qa",), "a subject", "x" * MUCH))


def check(streams: Streams) -> None:
    """Every byte and every key is in the journals and on the screens, once and in order."""
    found = {name: (streams.faults(name)[:5], streams.differences(name)[:5]) for name in NAMES}
    assert found == dict.fromkeys(NAMES, ([], []))


async def test_a_keeper_that_is_killed_or_hangs(street: Street) -> None:
    """The daemon starts the next one; keys wait for it, and no program waits longer than for that."""
    household, window = street.household, await street.hold()
    before = street.processes()
    async with street.streaming(window) as streams:
        for end in (kill, let_it_go_on, end_it_while_it_hangs):
            await end(street, streams)
            await street.is_well(window)
            await streams.types_on()
            await streams.prints_on()
            assert street.processes() == before, end.__name__
        await streams.stop()
        check(streams)
    assert "unexpected" not in household.log


async def kill(street: Street, streams: Streams) -> None:
    keeper = street.keeper()
    keeper.kill()
    await street.household.until(lambda: is_gone(keeper) and street.keeper().pid != keeper.pid)


async def let_it_go_on(street: Street, streams: Streams) -> None:
    """What waits is said, and reaches the program when it goes on."""
    keeper = street.keeper()
    keeper.suspend()
    await streams.until(lambda: HANGS in streams.link(NAMES[0]).remark, "a word that it hangs")
    keeper.resume()
    await streams.until(lambda: not streams.link(NAMES[0]).remark, "a word that it goes on")


async def end_it_while_it_hangs(street: Street, streams: Streams) -> None:
    """As one key does that restarts it."""
    keeper = street.keeper()
    keeper.suspend()
    await streams.until(lambda: HANGS in streams.link(NAMES[0]).remark, "a word that it hangs")
    await asyncio.to_thread(end_hung, keeper_folder(street.household.root, street.engine) / SOCKET)
    assert is_gone(keeper)
    await streams.until(lambda: not streams.link(NAMES[0]).remark, "a word that there is another one")


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
