"""Two users of one engine on one project: the agents are the first one's, the second may look on."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tests.mcp import house as gateways

from . import engine as engines
from . import project as projects
from .people import Person
from .test_app import PREFIX, leave
from .test_two_interfaces import ASK, LARGE, LARGE_SIZE, SMALL, SMALL_SIZE, Two, until_size

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be several users")
PAGE_UP = "\x1b[5~"


@pytest.fixture
def root(engine: docker.APIClient) -> Iterator[Path]:
    """A project that everybody may look at; pytest's own folders are closed to all but root."""
    folder = Path(tempfile.mkdtemp(prefix="qms-tui-users-", dir="/tmp"))
    folder.chmod(0o755)
    (folder / "project").mkdir()
    yield projects.make_qms_project(folder / "project")
    engines.remove_project(engine, str(folder / "project"))
    gateways.wait_until(lambda: _removed(folder), "the folder to go")


def _removed(folder: Path) -> bool:
    """Remove it; a keeper tidies up in it until its very end, which `stop` need not see."""
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


@pytest.fixture
def first(root: Path, image: str) -> Iterator[Person]:
    """Whose project it is."""
    with contextlib.closing(Person(root, root.parent / "first", image, projects.AGENT_UID)) as person:
        yield person


@pytest.fixture
def second(first: Person, root: Path, image: str) -> Iterator[Person]:
    """Somebody else who may use the engine."""
    with contextlib.closing(Person(root, root.parent / "second", image, first.uid + 1)) as person:
        yield person


def test_the_second_user_sees_what_came_before(first: Person, second: Person) -> None:
    with first.open("claude") as tui:
        tui.wait("agent ready claude")
        tui.type("flood 300\r")
        tui.wait("flood 299", "flood 300")  # the last one alone is also what was typed
        leave(tui)
    with second.open("claude") as tui:
        tui.wait("flood 300", "following another user")
        tui.type(PREFIX + PAGE_UP + 9 * PAGE_UP)
        tui.wait("agent ready claude")
        leave(tui)
    log = second.run("log", "claude")
    assert log.stderr == ""
    assert [line for line in log.stdout.splitlines() if re.fullmatch(r"flood \d+", line)][-300:] == [
        f"flood {number}" for number in range(1, 301)
    ]


def test_looking_on_changes_nothing_and_typing_takes_over(first: Person, second: Person) -> None:
    with first.open("claude", size=LARGE) as one:
        one.wait("agent ready claude")
        one.type("sh\rPS1='$ '; echo $((40 + 2))ready\r")
        one.wait("42ready")
        with second.open("claude", size=SMALL) as other:
            both = Two(one, other)
            both.until(lambda: "following another user" in other.text)
            one.type(f"{ASK}echo known$((1 + 1))\r")
            both.show("known2")
            one.type("clear; q 1; stty size\r")
            both.show("-end", LARGE_SIZE)
            (reply,) = re.findall("reply-1-([0-9a-f]*)-end", one.text)
            assert re.fullmatch(rb"\x1b\[\d+;\d+R", bytes.fromhex(reply))
            assert "following another user" in other.text
            other.type("\r")
            both.until(lambda: "following another user" not in other.text)
            other.type(f"clear; {until_size(SMALL_SIZE)}; echo small$((1 + 1))\r")
            both.until(lambda: "small2" in other.text)
            leave(other)
        one.type(f"clear; {until_size(LARGE_SIZE)}; echo large$((1 + 1))\r")
        one.wait("large2")
        leave(one)


def test_the_engines_log_before_a_screen_was_ever_opened(first: Person, second: Person) -> None:
    with first.open("claude") as tui:
        tui.wait("agent ready claude")
        tui.type("flood 30\r")
        tui.wait("flood 29")
        tui.type("exit 3\r")
        tui.wait("exit code 3")
        leave(tui)
    log = second.run("log", "claude", "--grep", "^flood ")
    assert (log.returncode, log.stdout.split("\n")[1:]) == (0, [*(f"flood {n}" for n in range(1, 31)), ""])
    assert log.stderr == "qms-tui: nothing is recorded of claude here; this is from the engine's log\n"
    assert second.run("log", "claude", "--since", "2099-01-01").returncode == 2
    unknown = second.run("log", "qa")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert unknown.stderr.startswith("qms-tui: nothing is recorded of 'qa' in project\n")
    assert first.run("log", "claude").stderr == ""
    with second.open("claude") as tui:
        tui.wait("1 claude ○ exited", "flood 30")
        leave(tui)


