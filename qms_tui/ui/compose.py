"""Writing a message to agents: to whom, about what, and the text."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from msgspec import Struct
from textual import events
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, SelectionList, Static, TextArea
from textual.widgets.selection_list import Selection

from qms_tui.api.commands import Send
from qms_tui.errors import QmsTuiError, UsageError
from qms_tui.text.printable import plain
from qms_tui.ui.input import hand_on
from qms_tui.ui.line_input import LineInput
from qms_tui.ui.screens import Dialog

SEND = "ctrl+s"
_STEPS = ("tab", "shift+tab")
_FOOT = "Space chooses · Tab next · Ctrl+S sends · Esc for later"


class Draft(Struct, frozen=True):
    """A message that is not sent."""

    recipients: tuple[str, ...] = ()
    subject: str = ""
    body: str = ""


Deliver = Callable[[Send], Awaitable[object]]


def _step(widget: Widget, event: events.Key) -> None:
    """Act on Tab before the keys that were typed behind it: those are for what it goes to.

    A binding would be acted on after them.
    """
    if widget.screen.focused is not widget:
        hand_on(widget, event)
    elif event.key in _STEPS:
        event.stop()
        event.prevent_default()
        _go(widget.screen, event.key)


def _go(screen: Screen[Any], key: str) -> None:
    if key == "shift+tab":
        screen.focus_previous()
    else:
        screen.focus_next()


class Recipients(SelectionList[str]):
    """Names to choose from."""

    def on_key(self, event: events.Key) -> None:
        """Take what leads to another field; the rest is the list's."""
        _step(self, event)


class Body(TextArea):
    """The text."""

    def on_key(self, event: events.Key) -> None:
        """Take what leads to another field; the rest is the text's."""
        _step(self, event)


class ComposeScreen(Dialog[Draft]):
    """Gives what was not sent; an empty draft when it was."""

    def __init__(self, names: Sequence[str], draft: Draft, send: Deliver) -> None:
        super().__init__()
        self._names, self._draft, self._send = names, draft, send
        self._sending = False

    def compose(self) -> ComposeResult:
        draft = self._draft
        options = [Selection(Content(name), name, name in draft.recipients) for name in self._names]
        with VerticalScroll(classes="dialog", id="compose", can_focus=False):
            yield Static(Content.styled(_FOOT, "dim"), id="help-foot")
            yield Static(Content.styled("Write a message to", "bold"))
            yield Recipients(*options, id="recipients", compact=True)
            yield LineInput(self._go_on, ("enter", *_STEPS), draft.subject, "subject", "subject")
            yield Body(draft.body, id="body", compact=True, tab_behavior="focus")
            yield Static(id="refused")

    def on_mount(self) -> None:
        draft = self._draft
        first = "#recipients" if not draft.recipients else "#body" if draft.subject else "#subject"
        self.set_focus(self.query_one(first))

    def _go_on(self, key: str) -> None:
        _go(self, key)

    def take(self, event: events.Key) -> None:
        if event.key == "escape":
            event.stop()
            self.dismiss(self.draft)
        elif event.key == SEND:
            event.stop()
            self._begin()

    def _begin(self) -> None:
        if not self._sending:
            self._sending = True
            self.run_worker(self._deliver())

    async def _deliver(self) -> None:
        draft = self.draft
        try:
            if not draft.recipients:
                raise UsageError("to whom?", hint="choose with Space, one or several")
            await self._send(Send(draft.recipients, draft.subject, draft.body))
        except QmsTuiError as error:
            self._sending = False
            said = Content.styled(f"{plain(error.message)}: {plain(error.hint)}", "$error")
            self.query_one("#refused", Static).update(said)
            self.call_after_refresh(self.query_one("#compose").scroll_end, animate=False)
            return
        self.app.notify(f"Sent to {', '.join(draft.recipients)}", markup=False)
        self.dismiss(Draft())

    @property
    def draft(self) -> Draft:
        """What is written."""
        chosen = self.query_one("#recipients", SelectionList).selected
        recipients = tuple(name for name in self._names if name in chosen)
        return Draft(recipients, self.query_one("#subject", Input).value, self.query_one(TextArea).text)
