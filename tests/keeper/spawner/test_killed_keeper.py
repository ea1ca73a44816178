"""A keeper that is killed costs no byte: what a program prints waits in its terminal, or was just read."""

from __future__ import annotations

import asyncio
import functools
import re
import sys
from collections.abc import Callable

import psutil

from qms_tui.keeper.client import end_hung
from qms_tui.keeper.local_runtime import LocalRuntime
from qms_tui.keeper.protocol import Hello, Want
from qms_tui.runtime import Condition, Fact, Restored
from qms_tui.terminal import Terminal
from qms_tui.ui.terminals.attachment import Attachment, connect
from qms_tui.ui.terminals.terminals import Terminals
from qms_tui.ui.terminals.whereabouts import Whereabouts
from tests.e2e.held import attached, started

from .world import World, wait_for

# Prints its lines in parts, before each but the first of which it waits for a line.
COUNTER = r"""
import signal, sys, termios
mode = termios.tcgetattr(0)
mode[3] &= ~termios.ECHO
termios.tcsetattr(0, termios.TCSANOW, mode)
lines, parts = map(int, sys.argv[1:])
for n in range(lines):
    if n and n % (lines // parts) == 0:
        sys.stdout.flush()
        sys.stdin.readline()
    sys.stdout.write(f"line {n:07}\n")
print("all", flush=True)
signal.pause()
"""


async def state_of(runtime: LocalRuntime, agent: str = "qa") -> bytes:
    """What the keeper has of an agent's terminal, whether it runs or not."""
    states: list[bytes] = []
    news = asyncio.Event()

    def take(fact: Fact) -> None:
        if isinstance(fact, Restored):
            states.append(fact.state)
        news.set()

    connection = connect(runtime.keeper("qa"))
    assert connection is not None
    attachment = Attachment(connection, Hello(Want.LAST, agent), take, lambda: None)
    async with asyncio.timeout(10):
        while not states:
            news.clear()
            await news.wait()
    attachment.close()
    return states[0]


def has_gone_on(world: World, before: int) -> bool:
    """Whether more is in the journal, or all."""
    printed = world.printed()
    return len(printed) > before or printed.endswith(b"all\r\n")


async def test_while_the_program_prints(world: World) -> None:
    """Killed again and again, at any moment: every line is in the journal once, and in order."""
    lines = 21_000
    runtime = world.runtime(sys.executable, "-c", COUNTER, str(lines), "3")
    kills = 0
    async with started(runtime, "qa"):
        while b"all" not in world.printed()[-100:]:
            world.kill_keeper()
            kills += 1
            before = len(world.printed())
            async with attached(runtime, "qa") as qa:
                qa.type(b"\r")  # however fast it prints, it has not ended before the second of these
                wait_for(functools.partial(has_gone_on, world, before))
    async with attached(runtime, "qa"):
        wait_for(lambda: world.printed().endswith(b"all\r\n"))
    found = re.findall(rb"line (\d+)\r\n", world.printed())
    assert kills > 1
    assert found == [b"%07d" % n for n in range(lines)]


async def test_while_the_program_is_silent(world: World) -> None:
    """The screen comes back as it was, colours and all, and keys reach the program."""
    script = r'printf "\033[31mred\033[0m\033[5;9Hthere\033]2;a title\007"; read x; echo "got $x"; read x'
    runtime = world.runtime(script=script)
    async with started(runtime, "qa") as qa:
        await qa.expect(rb"a title")
        before = await state_of(runtime)
    world.kill_keeper()
    await runtime.hold("qa")
    states = [await state_of(runtime)]
    assert Terminal.restored(states[-1]).save() == Terminal.restored(before).save()
    async with attached(runtime, "qa") as qa:
        qa.type(b"hello\r")
        await qa.expect(rb"got hello")


async def test_while_nobody_reads_the_program_waits(world: World) -> None:
    """At its full terminal: a terminal's buffer is all that it may run ahead."""
    runtime = world.runtime(sys.executable, "-c", COUNTER, "5000", "1")
    async with started(runtime, "qa"):
        world.kill_keeper()
    program = psutil.Process(world.processes.spawner.programs()["qa"].pid)
    assert program.is_running()
    async with attached(runtime, "qa"):
        wait_for(lambda: world.printed().endswith(b"all\r\n"))
    assert world.printed().count(b"line ") == 5000


