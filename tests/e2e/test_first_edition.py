"""The first edition's agents, keeper, screens and files are taken over by today's program, never fought.

The first edition is run as it was: a screen of it with agents in containers is open when today's comes.
"""

from __future__ import annotations

import copy
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from qms_tui.keeper.journal.reader import read_entries, read_segments
from qms_tui.keeper.journal.records import Output
from tests.inbox.qms_commands import QmsCommands
from tests.tui import LOOK, PATIENCE, Tui

from . import first_edition
from .engine import PROJECT_LABEL
from .test_app import App, leave
from .test_mcp import LIAR, SERVER
from .user import give

ALT_1, ALT_2, ZOOM = "\x1b1", "\x1b2", "\x1bOS"
COUNT = "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.02; done\r"
WORDS = "open the screen again: a newer qms-tui holds the agents"
PROMPT = "command = [\"sh\"]\nwake_prompt = '\\S+ [$#] '\n"


@pytest.fixture
def old(qms_project: Path, tmp_path: Path, image: str) -> App:
    """The first edition's program; nobody has answered whether the project is trusted."""
    return first_edition_of(qms_project, tmp_path, image)


def first_edition_of(root: Path, tmp_path: Path, image: str) -> App:
    made = App(root, tmp_path / "home", image)
    for path in (Path(made.environment["XDG_STATE_HOME"]) / "qms-tui/trust").iterdir():
        path.unlink()
    folder = first_edition.unpack(tmp_path / "first")
    give(made.uid, folder, *folder.rglob("*"))
    made.environment = made.environment | {"PYTHONPATH": str(folder)}
    return made


@pytest.fixture
def new(old: App) -> Iterator[App]:
    """Today's, of the same user on the same project."""
    made = todays(old)
    yield made
    made.run("stop", "--all", "--yes")


def todays(old: App) -> App:
    made = copy.copy(old)
    made.environment = old.environment | {"PYTHONPATH": str(first_edition.ROOT)}
    return made


def state(app: App) -> Path:
    return Path(app.environment["XDG_STATE_HOME"]) / "qms-tui"


def printed(app: App, agent: str) -> str:
    """What the agent has printed, as its journal has it."""
    (folder,) = (state(app) / "projects").glob(f"*/{agent}")
    entries = read_entries(read_segments(folder))
    return b"".join(e.fact.data for e in entries if isinstance(e.fact, Output)).decode(errors="replace")


def counted(app: App, agent: str) -> list[int]:
    return [int(number) for number in re.findall(r"^line (\d+)\r$", printed(app, agent), re.MULTILINE)]


def keepers_log(app: App) -> str:
    return "".join(path.read_text() for path in (state(app) / "log").glob("keeper-*.log"))


def containers(engine: docker.APIClient, app: App) -> set[str]:
    rows = engine.containers(all=True, filters={"label": f"{PROJECT_LABEL}={app.root}"})
    return {row["Id"] for row in rows}


