"""`qms-tui start`: what it says, and what must work beside it when something is broken."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from qms_tui.api.agents import AgentState
from qms_tui.armed import Armed, ArmedFile
from tests.daemon.household import Household
from tests.daemon.household import household as make_household

WAITS = "sh -c 'echo here; read line'"
RESCUE = (("ps",), ("log", "qa"), ("doctor",), ("prune", "--yes"), ("stop", "qa"), ("stop", "--all"))


@pytest.fixture
async def household(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Household]:
    async with make_household(tmp_path, monkeypatch) as made:
        yield made


async def test_it_starts_agents_and_says_so(household: Household) -> None:
    done = household.run("start", "qa", "bu", "--runtime", "local", "--command", WAITS)
    assert (done.returncode, done.stdout, done.stderr) == (0, "qa: running\nbu: running\n", "")
    await household.until(lambda: "here" in household.printed())
    again = household.run("start", "qa", "--runtime", "local")
    assert (again.returncode, again.stdout) == (0, "qa: running\n")
    assert household.processes().count("qms_tui.daemon") == 1
    assert "here\r\nhere" not in household.printed()
    report = household.run("doctor").stdout
    assert "policies hold" in report


def test_it_starts_also_what_else_waits_for_a_task(household: Household) -> None:
    household.set('[agent]\nlaunch = "auto_on_task"\n')
    done = household.run("start", "qa", "--runtime", "local", "--command", WAITS)
    assert (done.returncode, done.stdout) == (0, "qa: running\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nobody", "--runtime", "local"), "no agent 'nobody' in project"),
        (("qa", "qa"), "named twice"),
        (("qa", "--runtime", "local", "--command", "/not/there"), "cannot run '/not/there'"),
        (("qa", "--runtime", "podman"), "'podman' is not one of"),
    ],
)
def test_what_does_not_start_is_said_with_what_to_do(
    household: Household, words: tuple[str, ...], said: str
) -> None:
    done = household.run("start", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) >= 2, done.stderr
    assert "Traceback" not in done.stderr


def test_in_a_project_that_nobody_has_looked_at_it_asks_first(household: Household) -> None:
    """Where nobody can be asked nothing starts, and no daemon."""
    (household.root / "qms-tui.toml").write_text('[agent]\ncommand = ["evil"]\n')
    done = household.run("start", "qa", "--runtime", "local")
    assert (done.returncode, household.processes()) == (2, [])
    assert "standard input is no terminal" in done.stderr


def test_without_a_folder_to_write_in_it_says_so(household: Household, tmp_path: Path) -> None:
    done = household.run("start", "qa", "--runtime", "local", "--command", WAITS, **nowhere(tmp_path))
    assert done.returncode == 2
    assert "XDG_STATE_HOME" in done.stderr


@pytest.mark.parametrize("words", RESCUE)
def test_what_must_work_works_without_a_folder_to_write_in(
    household: Household, tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = household.run(*words, **nowhere(tmp_path))
    assert (done.returncode == 0) is (words[0] not in ("log", "doctor")), done.stderr
    assert "Traceback" not in done.stderr


def nowhere(tmp_path: Path) -> dict[str, str]:
    """A file stands where the state folder is to be."""
    (tmp_path / "file").write_text("in the way")
    return {"XDG_STATE_HOME": str(tmp_path / "file")}


def test_a_disarmed_file_that_stays_is_said(household: Household) -> None:
    """A folder stands in its place, say: then policies may act again, and the human must know."""
    file = ArmedFile.of(household.root)
    file.path.mkdir(parents=True)
    (file.path / "full").touch()
    done = household.run("stop", "--all")
    assert done.returncode == 0
    assert "policies will start agents again" in done.stderr
    assert str(file.path) in done.stderr


async def test_a_broken_file_of_the_project_keeps_nobody_from_ending_all(household: Household) -> None:
    window = await household.hold("qa")
    await household.until(lambda: window.state("qa") is AgentState.RUNNING)
    household.kill(signal.SIGSTOP)
    (household.root / "qms-tui.toml").write_text("[x\n")
    assert "qa" in household.run("ps").stdout
    done = household.run("stop", "--all")
    assert done.returncode == 0
    assert household.processes() == []
    assert ArmedFile.of(household.root).read() is None


def test_doctor_says_where_policies_hold_and_nothing_runs(household: Household) -> None:
    ArmedFile.of(household.root).write(Armed())
    assert "it does not run" in household.run("doctor").stdout
    assert os.listdir(household.root) == [".claude"]
