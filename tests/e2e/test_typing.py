"""Programs in containers that nothing else wakes are typed to, by one of two interfaces."""

from __future__ import annotations

from pathlib import Path

from tests.inbox.qms_commands import QmsCommands

from .test_app import App, app, leave

__all__ = ["app"]  # the fixture
ANSWER = "sh: New: not found"


def test_each_item_is_typed_once_whoever_leads(app: App, qms_project: Path) -> None:
    app.set("command = [\"sh\"]\nwake_prompt = '\\S+ [$#] '\n")
    qms = QmsCommands(qms_project)
    qms.route("CR-056", "qa")
    with app.open("qa") as first:
        first.wait("New in your QMS inbox: review task CR-056 from claude. Check", ANSWER)
        first.type("\x1bOQ")  # F2: the sidebar
        first.wait("announced")
        with app.open("qa") as second:
            second.wait(ANSWER)
            qms.message("qa", "; exit 7", "$(exit 7)")
            for tui in (first, second):
                tui.wait("message from claude. Check your QMS inbox.")
            second.type("\x1bOQ")
            for tui in (first, second):
                tui.wait("announced", absent="pending")
            leave(first)
            qms.route("CR-057", "qa")
            second.wait("New in your QMS inbox: review task CR-057 from claude. Check")
            second.wait("announced", absent="pending")
            second.type("\x1bOQ" + "echo do''ne\r")
            second.wait("done")
            assert second.text.count(ANSWER) == 3
            leave(second)
