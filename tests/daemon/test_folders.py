"""Projects that are moved, replaced, copied, or have the same name, while their daemon and agents run."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from qms_tui.api.agents import AgentState
from qms_tui.api.commands import RESTART, Restart
from qms_tui.api.place import daemon_folder
from qms_tui.daemon.project_folder import ProjectFolder
from qms_tui.keeper.local_processes import LocalProcesses
from tests.daemon.household import Household
from tests.trusted import trust

RUNNING = AgentState.RUNNING
PLACE = "sh -c 'cat mark; read line'"


def make_project(root: Path, mark: str) -> Path:
    (root / ".claude/agents").mkdir(parents=True)
    for name in ("claude", "qa"):
        (root / f".claude/agents/{name}.md").write_text(f"---\nname: {name}\n---\n")
        (root / f".claude/users/{name}/inbox").mkdir(parents=True)
    (root / "mark").write_text(f"mark-{mark}\n")
    return root


@pytest.fixture
async def other(household: Household) -> AsyncIterator[Callable[[Path], Household]]:
    """`other(root)`: the same user on another project."""
    made: list[Household] = []

    def make(root: Path) -> Household:
        trust(root, household.home / "state", household.config)
        made.append(Household(root, household.home))
        return made[-1]

    yield make
    for each in made:
        await each.close()


# -- what its path leads to --------------------------------------------------------------------------------


def _replace(root: Path) -> None:
    """As `rm -r` and `git clone` do: on ext4 the new folder gets the inode of the old one if that is free."""
    shutil.rmtree(root)
    make_project(root, "second")


def _remove(root: Path) -> None:
    shutil.rmtree(root)


def _move(root: Path) -> None:
    root.rename(root.with_name("moved"))


def _move_and_link(root: Path) -> None:
    """Its path leads there still, and yet it has another one: a second daemon may serve that."""
    _move(root)
    root.symlink_to(root.with_name("moved"))


def _put_a_file(root: Path) -> None:
    _move(root)
    root.write_text("")


def _put_a_circle(root: Path) -> None:
    _move(root)
    root.symlink_to(root)


def _exchange(root: Path) -> None:
    """A copy has all that the original has, but it is another folder."""
    shutil.copytree(root, root.with_name("copy"))
    _move(root)
    root.with_name("copy").rename(root)


CHANGES = [_replace, _remove, _move, _move_and_link, _put_a_file, _put_a_circle, _exchange]


@pytest.mark.parametrize("change", CHANGES)
def test_another_folder_is_seen(tmp_path: Path, change: Callable[[Path], None]) -> None:
    root = make_project(tmp_path / "project", "first")
    folder = ProjectFolder(root)
    assert folder.is_there
    change(root)
    assert not folder.is_there
    folder.close()


def test_a_link_on_the_way_is_seen(tmp_path: Path) -> None:
    root = make_project(tmp_path / "all/project", "first")
    folder = ProjectFolder(root)
    (tmp_path / "all").rename(tmp_path / "everything")
    (tmp_path / "all").symlink_to(tmp_path / "everything")
    assert not folder.is_there
    folder.close()


def test_what_changes_in_it_is_no_other_folder(tmp_path: Path) -> None:
    root = make_project(tmp_path / "project", "first")
    folder = ProjectFolder(root)
    shutil.rmtree(root / ".claude")
    root.chmod(0o711)
    os.utime(root, (0, 0))
    assert folder.is_there
    folder.close()


# -- the daemon --------------------------------------------------------------------------------------------


async def test_it_ends_where_another_clone_has_its_path(household: Household) -> None:
    """And the next one serves the folder that is there, with an agent that is still in the one before."""
    (household.root / "mark").write_text("mark-first\n")
    window = await household.hold("qa", command=PLACE)
    await household.until(lambda: "mark-first" in household.printed())
    process = household.process()
    _replace(household.root)
    await household.until(lambda: not process.is_running())
    await window.client.wait_lost()
    assert "not there any more" in household.log
    trust(household.root, household.home / "state", household.config)
    again = await household.hold("qa", command=PLACE)
    await household.until(lambda: again.agent("qa").state is RUNNING and again.agent("qa").wrong)
    assert f"the folder that was {household.root} before" in again.agent("qa").wrong
    assert "the folder that was" in household.run("ps").stdout
    await again.ask(RESTART, Restart("qa"))
    await household.until(lambda: "mark-second" in household.printed())
    await household.until(lambda: again.agent("qa").state is RUNNING and not again.agent("qa").wrong)


async def test_two_projects_of_one_name_are_apart(
    household: Household, other: Callable[[Path], Household]
) -> None:
    (household.root / "mark").write_text("mark-first\n")
    second = other(make_project(household.root.parent / "elsewhere" / household.root.name, "second"))
    first_window = await household.hold("qa", command=PLACE)
    second_window = await second.hold("qa", command=PLACE)
    assert household.process().pid != second.process().pid
    await household.until(lambda: "mark-first" in household.printed())
    await second.until(lambda: "mark-second" in second.printed())
    assert second.run("stop", "--all").returncode == 0
    await second_window.client.wait_lost()
    assert first_window.state("qa") is RUNNING
    assert "qa" in household.run("ps").stdout
    assert second.run("ps").stdout == "no agent of project has a container\n"
    assert second.processes() == []


async def test_a_copy_is_another_project(household: Household, other: Callable[[Path], Household]) -> None:
    await household.hold("qa")
    copy = shutil.copytree(household.root, household.root.with_name("copy"))
    second = other(copy)
    assert await second.daemon.find("somebody who looks") is None
    assert "qa" not in second.run("ps").stdout
    window = await second.hold("qa")
    await second.until(lambda: window.state("qa") is RUNNING)
    assert second.process().pid != household.process().pid
    assert second.began("qa") != household.began("qa")


async def test_a_moved_project_has_its_agents_under_its_old_name(
    household: Household, other: Callable[[Path], Household]
) -> None:
    """One that runs is said, and no second one starts in the same folder."""
    window = await household.hold("qa")
    await household.until(lambda: window.state("qa") is RUNNING)
    before, process = household.root, household.process()
    after = Household(before.rename(before.with_name("after")), household.home)
    await household.until(lambda: not process.is_running())
    old_name = f"qa of this very folder still runs under its old name, {before}"
    hint = f"qms-tui prune --project {before}"
    for looking in (("ps",), ("stop", "--all")):
        done = after.run(*looking)
        assert (old_name in done.stderr, hint in done.stderr) == (True, True), done
    for words in (("start", "qa", "--runtime", "local"), ("qa", "--runtime", "local")):
        done = after.run(*words, "--command", "sh -c 'read line'")
        assert (done.returncode, old_name in done.stderr, hint in done.stderr) == (2, True, True), done
    assert not daemon_folder(after.root).exists()
    assert LocalProcesses(before).spawner.programs()["qa"].alive
    assert after.run("prune", "--project", str(before), "--yes").returncode == 0
    assert household.processes() == []
    assert "old name" not in after.run("ps").stderr


async def test_one_that_is_moved_back_goes_on(household: Household) -> None:
    window = await household.hold("qa")
    await household.until(lambda: window.state("qa") is RUNNING)
    began, process, root = household.began("qa"), household.process(), household.root
    away = root.rename(root.with_name("away"))
    await household.until(lambda: not process.is_running())
    away.rename(root)
    again = await household.window_of_new()
    await household.until(lambda: again.state("qa") is RUNNING)
    assert (household.began("qa"), again.agent("qa").wrong) == (began, "")
