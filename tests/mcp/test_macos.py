"""A gateway on a system without prctl, /proc and long addresses: a shell ends its servers with it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from mcp.shared.exceptions import MCPError

from qms_tui.config import McpServer
from qms_tui.ipc import LONGEST
from tests.macos import LACKING
from tests.mcp.house import SECONDS, House, text_of, wait_until
from tests.mcp.test_hostile import knock

DEAF = McpServer("deaf", command=("/bin/sh", "-c", "sleep 600 & wait"), url="http://127.0.0.1:9/mcp")
KEPT_ALIVE = """
import socket
from qms_tui.mcp.hall import keep_alive
with socket.socket() as connected:
    keep_alive(connected)
    options = (socket.TCP_KEEPALIVE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
    print(*(connected.getsockopt(socket.IPPROTO_TCP, option) for option in options))
"""


@pytest.fixture(autouse=True)
def lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test starts has the Python of `tests.macos`."""
    monkeypatch.setenv("PYTHONPATH", LACKING)


def below(house: House) -> list[psutil.Process]:
    """Everything that the gateway has started, and what that has."""
    assert house.process is not None
    return psutil.Process(house.process.pid).children(recursive=True)


def names(processes: list[psutil.Process]) -> list[str]:
    """Of those that are still there."""
    found = []
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            found.append(process.name())
    return sorted(found)


@pytest.mark.parametrize("end", [House.kill, House.close], ids=["killed", "told"])
def test_what_it_started_ends_with_it(make_house: Callable[..., House], end: Callable[[House], None]) -> None:
    """Also what does not look at its standard input, and what a wrapper has started."""
    house = make_house(DEAF)
    wait_until(lambda: names(below(house)) == ["sh", "sh", "sleep"], "the server runs, a shell beside it")
    started = below(house)
    end(house)
    assert psutil.wait_procs(started, SECONDS)[1] == []


async def test_a_server_that_ends_leaves_no_shell_behind(
    make_house: Callable[..., House], stdio: McpServer
) -> None:
    house = make_house(stdio)
    house.up("test")
    before = names(below(house))
    assert len(before) == 2
    async with house.client("qa", "test") as session:
        with pytest.raises(MCPError):
            await session.call_tool("die", {})
        assert text_of(await session.call_tool("count", {"key": "after"})) == "after"
        wait_until(lambda: names(below(house)) == before, "the shell beside the first one has ended")


def test_a_server_that_cannot_be_started_says_why(make_house: Callable[..., House]) -> None:
    house = make_house(McpServer("test", command=("no-such-program",)))

    def detail() -> Any:
        (server,) = house.status()["servers"]
        return server["detail"]

    said = "cannot start no-such-program: No such file or directory"
    wait_until(lambda: detail() == said, "it says why, as on Linux")


def test_sockets_with_long_paths_are_listened_at(stdio: McpServer, tmp_path: Path) -> None:
    """Below ~/Library/Application Support, macOS's folder for such files, most paths are too long."""
    house = House(tmp_path / ("long" * 25), (stdio,), ("qa",))
    house.start()
    try:
        house.up("test")
        assert len(os.fsencode(house.socket("qa"))) > LONGEST
        knock(house.socket("qa")).close()
    finally:
        house.close()


def test_a_peer_that_has_vanished_is_missed() -> None:
    done = subprocess.run([sys.executable, "-c", KEPT_ALIVE], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("15 5 3\n", "")
