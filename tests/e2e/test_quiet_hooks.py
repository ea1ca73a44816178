"""What our programs in a container do is not to be seen in the conversation, and the image has an editor."""

from __future__ import annotations

import pytest

from tests.bench.model import Model
from tests.inbox.qms_commands import QmsCommands
from tests.tui import Tui

from . import debian
from .test_app import App, leave
from .test_state import IDLE, say, wakes
from .test_state import app as client_app

__all__ = ["client_app"]
pytestmark = pytest.mark.timeout(debian.BUILD_SECONDS)
OURS = ("/usr/local/lib/qms-tui", "hook.py", "waiter.py", "completed successfully", "hook error", "Traceback")


def assert_quiet(tui: Tui) -> None:
    assert not [words for words in OURS if words in tui.text], tui.text


def test_no_hook_speaks_in_the_conversation(client_app: App, model: Model) -> None:
    """At the start, for a wake, a tool, an error, when it is compacted, cleared and left."""
    with client_app.open("qa") as tui:
        tui.wait(IDLE)
        assert_quiet(tui)
        QmsCommands(client_app.root).route("CR-056", "qa")
        tui.until(lambda: wakes(model) == 1)
        tui.wait("1 qa  1  ● idle")
        assert_quiet(tui)
        say(tui, 'call Bash {"command": "sleep 0", "description": "Sleep"}')
        tui.wait("The tool has run.", "1 qa  1  ● idle")
        assert_quiet(tui)
        say(tui, "refuse 500")
        tui.wait("✖ error")
        assert_quiet(tui)
        say(tui, "/compact")
        tui.wait("Compacted", "1 qa  1  ● idle")
        assert_quiet(tui)
        say(tui, "/clear")
        tui.wait(absent="Compacted")
        assert_quiet(tui)
        say(tui, "/exit")
        tui.wait("1 qa  1  ○ exited")
        assert_quiet(tui)
        leave(tui)


def test_a_prompt_is_edited_in_the_editor_of_the_image(client_app: App) -> None:
    with client_app.open("qa") as tui:
        tui.wait(IDLE)
        tui.type("half a thought")
        tui.wait("half a thought")
        tui.type("\x07")  # Ctrl+G
        tui.wait("GNU nano", "half a thought")
        tui.type("a whole and \x0f\r\x18")  # written and left
        tui.wait("a whole and half a thought", absent="GNU nano")
        leave(tui)
