"""What the human does with inboxes: the sidebar, badges, toasts, reading and writing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual.content import Content
from textual.notifications import Notification, Notify

from qms_tui.core.events import Severity
from qms_tui.errors import UsageError
from qms_tui.inbox import HUMAN, Entry, Toast
from qms_tui.text.printable import is_plain
from qms_tui.ui.chrome import StatusLine
from qms_tui.ui.editor import edit
from qms_tui.ui.frame import look, mark, wish, word
from qms_tui.ui.item_actions import ItemActions
from qms_tui.ui.lights import shown as shown_lights
from qms_tui.ui.receipts import receipt
from qms_tui.ui.shell import Shell
from qms_tui.ui.sidebar import WIDTH, Line, Sidebar

if TYPE_CHECKING:
    from qms_tui.ui.compose import Draft

LEAST_BESIDE = 62  # columns that panes keep beside the sidebar; on less room it stands alone
TOAST = 6.0  # seconds that a toast stays
MOST_TOASTS = 20  # of ours that are remembered to be taken back


class Desk:
    """Shows what waits, and does what the human wants with it; `app` owns this."""

    def __init__(self, app: Shell) -> None:
        core = app.core
        self._app, self._core = app, core
        self.sidebar = Sidebar(
            core.ledger,
            self._lines,
            app.color_of,
            self.ask,
            partial(receipt, core),
            core.show_servers if app.session.servers is not None else None,
        )
        self._items = ItemActions(app)
        self._toasts: list[Notification] = []
        self._draft: Draft | None = None

    # -- room -------------------------------------------------------------------------------------------

    @property
    def taken(self) -> int:
        """Columns that the sidebar takes from the panes."""
        return WIDTH if self.sidebar.display and not self._alone else 0

    @property
    def _alone(self) -> bool:
        return self._app.size.width < WIDTH + LEAST_BESIDE

    def arrange(self) -> None:
        """Give the sidebar its place: beside the panes, or instead of them where both have no room."""
        alone = self.sidebar.display and self._alone
        self.sidebar.set_class(alone, "-alone")
        self._app.base.query_one("#panes").display = not alone

    def toggle(self) -> None:
        """Open it and go there; from there, close it and go back to the agent."""
        if self.sidebar.display and self.has_keyboard:
            self._show(False)
            self._to_agent()
            return
        self._show(True)
        self.sidebar.take_keyboard()

    @property
    def for_human(self) -> int:
        """How many items wait in the human's own inbox."""
        return self._core.ledger.waiting(HUMAN)

    def go_to_own(self) -> None:
        """Open the human's own inbox and go there."""
        self.sidebar.only_agent(HUMAN)
        self._show(True)
        self.sidebar.take_keyboard()

    @property
    def has_keyboard(self) -> bool:
        """Whether the human works in the sidebar."""
        focused = self._app.base.focused
        return focused is not None and self.sidebar in focused.ancestors_with_self

    def _show(self, shown: bool) -> None:
        self.sidebar.display = shown
        self._app.rearrange()
        self.sidebar.show()

    def _back(self) -> None:
        """From what a search has left to everything, from there to the agent."""
        if not self.sidebar.end_search():
            self._to_agent()

    def _to_agent(self) -> None:
        if self._alone:
            self._show(False)
        self._app.base.set_focus(self._app.pane)

    # -- what is told -----------------------------------------------------------------------------------

    def show(self) -> None:
        """Bring badges, counts and lists up to date."""
        ledger, app = self._core.ledger, self._app
        for pane in app.panes:
            pane.show_waiting(ledger.waiting(pane.agent.name))
        app.base.query_one(StatusLine).wait(ledger.waiting(), self.for_human)
        app.show_tabs()
        self.sidebar.show()

    def tell(self, toasts: Sequence[Toast]) -> None:
        """Items have arrived."""
        settings = self._app.session.config.inbox
        if settings.bell:
            self._app.bell()
        for toast in toasts if settings.toasts else ():
            if toast.replaces:
                self._take_back()
            self._pop_up(toast)

    def _take_back(self) -> None:
        for notification in self._toasts:
            self._app._unnotify(notification, refresh=False)  # Textual has no other way
        self._toasts.clear()

    def _pop_up(self, toast: Toast) -> None:
        words = Content(toast.text)
        if toast.agent:
            words = Content.assemble((toast.agent, f"bold {self._app.color_of(toast.agent)}"), "\n", words)
        self.pop_up(words)

    def pop_up(self, words: Content, severity: Severity = "information") -> None:
        """Say something in a corner for some seconds."""
        # Content is text with its looks: it is not parsed again, whatever `markup` says, and needs it.
        notification = Notification(words, timeout=TOAST, severity=severity, markup=True)  # type: ignore[arg-type]
        self._toasts = [*self._toasts, notification][-MOST_TOASTS:]
        self._app.post_message(Notify(notification))

    def _lines(self) -> list[Line]:
        """Agents with a pane first, then whoever else has something."""
        ledger, color = self._core.ledger, self._app.color_of
        lines = [
            Line(
                pane.agent.name,
                mark(pane.agent),
                pane.color,
                ledger.counts(pane.agent.name),
                word(pane.agent),
                look(pane.agent, pane.color),
                wish(pane.agent),
                pane.agent.activity.since if pane.agent.activity else 0.0,
                shown_lights(pane.agent),
                closed=pane.agent.name in ledger.closed,
            )
            for pane in self._app.panes
        ]
        return lines + [
            Line(name, "", color(name), ledger.counts(name), closed=name in ledger.closed)
            for name in sorted(self._core.beside)
        ]

    # -- what is asked for ------------------------------------------------------------------------------

    def ask(self, action: str, entry: Entry | None) -> None:
        """What a key in the sidebar stands for: at once, or as soon as the disk has answered."""
        plain: dict[str, Callable[[], None]] = {
            "agent": self.sidebar.next_agent,
            "kind": self.sidebar.next_kind,
            "search": self.sidebar.search,
            "back": self._back,
            "write": lambda: self.write(entry.item.agent if entry else ""),
        }
        if action in plain:
            plain[action]()
        elif entry is not None:
            self._app.run_worker(self._do_with(action, entry))

    async def _do_with(self, action: str, entry: Entry) -> None:
        if action == "preview":
            await self._preview(entry)
        elif action == "goto":
            self._go_to(entry.item.agent)
        elif action == "wake":
            self._wake(entry)
        elif action == "done":
            self._items.done(entry)
        elif action == "archive":
            self._items.archive(entry)
        elif action == "reply":
            self._items.reply(entry)
        elif action == "copy":
            self._copy(self._core.inbox(entry.item.agent) / entry.item.file)
        elif action == "edit":
            await self._edit(entry)

    async def _preview(self, entry: Entry) -> None:
        from qms_tui.ui.preview import PreviewScreen  # Markdown is no part of the start

        said = await self._core.preview(entry.item)
        if not self.has_keyboard or len(self._app.screen_stack) > 1:
            return  # the human has gone on, and types elsewhere
        screen = PreviewScreen(entry, said, self._app.color_of(entry.item.agent))

        async def then(action: str | None) -> None:
            if action is not None:
                await self._do_with(action, entry)

        self._app.push_screen(screen, then)

    def _go_to(self, agent: str) -> None:
        if agent in self._core.agents:
            self._to_agent()
            self._app.go_to(agent)
        elif agent in self._core.roster():
            self._app.open_after_asking(agent)
        else:
            self._app.notify(f"{agent} is no agent of the roster and has no pane.", markup=False)

    def _wake(self, entry: Entry) -> None:
        agent = entry.item.agent
        if entry.consumed is not None:
            self._app.notify("It has left the inbox.", markup=False)
        elif agent in self._core.agents:
            self._core.wake(agent, (entry.item.file,))
        else:
            self._app.notify(f"{agent} has no pane.", markup=False)

    def _copy(self, path: Path) -> None:
        if is_plain(str(path)):
            self._app.copy_to_clipboard(str(path))
            self._app.notify(str(path), title="Copied", markup=False)
        else:
            self._app.notify("Its name has characters that no terminal should get.", markup=False)

    async def _edit(self, entry: Entry) -> None:
        said = await self._core.preview(entry.item)
        if not self.has_keyboard:
            return  # the human has gone on
        if said.trouble and not said.text:
            self._app.notify(said.trouble, severity="warning", markup=False)
            return
        try:
            edit(self._app, self._core.inbox(entry.item.agent) / entry.item.file)
        except UsageError as error:
            self._app.notify(f"{error.message}\n{error.hint}", severity="error", markup=False)

    def write(self, to: str = "") -> None:
        """Write a message; what was begun and not sent is still there."""
        from qms_tui.ui.compose import ComposeScreen, Draft

        draft = self._draft or Draft((to or self._app.pane.agent.name,))
        screen = ComposeScreen(self._core.recipients(), draft, self._core.send)
        self._app.push_screen(screen, self._keep)

    def _keep(self, draft: Draft | None) -> None:
        self._draft = draft if draft is not None and (draft.subject or draft.body) else None
