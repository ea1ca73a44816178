"""What the keeper costs, and what its faults cost the human."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import docker
import psutil

from tests.bench.launch import AGENTS, REPOSITORY, clear, engine_and_image, project
from tests.bench.table import Bar, Bench, Line, row
from tests.e2e.kept import Client, House

HISTORY = 5000  # rows
STREAM = 200_000  # bytes per second and agent
KEYS = 1000
_MEGABYTE = 1e6
_SILENT = ("sh", "-c", "stty raw -echo; printf 'ready\\r\\n'; exec cat")
_FULL = (
    "sh",
    "-c",
    f"i=0; while [ $i -lt {HISTORY + 100} ]; do printf '%0199d\\r\\n' $i; i=$((i+1)); done; "
    "printf ready; exec cat",
)
_LINE = 100  # bytes
_STREAMING = (
    "sh",
    "-c",
    f"printf 'ready\\r\\n'; while :; do i=0; while [ $i -lt {STREAM // _LINE // 10} ]; do "
    f"printf '%0{_LINE - 2}d\\r\\n' $i; i=$((i+1)); done; sleep 0.09; done",
)
_POURING = (
    "sh",
    "-c",
    "printf 'ready\\r\\n'; read go; yes 0123456789012345678901234567890123456789 | head -c {0}; "
    "echo poured; read stay",
)
_TO_A_FILE = (
    "sh",
    "-c",
    "stty raw -echo; printf 'ready\\r\\n'; exec cat > .claude/users/$QMS_USER/workspace/keys",
)


@row("keeper")
def keeper(bench: Bench) -> Iterator[Line]:
    """Seven agents that are silent, that have much to show, that stream."""
    seconds = bench.times(20, 3)
    for name, command in (("silent", _SILENT), ("full", _FULL), ("streaming", _STREAMING)):
        with _house(bench) as house:
            cpu, private = asyncio.run(_cost(house, command, seconds))
        what = f"of the keeper with 7 agents, {name}"
        if name == "full":
            what += f" histories of {HISTORY} lines of 199 columns"
        else:
            bar = Bar(0.5) if name == "silent" else None
            yield Line(f"keeper, {name}, cpu", f"processor time {what}, over {seconds} s", "%", cpu, bar=bar)
        yield Line(f"keeper, {name}", f"memory (USS) {what}", "MB", private / _MEGABYTE, bar=Bar(40 + 5 * 7))


@row("faults")
def faults(bench: Bench) -> Iterator[Line]:
    """Keys typed while the keeper is killed, the interface leaves, the container is paused."""
    count = bench.times(KEYS, 100)
    seed = random.randrange(2**32)
    with _house(bench) as house:
        lost, injected, worst = asyncio.run(_keys_under_faults(house, count, random.Random(seed)))
    kinds = "keeper killed, interface left, container paused"
    what = f"of {count} keys, with {injected} faults at random ({kinds}), seed {seed}"
    yield Line("keys lost or changed", what, "", lost, bar=Bar(0))
    yield Line(
        "back after a fault", f"the longest of {injected} until the pane runs again", "s", worst, bar=Bar(2)
    )


@row("day")
def day(bench: Bench) -> Iterator[Line]:
    """A day's worth of coming back and of output."""
    returns, output = bench.times(200, 10), bench.times(2_000_000_000, 20_000_000)
    with _house(bench) as house:
        before, after = asyncio.run(_day(house, returns, output))
    what = f"memory (USS) gained by {returns} re-attachments and {output / _MEGABYTE:,.0f} MB of output"
    for name, early, late in zip(("keeper", "interface"), before, after, strict=True):
        yield Line(
            f"a day, {name}",
            f"{what}; {late / _MEGABYTE:.0f} MB then",
            "MB",
            (late - early) / _MEGABYTE,
            bar=Bar(5),
        )


@contextmanager
def _house(bench: Bench) -> Iterator[House]:
    """A project with a keeper that keeps its files in the bench's folder, and is of this working copy."""
    own = {"XDG_STATE_HOME": str(bench.fresh("state")), "PYTHONPATH": str(REPOSITORY)}
    before = {name: os.environ.get(name) for name in own}
    with engine_and_image() as (engine, image):
        os.environ.update(own)
        root = project(bench)
        house = House(root, image)
        try:
            yield house
        finally:
            house.end()
            clear(engine, root)
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})


