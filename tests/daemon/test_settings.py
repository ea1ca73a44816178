"""Settings and options: read at each start and when asked; what is broken changes nothing."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from qms_tui.api.agents import AgentState
from qms_tui.api.commands import RELOAD, RESTART, Nothing, Restart
from qms_tui.api.errors import ErrorCode
from qms_tui.config import Overrides
from qms_tui.daemon.settings import Wishes, held_items, read_settings
from qms_tui.errors import ConfigError
from qms_tui.project import Project
from tests.trusted import trust

from .household import Household
from .served import Window

TELL = """#!/bin/sh
cat > "$0.$$"
mv "$0.$$" "$0.said.$$"
"""


def say(text: str) -> str:
    return f'[engine]\nruntime = "local"\n[agent]\ncommand = ["sh", "-c", "echo {text}; read line"]\n'


async def test_they_are_read_at_each_start(household: Household) -> None:
    household.set(say("one"))
    window = await household.hold("qa", runtime=None)
    await household.until(lambda: "one" in household.printed())
    household.set(say("two"))
    await window.ask(RESTART, Restart("qa"))
    await household.until(lambda: "two" in household.printed())
    household.set("[agent\n")
    await window.ask(RESTART, Restart("qa"))
    await household.until(lambda: household.printed().count("two") == 2)
    assert any("stays as it was" in text for text in window.notices)


async def test_they_are_read_when_asked(household: Household) -> None:
    household.set(say("one"))
    window = await household.hold("qa", runtime=None)
    await household.until(lambda: window.state("qa") is AgentState.RUNNING)
    household.set(say("two") + 'launch = "always_on"\n')
    await window.ask(RELOAD, Nothing())
    await household.until(lambda: len(window.mirror.agents) == 3)
    await household.until(lambda: "two" in household.printed("bu"))
    household.set("theme = 7\n")
    error = await window.refused(RELOAD, Nothing())
    assert (error.code, "theme" in error.message) == (ErrorCode.FAILED, True)
    await household.until(lambda: any("stays as it was" in text for text in window.notices))
    assert window.state("qa") is AgentState.RUNNING


async def test_options_are_the_agents_that_were_asked_for(household: Household) -> None:
    household.set(say("configured"))
    first = await household.hold("qa", command="sh -c 'echo asked; read line'")
    second = await household.hold("bu", runtime=None)
    await household.until(lambda: "asked" in household.printed())
    await household.until(lambda: "configured" in household.printed("bu"))
    await household.hold("qa", runtime=None)  # to look at it
    await first.ask(RESTART, Restart("qa"))
    await second.ask(RESTART, Restart("bu"))
    await household.until(lambda: household.printed().count("asked") == 2)
    await household.until(lambda: household.printed("bu").count("configured") == 2)


async def test_one_that_runs_stays_where_it_runs(household: Household) -> None:
    window = await household.hold("qa")
    await household.until(lambda: window.state("qa") is AgentState.RUNNING)
    with pytest.raises(Exception, match="runs as a program of this machine") as raised:
        await household.hold("qa", runtime="docker")
    assert "stop" in raised.value.hint  # type: ignore[attr-defined]
    with pytest.raises(Exception, match="is not one of the agents"):
        await household.hold("nobody")


async def test_notices_go_to_a_program(household: Household, tmp_path: Path) -> None:
    """One each, as JSON on its standard input, without any screen."""
    program = tmp_path / "tell"
    program.write_text(TELL)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    household.set(
        f'[notify]\ncommand = ["{program}", "--phone"]\n[agent.bu]\nlaunch = "auto_on_task"\n'
        '[engine]\nruntime = "local"\n[agent]\ncommand = ["sh", "-c", "read line"]\n'
    )
    await household.hold("qa", runtime=None)
    household.put("bu")

    def said() -> list[dict[str, object]]:
        return [json.loads(path.read_text()) for path in tmp_path.glob("tell.said.*")]

    await household.until(lambda: any("bu is started" in str(each) for each in said()))
    found = next(each for each in said() if "bu is started" in str(each))
    assert found["project"] == str(household.root)
    notice = found["notice"]
    assert isinstance(notice, dict)
    assert notice["agent"] == "bu"
    assert {"text", "at", "severity", "kind"} <= notice.keys()


async def test_a_program_of_the_projects_runs_as_it_was_trusted(household: Household) -> None:
    program = household.root / "tell"
    program.write_text(TELL)
    program.chmod(0o700)
    household.set('[notify]\ncommand = ["project/tell"]\n')
    household.config.rename(household.root.parent / "config.toml")
    household.config = household.root.parent / "config.toml"
    trust(household.root, household.home / "state", household.config)
    window = await household.hold("qa")
    await _fail_to_reload(household, window)
    await household.until(lambda: list(household.root.glob("tell.said.*")))
    program.write_text(TELL + "# another one\n")
    await _fail_to_reload(household, window)
    await household.until(lambda: "notify.command: tell has changed since you trusted it" in household.log)


async def _fail_to_reload(household: Household, window: Window) -> None:
    """Which is told."""
    before = household.config.read_text()
    household.set("[x\n")
    await window.refused(RELOAD, Nothing())
    household.set(before)


async def test_a_program_that_hangs_or_is_not_there_holds_nothing_up(household: Household) -> None:
    household.set('[notify]\ncommand = ["/nowhere"]\n')
    window = await household.hold("qa")
    household.set("[x\n")
    await window.refused(RELOAD, Nothing())
    await household.until(lambda: "notify.command: /nowhere" in household.log)
    household.set('[notify]\ncommand = ["sleep", "1000"]\n')
    await window.ask(RELOAD, Nothing())
    household.set("[x\n")
    await window.refused(RELOAD, Nothing())
    assert (await household.status(window)).armed


def test_trust_is_judged_on_the_bytes_that_are_used(household: Household) -> None:
    project, wishes = Project(household.root), Wishes(config_file=household.config)
    first = read_settings(project, wishes)
    (household.root / "qms-tui.toml").write_text('[agent]\ncommand = ["evil"]\n')
    found = read_settings(project, wishes, first)
    assert (found.config, len(found.notices)) == (first.config, 1)
    assert "qms-tui trust" in found.notices[0]
    fresh = read_settings(project, wishes)
    assert "evil" not in str(fresh.config.agent("qa").command)
    assert not fresh.config.trusted


def test_a_broken_file_is_said_where_nothing_held_before(household: Household) -> None:
    household.set("[x\n")
    with pytest.raises(ConfigError):
        read_settings(Project(household.root), Wishes(config_file=household.config))


def test_items_that_came_with_a_project_that_is_looked_at_only_are_held(household: Household) -> None:
    path = household.put("qa")
    (household.root / "qms-tui.toml").write_text('[agent]\ncommand = ["evil"]\n')
    wishes = Wishes({"qa": Overrides("local")}, household.config)
    reading = read_settings(Project(household.root), wishes)
    assert held_items(Project(household.root), reading.config) == {("qa", path.name, path.stat().st_ino)}


async def test_another_engine_is_not_used_in_place_of_the_one_that_is_meant(
    household: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Agents would be looked for, and made, where the human does not look."""
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    await (await household.daemon.reach("with the usual one")).close()
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    with pytest.raises(Exception, match=r"unix:///nowhere\.sock is meant here") as raised:
        await household.hold("qa", runtime="docker")
    assert "stop --all" in raised.value.hint  # type: ignore[attr-defined]
