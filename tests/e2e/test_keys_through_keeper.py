"""What is typed reaches the program whole, once and in its order, whatever happens to the keeper."""

from __future__ import annotations

import asyncio
import os
import random
import string
from itertools import groupby
from pathlib import Path

import pytest

from qms_tui.ui.terminals import keys as module

from .asking import workspace
from .faulty import keeper_pid, stopped, tells, until
from .kept import Client, House

RECORDER = ("sh", "-c", "stty raw -echo; printf 'ready '; exec cat > .claude/users/$QMS_USER/workspace/typed")
"""Writes down every byte that it is given."""
# Reads nothing until it is told to, then writes down everything.
SLEEPER = (
    "sh",
    "-c",
    "stty raw -echo; printf 'ready '; cd .claude/users/$QMS_USER/workspace; "
    "until [ -e go ]; do sleep 0.05; done; exec cat > typed",
)
FLOOD = ("/usr/bin/python3", "/etc/acts.py", "flood", "1000")
SMALL_LIMIT = 1_000_000  # bytes
QUIET = 0.3  # seconds in which what is there twice would come


def record_file(home: House, agent: str) -> Path:
    return workspace(home, agent) / "typed"


async def record(home: House, agent: str, size: int) -> bytes:
    """What the program has been given, once it is so much, and no more comes."""
    file = record_file(home, agent)
    await until(lambda: file.exists() and file.stat().st_size >= size, f"{size} bytes in {agent}")
    await asyncio.sleep(QUIET)
    return await asyncio.to_thread(file.read_bytes)


def unequal_letters(count: int, chance: random.Random) -> bytes:
    """Letters of which no two neighbours are the same."""
    letters = [chance.choice(string.ascii_letters)]
    while len(letters) < count:
        letters.append(chance.choice(string.ascii_letters.replace(letters[-1], "")))
    return "".join(letters).encode()


async def recorder(home: House, agent: str) -> Client:
    client, _ = await home.start(agent, *RECORDER)
    await client.expect("ready")
    return client


async def test_keys_and_pastes_stay_in_order(home: House) -> None:
    client = await recorder(home, "claude")
    chance, wanted = random.Random(1), b""
    for number in range(300):
        piece = unequal_letters(chance.choice((1, 1, 1, 3000, 70_000 if number % 50 == 0 else 1)), chance)
        if len(piece) == 1:
            client.type(piece)
        else:
            client.link.paste(piece)
        wanted += piece
        if number % 20 == 0:
            await asyncio.sleep(0)
    assert await record(home, "claude", len(wanted)) == wanted
    assert client.notices == []


async def test_two_screens_type_into_one_program(home: House) -> None:
    """Each one's keys stay in order; a paste of one is not torn apart by the other."""
    first = await recorder(home, "qa")
    second = home.client("qa")
    await second.come_back()
    paste = b"A" * 20_000
    for number in range(50):
        first.type(b"%d" % (number % 10))
        if number % 10 == 0:
            second.link.paste(paste)
        await asyncio.sleep(0.002)
    got = await record(home, "qa", 50 + 5 * len(paste))
    assert got.replace(b"A", b"") == b"0123456789" * 5
    assert [len(list(run)) % len(paste) for byte, run in groupby(got) if byte == ord("A")].count(0) >= 1
    assert got.count(b"A") == 5 * len(paste)


