"""What a real keeper has kept of a real container, as text and as a recording."""

from __future__ import annotations

import json

from qms_tui.terminal import Terminal

from .test_app import App, app, leave

__all__ = ["app"]


def test_text_and_recording_of_an_agent_that_runs_and_of_one_that_is_gone(app: App) -> None:
    with app.open("claude") as tui:
        tui.wait("agent ready claude")
        tui.type("flood 500\r")
        tui.wait("flood 499", "flood 500")  # what is typed before would be echoed between the lines
        tui.type("flooded\r")
        tui.wait("echo:flooded")
        running = app.run("log", "claude", "--grep", "^flood ")
        leave(tui)
    wanted = [f"flood {number}" for number in range(1, 501)]
    assert (running.stderr, running.stdout.splitlines()) == (
        "",
        ["flood 500", *wanted],
    )  # first what was typed
    assert app.run("stop", "--all").returncode == 0
    found = app.run("log", "claude")
    assert (found.returncode, found.stderr) == (0, "")
    lines = found.stdout.splitlines()
    assert lines[0].endswith(" started --")
    assert [line for line in lines if line.startswith("flood ")][1:] == wanted
    assert app.run("record", "claude", "--output", "f.cast").returncode == 0
    head, *events = [json.loads(line) for line in (app.root / "f.cast").read_text().splitlines()]
    player = Terminal(head["width"], head["height"])
    for _, code, content in events:
        if code == "r":
            player.resize(*map(int, content.split("x")))
        elif code == "o":
            player.feed(content.encode())
    assert any("echo:flooded" in row for row in player.display)
