"""Policies, typing, notices and all else of agents in containers, with no screen ever opened."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import docker
import pytest

from qms_tui.api.agents import AgentState, Word
from qms_tui.api.commands import RESTART, STOP, OfAgent, Restart
from qms_tui.api.place import SOCKET, daemon_folder
from qms_tui.armed import ArmedFile
from qms_tui.runtime.docker.address import find_address
from tests.daemon.household import Household, at_home
from tests.daemon.test_modules import loaded
from tests.daemon.test_process import KNOCK
from tests.inbox.qms_commands import QmsCommands
from tests.ui.reporting import report

from .engine import PROJECT_LABEL

RUNNING, ENDED = AgentState.RUNNING, AgentState.ENDED
TELL = '#!/bin/sh\ncat > "$0.$$"\nmv "$0.$$" "$0.said.$$"\n'


@pytest.fixture
async def household(
    qms_project: Path, tmp_path: Path, image: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Household]:
    home = tmp_path / "home"
    home.mkdir()
    with at_home(qms_project, home, monkeypatch) as made:
        made.set(f'[agent]\nimage = "{image}"\n')
        try:
            yield made
        finally:
            await made.close()
            made.run("stop", "--all", "--yes")


def script(text: str) -> str:
    """A command in the configuration that runs this in a shell."""
    return f"command = {json.dumps(['sh', '-c', text])}\n"


def reporting(*states: str) -> str:
    """A program that says these of itself, one after the other, each when it reads a line but the first."""
    lines = [f"printf '\\033]7501;{state}\\033\\\\'" for state in states]
    return script("; read line; ".join([*lines, "sleep 1000"]))


def printed(household: Household, agent: str = "qa") -> str:
    return household.printed(agent, find_address(None, os.environ, Path.home()).host)


def container(engine: docker.APIClient, household: Household, agent: str) -> str:
    rows = engine.containers(all=True, filters={"label": f"{PROJECT_LABEL}={household.root}"})
    return next(str(row["Id"]) for row in rows if any(agent in name for name in row["Names"]))


async def test_it_has_no_screen_and_no_terminal_and_loads_nothing_later(household: Household) -> None:
    client = await household.daemon.reach("first")
    before = loaded(household)
    window = await household.hold("qa", runtime=None)
    await household.until(lambda: window.state("qa") is RUNNING)
    await household.until(lambda: window.agent("qa").usage is not None)
    await window.ask(RESTART, Restart("qa"))
    await household.until(lambda: printed(household).count("agent ready qa") == 2)
    await window.ask(STOP, OfAgent("qa"))
    await household.until(lambda: window.state("qa") is ENDED)
    assert loaded(household)[len(before) :] == []
    assert {name for name in before if name.partition(".")[0] == "textual"} == set()
    assert household.process().terminal() is None
    await client.close()


async def test_a_task_starts_an_agent_and_what_ended_is_started_again(
    household: Household, engine: docker.APIClient
) -> None:
    household.set(
        household.config.read_text()
        + '[agent.bu]\nlaunch = "auto_on_task"\n[agent.tu_ui]\nlaunch = "always_on"\n'
    )
    window = await household.hold("qa", runtime=None)
    await household.until(lambda: window.mirror.agents.get("tu_ui") and window.state("tu_ui") is RUNNING)
    assert "bu" not in window.mirror.agents
    await window.client.close()
    QmsCommands(household.root).route("CR-056", "bu")
    await household.until(lambda: "agent ready bu" in printed(household, "bu"))
    engine.kill(container(engine, household, "tu_ui"))
    await household.until(lambda: printed(household, "tu_ui").count("agent ready tu_ui") == 2)
    again = await household.window()
    notices = " ".join(again.notices)
    assert "bu is started: CR-056 waits · launch = auto_on_task" in notices
    assert "tu_ui is started: it has ended" in notices
    await again.ask(STOP, OfAgent("tu_ui"))
    await household.until(lambda: again.state("tu_ui") is ENDED)
    assert household.run("stop", "bu").returncode == 0
    await household.until(lambda: again.state("bu") is ENDED)
    assert again.agent("tu_ui").state is ENDED


async def test_a_boot_loop_ends_after_three_tries(household: Household) -> None:
    household.set(household.config.read_text() + 'launch = "always_on"\n' + script("echo here; exit 3"))
    window = await household.hold("qa", runtime=None)
    await household.until(lambda: any("qa ended 3 times" in text for text in window.notices))
    assert printed(household).count("here") == 3


async def test_one_that_is_idle_for_long_is_stopped(household: Household) -> None:
    household.set(
        household.config.read_text()
        + 'shutdown = "idle_timeout"\nidle_timeout = 10\n'
        + reporting(report("idle"))
    )
    window = await household.hold("qa", runtime=None)
    await household.until(lambda: window.agent("qa").activity is not None)
    await window.client.close()
    await household.until(lambda: "qa is stopped: it has been idle for 10 s" in household.log)
    again = await household.window()
    await household.until(lambda: again.state("qa") is ENDED)


async def test_one_whose_inbox_is_empty_is_stopped(household: Household) -> None:
    household.set(household.config.read_text() + 'shutdown = "on_inbox_empty"\n' + reporting(report("idle")))
    qms = QmsCommands(household.root)
    window = await household.hold("qa", runtime=None)
    await household.until(lambda: window.state("qa") is RUNNING)
    qms.route("CR-056", "qa")
    await household.until(lambda: window.mirror.items)
    qms.cancel("CR-056", "qa")
    await household.until(lambda: any("qa is stopped: its inbox is empty" in each for each in window.notices))
    await household.until(lambda: window.state("qa") is ENDED)


async def test_items_are_typed_once_with_receipts(household: Household) -> None:
    """Also by the daemon that comes after one that was killed."""
    household.set(household.config.read_text() + "command = [\"sh\"]\nwake_prompt = '\\S+ [$#] '\n")
    qms, told = QmsCommands(household.root), "sh: New: not found"
    window = await household.hold("qa", runtime=None)
    await household.until(lambda: window.state("qa") is RUNNING)
    qms.route("CR-056", "qa")
    await household.until(lambda: told in printed(household))
    await household.until(lambda: [each for each in window.mirror.items.values() if each.receipt])
    household.kill()
    await window.client.wait_lost()
    again = await household.window_of_new()
    await household.until(lambda: again.state("qa") is RUNNING)
    await household.until(lambda: [each for each in again.mirror.items.values() if each.receipt])
    qms.route("CR-057", "qa")
    await household.until(lambda: printed(household).count(told) == 2)
    await household.until(lambda: all(each.receipt for each in again.mirror.items.values()))
    assert printed(household).count("review task CR-056") == 1


async def test_who_needs_the_human_is_told_to_a_program(household: Household, tmp_path: Path) -> None:
    program = tmp_path / "tell"
    program.write_text(TELL)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    asks = report("blocked", "approve it", kind="permission")
    household.set(household.config.read_text() + reporting(asks) + f'[notify]\ncommand = ["{program}"]\n')
    window = await household.hold("qa", runtime=None)
    await window.client.close()

    def said() -> str:
        return " ".join(path.read_text() for path in tmp_path.glob("tell.said.*"))

    await household.until(lambda: "qa needs you: permission: approve it" in said())
    again = await household.window()
    await household.until(lambda: _word(again.agent("qa").activity) is Word.NEEDS_YOU)


def _word(activity: object) -> object:
    return getattr(activity, "word", None)


async def test_variables_are_those_of_who_asks(household: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here and now, and not of who started the daemon."""
    household.set(household.config.read_text() + 'env = ["MARK"]\n' + script("echo [$MARK]; sleep 1000"))
    monkeypatch.setenv("MARK", "one")
    first = await household.hold("qa", runtime=None, named=("MARK",))
    await household.until(lambda: "[one]" in printed(household))
    monkeypatch.setenv("MARK", "two")
    second = await household.hold("qa", runtime=None, named=("MARK",))
    await household.until(lambda: second.state("qa") is RUNNING)
    await first.ask(RESTART, Restart("qa"))
    await household.until(lambda: printed(household).count("[one]") == 2)
    await second.ask(RESTART, Restart("qa"))
    await household.until(lambda: "[two]" in printed(household))