async def test_a_program_that_ends_meanwhile(world: World) -> None:
    """Its last words and how it ended are there for the next keeper; then the spawner forgets it."""
    runtime = world.runtime(script="read x; echo last words; exit 7")
    async with started(runtime, "qa") as qa:
        world.kill_keeper()
        await asyncio.wait_for(qa.ended.wait(), 10)
    pid = world.processes.spawner.programs()["qa"].pid
    # Nobody can type into it while no keeper is there; its end is a signal to all of its session.
    psutil.Process(pid).children()[0].kill()
    wait_for(lambda: not world.processes.spawner.programs()["qa"].alive)
    found = await runtime.find("qa")
    assert found.condition is Condition.EXITED
    assert found.ending is not None
    assert found.ending.exit_code == 137
    await runtime.recall("qa")
    assert await state_of(runtime)
    wait_for(lambda: world.processes.spawner.programs() == {})
    after = await runtime.find("qa")
    assert after.ending == found.ending


async def test_a_screen_that_is_open_goes_on(world: World) -> None:
    """It attaches again as soon as the connection breaks, and starts the next keeper itself."""
    runtime = world.runtime(script="while read x; do echo got $x; done")
    async with started(runtime, "qa") as qa:
        qa.type(b"one\r")
        await qa.expect(rb"got one")
        world.kill_keeper()
        await asyncio.wait_for(qa.ended.wait(), 10)
        async with attached(runtime, "qa") as again:
            again.type(b"two\r")
            await again.expect(rb"got two")


async def test_keys_that_it_has_not_taken_come_to_the_next_one(world: World) -> None:
    """Typed while it hangs, before it is killed."""
    runtime = world.runtime(script="while read x; do echo got $x; done")
    async with started(runtime, "qa"):
        pass
    news = asyncio.Event()
    terminals = Terminals(lambda event: news.set())
    link = terminals.link("qa")

    async def until(holds: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not holds():
                news.clear()
                await news.wait()

    link.follow(Whereabouts((await runtime.hold("qa")).id, runtime.keeper("qa"), reachable=True))
    await until(lambda: link.attached)
    keeper = world.keeper
    keeper.suspend()
    link.send(b"one\r")
    link.paste(b"two\r")
    keeper.kill()
    await until(lambda: link.keys_waiting == 1)
    await runtime.hold("qa")
    await until(lambda: link.attached and not link.keys_waiting)
    wait_for(lambda: b"got one\r\n" in world.printed() and b"got two\r\n" in world.printed())
    terminals.close()


async def test_one_that_hangs_is_restarted(world: World) -> None:
    """By force; keys that were typed meanwhile are the next one's."""
    runtime = world.runtime(script="while read x; do echo got $x; done")
    news = asyncio.Event()
    terminals = Terminals(lambda event: news.set())
    async with started(runtime, "qa"):
        link = terminals.link("qa")
        link.follow(Whereabouts((await runtime.hold("qa")).id, runtime.keeper("qa"), reachable=True))
        async with asyncio.timeout(10):
            while not link.attached:
                news.clear()
                await news.wait()
        hanging = world.keeper
        hanging.suspend()
        link.send(b"one\r")
        await asyncio.to_thread(end_hung, world.processes.keeper.address)
        await runtime.hold("qa")
        assert not hanging.is_running() or hanging.status() == psutil.STATUS_ZOMBIE
        assert world.keeper.pid != hanging.pid
        async with asyncio.timeout(10):
            while b"got one" not in world.printed():  # noqa: ASYNC110 - a journal tells nobody
                await asyncio.sleep(0.02)
    terminals.close()


async def test_replies_are_the_keepers(world: World) -> None:
    """Also where no screen is open: the program asks what it runs in, and where its cursor is."""
    script = (
        r'stty raw -echo; read -r x <&0 & printf "\033[c\033[6n"; '
        r'dd bs=1 count=12 2>/dev/null | od -An -c | tr -d " \n"; sleep 100'
    )
    runtime = world.runtime(script=script)
    async with started(runtime, "qa"):
        pass
    wait_for(lambda: b"\\033[?" in world.printed() or b"033[?" in world.printed())
