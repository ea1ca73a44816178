"""What the human does with inboxes: the sidebar, badges, toasts, reading and writing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual.content import Content
from textual.notifications import Notification, Notify

from qms_tui.api.commands import ITEM_FILE, PREVIEW, RECIPIENTS, ROSTER, SEND, WAKE, Nothing, OfItem, Wake
from qms_tui.api.errors import ApiError, ErrorCode
from qms_tui.api.inbox import HUMAN, InboxItem, ItemPreview, Mailbox
from qms_tui.api.snapshot import Toast
from qms_tui.errors import QmsTuiError
from qms_tui.text.printable import is_plain
from qms_tui.ui.agent_lines import Line
from qms_tui.ui.chrome import StatusLine
from qms_tui.ui.editor import edit
from qms_tui.ui.frame import look, mark, wish, word
from qms_tui.ui.item_actions import ItemActions
from qms_tui.ui.lights import shown as shown_lights
from qms_tui.ui.severity import ToastSeverity
from qms_tui.ui.shell import Shell
from qms_tui.ui.sidebar import WIDTH, Sidebar

if TYPE_CHECKING:
    from qms_tui.ui.compose import Draft

LEAST_BESIDE = 62  # columns that panes keep beside the sidebar; on less room it stands alone
TOAST = 6.0  # seconds that a toast stays
_OPENING = ("reply", "goto")  # actions whose dialog comes after the daemon has been asked
MOST_TOASTS = 20  # of ours that are remembered to be taken back


class Desk:
    """Shows what waits, and does what the human wants with it; `app` owns this."""

    def __init__(self, app: Shell) -> None:
        self._app, self._daemon = app, app.daemon
        self.sidebar = Sidebar(app.daemon, self._lines, app.color_of, self.ask)
        self._items = ItemActions(app, self._compose)
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
        return self._daemon.mirror.mailbox(HUMAN).waiting

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
        mirror, app = self._daemon.mirror, self._app
        for pane in app.panes:
            pane.show_waiting(mirror.mailbox(pane.agent.name).waiting)
        waiting = sum(mailbox.waiting for mailbox in mirror.mailboxes)
        app.base.query_one(StatusLine).wait(waiting, self.for_human)
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

    def pop_up(self, words: Content, severity: ToastSeverity = "information") -> None:
        """Say something in a corner for some seconds."""
        # Content is text with its looks: it is not parsed again, whatever `markup` says, and needs it.
        notification = Notification(words, timeout=TOAST, severity=severity, markup=True)  # type: ignore[arg-type]
        self._toasts = [*self._toasts, notification][-MOST_TOASTS:]
        self._app.post_message(Notify(notification))

    def _lines(self) -> list[Line]:
        """Agents with a pane first, then whoever else has something."""
        mirror, color = self._daemon.mirror, self._app.color_of
        mailboxes = {mailbox.agent: mailbox for mailbox in mirror.mailboxes}
        lines = [
            Line(
                pane.agent.name,
                mark(pane.agent),
                pane.color,
                mailboxes.pop(pane.agent.name, Mailbox(pane.agent.name)),
                word(pane.agent),
                look(pane.agent, pane.color),
                wish(pane.agent),
                pane.agent.activity.since if pane.agent.activity else 0.0,
                shown_lights(pane.agent),
            )
            for pane in self._app.panes
        ]
        return lines + [
            Line(name, "", color(name), mailbox)
            for name, mailbox in sorted(mailboxes.items())
            if mailbox.waiting or mailbox.closed
        ]

    # -- what is asked for ------------------------------------------------------------------------------

    def ask(self, action: str, item: InboxItem | None) -> None:
        """What a key in the sidebar stands for: at once, or as soon as the disk has answered."""
        plain: dict[str, Callable[[], None]] = {
            "agent": self.sidebar.next_agent,
            "kind": self.sidebar.next_kind,
            "search": self.sidebar.search,
            "back": self._back,
            "write": lambda: self.write(item.agent if item else ""),
        }
        if action in plain:
            plain[action]()
        elif item is not None:
            self._begin(action, item)

    def _begin(self, action: str, item: InboxItem) -> None:
        go = self._app.ahead_of_keys if action in _OPENING else self._app.run_worker
        go(self._do_with(action, item))

    async def _do_with(self, action: str, item: InboxItem) -> None:
        do: dict[str, Callable[[InboxItem], Awaitable[None] | None]] = {
            "preview": self._preview,
            "goto": self._go_to,
            "wake": self._wake,
            "done": self._items.done,
            "archive": self._items.archive,
            "reply": self._items.reply,
            "copy": self._copy,
            "edit": self._edit,
        }
        try:
            under_way = do[action](item)
            if under_way is not None:
                await under_way
        except QmsTuiError as error:
            self._app.refuse(error)

    async def _preview(self, item: InboxItem) -> None:
        from qms_tui.ui.preview import PreviewScreen  # Markdown is no part of the start

        said = await self._read(item)
        if not self.has_keyboard or len(self._app.screen_stack) > 1:
            return  # the human has gone on, and types elsewhere
        screen = PreviewScreen(item, said, self._app.color_of(item.agent))

        def then(action: str | None) -> None:
            if action is not None:
                self._begin(action, item)

        self._app.push_screen(screen, then)

    async def _read(self, item: InboxItem) -> ItemPreview:
        """What its file says, or why nobody can tell. Raises ConnectionLost."""
        try:
            return await self._daemon.request(PREVIEW, OfItem(item.agent, item.id))
        except ApiError as error:
            is_gone = error.code == ErrorCode.UNKNOWN_ITEM
            return ItemPreview(trouble="the file has left the inbox" if is_gone else error.message)

    async def _go_to(self, item: InboxItem) -> None:
        agent = item.agent
        if self._app.find_pane(agent) is not None:
            self._to_agent()
            self._app.go_to(agent)
        elif agent in (await self._daemon.request(ROSTER, Nothing())).names:
            self._app.open_after_asking(agent)
        else:
            self._app.notify(f"{agent} is no agent of the roster and has no pane.", markup=False)

    def _wake(self, item: InboxItem) -> None:
        if item.consumed is not None:
            self._app.notify("It has left the inbox.", markup=False)
        elif item.agent in self._daemon.mirror.agents:
            self._daemon.ask(WAKE, Wake(item.agent, (item.id,)))
        else:
            self._app.notify(f"{item.agent} has no pane.", markup=False)

    async def _copy(self, item: InboxItem) -> None:
        path = (await self._daemon.request(ITEM_FILE, OfItem(item.agent, item.id))).path
        if is_plain(path):
            self._app.copy_to_clipboard(path)
            self._app.notify(path, title="Copied", markup=False)
        else:
            self._app.notify("Its name has characters that no terminal should get.", markup=False)

    async def _edit(self, item: InboxItem) -> None:
        said = await self._read(item)
        if not self.has_keyboard:
            return  # the human has gone on
        if said.trouble and not said.text:
            self._app.notify(said.trouble, severity="warning", markup=False)
            return
        place = await self._daemon.request(ITEM_FILE, OfItem(item.agent, item.id))
        edit(self._app, Path(place.path))

    def write(self, to: str = "") -> None:
        """Write a message; what was begun and not sent is still there."""
        from qms_tui.ui.compose import Draft

        draft = self._draft or Draft((to or self._app.pane.agent.name,))
        self._app.ahead_of_keys(self._compose(draft, self._keep))

    async def _compose(self, draft: Draft, keep: Callable[[Draft | None], None]) -> None:
        from qms_tui.ui.compose import ComposeScreen

        known = await self._daemon.request(RECIPIENTS, Nothing())
        screen = ComposeScreen(known.names, draft, partial(self._daemon.request, SEND))
        await self._app.push_screen(screen, keep)  # which gives the keyboard to one of its fields

    def _keep(self, draft: Draft | None) -> None:
        self._draft = draft if draft is not None and (draft.subject or draft.body) else None
