"""Two users of one engine on one project: the agents are the first one's, the second may look on."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from . import engine as engines
from . import project as projects
from .people import Person
from .test_app import PREFIX, leave
from .test_two_interfaces import ASK, LARGE, LARGE_SIZE, SMALL, SMALL_SIZE, Two, until_size

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be several users")
PAGE_UP = "\x1b[5~"


@pytest.fixture
def root(engine: docker.APIClient) -> Iterator[Path]:
    """A project that everybody may look at; pytest's own folders are closed to all but root."""
    folder = Path(tempfile.mkdtemp(prefix="qms-tui-users-", dir="/tmp"))
    folder.chmod(0o755)
    (folder / "project").mkdir()
    yield projects.make_qms_project(folder / "project")
    engines.remove_project(engine, str(folder / "project"))
    shutil.rmtree(folder)


@pytest.fixture
def first(root: Path, image: str) -> Iterator[Person]:
    """Whose project it is."""
    with contextlib.closing(Person(root, root.parent / "first", image, projects.AGENT_UID)) as person:
        yield person


@pytest.fixture
def second(first: Person, root: Path, image: str) -> Iterator[Person]:
    """Somebody else who may use the engine."""
    with contextlib.closing(Person(root, root.parent / "second", image, first.uid + 1)) as person:
        yield person


def test_the_second_user_sees_what_came_before(first: Person, second: Person) -> None:
    with first.open("claude") as tui:
        tui.wait("agent ready claude")
        tui.type("flood 300\r")
        tui.wait("flood 300")
        leave(tui)
    with second.open("claude") as tui:
        tui.wait("flood 300", "1 claude ● running")
        tui.type(PREFIX + PAGE_UP + 9 * PAGE_UP)
        tui.wait("agent ready claude")
        leave(tui)
    log = second.run("log", "claude")
    assert log.stderr == ""
    assert [line for line in log.stdout.splitlines() if re.fullmatch(r"flood \d+", line)][-300:] == [
        f"flood {number}" for number in range(1, 301)
    ]


def test_looking_on_changes_nothing_and_typing_takes_over(first: Person, second: Person) -> None:
    with first.open("claude", size=LARGE) as one:
        one.wait("agent ready claude")
        one.type("sh\rPS1='$ '; echo $((40 + 2))ready\r")
        one.wait("42ready")
        with second.open("claude", size=SMALL) as other:
            both = Two(one, other)
            both.until(lambda: "another user leads at 158x37 · type to take over" in other.text)
            one.type(f"{ASK}echo known$((1 + 1))\r")
            both.show("known2")
            one.type("clear; q 1; stty size\r")
            both.show("-end", LARGE_SIZE)
            (reply,) = re.findall("reply-1-([0-9a-f]*)-end", one.text)
            assert re.fullmatch(rb"\x1b\[\d+;\d+R", bytes.fromhex(reply))
            assert "type to take over" in other.text
            other.type("\r")
            both.until(lambda: "type to take over" not in other.text)
            other.type(f"clear; {until_size(SMALL_SIZE)}; echo small$((1 + 1))\r")
            both.until(lambda: "small2" in other.text)
            leave(other)
        one.type(f"clear; {until_size(LARGE_SIZE)}; echo large$((1 + 1))\r")
        one.wait("large2")
        leave(one)
