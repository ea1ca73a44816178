"""Whoever sees other files or processes than the spawner's user is not served, though the socket is there."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

import pytest

from qms_tui.keeper.paths import SPAWNER_SOCKET
from tests.e2e.held import started

from .world import World

# Speaks as a client of ours does, without one: what an agent would bring along.
KNOCK = """
import json, socket, struct, sys
words = json.dumps({"do": "list"}).encode()
with socket.socket(socket.AF_UNIX) as s:
    s.settimeout(10)
    s.connect(sys.argv[1])
    try:
        s.sendall(struct.pack(">I", len(words)) + words)
    except BrokenPipeError:
        pass
    print(s.recv(65536)[4:].decode())
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make namespaces")
@pytest.mark.parametrize("apart", [("--mount",), ("--pid", "--fork", "--kill-child")], ids=["mount", "pid"])
async def test_in_other_namespaces(world: World, apart: tuple[str, ...]) -> None:
    async with started(world.runtime(script="read x"), "qa"):
        words = ("unshare", *apart, sys.executable, "-c", KNOCK, str(world.folder / SPAWNER_SOCKET))
        said = subprocess.run(words, capture_output=True, text=True, check=True).stdout  # noqa: ASYNC221
        assert "the spawner does not serve this program" in json.loads(said)["error"]
        assert world.processes.spawner.programs()["qa"].alive


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
async def test_another_user(world: World) -> None:
    """Who would have to pass the folder first, which is open here."""
    async with started(world.runtime(script="read x"), "qa"):
        path = world.folder / SPAWNER_SOCKET
        for folder in (world.folder, *world.folder.parents):
            if folder.is_relative_to(world.root.parent):
                folder.chmod(0o755)
        assert path.stat().st_mode & 0o077 == 0
        path.chmod(0o666)
        with socket.socket(socket.AF_UNIX) as ours:
            ours.connect(str(path))  # it can be reached at all
        words = ("setpriv", "--reuid", "65534", "--clear-groups", sys.executable, "-c", KNOCK, str(path))
        done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: ASYNC221
        assert "runs as user 65534" in done.stdout or "PermissionError" in done.stderr