def test_only_the_first_user_starts_and_restarts_agents(first: Person, second: Person) -> None:
    with first.open("claude", "qa") as tui:
        tui.wait("agent ready claude", "agent ready qa")
        leave(tui)
    before = first.ps()
    with second.open("claude", "qa", "bu") as tui:
        tui.wait("another user has started agents of this project: claude, qa", "3 bu ○ cannot start")
        tui.wait("Another user has started agents")
        assert tui.text.count("Another user has started agents") == 1
        tui.type(PREFIX + "r")
        tui.wait("claude goes on: only the user who has started")
        leave(tui)
    assert not (first.root / ".claude/users/bu").exists()
    after = second.ps()
    assert [after[agent]["started_at"] for agent in after] == [
        before[agent]["started_at"] for agent in before
    ]
    assert {after[agent]["foreign"] for agent in after} == {True}
    assert {before[agent]["foreign"] for agent in before} == {False}


def test_the_folders_stay_the_first_users(first: Person, second: Person) -> None:
    with first.open("claude") as tui:
        tui.wait("agent ready claude")
        leave(tui)
    with second.open("claude") as tui:
        tui.wait("1 claude ? unknown · not allowed to look into its folder")
        assert first.run("stop", "claude").returncode == 0
        tui.wait("1 claude ○ exited")
        tui.type(PREFIX + "r")
        tui.wait("workspace belongs to", "this project's agents are", "1 claude ○ cannot start")
        assert "chown" not in tui.text
        leave(tui)
    report = second.run("doctor").stdout
    assert "this project's agents are" in report
    assert "whether it is logged in you are not allowed to see" in report
    assert "chown" not in report


def test_policies_of_the_second_user_leave_agents_alone(first: Person, second: Person) -> None:
    second.set('launch = "always_on"\n')
    with first.open("claude") as tui:
        tui.wait("agent ready claude")
        leave(tui)
    with second.open("claude") as tui:
        tui.wait("agent ready claude")
        tui.type("exit 3\r")
        tui.wait("exit code 3 · r restarts")
        tui.type(PREFIX + "e")
        tui.wait(
            "launch always_on, shutdown manual; which has no effect: another user has started agents here"
        )
        tui.type("\x1b")
        tui.wait("exit code 3 · r restarts", absent="launch always_on")
        leave(tui)
    assert second.ps()["claude"]["exit_code"] == 3


def test_the_second_user_ends_agents_after_being_asked(first: Person, second: Person) -> None:
    with first.open("claude", "qa") as tui:
        tui.wait("agent ready claude", "agent ready qa")
        leave(tui)
    refused = second.run("stop", "--all")
    assert (refused.returncode, "say --yes" in refused.stderr) == (2, True)
    assert second.ps().keys() == {"claude", "qa"}
    with second.open("stop", "qa") as tui:
        tui.wait("qa: started by another user, by root, or on another machine. End it all the same? [y/N]")
        tui.type("y\r")
        tui.wait("qa: stopped")
        assert tui.end() == 0
    assert second.ps().keys() == {"claude"}
    assert second.run("stop", "--all", "--yes").returncode == 0
    assert first.ps() == {}


def test_a_set_uid_file_of_an_agent_gives_the_second_user_nothing(first: Person, second: Person) -> None:
    """It would make whoever runs it the agent's user. It is laid from outside: no matter how it came."""
    with first.open("qa") as tui:
        tui.wait("agent ready qa")
        leave(tui)
    own = first.root / ".claude/users/qa"
    shell = own / "workspace/sh"
    shutil.copy("/bin/sh", shell)
    os.chown(shell, first.uid, first.uid)
    shell.chmod(0o4755)
    before = ("setpriv", "--reuid", str(second.uid), "--regid", str(second.uid), "--clear-groups", "--")
    tried = subprocess.run(
        [*before, "sh", "-c", f"exec {shell} -p -c 'id -u'"], capture_output=True, text=True
    )
    assert (tried.stdout, "Permission denied" in tried.stderr) == ("", True)
    assert stat.S_IMODE(own.stat().st_mode) == 0o700


def test_an_inbox_that_the_second_user_may_not_look_at(first: Person, second: Person) -> None:
    inbox = first.root / ".claude/users/qa/inbox"
    inbox.chmod(0o700)
    assert first.run("send", "qa", "--subject", "Secret", "a word").returncode == 0
    listed = second.run("inbox")
    assert (listed.returncode, listed.stdout) == (2, "nothing is waiting where it could be looked\n")
    assert listed.stderr == "qms-tui: the inbox of qa cannot be looked at: Permission denied\n"
    refused = second.run("send", "qa", "--subject", "Hello", "a word")
    assert (refused.returncode, f"{inbox}: Permission denied" in refused.stderr) == (2, True)
