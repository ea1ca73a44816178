"""The screen opens as it was left, in a real terminal, with agents as programs of this host."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from .tui import Tui, end_local_agents

ALT_2, F4, LEAVE = "\x1b2", "\x1bOS", "\x11"


class Place:
    """A project, and a home of its own."""

    def __init__(self, base: Path) -> None:
        self.root, self.home = base / "project", base / "home"
        self.home.mkdir()
        (self.root / ".claude/agents").mkdir(parents=True)
        for name in ("qa", "bu"):
            self.definition(name).write_text("")

    def definition(self, agent: str) -> Path:
        return self.root / f".claude/agents/{agent}.md"

    def open(self, *agents: str) -> Tui:
        own = {"HOME": str(self.home), "XDG_STATE_HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home)}
        return Tui("--runtime", "local", "--command", "cat", *agents, cwd=self.root, size=(140, 30), env=own)

    def layouts(self) -> list[Path]:
        return sorted(self.home.rglob("layouts/*"))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def leave(tui: Tui) -> None:
    tui.type(LEAVE)
    assert tui.end() == 0
    end_local_agents(tui.state)


def test_killed_and_opened_again(place: Place) -> None:
    """Order, zoom and the pane with the keyboard; nothing is left for the end to write."""
    with place.open("qa", "claude") as tui:
        tui.wait("1 qa ● running", "2 claude ● running")
        tui.type(ALT_2)
        tui.type(F4)
        tui.wait("2 claude ● running", absent="1 qa ● running")
        tui.process.kill(signal.SIGKILL)
        tui.end()
    assert len(place.layouts()) == 1
    with place.open() as tui:
        tui.wait("2 claude ● running", "zoomed", absent="1 qa ● running")
        tui.type("typed\r")
        tui.wait("typed")
        tui.type(F4)
        tui.wait("1 qa ● running", "2 claude ● running")
        leave(tui)


def test_the_same_agents_named_stand_as_they_did(place: Place) -> None:
    with place.open("qa", "claude") as tui:
        tui.wait("2 of 2 running")
        tui.type(F4)
        tui.wait("1 qa ● running", absent="2 claude ●")
        leave(tui)
    with place.open("claude", "qa") as tui:
        tui.wait("2 qa ● running", "zoomed", absent="1 claude ●")
        leave(tui)
    with place.open("qa", "claude", "bu") as tui:
        tui.wait("1 qa ● running", "2 claude ● running", "3 bu ● running", absent="zoomed")
        leave(tui)
    with place.open() as tui:
        tui.wait("1 qa ● running", "2 claude ● running", "3 bu ● running")
        leave(tui)


def test_an_agent_that_left_the_roster_is_dropped(place: Place) -> None:
    with place.open("bu", "qa") as tui:
        tui.wait("2 of 2 running")
        leave(tui)
    place.definition("bu").unlink()
    with place.open() as tui:
        tui.wait("1 qa ● running", "1 of 1 running")
        leave(tui)
    (layout,) = place.layouts()
    layout.write_text(layout.read_text().replace('"qa"', '"gone"'))
    with place.open() as tui:
        tui.wait("1 claude ● running", "2 qa ● running", "2 of 2 running")
        leave(tui)


@pytest.mark.parametrize("rubbish", ["", "{}", "\x1b[2J", "[" * 9999])
def test_rubbish_means_nothing_remembered(place: Place, rubbish: str) -> None:
    with place.open("qa") as tui:
        tui.wait("1 of 1 running")
        leave(tui)
    (layout,) = place.layouts()
    layout.write_text(rubbish)
    with place.open() as tui:
        tui.wait("1 claude ● running", "2 qa ● running")
        leave(tui)


def test_the_demo_remembers_nothing(place: Place) -> None:
    own = {"HOME": str(place.home), "XDG_STATE_HOME": str(place.home), "XDG_CONFIG_HOME": str(place.home)}
    with Tui("demo", env=own) as tui:
        tui.wait("2 of 2 running")
        tui.type(F4)
        tui.wait("zoomed")
        leave(tui)
    assert place.layouts() == []
