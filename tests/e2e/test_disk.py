"""Agents that fill the disk, on a real engine: said near their limit, paused at it, and let go on by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from qms_tui.keeper.disk.watch import PERIOD

from .test_app import App, leave

WORKSPACE = "/pipe-dream/.claude/users/qa/workspace"
MOST = 6 * PERIOD  # seconds, on a busy machine


@pytest.fixture
def app(qms_project: Path, tmp_path: Path, image: str) -> App:
    app = App(qms_project, tmp_path / "home", image)
    app.set('disk = "100m"\n')
    return app


def until(look: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + MOST
    while not look():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def trouble(app: App) -> str:
    return str(app.ps()["qa"].get("disk_trouble", ""))


def test_near_its_limit_it_is_said_and_at_its_limit_it_is_paused(app: App, engine: docker.APIClient) -> None:
    with app.open("qa") as tui:
        tui.wait("agent ready qa")
        tui.type(f"sh\rfallocate -l 85M {WORKSPACE}/a\r")  # at once: it may be counted at any moment
        tui.wait("disk 85 MB of 100 MB: at its limit it is paused", patience=MOST)
        assert app.ps()["qa"]["condition"] == "running"
        assert "disk 85 MB of 100 MB" in app.run("ps").stdout
        tui.type(f"fallocate -l 20M {WORKSPACE}/b\r")
        tui.wait("paused: disk limit reached, 105 MB of 100 MB · g in the menu lets it go on", patience=MOST)
        row = app.ps()["qa"]
        assert (row["condition"], row["disk_limit"]) == ("paused", 100 * 2**20)
        assert "paused, disk limit reached, 105 MB of 100 MB" in app.run("ps").stdout
        lights = row["lights"]
        assert isinstance(lights, dict)
        assert lights["container"]["why"] == "paused: disk limit reached, 105 MB of 100 MB"
        # Let go on, it may tidy up, and nobody pauses it again for what it has.
        tui.type("\x02g")
        tui.wait("it may tidy up for a while", patience=MOST)
        tui.type(f"rm {WORKSPACE}/*\recho tidy\r")
        tui.wait("tidy")
        until(lambda: not trouble(app), "the limit is kept again")
        assert app.ps()["qa"]["condition"] == "running"
        leave(tui)
    assert app.run("stop", "--all").returncode == 0


@pytest.mark.parametrize(
    "place", ["/claude-config", "/home/agent", "/tmp", "/pipe-dream/.claude/sessions", f"{WORKSPACE}/a/b/c"]
)
def test_wherever_it_writes_and_with_no_screen_open(
    app: App, engine: docker.APIClient, qms_project: Path, place: str
) -> None:
    sessions = qms_project / ".claude/sessions"
    sessions.mkdir(exist_ok=True)
    sessions.chmod(0o777)
    with app.open("qa") as tui:
        tui.wait("agent ready qa")
        leave(tui)
    (row,) = engine.containers(filters={"label": f"qms-tui.project={qms_project}"})
    filling = f"mkdir -p {place}; dd if=/dev/zero of={place}/big bs=1M count=120"
    # Not waited for: it may be paused before it has written all.
    engine.exec_start(engine.exec_create(row["Id"], ["sh", "-c", filling])["Id"], detach=True)
    until(lambda: app.ps()["qa"]["condition"] == "paused", "it is paused")
    until(lambda: "disk limit reached" in trouble(app), "it is said why")
    assert app.run("unpause", "qa").stdout == "qa: goes on\n"
    assert app.ps()["qa"]["condition"] == "running"
    assert app.run("unpause", "qa").stdout == "qa: is not paused\n"
    assert app.run("stop", "--all").returncode == 0


def test_what_cannot_be_counted_stops_it_too(app: App, engine: docker.APIClient, qms_project: Path) -> None:
    with app.open("qa") as tui:
        tui.wait("agent ready qa")
        deep = "i=0; while [ $i -lt 140 ]; do mkdir d && cd d; i=$((i+1)); done"
        tui.type(f"sh\rcd {WORKSPACE} && {deep}\r")
        tui.wait("paused: folders lie deeper than 128", patience=MOST)
        leave(tui)
    assert app.run("stop", "--all").returncode == 0
