"""An engine on another machine, by ssh: a real sshd, and an engine in a network namespace of its own."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from qms_tui.config import AgentConfig, Config
from qms_tui.core import AgentState
from qms_tui.errors import EngineError
from qms_tui.project import Project
from qms_tui.runtime import EngineBack, EngineLost, Latency
from qms_tui.runtime.docker import connect

from . import image as images
from . import project as projects
from .direct import DirectRuntime
from .engine import ANSWER_SECONDS
from .held import SIZE, started
from .own_engine import NoOwnEngine, OwnEngine
from .sshd import NoSshd, Sshd
from .watched import watched


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the other machine does not have."""
    return tmp_path_factory.mktemp("hidden")


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory, hidden: Path) -> Iterator[OwnEngine]:
    """The other machine's engine, with the tiny image."""
    try:
        engine = OwnEngine(tmp_path_factory.mktemp("far"), hidden=hidden)
    except NoOwnEngine as reason:
        pytest.skip(str(reason))
    with engine:
        with engine.client as client:
            images.ensure(client)
        yield engine


@pytest.fixture(scope="module")
def far_sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    try:
        sshd = Sshd(tmp_path_factory.mktemp("sshd"))
    except NoSshd as reason:
        pytest.skip(str(reason))
    with sshd:
        yield sshd


@pytest.fixture
def sshd(far_sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> Sshd:
    """The other machine's sshd, which our ssh knows."""
    monkeypatch.setenv("PATH", f"{far_sshd.bin}:{os.environ['PATH']}")
    return far_sshd


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project that is on both machines."""
    (tmp_path / "project").mkdir()
    return projects.make_qms_project(tmp_path / "project")


@pytest.fixture
def over(far: OwnEngine, sshd: Sshd) -> Callable[[Path], DirectRuntime]:
    """`over(root)`: a runtime on the other machine."""

    def make(root: Path) -> DirectRuntime:
        config = Config(every_agent=AgentConfig(image=images.NAME))
        return DirectRuntime(connect(sshd.host(far.socket)), Project(root), config, {})

    return make


def tunnels() -> list[psutil.Process]:
    """The ssh processes under this one."""
    return [p for p in psutil.Process().children(recursive=True) if _name(p) == "ssh"]


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.NoSuchProcess:  # it ended while we looked
        return ""


async def test_an_agent_far_away(over: Callable[[Path], DirectRuntime], root: Path) -> None:
    runtime = over(root)
    pasted = random.Random(4).randbytes(2_000_000)
    async with started(runtime, "qa") as qa:
        await qa.expect(rb"agent ready qa")
        qa.type(b"size\r")
        await qa.expect(rb"size 24 80\r\n")
        qa.type(b"sum %d\r" % (len(pasted) + 1))
        await qa.expect(rb"sum ready\r\n")
        assert qa.attachment.write(pasted)
        qa.type(b"k")
        await qa.expect(b"sum " + hashlib.sha256(pasted + b"k").hexdigest().encode())
        await runtime.stop("qa")
        await qa.end()
    await runtime.close()
    assert tunnels() == []


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
async def test_a_tunnel_that_breaks_is_made_anew(over: Callable[[Path], DirectRuntime], root: Path) -> None:
    async with watched(over(root), "qa") as held:
        await held.until(lambda: any(isinstance(event, Latency) for event in held.engine))
        latency = next(event for event in held.engine if isinstance(event, Latency))
        assert 0 < latency.seconds < 5
        (ssh,) = tunnels()
        ssh.kill()
        await held.until(lambda: any(isinstance(event, EngineLost) for event in held.engine))
        await held.until(lambda: ("qa", AgentState.UNREACHABLE) in held.states)  # perhaps for a moment only
        await held.until(lambda: any(isinstance(event, EngineBack) for event in held.engine))
        await held.until(lambda: held["qa"].state is AgentState.RUNNING)
        await held.answers("qa", "through-the-new-one")
        assert len(tunnels()) == 1
    assert tunnels() == []
    gc.collect()  # here, where the SDK's warnings are expected


async def test_a_project_that_is_not_over_there(over: Callable[[Path], DirectRuntime], hidden: Path) -> None:
    runtime = over(projects.make_qms_project(hidden))
    with pytest.raises(EngineError, match=str(hidden)) as caught:
        await runtime.start("qa", SIZE)
    assert "under the same path" in caught.value.hint
    await runtime.close()


_HOLD = """
import sys, time
from qms_tui.runtime.docker import connect
engine = connect(sys.argv[1])
print(engine.tunnel.socket, flush=True)
time.sleep(600)
"""


def test_it_ends_with_us_even_when_we_are_killed(far: OwnEngine, sshd: Sshd) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, sshd.host(far.socket)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        local = Path(holder.stdout.readline().strip())
        assert local.is_socket()
        assert local.parent.stat().st_mode & 0o777 == 0o700
        children = psutil.Process(holder.pid).children(recursive=True)
        assert len(children) == 2
        holder.kill()
    deadline = time.monotonic() + ANSWER_SECONDS
    while local.parent.exists() or any(_lives(child) for child in children):
        assert time.monotonic() < deadline, (local.parent.exists(), children)
        time.sleep(0.02)


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    ("user", "name", "path", "said", "hint"),
    [
        ("root", "localhost", "", "Host key verification failed", "compare its key"),
        ("nobody", "127.0.0.1", "", "Permission denied", "ssh-add"),
        ("root", "no-such-host.invalid", "", "Could not resolve hostname", "name of the host"),
        ("root", "127.0.0.1", "/nowhere.sock", "nothing answers at /nowhere.sock", "docker ps"),
    ],
)
def test_what_goes_wrong_is_said_in_one_line(
    sshd: Sshd, user: str, name: str, path: str, said: str, hint: str
) -> None:
    with pytest.raises(EngineError, match=said) as caught:
        connect(sshd.host(path, user, name))
    assert "\n" not in caught.value.message
    assert hint in caught.value.hint
    assert tunnels() == []


async def test_nobody_listens(sshd: Sshd) -> None:
    with pytest.raises(EngineError, match="Connection refused"):
        await asyncio.to_thread(connect, "ssh://root@127.0.0.1:1")
