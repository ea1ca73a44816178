"""What an agent writes leaves its neighbour alone, however the outer terminal counts; one of them is tmux."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import qms_tui
from tests.tui import Tui, end_local_agents

from .counting_terminal import WAYS, Count, CountingTerminal, per_code_point
from .tmux import Tmux

CASE = json.loads((Path(__file__).parent / "cases/app_neighbour_pane_survives.json").read_text())
COLUMNS, LINES = CASE["window"]
SIDES = "│┃"
ODD = "ไทย กำลัง ⚠️ 👩‍👩‍👧‍👦"
BEGINNINGS = ("plain ab|", "warn", "thai", "end|")


class Place:
    """A project whose two agents write the case's bytes and then wait."""

    def __init__(self, base: Path) -> None:
        self.root, self.home, program = base / "project", base / "home", base / "program"
        self.home.mkdir()
        (self.root / ".claude/agents").mkdir(parents=True)
        (self.root / ".claude/agents/qa.md").write_text("")
        (base / "text").write_bytes(bytes.fromhex(CASE["inner_writes_in_both"]))
        program.write_text(f"#!/bin/sh\ncat {base / 'text'}\nexec cat\n")
        program.chmod(0o755)
        self.arguments = ("--runtime", "local", "--command", str(program), *CASE["panes"])
        self.environment = {name: str(self.home) for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME")}

    def receive(self, agent: str, name: str) -> None:
        """An item with a subject of such text arrives."""
        inbox = self.root / f".claude/users/{agent}/inbox"
        inbox.mkdir(parents=True, exist_ok=True)
        (inbox / f"{name}.md").write_text(f"---\nsubject: {ODD} {name}\nfrom: {ODD}\n---\n{ODD}\n")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(tmp_path_factory.mktemp("neighbours"))
    yield made
    end_local_agents(made.home)


@pytest.fixture(scope="module")
def written(place: Place) -> list[str]:
    """All that the app wrote up to each of some moments, at the last of which nothing lies over the panes."""
    moments = []
    with Tui(*place.arguments, cwd=place.root, size=(COLUMNS, LINES), env=place.environment) as tui:

        def reach(holds: Callable[[], object]) -> None:
            tui.until(holds)
            moments.append(tui.output.decode(errors="replace"))

        reach(lambda: tui.text.count("end|") == 2)
        tui.type("\x02")  # the menu, over both panes
        reach(lambda: "sends itself" in tui.text)
        tui.type("\x1b")
        reach(lambda: "sends itself" not in tui.text and tui.text.count("end|") == 2)
        place.receive("qa", "กำลัง⚠️👩‍👩‍👧one")  # a toast over the right pane
        reach(lambda: "one.md" in tui.text)
        tui.type("typed on\r" + ODD + "\r")
        reach(lambda: tui.text.count("typed on") == 2)
        tui.type("\x1b2")
        reach(lambda: tui.text.count("end|") == 2)
    return moments


def rows_with_both_panes(terminal: CountingTerminal, *, whole: bool) -> None:
    """Assert that the frames stand where they stand beside the plain row, and that qa's rows are its own."""
    shown = "\n".join(terminal.display)
    plain = next(row for row in range(LINES) if terminal.text(row, 1, 10) == BEGINNINGS[0])
    frames = [
        column
        for column in range(COLUMNS)
        if terminal.cell(plain, column) in SIDES and terminal.cell(plain, column)
    ]
    assert len(frames) == 4, shown
    for row in range(1, LINES - 2):
        if whole:
            assert all(terminal.cell(row, column) in tuple(SIDES) for column in frames), shown
    for row, beginning in enumerate(BEGINNINGS, plain) if whole else ():
        for left in (frames[0], frames[2]):
            assert terminal.text(row, left + 1, left + 30).startswith(beginning), shown


@pytest.mark.parametrize("count", WAYS, ids=[way.__name__ for way in WAYS])
def test_frames_and_neighbour_stay(written: list[str], count: Count) -> None:
    for at, moment in enumerate(written):
        terminal = CountingTerminal(COLUMNS, LINES, count)
        terminal.feed(moment)
        rows_with_both_panes(terminal, whole=at not in (1, 3))  # but not while something lies over them


def test_in_tmux(place: Place, tmux: Tmux) -> None:
    environment = place.environment | {
        "PYTHONPATH": str(Path(qms_tui.__file__).parents[1]),
        "LANG": "C.UTF-8",
    }
    settings = [word for name, value in environment.items() for word in ("-e", f"{name}={value}")]
    program = [sys.executable, "-m", "qms_tui", *place.arguments]
    size = ["-x", str(COLUMNS), "-y", str(LINES)]
    tmux.run("-u", "new-session", "-d", *size, *settings, "-c", str(place.root), *program)
    shown = tmux.wait(lambda shown: shown.count("end|") == 2)
    rows = shown.splitlines()
    plain = next(at for at, row in enumerate(rows) if BEGINNINGS[0] in row)
    frames = [at for at, char in enumerate(rows[plain]) if char in SIDES]
    assert len(frames) == 4
    for row in rows[1 : LINES - 2]:
        terminal = CountingTerminal(COLUMNS, 1, per_code_point)  # tmux 3.3 does
        terminal.feed(row)
        assert all(terminal.cell(0, column) in tuple(SIDES) for column in frames), shown
