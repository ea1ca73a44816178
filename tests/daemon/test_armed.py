"""Policies act where a human opened or started something, and nowhere else; looking starts nothing."""

from __future__ import annotations

import contextlib
import signal
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from qms_tui.api.agents import AgentState
from qms_tui.armed import Armed, ArmedFile
from qms_tui.config import Overrides

from .household import SHELL, Household

ALWAYS = '[engine]\nruntime = "local"\n[agent]\nlaunch = "always_on"\ncommand = ["sh", "-c", "read line"]\n'
LOOKING = (
    ("ps",), ("ps", "--json"), ("ps", "--all-projects"), ("inbox",), ("inbox", "qa"), ("doctor",), ("mcp",),
    ("log", "qa"), ("config",), ("trust", "--show"), ("completion", "bash"), ("prune",), ("stop", "qa"),
)  # fmt: skip
AT_ONCE = 4  # commands
COMPLETING = {"_QMS_TUI_COMPLETE": "bash_complete", "COMP_WORDS": "qms-tui ", "COMP_CWORD": "1"}
SERVER = '[mcp.qms]\ncommand = ["sh", "-c", "read line"]\n'


@pytest.mark.parametrize("armed", [False, True])
def test_looking_starts_nothing(household: Household, armed: bool) -> None:
    """Whether policies may act or not, and whatever is configured."""
    household.set(ALWAYS + SERVER)
    if armed:
        ArmedFile.of(household.root).write(Armed({"qa": Overrides()}))
    look(household)


def look(household: Household) -> None:
    """Run all that only looks, and see that nothing comes of it."""
    asked = [*((words, {}) for words in LOOKING), (("",), COMPLETING)]
    mark = uuid.uuid4().hex
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda each: household.run(*each[0], MARK=mark, **each[1]), asked))
    assert (household.processes(), born(mark)) == ([], [])


def born(mark: str) -> list[list[str]]:
    """Processes that have the mark in their environment, and so come from a command that had it."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("MARK") == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.cmdline())
    return found


async def test_what_starts_agents_is_seen_by_its_mark(
    household: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nobody would see what looking starts."""
    household.set(ALWAYS)
    mark = uuid.uuid4().hex
    monkeypatch.setenv("MARK", mark)
    window = await household.hold("qa", runtime=None)
    await household.until(lambda: "bu" in window.mirror.agents and window.state("bu") is AgentState.RUNNING)
    words = [word for line in born(mark) for word in line]
    assert {"qms_tui.daemon", "qms_tui.keeper", "qms_tui.keeper.spawner", "read line"} <= set(words)


async def test_nothing_starts_by_itself_before_a_human_asks(household: Household) -> None:
    household.set(ALWAYS)
    client = await household.daemon.reach("a client that only looks")
    mirror = await client.subscribe()
    household.put("claude")
    await household.until(lambda: mirror.items)
    assert mirror.agents == {}
    window = await household.hold("qa", runtime=None)
    await household.until(lambda: set(mirror.agents) == {"qa", "bu", "claude"})
    await household.until(lambda: {window.state(name) for name in mirror.agents} == {AgentState.RUNNING})
    await client.close()


async def test_after_stop_all_nothing_starts_any_more(household: Household) -> None:
    """Whatever is killed, and comes again."""
    household.set(ALWAYS)
    window = await household.hold("qa", runtime=None)
    await household.until(lambda: len(window.mirror.agents) == 3 and window.state("bu") is AgentState.RUNNING)
    done = household.run("stop", "--all")
    assert (done.returncode, done.stderr) == (0, "")
    assert household.processes() == []
    client = await household.daemon.reach("a client that only looks")
    mirror = await client.subscribe()
    household.put("qa")
    await household.until(lambda: mirror.items)
    assert mirror.agents == {}
    await client.close()


async def test_a_hung_daemon_does_not_keep_stop_all_from_it(household: Household) -> None:
    household.set(ALWAYS)
    window = await household.hold("qa", runtime=None)
    await household.until(lambda: window.mirror.agents and window.state("qa") is AgentState.RUNNING)
    household.kill(signal.SIGSTOP)
    done = household.run("stop", "--all")
    assert (done.returncode, done.stderr) == (0, "")
    assert household.processes() == []
    assert ArmedFile.of(household.root).read() is None


async def test_it_goes_on_after_it_was_killed(household: Household) -> None:
    """What ended meanwhile by itself is started again, what the human stopped is not."""
    household.set(ALWAYS)
    window = await household.hold("qa", runtime=None)
    await household.until(lambda: len(window.mirror.agents) == 3)
    await household.until(
        lambda: {each.state for each in window.mirror.agents.values()} == {AgentState.RUNNING}
    )
    household.kill()
    assert household.run("stop", "bu").returncode == 0
    again = await household.window_of_new()
    await household.until(lambda: again.state("qa") is AgentState.RUNNING)
    await household.until(lambda: again.state("claude") is AgentState.RUNNING)
    assert again.state("bu") is AgentState.ABSENT


def test_of_another_folder_at_the_same_path_nothing_counts(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    file, armed = ArmedFile(root, tmp_path / "armed"), Armed({"qa": Overrides("local", SHELL)}, "/x.toml")
    assert file.read() is None
    file.write(armed)
    assert file.read() == armed
    root.rename(tmp_path / "before")
    root.mkdir()
    assert file.read() is None
    file.remove()
    file.remove()
    assert not file.path.exists()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"version": 1}', '{"version": 2, "project": "ROOT"}', "[" * 100_000, "\xff", "null"],
)
def test_a_file_that_makes_no_sense_arms_nothing(tmp_path: Path, text: str) -> None:
    root = tmp_path / "project"
    root.mkdir()
    file = ArmedFile(root, tmp_path)
    file.path.write_text(text.replace("ROOT", str(root)), encoding="latin-1")
    assert file.read() is None


async def test_a_disk_that_takes_nothing_is_told_and_policies_hold_all_the_same(household: Household) -> None:
    household.set(ALWAYS)
    (household.state / "armed").write_text("in the way")
    window = await household.hold("qa", runtime=None)
    await household.until(lambda: window.mirror.agents and window.state("qa") is AgentState.RUNNING)
    await household.until(lambda: any("cannot be remembered" in text for text in window.notices))
    assert (await household.status(window)).armed