async def test_a_program_that_does_not_read(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A paste is taken whole or not at all, a key is told to be lost; what was taken arrives."""
    monkeypatch.setattr(module, "QUEUE_LIMIT", SMALL_LIMIT)
    monkeypatch.setattr(module, "URGENT_ROOM", 20_000)
    client, _ = await home.start("bu", *SLEEPER)
    await client.expect("ready")
    wanted = b""
    while not client.notices:
        client.link.paste(b"p" * 90_000)
        await asyncio.sleep(0.02)
        wanted += b"" if client.notices else b"p" * 90_000
        assert len(wanted) < 10 * SMALL_LIMIT
    assert "does not read: the paste was refused" in client.notices[0]
    keys = b""
    while len(client.notices) == 1:
        client.type(b"k" * 1000)  # a human's patience
        await asyncio.sleep(0.02)
        keys += b"k" * 1000 if len(client.notices) == 1 else b""
        assert len(keys) < SMALL_LIMIT
    assert "does not read: the key was not sent" in client.notices[1]
    assert client.link.remark == ""  # the keeper is well
    (workspace(home, "bu") / "go").touch()
    assert await record(home, "bu", len(wanted + keys)) == wanted + keys
    client.type(b"!")
    assert await record(home, "bu", len(wanted + keys) + 1) == wanted + keys + b"!"


async def test_a_keeper_that_is_killed_again_and_again(home: House) -> None:
    """Nothing is lost or changes places; a key is there twice at most where a kill hit its very instant."""
    client = await recorder(home, "tu_ui")
    chance = random.Random(7)
    keys = unequal_letters(400, chance)
    kills = 0
    for number in range(len(keys)):
        client.type(keys[number : number + 1])
        if number % 100 == 60:
            kills += 1
            restored = len(client.restored)
            os.kill(keeper_pid(home), 9)
            client.type(b".")
            await client.wait(lambda restored=restored: len(client.restored) > restored, "the return")  # type: ignore[misc]
        elif chance.random() < 0.3:
            await asyncio.sleep(chance.uniform(0, 0.004))
    wanted = b"".join(
        keys[number : number + 1] + (b"." if number % 100 == 60 else b"") for number in range(len(keys))
    )
    await until(
        lambda: once_each(record_file(home, "tu_ui").read_bytes()) == wanted, "all keys in their order"
    )
    got = await record(home, "tu_ui", len(wanted))
    assert once_each(got) == wanted
    assert len(got) - len(wanted) <= kills


def once_each(keys: bytes) -> bytes:
    """Without those that are there twice in a row."""
    return bytes(byte for byte, _ in groupby(keys))


async def test_keys_wait_for_a_keeper_that_hangs(home: House) -> None:
    """The human is told; none is lost, and none is there twice, when the keeper goes on."""
    client = await recorder(home, "tu_sim")
    client.type(b"a")
    await record(home, "tu_sim", 1)
    with stopped(keeper_pid(home)):
        client.type(b"b")
        await tells(client, "the keeper does not answer")
        await client.wait(lambda: any("keys wait for it" in note for note in client.notices), "a warning")
        for key in (b"c", b"d"):
            client.type(key)
        await asyncio.sleep(QUIET)
        assert record_file(home, "tu_sim").stat().st_size == 1
    await tells(client, "", 10)
    client.type(b"e")
    assert await record(home, "tu_sim", 5) == b"abcde"


async def test_keys_typed_into_a_keeper_that_hangs_come_to_the_next_one(home: House) -> None:
    """It is killed while it hangs: as one key does that restarts it, and `stop --all`."""
    client = await recorder(home, "tu_ui2")
    client.type(b"a")
    await record(home, "tu_ui2", 1)
    pid, restored = keeper_pid(home), len(client.restored)
    with stopped(pid):
        for key in (b"b", b"c"):
            client.type(key)
        await tells(client, "the keeper does not answer")
        os.kill(pid, 9)
        await client.wait(lambda: len(client.restored) > restored, "the return")
    client.type(b"d")
    assert await record(home, "tu_ui2", 4) == b"abcd"


async def test_a_flood_in_another_agent(home: House) -> None:
    """Keys go on, in their order, while the keeper has more to feed than it can."""
    flooding, _ = await home.start("tu_scene", *FLOOD, feeding=False)
    await flooding.expect("ready")
    client = await recorder(home, "tu_sketch")
    flooding.type(b"g")
    keys = unequal_letters(300, random.Random(3))
    for number in range(len(keys)):
        client.type(keys[number : number + 1])
        await asyncio.sleep(0.003)
    assert await record(home, "tu_sketch", len(keys)) == keys
    assert client.notices == []
