"""A keeper of another version in ours' place: an older one is taken over, a newer one never ended."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from qms_tui.errors import KeeperError
from qms_tui.ipc import reachable
from qms_tui.ipc.lock import is_older, words_of_owner
from qms_tui.keeper.client import KeeperClient
from qms_tui.keeper.paths import LOCAL, LOCK, SOCKET, keeper_folder, private_folder
from qms_tui.keeper.protocol import NEWER_HOLDS, OPEN_AGAIN, PROTOCOL, Frames, Kind, Want, read_message
from qms_tui.runtime import Size

from .hellos import HELLOS, STOP
from .old_keeper import FIRST

OLD_KEEPER = Path(__file__).with_name("old_keeper.py")
PATIENCE = 60.0
SIZE = Size(80, 24)
# Takes the lock over as a keeper's process does, with less patience.
TAKE_OVER = """
import sys
from pathlib import Path
from qms_tui.ipc.lock import take_over_lock
print(take_over_lock(Path(sys.argv[1]), "/srv/pipe-dream", "local", int(sys.argv[2]), 0.3) is not None)
"""
# A screen of the first edition, as far as it matters: it starts a keeper as soon as its own has gone.
OLD_SCREEN = """
import subprocess, sys
while True:
    keeper = subprocess.Popen([sys.executable, *sys.argv[1:]], stdout=subprocess.PIPE, text=True)
    print(keeper.stdout.readline(), end="", flush=True)
    if keeper.wait() == 3:
        break
