"""What a daemon leaves, and that one that runs for a project which is there stays."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from qms_tui.api.place import LOCK
from qms_tui.armed import Armed, ArmedFile
from qms_tui.leftovers.state import find_in_state, remove_from_state
from qms_tui.leftovers.thing import Kind, why_to_go

OWNER = """
import fcntl, json, os, sys
lock = open(sys.argv[1], "w")
fcntl.flock(lock, fcntl.LOCK_EX)
json.dump({"pid": os.getpid(), "project": sys.argv[2]}, lock)
lock.flush()
print("ready", flush=True)
sys.stdin.read()
"""


class Place:
    """A project, and the folder of its daemon."""

    def __init__(self, base: Path) -> None:
        self.base, self.root = base / "state", base / "project"
        (self.root / ".claude").mkdir(parents=True)
        self.folder = self.base / "projects" / "project-0123456789ab"
        self.folder.mkdir(parents=True)
        self.armed = ArmedFile(self.root, self.base / "armed")
        self.armed.write(Armed())
        self.process = subprocess.Popen(
            [sys.executable, "-c", OWNER, str(self.folder / LOCK), str(self.root)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.close()


def test_one_that_runs_for_a_project_stays(place: Place) -> None:
    (thing,) = find_in_state(place.base)
    assert (thing.kind, thing.state) == (Kind.DAEMON, f"running, pid {place.process.pid}")
    assert not why_to_go(thing)
    assert [each.removed for each in remove_from_state([thing])] == [False]
    assert place.process.poll() is None
    assert place.armed.read() == Armed()


def test_of_a_project_that_is_gone_all_goes(place: Place) -> None:
    (place.root / ".claude").rmdir()
    things = find_in_state(place.base)
    assert [each.kind for each in things] == [Kind.DAEMON, Kind.ARMED]
    assert [each.removed for each in remove_from_state(things)] == [True, True]
    assert place.process.wait(10) == -15
    assert not place.folder.exists()
    assert find_in_state(place.base) == []


def test_what_one_that_has_ended_leaves_is_nobodys_trouble(place: Place) -> None:
    place.process.kill()
    place.process.wait()
    assert json.loads((place.folder / LOCK).read_text())["project"] == str(place.root)
    assert find_in_state(place.base) == []