async def _cost(house: House, command: tuple[str, ...], seconds: float) -> tuple[float, int]:
    """Per cent of a core, and bytes."""
    try:
        for name in AGENTS:
            client, _ = await house.start(name, *command)
            await client.wait(partial(_says_ready, client), "ready", 60)
        process = _keeper(house)
        began, used = time.monotonic(), _used(process)
        await asyncio.sleep(seconds)
        cpu = 100 * (_used(process) - used) / (time.monotonic() - began)
        return cpu, process.memory_full_info().uss
    finally:
        await house.leave()


async def _keys_under_faults(house: House, count: int, chance: random.Random) -> tuple[int, int, float]:
    """How many keys did not arrive in their places, how many faults there were, the longest return."""
    engine = docker.APIClient()
    injected, worst = 0, 0.0
    keys = bytes(chance.choice(b"abcdefghijklmnopqrstuvwxyz") for _ in range(count))
    try:
        client, _ = await house.start("qa", *_TO_A_FILE)
        await client.expect("ready")
        for number in range(count):
            client.type(keys[number : number + 1])
            await asyncio.sleep(chance.uniform(0, 0.01))
            if chance.random() < 0.03:
                injected += 1
                began = time.perf_counter()
                client = await _fault(house, client, engine, chance)
                worst = max(worst, time.perf_counter() - began)
        wanted = house.root / ".claude/users/qa/workspace/keys"
        await _until(lambda: wanted.stat().st_size >= count)
        arrived = wanted.read_bytes()
    finally:
        await house.leave()
        engine.close()
    return (
        sum(a != b for a, b in zip(keys, arrived, strict=False)) + abs(len(arrived) - count),
        injected,
        worst,
    )


async def _fault(house: House, client: Client, engine: docker.APIClient, chance: random.Random) -> Client:
    """One of them, while keys go on where somebody could type."""
    kind = chance.choice(("keeper", "leave", "pause"))
    if kind == "keeper":
        house.kill_keeper()
        restored = len(client.restored)
        await client.wait(lambda: len(client.restored) > restored, "the return")
    elif kind == "leave":
        await client.close()
        client = house.client("qa", command=_TO_A_FILE)
        await client.come_back()
    else:
        container = (await client.docker.find("qa")).container
        await asyncio.to_thread(engine.pause, container)
        await asyncio.to_thread(engine.unpause, container)
    return client


async def _day(house: House, returns: int, output: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Memory of the keeper and of this process, at the beginning and at the end of the day."""
    ours = psutil.Process()
    command = (*_POURING[:2], _POURING[2].format(output))
    try:
        first, witness = await house.start("qa", *command)
        witness.close()
        await first.expect("ready")
        first.type(b"go\r")
        await house.let_go(first)
        early: tuple[int, int] | None = None
        client = house.client("qa", command=command)
        await client.come_back()
        for number in range(returns):
            client.restored.clear()
            client.drop()
            await client.comes_again(1)
            if number == min(20, returns // 2):
                early = _keeper(house).memory_full_info().uss, ours.memory_full_info().uss
        await client.wait(lambda: _all_is_shown(client), "poured", 900)
        assert early is not None
        return early, (_keeper(house).memory_full_info().uss, ours.memory_full_info().uss)
    finally:
        await house.leave()


def _all_is_shown(client: Client) -> bool:
    """Whoever falls behind is given the state anew; what the test notes of each is not the interface's."""
    client.restored.clear()
    return "poured" in "\n".join(client.link.terminal.display)


def _says_ready(client: Client) -> bool:
    """A stream has scrolled it off already."""
    terminal = client.link.terminal
    return terminal.history_length > 50 * terminal.lines or "ready" in "\n".join(terminal.display)


def _keeper(house: House) -> psutil.Process:
    status = house.keeper().status()
    assert status is not None, "no keeper runs"
    return psutil.Process(status["pid"])


def _used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def _until(holds: Callable[[], bool], patience: float = 30) -> None:
    async with asyncio.timeout(patience):
        while not holds():  # noqa: ASYNC110 - files and memory tell nobody
            await asyncio.sleep(0.05)
