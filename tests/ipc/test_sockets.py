"""Sockets at paths that are too long for their addresses, on Linux and as on macOS."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from qms_tui.ipc import LONGEST, reachable

PATH = "keeper.sock"


@pytest.fixture(params=["linux", "darwin"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a long name."""
    monkeypatch.setattr(sys, "platform", request.param)
    made = tmp_path / ("long" * 30)
    made.mkdir()
    return made


@pytest.fixture
def listening(folder: Path) -> Iterator[socket.socket]:
    """A socket at `PATH` in it."""
    with socket.socket(socket.AF_UNIX) as found:
        with reachable(folder / PATH) as short:
            found.bind(str(short))
        found.listen()
        yield found


def test_a_long_path_is_reached_by_a_short_one(folder: Path, listening: socket.socket) -> None:
    assert (folder / PATH).is_socket()
    with socket.socket(socket.AF_UNIX) as connection:
        with reachable(folder / PATH) as short:
            assert len(os.fsencode(short)) <= LONGEST
            connection.connect(str(short))
        listening.accept()[0].close()


def test_nothing_of_the_short_path_is_left(folder: Path, listening: socket.socket) -> None:
    with reachable(folder / PATH) as short:
        assert short.is_socket()
    assert not short.exists()
    assert not short.parent.is_symlink()
    assert (folder / PATH).is_socket()


def test_a_short_path_is_its_own(tmp_path: Path) -> None:
    with reachable(Path("/run/keeper.sock")) as short:
        assert short == Path("/run/keeper.sock")


def test_a_folder_that_is_missing_has_nothing_to_reach(folder: Path) -> None:
    with (
        socket.socket(socket.AF_UNIX) as connection,
        pytest.raises(FileNotFoundError),
        reachable(folder / "none" / PATH) as short,
    ):
        connection.connect(str(short))
