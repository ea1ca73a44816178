"""An item's text over the panes: facts of its front matter, then Markdown whose links are plain text."""

from __future__ import annotations

from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from textual import events
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Markdown, Static

from qms_tui.api.inbox import InboxItem, ItemPreview
from qms_tui.text.times import moment
from qms_tui.ui.screens import Dialog

MOST_TOKENS = 1500  # of Markdown: each block is a widget, and the QMS's largest item has some 300
_ACTIONS = {"r": "reply", "d": "done", "x": "archive", "g": "goto", "y": "copy", "e": "edit"}
_INERT = ("link", "image", "autolink", "html_inline", "html_block", "reference", "linkify")
_FOOT = "r answers · d done · x archives · e $EDITOR · y path · g agent · Esc"


class PreviewScreen(Dialog[str | None]):
    """Shows what an item says; gives what the human wants to do with it."""

    def __init__(self, item: InboxItem, said: ItemPreview, color: str) -> None:
        super().__init__()
        self._item, self._said, self._color = item, said, color

    def compose(self) -> ComposeResult:
        item = self._item
        facts = ((fact.name, fact.text) for fact in self._said.facts)
        with VerticalScroll(classes="dialog", id="preview"):
            yield Static(Content.styled(_FOOT, "dim"), id="help-foot")
            yield Static(Content.assemble((item.agent, f"bold {self._color}"), "  ", (item.headline, "bold")))
            yield Static(_table((*_times(item), *facts, ("file", item.name))), id="facts")
            if self._said.trouble:
                yield Static(Content.styled(self._said.trouble, "italic $warning"))
            yield _body(self._said.text)

    def on_mount(self) -> None:
        self.query_one("#preview").focus()

    def take(self, event: events.Key) -> None:
        if event.key in ("escape", "q", "enter") or event.key in _ACTIONS:
            event.stop()
            self.dismiss(_ACTIONS.get(event.key))


def parser() -> MarkdownIt:
    """Markdown without anything that could be followed, and without languages that code is coloured by."""
    made = MarkdownIt("gfm-like").disable(list(_INERT), ignoreInvalid=True)
    made.core.ruler.push("no_languages", _without_languages)
    return made


def is_modest(text: str) -> bool:
    """Whether Markdown may become widgets. Blocking, for some milliseconds."""
    return len(parser().parse(text)) <= MOST_TOKENS


def _without_languages(state: StateCore) -> None:
    for token in state.tokens:
        token.info = ""


def _body(text: str) -> Markdown | Static:
    if is_modest(text):
        return Markdown(text, parser_factory=parser, open_links=False)
    return Static(Content(text))


def _times(item: InboxItem) -> Sequence[tuple[str, str]]:
    arrived = ("arrived", moment(item.arrived))
    return (arrived,) if item.consumed is None else (arrived, ("consumed", moment(item.consumed)))


def _table(facts: Sequence[tuple[str, str]]) -> Content:
    width = max(len(name) for name, _ in facts)
    lines = [Content.assemble((name.rjust(width), "dim"), "  ", value) for name, value in facts]
    return Content("\n").join(lines)
