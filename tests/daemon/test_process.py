"""The daemon's process: started once, found again, ended, killed, hung, replaced; agents go on meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys

import pytest

from qms_tui.api.agents import AgentState
from qms_tui.api.client import Client
from qms_tui.api.commands import RESTART, Hold, Restart
from qms_tui.api.daemon import Hangs
from qms_tui.api.environment import own_environment
from qms_tui.api.place import LOCK, SOCKET, daemon_folder
from qms_tui.daemon.process import LONELY

from .household import SHELL, Household

APART = {
    "mount": (["unshare", "--mount"], "another mount namespace"),
    "pid": (["unshare", "--pid", "--fork", "--kill-child"], "another PID namespace"),
    "user": (["setpriv", "--reuid", "12345", "--clear-groups"], "user 12345"),
}
IMPATIENT = """
import sys
from qms_tui.daemon import process
process.LONELY = 0.2
process.serve(sys.argv[1:])
"""
KNOCK = """
import socket, sys
link = socket.socket(socket.AF_UNIX)
link.connect(sys.argv[1])  # from where it is: its whole path may be longer than an address
link.sendall(b'{"jsonrpc": "2.0", "id": 1, "method": "hello", "params": {"version": {}}}\\n')
print(link.recv(1000))
"""


async def test_it_holds_agents_and_is_found_again(household: Household) -> None:
    assert await household.daemon.find("nobody") is None
    assert household.processes() == []
    first = await household.hold("qa")
    await household.until(lambda: first.state("qa") is AgentState.RUNNING)
    second = await household.hold("bu")
    await household.until(lambda: second.state("bu") is AgentState.RUNNING)
    assert (await household.status(first)).pid == (await household.status(second)).pid
    assert set(first.mirror.agents) == {"qa", "bu"}
    assert household.processes().count("qms_tui.daemon") == 1


async def test_starts_at_the_same_time_lead_to_one(household: Household) -> None:
    wish = Hold(("qa",), "local", SHELL)
    environment = own_environment(whole=True)
    clients = await asyncio.gather(
        *(household.daemon.hold(f"client {number}", wish, environment) for number in range(4))
    )
    await household.until(lambda: household.processes().count("qms_tui.daemon") == 1)  # others see and end
    for client in clients:
        await client.close()


async def test_nobody_else_may_enter(household: Household) -> None:
    await household.hold("qa")
    folder = daemon_folder(household.root)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / SOCKET).stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / LOCK).stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make namespaces and be others")
@pytest.mark.parametrize("where", APART)
async def test_strangers_are_turned_away(household: Household, where: str) -> None:
    """Though they reach the socket: a container does by a mount, another user by a mode that somebody set."""
    window = await household.hold("qa")
    path = daemon_folder(household.root) / SOCKET
    path.chmod(0o777)
    for folder in path.parents[:-2]:
        folder.chmod(folder.stat().st_mode | 0o011)
    before, why = APART[where]
    knock = [*before, "/usr/bin/python3", "-c", KNOCK, path.name]
    found = await asyncio.to_thread(
        subprocess.run, knock, cwd=path.parent, capture_output=True, text=True, timeout=60
    )
    assert found.stdout in ("b''\n", ""), found
    await household.until(lambda: why in household.log)
    assert (await household.status(window)).clients == 1


async def test_it_ends_when_it_is_asked_to_and_agents_go_on(household: Household) -> None:
    window = await household.hold("qa")
    await household.until(lambda: window.state("qa") is AgentState.RUNNING)
    began = household.began("qa")
    await household.until(lambda: window.agent("qa").began == began)
    process = household.kill(signal.SIGTERM)
    await window.client.wait_lost()
    await household.until(lambda: not process.is_running())
    assert not (daemon_folder(household.root) / SOCKET).exists()
    assert "ended" in household.log
    again = await household.window_of_new()
    await household.until(lambda: again.state("qa") is AgentState.RUNNING)
    assert again.agent("qa").began == household.began("qa") == began


async def test_one_that_is_killed_is_started_again_with_what_it_held(household: Household) -> None:
    window = await household.hold("qa", command="sh -c 'echo here; read line; echo got $line; read line'")
    await household.until(lambda: window.state("qa") is AgentState.RUNNING)
    began = household.began("qa")
    household.kill()
    await window.client.wait_lost()
    again = await household.window_of_new()
    await household.until(lambda: again.state("qa") is AgentState.RUNNING)
    assert again.agent("qa").began == household.began("qa") == began
    await again.ask(RESTART, Restart("qa"))
    await household.until(lambda: household.printed().count("here") == 2)  # what was said with --command


async def test_one_that_hangs_is_said_and_replaced(household: Household) -> None:
    window = await household.hold("qa")
    await household.until(lambda: window.state("qa") is AgentState.RUNNING)
    began = household.began("qa")
    hung = household.kill(signal.SIGSTOP)
    with pytest.raises(Hangs) as raised:
        await household.daemon.find("a command that only looks")
    assert raised.value.hint
    assert hung.is_running()
    again = await household.window_of_new()
    assert (await household.status(again)).pid != hung.pid
    await household.until(lambda: again.state("qa") is AgentState.RUNNING)
    assert again.agent("qa").began == household.began("qa") == began


async def test_an_older_one_is_replaced_and_a_newer_one_is_not(household: Household) -> None:
    window = await household.hold("qa")
    lock = daemon_folder(household.root) / LOCK
    said, pids = json.loads(lock.read_text()), [household.process().pid]
    for version in ("99.0.0", "0.0.9"):
        lock.write_text(json.dumps({**said, "version": version}))
        again = await household.window_of_new()
        pids.append((await household.status(again)).pid)
    assert pids[0] == pids[1] != pids[2]
    await window.client.wait_lost()


async def test_it_ends_where_its_project_or_its_files_are_gone(household: Household) -> None:
    await household.hold("qa")
    process = household.process()
    household.root.rename(household.root.with_name("moved"))
    await household.until(lambda: not process.is_running())
    household.root.with_name("moved").rename(household.root)
    await household.hold("qa")
    process = household.process()
    shutil.rmtree(daemon_folder(household.root))
    await household.until(lambda: not process.is_running())


async def test_it_ends_when_nobody_needs_it(household: Household) -> None:
    """Neither a client, nor an agent, nor a policy that may start one."""
    assert LONELY > 10
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", IMPATIENT, "--project", str(household.root)), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert json.loads(await process.stdout.readline()) == {"ready": True}
    window = await household.hold("qa", command="sh -c 'read line'")
    await household.until(lambda: window.state("qa") is AgentState.RUNNING)
    await window.client.close()
    await asyncio.sleep(1)
    assert process.returncode is None, "it ended with an agent that runs"
    assert household.run("stop", "qa").returncode == 0
    await asyncio.wait_for(process.wait(), 30)
    assert "nobody needs us" in household.log


async def test_one_that_cannot_start_says_why(household: Household) -> None:
    household.set("theme = 7\n")
    with pytest.raises(Exception, match="theme") as raised:
        await household.daemon.reach("test")
    assert raised.value.hint  # type: ignore[attr-defined]


async def test_a_full_queue_of_one_that_hangs_is_no_endless_wait(household: Household) -> None:
    await household.hold("qa")
    hung = household.kill(signal.SIGSTOP)
    crowd = []
    with contextlib.suppress(BlockingIOError):
        for _ in range(140):
            crowd.append(household.knock())
    assert len(crowd) < 140, "its queue is not full"
    again = await household.window_of_new()
    assert (await household.status(again)).pid != hung.pid
    for each in crowd:
        each.close()


async def test_a_client_of_another_kind_is_no_burden(household: Household) -> None:
    """Who connects and says nothing, or goes at once, keeps nothing busy."""
    window = await household.hold("qa")
    silent = [household.knock() for _ in range(10)]
    for each in silent[:5]:
        each.close()
    assert (await household.status(window)).pid == household.process().pid
    for each in silent[5:]:
        each.close()
    client = await Client.connect(household.knock())
    await client.hello("another")
    await client.close()
