"""What goes wrong beside the agents: disks, the keeper, starts half-way. Panes tell, agents go on."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from qms_tui.config.paths import Mount
from qms_tui.core import AgentState
from qms_tui.keeper import client as keeper_client
from qms_tui.keeper.journal.records import Output
from qms_tui.keeper.paths import SOCKET
from qms_tui.keeper.protocol import Kind, frame
from qms_tui.runtime.docker import runtime as docker_runtime

from . import engine as engines
from . import kept
from .faulty import (
    OtherKeeper,
    SmallDisk,
    echoes,
    forget,
    keeper_pid,
    keepers_folder,
    knocking,
    remove,
    stopped,
    tells,
    until,
)
from .kept import Client, House
from .relay import Relay
from .shown import differences_at_rest

BASH = ("bash", "--norc", "-i")
MUCH = b"seq 3000\r"  # more than a page that is not quite full
SOON = 5.0  # seconds, on a busy machine: what nobody holds up
GIVEN_UP = 10.0  # the same for what has a deadline of a second
ATTACH_DEADLINE = 7.0  # seconds: who waited for that would be late


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """The state folder's."""
    made = SmallDisk(tmp_path / "state")
    yield made
    made.close()


@pytest.fixture
def tiny_house(
    engine: docker.APIClient, programs_image: str, tmp_path: Path, disk: SmallDisk
) -> Iterator[House]:
    """A project whose keeper has little room."""
    with kept.house(engine, programs_image, tmp_path) as house:
        yield house


@contextlib.contextmanager
def hung(pid: int) -> Iterator[None]:
    """A keeper that does nothing, asked with a deadline that a test can wait for.

    Not longer than it hangs: on a busy machine, one that works may need more than that.
    """
    with stopped(pid), pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeper_client, "KNOCK_PATIENCE", 1.0)
        yield


def printed(home: House, name: str) -> bytes:
    return b"".join(fact.data for fact in home.journal(name) if isinstance(fact, Output))


def containers(engine: docker.APIClient, home: House) -> list[str]:
    wanted = {"label": f"{engines.PROJECT_LABEL}={home.root}"}
    return [row["Id"] for row in engine.containers(all=True, filters=wanted)]


async def starts(client: Client, word: str) -> None:
    """What was refused works now."""
    client.agent.restart()
    await client.agent.settled()
    client.docker.opened.free()
    await echoes(client, word)


# -- disks ----------------------------------------------------------------------------------------------


async def test_disk_full(tiny_house: House, disk: SmallDisk) -> None:
    """The agent goes on, the journal in memory; with room again nothing is missing."""
    client, witness = await tiny_house.start("full", *BASH)
    await echoes(client, "before")
    disk.fill()
    client.type(MUCH)
    await tells(client, "No space left on device")
    await echoes(client, "meanwhile")
    disk.empty()
    await tells(client, "", 15)
    assert "written to disk again" in client.notices[-1]
    await echoes(client, "afterwards")
    assert await differences_at_rest(client, witness) == []
    # Humans come first: it is written a moment after it is shown.
    words = (b"before", b"\n2999\r\n3000", b"meanwhile", b"afterwards")
    await until(lambda: all(word in printed(tiny_house, "full") for word in words), "it all in the journal")
    await tiny_house.leave()


async def test_disk_read_only(tiny_house: House, disk: SmallDisk, engine: docker.APIClient) -> None:
    """No keeper, so no start; it says why, leaves no container, and works once the disk does."""
    disk.allow("ro")
    client = tiny_house.client("denied", command=BASH)
    client.agent.open()
    await client.agent.settled()
    assert client.agent.state is AgentState.FAILED
    assert "Read-only file system" in str(client.agent.view.trouble)
    assert containers(engine, tiny_house) == []
    disk.allow("rw")
    await starts(client, "writable")
    await tiny_house.leave()


async def test_journal_removed(home: House) -> None:
    """As README says that one forgets an agent's output."""
    client, _ = await home.start("removed", *BASH)
    await echoes(client, "before")
    remove(keepers_folder(home) / "removed")
    await until(lambda: home.journal("removed"), "another journal")
    await echoes(client, "after")
    await until(lambda: b"after" in printed(home, "removed"), "what is printed now")


