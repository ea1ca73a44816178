"""An agent in a container and one that is a program of this machine, in one screen."""

from __future__ import annotations

from .test_app import ALT_2, App, app, leave

__all__ = ["app"]


def test_each_has_its_own_keeper_and_its_own_keys(app: App) -> None:
    started = app.run("start", "--runtime", "local", "--command", "cat", "bu")
    assert started.returncode == 0, started.stderr
    with app.open("qa", "bu") as tui:
        tui.leaves_agents = True  # they are another user's to end
        tui.wait("1 qa ● running", "2 bu ● running", "agent ready qa", "+ local, not isolated")
        tui.type("one\r")
        tui.wait("echo:one")
        tui.type(ALT_2 + "two\r")
        tui.until(lambda: tui.text.count("two") == 2)
        leave(tui)
        assert "qa and bu go on in their containers and on this machine." in tui.text
    app.run("stop", "--all")
