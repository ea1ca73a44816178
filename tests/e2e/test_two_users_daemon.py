"""Two users of one engine, and root, on one project without a screen: who made the containers decides."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from .people import Person
from .test_two_users import first as first
from .test_two_users import root as root
from .test_two_users import second as second

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be several users")
TOLD = "started by another user, by root, or on another machine"


def test_the_second_user_is_told_and_decides_nothing(first: Person, second: Person) -> None:
    assert first.run("start", "qa").stdout == "qa: running\n"
    before = first.ps()["qa"]["started_at"]
    second.set('launch = "always_on"\n')
    started = second.run("start", "qa", "bu")
    assert (started.returncode, started.stdout) == (2, "qa: running\n")
    assert "Another user has started agents of this project. You can look on" in started.stderr
    assert "bu: another user has started agents of this project: qa" in started.stderr
    assert "running, another user's" in second.run("ps").stdout
    for words in (("stop", "qa"), ("stop", "--all")):
        stopped = second.run(*words)
        assert (stopped.returncode, TOLD in stopped.stderr) == (2, True), stopped
    assert first.ps()["qa"]["started_at"] == before
    assert list(first.ps()) == ["qa"]


def test_each_has_processes_of_their_own(first: Person, second: Person, image: str) -> None:
    """Root, too, who only looks: nothing of root's is left among a user's files, and nobody's is reached."""
    roots = Person(first.root, first.root.parent / "roots", image, 0)
    first.run("start", "qa")
    second.run("start", "qa")
    daemons = [_daemon(person) for person in (first, second)]
    assert daemons[0] != daemons[1]
    assert "running, another user's" in roots.run("ps").stdout
    assert "root starts and builds nothing there" in roots.run("start", "bu").stderr
    assert TOLD in roots.run("stop", "--all").stderr
    assert not _sockets(roots)
    for person in (first, second):
        home = Path(person.environment["HOME"])
        owners = {path.lstat().st_uid for path in home.rglob("*") if "/containers/" not in str(path)}
        assert owners <= {person.uid}, owners
        assert {"daemon.sock", "keeper.sock"} <= {path.name for path in _sockets(person)}
        for path in _sockets(person):
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
            assert path.stat().st_uid == person.uid
    assert second.run("stop", "--all", "--yes").returncode == 0
    assert _daemon(second) == ""
    assert "no agent of project has a container" in first.run("ps").stdout


def _sockets(person: Person) -> list[Path]:
    state = Path(person.environment["XDG_STATE_HOME"])
    return [path for path in state.glob("qms-tui/projects/*/*") if path.is_socket()]


def _daemon(person: Person) -> str:
    """The number of the user's daemon, as doctor says it; nothing without one."""
    lines = [line for line in person.run("doctor").stdout.splitlines() if " pid " in line]
    return lines[0].partition(" pid ")[2].partition(",")[0] if lines else ""