"""


class Place:
    """A project whose keeper may be of another version."""

    def __init__(self, root: Path) -> None:
        self.client = KeeperClient(root, LOCAL)
        self.folder = private_folder(keeper_folder(root, LOCAL))

    @contextlib.contextmanager
    def occupied(self, protocol: int, *more: str) -> Iterator[subprocess.Popen[str]]:
        """By such a keeper."""
        command = [sys.executable, str(OLD_KEEPER), str(self.folder), str(protocol), *more]
        with running(command) as process:
            assert said(process) == "ready"
            yield process

    def open(self) -> int:
        """Greet the keeper as whoever decides about agents does, which may start one; its process."""
        self.client.open(Want.WATCH, "", "", SIZE).close()
        return self.owner["pid"]

    @property
    def owner(self) -> dict[str, int]:
        return dict(words_of_owner(self.folder / LOCK) or {"pid": 0})

    def greet(self, hello: bytes) -> tuple[int, dict[str, object]]:
        """What the keeper says to it first."""
        with socket.socket(socket.AF_UNIX) as guest, reachable(self.folder / SOCKET) as path:
            guest.settimeout(PATIENCE)
            guest.connect(str(path))
            guest.sendall(hello)
            frames, found = Frames(), list[tuple[int, bytes]]()
            while not found:
                data = guest.recv(65536)
                assert data, "it has hung up"
                found = frames.feed(data)
        kind, body = found[0]
        return kind, read_message(body)


@contextlib.contextmanager
def running(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    made = Place(tmp_path)
    yield made
    made.client.stop()


def test_its_lock_is_taken(place: Place) -> None:
    with place.occupied(FIRST) as old:
        ours = place.open()
        assert old.wait(PATIENCE) == 0
        assert ours != old.pid
        assert place.owner["protocol"] == PROTOCOL
        assert place.open() == ours


def test_a_screen_that_starts_its_own_again_comes_too_late(place: Place) -> None:
    with running(
        [sys.executable, "-c", OLD_SCREEN, str(OLD_KEEPER), str(place.folder), str(FIRST)]
    ) as screen:
        assert said(screen) == "ready"
        before = place.owner["pid"]
        ours = place.open()
        assert said(screen) == "taken"
        assert screen.wait(PATIENCE) == 0
        assert place.owner["pid"] == ours != before
        assert place.open() == ours


def test_one_that_does_not_end_is_ended(place: Place) -> None:
    with place.occupied(FIRST, "0.1.0", "deaf") as old:
        command = [sys.executable, "-c", TAKE_OVER, str(place.folder / LOCK), str(PROTOCOL)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
        assert done.stdout == "True\n"
        assert old.wait(PATIENCE) == -9


@pytest.mark.parametrize("protocol", [PROTOCOL, PROTOCOL + 1])
def test_one_that_is_not_older_keeps_its_lock(place: Place, protocol: int) -> None:
    with place.occupied(protocol) as other:
        command = [sys.executable, "-c", TAKE_OVER, str(place.folder / LOCK), str(PROTOCOL)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
        assert done.stdout == "False\n"
        assert other.poll() is None


def test_two_that_take_over_at_once_lead_to_one(place: Place) -> None:
    with place.occupied(FIRST) as old:
        script = (
            "import sys; from pathlib import Path; from qms_tui.keeper.client import KeeperClient\n"
            "from qms_tui.keeper.protocol import Want; from qms_tui.runtime import Size\n"
            "KeeperClient(Path(sys.argv[1]), 'local').open(Want.WATCH, '', '', Size(80, 24)).close()"
        )
        root = str(place.folder.parents[3])
        with running([sys.executable, "-c", script, root]) as one:
            ours = place.open()
            assert one.wait(PATIENCE) == 0
        assert old.wait(PATIENCE) == 0
        assert place.open() == ours


@pytest.mark.parametrize("name", HELLOS)
def test_older_screens_and_commands_are_told_to_open_the_screen_again(place: Place, name: str) -> None:
    ours = place.open()
    kind, content = place.greet(HELLOS[name])
    assert (kind, content["message"], content["hint"]) == (Kind.REFUSED, NEWER_HOLDS, OPEN_AGAIN)
    assert "open the screen again" in NEWER_HOLDS
    assert place.open() == ours


def test_an_older_stop_all_is_obeyed(place: Place) -> None:
    place.open()
    place.greet(STOP)
    until = time.monotonic() + PATIENCE
    while place.owner["pid"]:
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_newer_one_is_never_ended_but_by_stop(place: Place) -> None:
    with place.occupied(PROTOCOL + 1, "9.0.0") as newer:
        with pytest.raises(KeeperError) as raised:
            place.open()
        assert (raised.value.message, raised.value.hint) == (NEWER_HOLDS, OPEN_AGAIN)
        assert newer.poll() is None
        assert place.client.stop()
        assert newer.wait(PATIENCE) == 0


def test_one_of_local_agents_that_is_understood_stays(place: Place) -> None:
    with place.occupied(PROTOCOL, "0.0.9") as old:
        assert place.open() == old.pid
        assert old.poll() is None


@pytest.mark.parametrize(
    ("words", "older"),
    [
        ({"pid": 1, "version": "0.1.0"}, True),  # the first edition's
        ({"version": "99.0.0", "protocol": PROTOCOL - 1}, True),
        ({"version": "0.0.9", "protocol": PROTOCOL}, True),
        ({"version": "0.1.0", "protocol": PROTOCOL}, False),
        ({"version": "0.0.1", "protocol": PROTOCOL + 1}, False),
        ({"version": "of old", "protocol": PROTOCOL}, False),
        ({"version": None, "protocol": "many"}, False),
        ({"protocol": PROTOCOL}, False),
    ],
)
def test_who_is_older(words: dict[str, object], older: bool) -> None:
    assert is_older(words, PROTOCOL) is older


def test_the_lock_is_read_as_the_first_edition_wrote_it(place: Place) -> None:
    with place.occupied(FIRST) as old:
        assert json.loads((place.folder / LOCK).read_text()) == {
            "pid": old.pid,
            "project": "/srv/pipe-dream",
            "engine": "local",
            "version": "0.1.0",
            "since": 1,
        }
        assert is_older(place.owner, PROTOCOL)
        assert os.path.exists(place.folder / SOCKET)
