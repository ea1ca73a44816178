"""Processes of ours killed, hung, replaced, out of memory, while six agents print and somebody types.

No byte and no key is lost, and no agent ends; with no screen of ours open.
"""

from __future__ import annotations

import asyncio
import signal

import pytest

from qms_tui.errors import QmsTuiError
from qms_tui.keeper.client import end_hung
from qms_tui.keeper.paths import LOCAL, SOCKET, keeper_folder
from qms_tui.keeper.pulse import HANGS
from tests.daemon.served import Window

from .streaming import NAMES, Streams
from .street import Street, is_gone, street, take_memory

__all__ = ["street"]
pytestmark = pytest.mark.timeout(900)  # six streams on a busy machine; on a quiet one half a minute


async def test_a_daemon_that_is_killed_hangs_is_replaced_or_has_no_memory(street: Street) -> None:
    """One after the other, while the streams and the typing go on."""
    household, window = street.household, await street.hold()
    before = street.processes()
    assert len(before) == len(NAMES)
    async with street.streaming(window) as streams:
        for fault in (killed, hung_for_a_while, hung_and_replaced, upgraded, without_memory):
            window = await fault(street, window, streams)
            await street.is_well(window)
            await streams.types_on()
            await streams.prints_on()
            assert street.processes() == before, fault.__name__
        await streams.stop()
        check(streams)
    assert "out of memory" in household.log


async def killed(street: Street, window: Window, streams: Streams) -> Window:
    household = street.household
    household.kill()
    await window.client.wait_lost()
    await streams.types_on()
    await streams.prints_on()
    return await household.window_of_new()


async def hung_for_a_while(street: Street, window: Window, streams: Streams) -> Window:
    household = street.household
    process = household.kill(signal.SIGSTOP)
    await streams.types_on()
    await streams.prints_on()
    process.resume()
    await household.status(window)
    return window


async def hung_and_replaced(street: Street, window: Window, streams: Streams) -> Window:
    household = street.household
    process = household.kill(signal.SIGSTOP)
    count = len(streams.keys)
    again = await household.window_of_new()
    assert len(streams.keys) > count
    assert household.process().pid != process.pid
    return again


async def upgraded(street: Street, window: Window, streams: Streams) -> Window:
    """A newer version finds an older one."""
    household = street.household
    process = household.process()
    street.age()
    count = len(streams.keys)
    again = await household.window_of_new()
    assert len(streams.keys) > count
    assert household.process().pid != process.pid
    return again


async def without_memory(street: Street, window: Window, streams: Streams) -> Window:
    """It ends by itself, says why, and is started again by whoever asks for it."""
    household = street.household
    process = household.process()
    with pytest.raises(QmsTuiError):
        await take_memory(process, window)
    await household.until(lambda: is_gone(process))
    await streams.types_on()
    return await household.window_of_new()


def check(streams: Streams) -> None:
    """Every byte and every key is in the journals and on the screens, once and in order."""
    found = {name: (streams.faults(name)[:5], streams.differences(name)[:5]) for name in NAMES}
    assert found == dict.fromkeys(NAMES, ([], []))


async def test_a_keeper_that_is_killed_or_hangs(street: Street) -> None:
    """The daemon starts the next one; keys wait for it, and no program waits longer than for that."""
    household, window = street.household, await street.hold()
    before = street.processes()
    async with street.streaming(window) as streams:
        ends = [kill, let_it_go_on, end_it_while_it_hangs]
        for end in ends if street.engine == LOCAL else [*ends, kill_the_gateway]:
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
    await street.household.until(lambda: street.keeper_pid() != keeper.pid)


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


async def kill_the_gateway(street: Street, streams: Streams) -> None:
    gateway = street.gateway()
    assert gateway is not None
    gateway.kill()
    await street.household.until(lambda: street.gateway() not in (None, gateway))
