"""Keepers, their sockets and journals, and layouts, in a state folder of the test's own."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from qms_tui.inbox import Identity, ItemConsumed, Past, parse
from qms_tui.leftovers import Kind, Thing, find_in_state, remove_from_state, why_to_go
from qms_tui.programs.config_folder import make_local_folder
from qms_tui.project import Project
from qms_tui.remembered import Memory, View
from qms_tui.trust import Answer, Record, TrustStore
from qms_tui.waking import Typed
from tests.inbox.samples import MESSAGE

# Locks the file and stays, as a keeper does; `ready` when it has the lock.
KEEPER = """
import fcntl, json, os, sys, time
file = open(sys.argv[1], "w")
fcntl.flock(file, fcntl.LOCK_EX)
json.dump({"pid": os.getpid(), "project": sys.argv[2]}, file)
file.flush()
print("ready", flush=True)
time.sleep(600)
"""


class Place:
    """A state folder and projects."""

    def __init__(self, base: Path) -> None:
        self.base, self.root = base / "state", base / "project"
        (self.root / ".claude").mkdir(parents=True)
        self.folder = self.base / "projects" / "project-0123456789ab"
        (self.folder / "qa").mkdir(parents=True)
        (self.folder / "qa" / "journal").write_text("what qa said")
        # Not bound by a listener: a test's folder has too long a name for that.
        os.mknod(self.folder / "keeper.sock", stat.S_IFSOCK | 0o600)
        self.keepers: list[subprocess.Popen[str]] = []

    def keeper(self) -> subprocess.Popen[str]:
        """One that lives."""
        argv = [sys.executable, "-c", KEEPER, str(self.folder / "keeper.lock"), str(self.root)]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        self.keepers.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    def dead_keeper(self) -> None:
        """What it leaves, an hour ago."""
        lock = self.folder / "keeper.lock"
        lock.write_text(json.dumps({"pid": 4_000_000, "project": str(self.root)}))
        os.utime(lock, (time.time() - 3600,) * 2)

    def lose_project(self) -> None:
        """As when somebody removes it."""
        (self.root / ".claude").rmdir()

    def find(self) -> list[Thing]:
        return find_in_state(self.base)

    def close(self) -> None:
        for process in self.keepers:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.close()


def test_nothing_anywhere(tmp_path: Path) -> None:
    assert find_in_state(tmp_path / "none") == []


def test_a_living_keeper_of_a_project_stays(place: Place) -> None:
    keeper = place.keeper()
    (thing,) = place.find()
    assert (thing.kind, thing.project, thing.state) == (
        Kind.KEEPER,
        str(place.root),
        f"running, pid {keeper.pid}",
    )
    assert not why_to_go(replace(thing, age=3600.0))
    (outcome,) = remove_from_state([thing])
    assert not outcome.removed
    assert keeper.poll() is None
    assert (place.folder / "keeper.sock").exists()


def test_a_living_keeper_of_no_project_is_ended_with_all_it_kept(place: Place) -> None:
    keeper = place.keeper()
    place.lose_project()
    (thing,) = place.find()
    assert why_to_go(thing) == "its project is gone"
    (outcome,) = remove_from_state([thing])
    assert outcome.removed
    assert keeper.wait(10) == -15
    assert not place.folder.exists()


def test_the_socket_of_a_dead_keeper_goes_its_journals_stay(place: Place) -> None:
    place.dead_keeper()
    (thing,) = place.find()
    assert (thing.kind, why_to_go(thing)) == (Kind.SOCKET, "nobody uses it")
    assert [outcome.removed for outcome in remove_from_state([thing])] == [True]
    assert sorted(path.name for path in place.folder.iterdir()) == ["keeper.lock", "qa"]
    assert place.find() == []


def test_a_keeper_that_began_since_keeps_its_socket(place: Place) -> None:
    place.dead_keeper()
    (thing,) = place.find()
    place.keeper()
    assert [outcome.removed for outcome in remove_from_state([thing])] == [False]
    assert (place.folder / "keeper.sock").exists()


def test_journals_of_a_lost_project_go(place: Place) -> None:
    place.dead_keeper()
    place.lose_project()
    (thing,) = place.find()
    assert (thing.kind, why_to_go(thing)) == (Kind.JOURNAL, "its project is gone")
    (place.folder / "away").symlink_to(place.root)
    assert [outcome.removed for outcome in remove_from_state([thing])] == [True]
    assert not place.folder.exists()
    assert place.root.is_dir()


def test_a_project_that_came_back_keeps_its_journals(place: Place) -> None:
    place.dead_keeper()
    place.lose_project()
    (thing,) = place.find()
    (place.root / ".claude").mkdir()
    (outcome,) = remove_from_state([thing])
    assert (outcome.removed, outcome.said) == (False, "its project is there again")
    assert (place.folder / "qa" / "journal").exists()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"pid": "1", "project": "/x"}', '{"pid": 1, "project": "/x"}', "{" * 5000]
)
def test_a_folder_that_does_not_tell_its_project_is_left_alone(place: Place, text: str) -> None:
    (place.folder / "keeper.lock").write_text(text)
    place.lose_project()
    assert place.find() == []


def test_what_was_trusted_of_lost_projects_goes(place: Place) -> None:
    store = TrustStore(place.base / "trust")
    with store.locked():  # leaves a file that is of no project
        store.write(Record(place.root, answer=Answer.TRUST))
    assert [thing for thing in find_in_state(place.base) if thing.kind is Kind.TRUST] == []
    place.lose_project()
    (thing,) = [thing for thing in find_in_state(place.base) if thing.kind is Kind.TRUST]
    remove_from_state([thing])
    assert store.read(place.root) is None


def test_layouts_of_lost_projects_go(place: Place) -> None:
    memory = Memory(place.root, place.base / "layouts")
    memory.write(View(("qa",)))
    assert place.find() == []
    place.lose_project()
    (thing,) = place.find()
    assert (thing.kind, thing.project) == (Kind.LAYOUT, str(place.root))
    assert [outcome.removed for outcome in remove_from_state([thing, thing])] == [True, True]
    assert not memory.path.exists()


def test_history_of_an_inbox_goes_with_its_project(place: Place) -> None:
    item = parse("qa", "msg-claude-2026-02-04-143022.md", MESSAGE, 1.0, Identity(1, 2))
    past = Past(place.root, place.base / "inboxes")
    past.add([ItemConsumed(item, 2.0)])
    Typed(past).add([item], [item], 2.0)
    assert place.find() == []
    place.lose_project()
    things = place.find()
    assert [(thing.kind, thing.project) for thing in things] == [(Kind.INBOX, str(place.root))] * 2
    assert [outcome.removed for outcome in remove_from_state(things)] == [True, True]
    assert not list(past.folder.iterdir())


def test_folders_of_local_agents_go_only_with_their_project(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They hold logins."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    there = make_local_folder(Project(place.root), "qa")
    (there / ".credentials.json").write_text("{}")
    (there / "away").symlink_to(tmp_path)
    base = tmp_path / "home" / "qms-tui"
    assert find_in_state(base) == []
    place.lose_project()
    (thing,) = find_in_state(base)
    assert (thing.kind, thing.project, thing.state) == (Kind.LOCAL, str(place.root), "kept, with logins")
    (place.root / ".claude").mkdir()
    assert [outcome.removed for outcome in remove_from_state([thing])] == [False]
    assert (there / ".credentials.json").exists()
    place.lose_project()
    assert [outcome.removed for outcome in remove_from_state([thing])] == [True]
    assert not there.parent.exists()
    assert tmp_path.exists()
