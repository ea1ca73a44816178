"""A keeper's client, and the place where its keeper would serve."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from qms_tui.ipc import reachable
from qms_tui.keeper.client import KeeperClient
from qms_tui.keeper.paths import SOCKET, keeper_folder

ENGINE = "unix:///nowhere/docker.sock"


@pytest.fixture
def keeper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeeperClient:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return KeeperClient(tmp_path, ENGINE)


@pytest.fixture
def listener(keeper: KeeperClient, tmp_path: Path) -> Iterator[socket.socket]:
    """Where a keeper would serve."""
    path = keeper_folder(tmp_path, ENGINE) / SOCKET
    path.parent.mkdir(parents=True, mode=0o700)
    with socket.socket(socket.AF_UNIX) as listener, reachable(path) as address:
        listener.bind(str(address))
        listener.listen()
        yield listener
