"""Reading an item over the panes, opening it in an editor, and writing messages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

import pytest
from textual.content import Content
from textual.widgets import Input, Markdown, SelectionList, Static, TextArea

from qms_tui.inbox import Item, Preview, scan
from qms_tui.ui.compose import ComposeScreen
from qms_tui.ui.preview import MOST_TOKENS, PreviewScreen, is_modest
from tests.inbox.qms_commands import QmsCommands

from .conftest import Screen
from .test_inboxes import badge, qms, watched

__all__ = ["qms"]
OpenApp: TypeAlias = Callable[..., AbstractAsyncContextManager[Screen]]


def shown(ui: Screen) -> str:
    """All text of the dialog."""
    screen = ui.app.screen
    texts = [str(each.content) for each in screen.query(Static)]
    return "\n".join(texts + [each._markdown for each in screen.query(Markdown)])


async def reading(ui: Screen) -> None:
    await watched(ui)
    await ui.press("f2")
    await ui.until(lambda: "pending" in ui.sidebar)
    await ui.press("enter")
    await ui.until(lambda: ui.shows(PreviewScreen) and ui.app.screen.query(Markdown))


async def test_facts_and_markdown(open_app: OpenApp, qms: QmsCommands) -> None:
    qms.route("CR-56", "qa")
    async with open_app("claude", "qa", size=(160, 60)) as ui:
        await reading(ui)
        text = shown(ui)
        assert "New task: Review CR-56" in text
        assert "IN_PRE_REVIEW" in text
        assert "file  task-CR-56-pre_review-v0-1.md" in text
        await ui.until(lambda: ui.app.screen.query("MarkdownTable"))
        await ui.press("escape")
        await ui.until(lambda: len(ui.app.screen_stack) == 1)
        assert ui.app.desk.has_keyboard


async def test_keys_scroll(open_app: OpenApp, qms: QmsCommands) -> None:
    qms.message("qa", "Long", "line\n\n" * 100)
    async with open_app("claude", "qa", size=(100, 30)) as ui:
        await reading(ui)
        scroll = ui.app.screen.query_one("#preview")
        await ui.until(lambda: scroll.max_scroll_y > 20)
        await ui.press("pagedown", "down")
        await ui.until(lambda: scroll.scroll_offset.y > 10)


async def test_links_are_text(open_app: OpenApp, qms: QmsCommands, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    qms.message(
        "qa", "Look", "[click](http://example.org) <http://example.net> http://example.com ![p](file:///x)"
    )
    async with open_app("claude", "qa", size=(160, 60)) as ui:
        monkeypatch.setattr(ui.app, "open_url", opened.append)  # Textual's, which starts a browser
        await reading(ui)
        await ui.until(lambda: ui.app.screen.query("MarkdownParagraph"))
        paragraph = ui.app.screen.query("MarkdownParagraph").last(Static)
        said = paragraph.content
        assert isinstance(said, Content)
        assert said.plain.startswith(
            "[click](http://example.org) <http://example.net> http://example.com ![p]"
        )
        assert not [span for span in said.spans if "@click" in str(span.style)]
        for column in range(2, 90, 4):
            await ui.click(paragraph, offset=(column, 0))
        assert opened == []
        assert isinstance(ui.app.screen, PreviewScreen)


def test_what_would_be_too_many_widgets_is_no_markdown() -> None:
    assert is_modest("# Title\n\n" + "text\n\n" * 100)
    assert not is_modest("- a\n" * MOST_TOKENS)
    assert not is_modest("|a|b|\n|-|-|\n" + "|1|2|\n" * MOST_TOKENS)


@pytest.mark.parametrize("text", [
    "> " * 30_000, "[" * 60_000, "*a **b " * 9000, "`" * 60_000, "|" * 60_000, "- " * 30_000,
    "<a " * 20_000, "&amp;" * 12_000, "![" * 30_000, "~~a" * 20_000,
])  # fmt: skip
def test_hostile_markdown_takes_no_time(text: str) -> None:
    began = time.thread_time()
    is_modest(text)
    assert time.thread_time() - began < 5


async def test_what_is_too_much_is_shown_as_it_is(open_app: OpenApp, qms: QmsCommands) -> None:
    qms.message("qa", "Much", "- item\n" * 5000)
    async with open_app("claude", "qa", size=(160, 60)) as ui:
        await watched(ui)
        await ui.press("f2")
        await ui.until(lambda: "pending" in ui.sidebar)
        await ui.press("enter")
        await ui.until(lambda: "- item\n- item" in shown(ui))
        assert not ui.app.screen.query(Markdown)


async def test_a_consumed_item_says_so(open_app: OpenApp, qms: QmsCommands) -> None:
    async with open_app("claude", "qa", size=(160, 60)) as ui:
        await watched(ui)
        qms.route("CR-1", "qa")
        await ui.until(lambda: badge(ui, "qa") == "1")
        qms.cancel("CR-1", "qa")
        await ui.until(lambda: badge(ui, "qa") == "")
        await ui.press("f2", "enter")
        await ui.until(lambda: "the file has left the inbox" in shown(ui))
        assert "consumed" in shown(ui)


async def test_an_editor_that_cannot_run_says_why(
    open_app: OpenApp, qms: QmsCommands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISUAL", "no 'closing quote")
    qms.route("CR-1", "qa")
    async with open_app("claude", "qa") as ui:
        await reading(ui)
        await ui.press("e")
        await ui.until(lambda: any("cannot be run" in toast for toast in ui.toasts))


async def test_a_message_to_several(open_app: OpenApp, qms: QmsCommands) -> None:
    async with open_app("claude", "qa", size=(160, 50)) as ui:
        await watched(ui)
        await ui.press("f12", "m")
        await ui.until(lambda: ui.shows(ComposeScreen))
        assert ui.app.screen.query_one(SelectionList).selected == ["claude"]
        await ui.press(*"Note", "space", *"on", "enter", *"one", "enter", *"two", "shift+tab", "shift+tab")
        await ui.press("home", "down", "down", "space")  # claude, bu, qa
        await ui.press("ctrl+s")
        await ui.until(lambda: len(ui.app.screen_stack) == 1)
        await ui.until(lambda: (badge(ui, "claude"), badge(ui, "qa")) == ("1", "1"))
        items, _ = scan({"qa": qms.root / ".claude/users/qa/inbox"})
        assert [item.headline for item in items] == ["Message from lead: Note on"]
        (file,) = (qms.root / ".claude/users/qa/inbox").iterdir()
        assert file.read_text().endswith("\n\none\ntwo\n")


async def test_what_cannot_be_sent_says_why_and_a_draft_is_kept(open_app: OpenApp, qms: QmsCommands) -> None:
    async with open_app("claude", "qa", size=(160, 50)) as ui:
        await watched(ui)
        await ui.press("f12", "m")
        await ui.until(lambda: ui.shows(ComposeScreen))
        await ui.press("ctrl+s")
        await ui.until(lambda: "cannot be a subject" in shown(ui))
        await ui.press(*"Draft", "enter", *"text", "escape")
        await ui.until(lambda: len(ui.app.screen_stack) == 1)
        await ui.press("f12", "m")
        await ui.until(lambda: ui.shows(ComposeScreen))
        assert ui.app.screen.query_one("#subject", Input).value == "Draft"
        assert ui.app.screen.query_one(TextArea).text == "text"
        assert not list((qms.root / ".claude/users/claude/inbox").iterdir())


async def test_an_item_that_opens_late_takes_no_key_from_the_agent(
    open_app: OpenApp, qms: QmsCommands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its disk was slow, and the human has gone back to the agent; `e` would have opened an editor."""
    qms.route("CR-1", "qa")
    async with open_app("claude", "qa", command=("cat",)) as ui:
        await watched(ui)
        mail, answered = ui.core.mail, asyncio.Event()
        at_once, asked = mail.preview, 0

        async def slow(item: Item) -> Preview:
            nonlocal asked
            asked += 1
            await answered.wait()
            return await at_once(item)

        monkeypatch.setattr(mail, "preview", slow)
        await ui.press("f2")
        await ui.until(lambda: "pending" in ui.sidebar)
        await ui.press("enter", "escape")
        await ui.until(lambda: asked == 1 and not ui.app.desk.has_keyboard)
        answered.set()
        await ui.type("every letter")
        await ui.until(lambda: ui.text("claude").count("every letter") == 2)
        assert len(ui.app.screen_stack) == 1
