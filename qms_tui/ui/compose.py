"""Writing a message to agents: to whom, about what, and the text."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input, SelectionList, Static, TextArea
from textual.widgets.selection_list import Selection

from qms_tui.errors import QmsTuiError, UsageError
from qms_tui.printable import plain
from qms_tui.ui.line_input import LineInput
from qms_tui.ui.screens import Dialog

SEND = "ctrl+s"
_FOOT = "Space chooses · Tab next · Ctrl+S sends · Esc for later"


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that is not sent."""

    recipients: tuple[str, ...] = ()
    subject: str = ""
    body: str = ""


Send = Callable[[Sequence[str], str, str], Awaitable[None]]


class ComposeScreen(Dialog[Draft]):
    """Gives what was not sent; an empty draft when it was."""

    def __init__(self, names: Sequence[str], draft: Draft, send: Send) -> None:
        super().__init__()
        self._names, self._draft, self._send = names, draft, send
        self._sending = False

    def compose(self) -> ComposeResult:
        draft = self._draft
        options = [Selection(Content(name), name, name in draft.recipients) for name in self._names]
        with VerticalScroll(classes="dialog", id="compose", can_focus=False):
            yield Static(Content.styled(_FOOT, "dim"), id="help-foot")
            yield Static(Content.styled("Write a message to", "bold"))
            yield SelectionList[str](*options, id="recipients", compact=True)
            yield LineInput(self._go_on, ("enter",), draft.subject, "subject", "subject")
            yield TextArea(draft.body, id="body", compact=True, tab_behavior="focus")
            yield Static(id="refused")

    def on_mount(self) -> None:
        draft = self._draft
        first = "#recipients" if not draft.recipients else "#body" if draft.subject else "#subject"
        self.set_focus(self.query_one(first))

    def _go_on(self, _key: str) -> None:
        self.set_focus(self.query_one(TextArea))

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
            await self._send(draft.recipients, draft.subject, draft.body)
        except QmsTuiError as error:
            self._sending = False
            said = Content.styled(f"{plain(error.message)}: {plain(error.hint)}", "$error")
            self.query_one("#refused", Static).update(said)
            return
        self.app.notify(f"Sent to {', '.join(draft.recipients)}", markup=False)
        self.dismiss(Draft())

    @property
    def draft(self) -> Draft:
        """What is written."""
        chosen = self.query_one("#recipients", SelectionList).selected
        recipients = tuple(name for name in self._names if name in chosen)
        return Draft(recipients, self.query_one("#subject", Input).value, self.query_one(TextArea).text)
