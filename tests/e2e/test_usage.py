"""What a container uses, as a real engine tells it: on the screen, and by `ps --usage`."""

from __future__ import annotations

import json
import re
import time

import docker
import pytest

from tests.tui import PATIENCE, Tui

from .test_app import App, app, leave

__all__ = ["app"]
MEGABYTES = 256  # of memory that the agent may use: less than any engine has
BUSY = "sh\rwhile :; do :; done & while :; do :; done\r"  # two, so that other tests leave it half a processor


def shown(tui: Tui) -> tuple[int, int]:
    """Percents of a processor and the memory's figure in the frame; zeros while they are not there."""
    found = re.search(r" (\d+) % cpu · (\d+) [kM]B ", tui.text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def test_a_busy_container(app: App, engine: docker.APIClient) -> None:
    if not engine.info()["MemoryLimit"]:
        pytest.skip("this engine cannot limit memory, and does not tell what is used")
    app.set(f'memory = "{MEGABYTES}m"\n')
    with app.open("qa") as tui:
        tui.wait("agent ready qa")
        tui.type(BUSY)
        deadline = time.monotonic() + PATIENCE
        while shown(tui)[0] <= 50:
            assert time.monotonic() < deadline, tui.text
            assert tui._read(1.0), f"ended:\n{tui.text}"
        assert shown(tui)[1] > 0
        leave(tui)
    (row,) = json.loads(app.run("ps", "--usage", "--json").stdout)
    assert row["cpu"] > 0.2  # other tests may leave it little
    assert 0 < row["memory"] < row["memory_limit"] == MEGABYTES * 2**20
