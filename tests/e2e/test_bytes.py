"""Keys, pastes and sizes on their way to a program in a container."""

from __future__ import annotations

import asyncio
import hashlib
import random
import tracemalloc
from collections.abc import AsyncIterator

import pytest

from qms_tui.ipc.stream import QUEUE_LIMIT, URGENT_ROOM
from qms_tui.runtime import Size

from .direct import DirectRuntime
from .held import Held, started

PASTE = random.Random(57).randbytes(5_000_000)


@pytest.fixture
async def qa(runtime: DirectRuntime) -> AsyncIterator[Held]:
    """An agent that has greeted and knows its size."""
    async with started(runtime, "qa") as held:
        await held.expect(rb"agent ready qa")
        held.type(b"size\r")
        await held.expect(rb"size 24 80\r\n")
        yield held


async def test_every_byte_arrives_at_once(qa: Held) -> None:
    """Ctrl+Space, Ctrl-P and all others, none held back until the next one comes; Ctrl-D comes last."""
    qa.type(b"raw\r")
    await qa.expect(rb"raw ready\r\n")
    for key in [*range(0x04), *range(0x05, 0x20), 0x10, 0x11, 0x7F, 0x80, 0xC3, 0xFE, 0x04]:
        qa.type(bytes([key]))
        await qa.expect(rb"\Akey %02x\r\n" % key)
    await qa.expect(rb"raw done\r\n")


async def test_a_big_paste_and_keys_typed_meanwhile_arrive_in_order(qa: Held) -> None:
    keys = [f"key {n:02} ".encode() for n in range(50)]
    wanted = PASTE + b"".join(keys)
    qa.type(b"sum %d\r" % len(wanted))
    await qa.expect(rb"sum ready\r\n")
    assert qa.attachment.write(PASTE)
    for key in keys:
        qa.type(key)
        await asyncio.sleep(0)  # the loop sends between two keys
    await qa.expect(b"sum " + hashlib.sha256(wanted).hexdigest().encode())
    await qa.expect(rb"sum done\r\n")
    qa.type(b"after\r")
    await qa.expect(rb"echo:after\r\n")


async def test_a_program_that_never_reads_gets_no_more_pastes(qa: Held) -> None:
    qa.type(b"hang\r")
    await qa.expect(rb"hang ready\r\n")
    taken = 0
    tracemalloc.start()
    try:
        while qa.attachment.write(PASTE):
            taken += len(PASTE)
            await asyncio.sleep(0)
        refused = sum(qa.attachment.write(PASTE) for _ in range(100))
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert refused == 0
    assert taken < QUEUE_LIMIT + 16 * 2**20  # what the kernel and the engine hold for the program
    assert grown < QUEUE_LIMIT
    for _ in range(1000):
        qa.type(b"k")  # there is room for a thousand keys


async def test_keys_have_a_bound_too(qa: Held) -> None:
    qa.type(b"hang\r")
    await qa.expect(rb"hang ready\r\n")
    while qa.attachment.write(bytes(2**20), urgent=True):  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert not qa.attachment.write(bytes(URGENT_ROOM + 2**20), urgent=True)


async def test_a_flood_is_complete_while_others_answer(runtime: DirectRuntime, qa: Held) -> None:
    async with started(runtime, "claude") as claude:
        await claude.expect(rb"agent ready claude")
        qa.type(b"flood 100000\r")
        await qa.expect(rb"flood 1\r\n")
        claude.type(b"hello\r")
        await claude.expect(rb"echo:hello\r\n")
        await qa.expect(rb"flood 100000\r\n")
        assert qa.before.count(b"flood ") == 99_998


async def test_nothing_is_taken_once_closed(qa: Held) -> None:
    qa.attachment.close()
    qa.attachment.close()
    assert not qa.attachment.write(b"late")
    qa.attachment.resize(Size(90, 30))
    assert not qa.ended.is_set()  # closing is no ending
