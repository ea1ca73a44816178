"""The gateway as the keeper has it: a real process, started when there are servers, again when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

from qms_tui.keeper.gateway import GatewayProcess
from qms_tui.mcp.places import SOCKET, agent_folder, gateway_folder
from qms_tui.mcp.status import gateway_status

SECONDS = 30.0


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's configuration, empty."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "config.toml"
    path.write_text("")
    return path


@pytest.fixture
async def gateway(tmp_path: Path, config: Path) -> AsyncIterator[GatewayProcess]:
    root = tmp_path / "project"
    (root / ".claude").mkdir(parents=True)
    (tmp_path / "keeper").mkdir()
    found = GatewayProcess(tmp_path / "keeper", root, config, "info")
    yield found
    await found.close()


def configure(config: Path, *names: str) -> None:
    config.write_text("".join(f"[mcp.{name}]\ncommand = [{sys.executable!r}, '-c', '']\n" for name in names))


async def until(holds: Callable[[], object], what: str) -> None:
    async with asyncio.timeout(SECONDS):
        while not holds():  # noqa: ASYNC110 another process does it
            await asyncio.sleep(0.02)


def pid_of(tmp_path: Path) -> int:
    status = gateway_status(gateway_folder(tmp_path / "keeper"))
    return int(status["pid"]) if status else 0


def servers_of(tmp_path: Path) -> list[str]:
    status = gateway_status(gateway_folder(tmp_path / "keeper"))
    return [str(server["name"]) for server in status["servers"]] if status else []


def agents_of(tmp_path: Path) -> list[str]:
    status = gateway_status(gateway_folder(tmp_path / "keeper"))
    return [str(each["agent"]) for each in status["agents"]] if status else []


def gateways(tmp_path: Path) -> list[psutil.Process]:
    """Those of this test; a child of another one may end while we look."""
    found, folder = [], str(gateway_folder(tmp_path / "keeper"))
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            found += [child] if {"qms_tui.mcp", folder} <= set(child.cmdline()) else []
    return found


async def test_without_servers_there_is_none(gateway: GatewayProcess, tmp_path: Path) -> None:
    gateway.serve("qa")
    await asyncio.sleep(0)
    assert gateways(tmp_path) == []


async def test_it_opens_doors_and_is_started_again(
    gateway: GatewayProcess, config: Path, tmp_path: Path
) -> None:
    configure(config, "one")
    folder = gateway_folder(tmp_path / "keeper")
    gateway.serve("qa")
    await until((agent_folder(folder, "qa") / SOCKET).exists, "qa's door")
    gateway.serve("claude")
    await until((agent_folder(folder, "claude") / SOCKET).exists, "claude's door")
    await until(lambda: pid_of(tmp_path), "it answers")
    first = pid_of(tmp_path)
    os.kill(first, signal.SIGKILL)
    await until(lambda: pid_of(tmp_path) not in (0, first), "another one")
    await until(lambda: agents_of(tmp_path) == ["claude", "qa"], "it serves both")  # once it has read that


async def test_a_change_of_the_configuration_holds_with_the_next_agent(
    gateway: GatewayProcess, config: Path, tmp_path: Path
) -> None:
    configure(config, "one")
    gateway.serve("qa")
    await until(lambda: servers_of(tmp_path) == ["one"], "the first")
    configure(config, "one", "two")
    gateway.serve("claude")
    await until(lambda: servers_of(tmp_path) == ["one", "two"], "both")
    config.write_text("nonsense")  # noqa: ASYNC240
    gateway.serve("tu_ui")
    assert servers_of(tmp_path) == ["one", "two"]


async def test_what_servers_write_is_not_the_keepers_alone(config: Path, tmp_path: Path) -> None:
    written = tmp_path / "written"
    write = f"open({str(written)!r}, 'w')"
    config.write_text(f"[mcp.one]\ncommand = {[sys.executable, '-c', write]!r}\n")  # noqa: ASYNC240
    (tmp_path / ".claude").mkdir()
    gateway = GatewayProcess(tmp_path / "keeper", tmp_path, config, "info", umask=0o027)
    gateway.serve("qa")
    await until(written.exists, "the server wrote")
    assert written.stat().st_mode & 0o777 == 0o640
    assert gateway_folder(tmp_path / "keeper").stat().st_mode & 0o777 == 0o700
    await gateway.close()


async def test_it_ends_with_the_keeper(gateway: GatewayProcess, config: Path, tmp_path: Path) -> None:
    configure(config, "one")
    gateway.serve("qa")
    await until(lambda: pid_of(tmp_path), "it answers")
    process = psutil.Process(pid_of(tmp_path))
    await gateway.close()
    assert not process.is_running()