async def test_journal_removed_while_no_keeper_runs(home: House) -> None:
    """The next one has never listened to the agent: what it shows is from the engine's log."""
    client, _ = await home.start("unknown", *BASH)
    await echoes(client, "before")
    await home.let_go(client)
    home.kill_keeper()
    remove(keepers_folder(home) / "unknown")
    again = home.client("unknown")
    await again.come_back()
    await again.expect("before")
    await until(lambda: b"before" in printed(home, "unknown"), "what the engine's log has")


async def test_state_folder_removed(home: House) -> None:
    """The keeper's socket too: it makes way for one that can be found."""
    client, witness = await home.start("forgotten", *BASH)
    await echoes(client, "before")
    pid, frozen = keeper_pid(home), await witness.settle()
    forget(home)
    assert (await client.comes_again(3)).differences(frozen) == []
    assert keeper_pid(home) != pid
    await until(lambda: has_ended(pid), "its end")
    await echoes(client, "after")
    await until(lambda: b"after" in printed(home, "forgotten"), "what is printed now")
    again = home.client("forgotten")
    assert (await again.come_back()).differences(await witness.settle()) == []


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or waits to be reaped: that has no command line."""
    try:
        return not Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return True


# -- the keeper -----------------------------------------------------------------------------------------


async def test_keeper_killed_gap_told(home: House) -> None:
    client, _ = await home.start("gap", *BASH)
    await echoes(client, "before")
    client.type(b"while sleep 0.02; do echo mean''while; done & clear\r")
    await client.expect("meanwhile\n")
    home.kill_keeper()
    await client.comes_again(3)
    incomplete = "may be incomplete: the keeper was away"
    await client.wait(lambda: any(incomplete in note for note in client.notices), "a notice")
    await tells(client, "")
    await echoes(client, "after")


async def test_keeper_hung(home: House) -> None:
    client, witness = await home.start("hung", *BASH)
    await echoes(client, "before")
    with hung(keeper_pid(home)):
        await tells(client, "the keeper does not answer")
        client.type(b"echo in''put\r")  # it waits
        began = time.monotonic()
        new = home.client("hung")
        new.agent.open()
        await new.agent.settled()
        assert "the keeper does not answer" in str(new.agent.view.trouble)
        assert "stop --all" in getattr(new.agent.view.trouble, "hint", "")
        assert time.monotonic() - began < GIVEN_UP
    await tells(client, "")
    await client.expect("\ninput\n")
    new.agent.restart()
    await new.comes_again(1)
    assert await differences_at_rest(client, witness) == []
    assert await differences_at_rest(new, witness) == []


async def test_keeper_hung_ended_by_stop(home: House) -> None:
    """What the hint says helps; the agent does not notice, and the pane comes back by itself."""
    client, witness = await home.start("ended", *BASH)
    await echoes(client, "before")
    await client.settle()  # what a keeper has not read yet goes with it: here the prompt
    pid = keeper_pid(home)
    with hung(pid):
        assert await asyncio.to_thread(home.keeper().stop)
    await until(lambda: (home.keeper().status() or {"pid": pid})["pid"] != pid, "another keeper")
    await echoes(client, "after")
    assert await differences_at_rest(client, witness) == []


async def test_keeper_of_another_version(home: House) -> None:
    home.end()
    await until(lambda: not (keepers_folder(home) / SOCKET).exists(), "its end")
    other = OtherKeeper(keepers_folder(home))
    try:
        client, _ = await home.start("newer", *BASH)
        assert other.ended
        await echoes(client, "replaced")
    finally:
        other.close()


async def test_keeper_given_rubbish(home: House) -> None:
    """Random frames, half frames, and frames that are announced as larger than any."""
    client, witness = await home.start("rubbish", *BASH)
    pid, chance = keeper_pid(home), random.Random(4)
    noise = [chance.randbytes(chance.randrange(1, 200)) for _ in range(300)]
    frames = [frame(chance.choice(list(Kind)), chance.randbytes(chance.randrange(9))) for _ in range(300)]
    halves = [frame(Kind.HELLO, b"[" * 100_000), frame(Kind.HELLO, b"{}")[:-1], b"\x01\xff\xff\xff\xff"]
    with contextlib.ExitStack() as open_ones:
        for data in noise + frames + halves:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # refused before its end
                open_ones.enter_context(knocking(home)).sendall(data)
        await echoes(client, "unharmed")
    assert keeper_pid(home) == pid
    assert await differences_at_rest(client, witness) == []


async def test_keeper_given_10000_connections(home: House) -> None:
    """Two thousand at a time: this process may have no more files open."""
    client, _ = await home.start("crowd", *BASH)
    pid = keeper_pid(home)
    for wave in range(5):
        crowd = await asyncio.to_thread(lambda: [connected(home) for _ in range(2000)])
        await echoes(client, f"wave{wave}")
        for one in crowd:
            one.close()
    status = home.keeper().status()
    assert status is not None
    assert status["pid"] == pid
    assert await home.client("crowd").come_back()
    await until(lambda: len(os.listdir(f"/proc/{pid}/fd")) < 100, "all of them to be closed")


def connected(home: House) -> socket.socket:
    with knocking(home) as one:
        return one.dup()


@pytest.fixture
def tidy() -> Iterator[None]:
    """What is left to the garbage collector goes where warnings of it are expected, not in another test."""
    yield
    gc.collect()


# -- half-way -------------------------------------------------------------------------------------------


async def test_start_refused_by_the_keeper(home: House, engine: docker.APIClient) -> None:
    """Between create and start: nothing is left of it."""
    await home.start("other", *BASH)
    home.clear(engine)
    client = home.client("halfway", command=BASH)
    with hung(keeper_pid(home)):
        client.agent.open()
        await client.agent.settled()
        assert client.agent.state is AgentState.FAILED
        assert "the keeper does not answer" in str(client.agent.view.trouble)
        assert containers(engine, home) == []
    await starts(client, "started")


@pytest.mark.parametrize(
    ("source", "target"),
    [("/nowhere", "/mnt"), ("/etc", "/etc/acts.py")],  # a folder cannot be where a file is
    ids=["create", "start"],
)
async def test_start_refused_by_the_engine(
    home: House, engine: docker.APIClient, source: str, target: str
) -> None:
    client = home.client("refused", command=BASH, mounts=(Mount(Path(source), target),))
    client.agent.open()
    await client.agent.settled()
    assert client.agent.state is AgentState.FAILED
    assert source in str(client.agent.view.trouble)
    assert containers(engine, home) == []


# The SDK leaves a Unix socket to the garbage collector where nobody listens.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_attach_hangs(
    engine: docker.APIClient, programs_image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keeper's, at the engine. Given up in time; the other pane and its keys do not notice."""
    with (
        Relay(tmp_path / "engine") as relay,
        kept.house(engine, programs_image, tmp_path, relay.host) as home,
    ):
        steady, _ = await home.start("steady", *BASH)
        first, _ = await home.start("hanging", *BASH)
        container = first.agent.container_id or (await first.docker.find("hanging")).id
        await home.let_go(first)
        relay.swallows = f"{container}/attach?".encode()
        restored = len(steady.restored)
        home.kill_keeper()
        await steady.comes_again(restored + 1)
        hanging = home.client("hanging", command=BASH)
        with monkeypatch.context() as patch:
            patch.setattr(docker_runtime, "ATTACH_DEADLINE", ATTACH_DEADLINE)
            began = time.monotonic()
            hanging.open()
            while time.monotonic() - began < 1:
                await asyncio.wait_for(echoes(steady, f"key{time.monotonic_ns()}"), SOON)
            await hanging.wait(lambda: hanging.agent.state is AgentState.FAILED, "its end")
        assert "no answer within 7 s" in str(hanging.agent.view.trouble)
        relay.swallows = b""
        relay.cut()
        hanging.agent.restart()
        await hanging.wait(lambda: hanging.agent.state is AgentState.RUNNING, "it")
        await echoes(hanging, "back")
        await home.leave()
        home.clear(engine)
