"""A program that reports of itself in a container, where nothing else tells of it, has a state like any."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ui.reporting import encoded, report

from .test_app import App, leave

ASKS = report("blocked", "approve Bash: [b]touch[/b] x", kind="permission")
WAITS = "2 qa ◆ needs you · permission: approve Bash: [b]touch[/b] x"


@pytest.fixture
def app(qms_project: Path, tmp_path: Path, image: str) -> Iterator[App]:
    made = App(qms_project, tmp_path / "home", image)
    yield made
    made.run("stop", "--all")


def say(text: str) -> str:
    """The line that has a shell report."""
    return f"printf '\\033]7501;{text}\\033\\\\'\r"


def test_states_reasons_lights_and_the_way_to_who_waits(app: App) -> None:
    with app.open("claude", "qa") as tui:
        tui.wait("1 claude ● running", "2 qa ● running")
        tui.type(f"\x1b2sh\r{say(report('working', 'tests', progress=40))}")
        tui.wait("2 qa ◐ busy · tests, 40 %")
        tui.type(
            say(report("idle") + f":title={encoded('x')}") + say(report("working", title="lint", id="a"))
        )
        tui.wait("2 qa ◔ background job · lint")
        tui.type(f"{say(ASKS)}\x1b1")
        tui.wait(WAITS, "1 needs you: F3")
        tui.type("\x1bOR")  # F3
        tui.type("\x02e")
        tui.wait(
            "rule 1: its report", "some-agent: blocked, permission, approve Bash", "none in this program"
        )
        tui.type("\x1b")
        tui.wait(WAITS, absent="rule 1")
        tui.type(say(report("clear")))
        tui.wait("2 qa ● running", absent="needs you")
        leave(tui)


def test_a_screen_that_opens_later_and_ps_say_the_same(app: App) -> None:
    with app.open("qa") as tui:
        tui.wait("1 qa ● running")
        tui.type(f"sh\r{say(ASKS)}")
        tui.wait(WAITS[2:])
        leave(tui)
    with app.open("qa") as tui:
        tui.wait(WAITS[2:])
        activity = app.ps()["qa"]["activity"]
        assert isinstance(activity, dict)
        detail = WAITS.partition(" · ")[2]
        assert (activity["word"], activity["detail"]) == ("needs you", detail)
        said = [one["said"] for one in activity["sources"] if one["source"] == "report"]
        assert said == [f"some-agent: blocked, {detail.replace(': ', ', ', 1)}"]
        tui.type("exit\rexit 0\r")  # the shell, and the program: what waited waits no more
        tui.wait("exited", absent="needs you")
        leave(tui)