def until(holds: Callable[[], object], *screens: Tui) -> None:
    """Read all screens until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "\n".join(screen.text for screen in screens)
        for screen in screens:
            screen._read(LOOK)


def test_agents_that_stream_go_on_and_its_screen_is_told(
    old: App, new: App, engine: docker.APIClient
) -> None:
    with old.open("qa", "tu_ui") as before:
        before.wait("It would like to use")
        before.type("t")
        before.wait("agent ready qa", "agent ready tu_ui")
        before.type("sh\r")
        before.wait("$ ")
        before.type(COUNT)
        before.wait("line 20")
        ids, (lock,) = containers(engine, old), (state(old) / "projects").glob("*/keeper.lock")
        first = lock.read_text()

        # Looking takes nothing over.
        assert set(new.ps()) == {"qa", "tu_ui"}
        assert "line 20" in new.run("log", "qa").stdout
        assert lock.read_text() == first

        with new.open() as after:  # nothing is asked; the layout is that of before
            until(lambda: "2 tu_ui ● running" in after.text, before, after)
            until(lambda: before.text.count(WORDS) == 2, before, after)
            assert "1 qa ● running" in after.text
            after.type(ALT_2)
            after.type("from the new screen\r")
            until(lambda: "echo:from the new screen" in after.text, before, after)
            before.type(ALT_2)
            before.type("from the old screen\r")
            until(lambda: "keys wait" in before.text, before, after)
            seen = counted(new, "qa")[-1] + 50
            until(lambda: counted(new, "qa")[-1] > seen, before, after)
            assert json.loads(lock.read_text())["protocol"]
            assert "echo:from the old screen" not in after.text
            leave(after)
        leave(before)
    numbers = counted(new, "qa")
    assert numbers == list(range(1, numbers[-1] + 1))
    assert keepers_log(new).count("keeper.process: serving") == 2  # its and ours: nobody was fought
    assert containers(engine, new) == ids
    assert set(old.ps()) == {"qa", "tu_ui"}
    with old.open() as again:  # a downgrade is refused
        again.wait(WORDS)
        leave(again)
    assert new.run("stop", "--all").returncode == 0
    assert not containers(engine, new)


def test_what_was_announced_consumed_and_arranged_is_so_still(old: App, new: App) -> None:
    old.set(PROMPT)
    qms = QmsCommands(old.root)
    with old.open("tu_ui", "qa") as before:
        before.wait("It would like to use")
        before.type("t")
        before.wait("1 tu_ui ● running", "2 qa ● running", "$ ")
        qms.route("CR-056", "qa")
        qms.route("CR-057", "qa")
        before.wait("New in your QMS inbox")
        before.until(lambda: printed(old, "qa").count("CR-057") >= 1)
        qms.answer("CR-056", "qa", "reviewed", "lead")
        before.until(lambda: any("CR-056" in each.read_text() for each in consumed(old)))
        before.type(ALT_2)
        before.type(ZOOM)
        before.wait("zoomed")
        leave(before)
    announced = printed(old, "qa").count("New in your QMS inbox")
    with new.open() as after:
        after.wait("1 tu_ui", "zoomed", "Check your QMS inbox")
        after.type("\x1bOQ")  # F2
        after.wait("CR-057", "CR-056")
        qms.route("CR-058", "qa")
        after.until(lambda: "CR-058" in printed(new, "qa"))
        leave(after)
    assert printed(new, "qa").count("New in your QMS inbox") == announced + 1
    assert printed(new, "qa").partition("CR-058")[0].count("CR-057") == printed(old, "qa").count("CR-057")


def consumed(app: App) -> list[Path]:
    return [*state(app).glob("*/*.jsonl")]


def test_mcp_servers_are_reached_through_the_folder_that_was_mounted(
    make_qms_project: Callable[..., Path], tmp_path: Path, programs_image: str, engine: docker.APIClient
) -> None:
    root = make_qms_project(uid=os.geteuid())  # who sees the tests' own server
    old = first_edition_of(root, tmp_path, programs_image)
    words = [sys.executable, str(SERVER), str(tmp_path / "log")]
    old.set(f"command = ['sleep', '1000']\n[mcp.test]\ncommand = {words!r}\n")
    new = todays(old)
    try:
        with old.open("qa") as before:
            before.wait("It would like to use")
            before.type("t")
            before.wait("1 qa ● running")
            (container,) = containers(engine, old)
            until(lambda: who_is(engine, container) == "qa", before)
            with new.open() as after:
                until(lambda: WORDS in before.text, before, after)
                until(lambda: "1 qa ● running" in after.text, before, after)
                until(lambda: who_is(engine, container) == "qa", before, after)
                leave(after)
            leave(before)
        assert containers(engine, new) == {container}
    finally:
        new.run("stop", "--all", "--yes")


def who_is(engine: docker.APIClient, container: str) -> str:
    """Who an MCP server takes a program in the container for."""
    made = engine.exec_create(container, ["/usr/bin/python3", "-c", LIAR])
    return str(engine.exec_start(made["Id"]).decode())