async def test_options_hold_for_later_starts(household: Household, image: str) -> None:
    household.set("")
    window = await household.hold("qa", runtime=None, image=image, command="sh -c 'echo mine; sleep 1000'")
    await household.until(lambda: "mine" in printed(household))
    household.kill()
    await window.client.wait_lost()
    again = await household.window_of_new()
    await household.until(lambda: again.state("qa") is RUNNING)
    await again.ask(RESTART, Restart("qa"))
    await household.until(lambda: printed(household).count("mine") == 2)


async def test_side_by_side_in_containers_and_on_this_machine(household: Household) -> None:
    window = await household.hold("qa", runtime=None)
    await household.hold("bu", runtime="local")
    await household.until(lambda: window.mirror.agents.get("bu") and window.state("bu") is RUNNING)
    await household.until(lambda: window.state("qa") is RUNNING)
    assert (window.agent("qa").isolated, window.agent("bu").isolated) == (True, False)
    rows = {row["agent"]: row["runtime"] for row in json.loads(household.run("ps", "--json").stdout)}
    assert rows == {"qa": "docker", "bu": "local"}


async def test_what_must_work_works_with_a_hung_daemon(
    household: Household, engine: docker.APIClient
) -> None:
    """And with a broken file of the project's."""
    window = await household.hold("qa", runtime=None)
    await household.until(lambda: "agent ready qa" in printed(household))
    await household.until(lambda: window.state("qa") is RUNNING)
    household.kill(signal.SIGSTOP)
    (household.root / "qms-tui.toml").write_text("[x\n")
    assert "qa" in household.run("ps").stdout
    assert "agent ready qa" in household.run("log", "qa").stdout
    assert "the daemon does not answer" in household.run("doctor").stdout
    assert household.run("prune", "--yes").returncode == 0
    assert household.run("stop", "--all").returncode == 0
    assert household.processes() == []
    assert ArmedFile.of(household.root).read() is None
    rows = engine.containers(all=True, filters={"label": f"{PROJECT_LABEL}={household.root}"})
    assert rows == []


async def test_no_agent_reaches_the_socket(
    household: Household, engine: docker.APIClient, programs_image: str
) -> None:
    """A container that somebody gave our folder to, as root in it, is turned away."""
    window = await household.hold("qa", runtime=None)
    folder = daemon_folder(household.root)
    for place in folder.parents[:-2]:
        place.chmod(place.stat().st_mode | 0o011)
    made = engine.create_container(
        programs_image, ["python3", "-c", KNOCK, f"/there/{SOCKET}"], user="0",
        host_config=engine.create_host_config(binds=[f"{folder}:/there:ro"]),
        labels={PROJECT_LABEL: str(household.root)},
    )  # fmt: skip
    try:
        engine.start(made["Id"])
        await asyncio.to_thread(engine.wait, made["Id"], timeout=60)
        said = engine.logs(made["Id"]).decode()
    finally:
        engine.remove_container(made["Id"], force=True)
    assert "result" not in said
    await household.until(lambda: "somebody was turned away" in household.log)
    assert (await household.status(window)).clients == 1
