"""Brings the screen up to date with what the core tells."""

from __future__ import annotations

from textual.content import Content

from qms_tui.core.events import (
    AgentChanged,
    CoreEvent,
    EngineChanged,
    InboxChanged,
    ItemsArrived,
    Notice,
    NoticeKind,
    PaneNeeded,
    ReceiptsChanged,
    ServersChanged,
)
from qms_tui.terminal import Bell, ClipboardWrite
from qms_tui.ui.chrome import StatusLine
from qms_tui.ui.desk import Desk
from qms_tui.ui.outer_status import OuterStatus
from qms_tui.ui.shell import Shell
from qms_tui.ui.terminals.events import Asked, LinkEvent, Output, Reshaped, Warned
from qms_tui.ui.whereabouts import whereabouts

LONGER = 12.0  # seconds that a notice stays which takes longer to read
_NEWS = (NoticeKind.WAITS, NoticeKind.FINISHED, NoticeKind.FAILED)
_OF_ONE_AGENT = (*_NEWS, NoticeKind.POLICY)  # whose name is painted in its colour


class Listener:
    """Hears of everything that happens; `app` owns this."""

    def __init__(self, app: Shell, desk: Desk, outer: OuterStatus) -> None:
        self._app, self._desk, self._outer = app, desk, outer

    def take(self, event: CoreEvent) -> None:
        """Show it, wherever it is to be seen."""
        if isinstance(event, AgentChanged):
            self._show_agent(event)
        elif isinstance(event, Notice):
            self._read_out(event)
        else:
            self._take_rest(event)

    def take_of_terminal(self, event: LinkEvent) -> None:
        """The same of what happens in a terminal, or on the way to it."""
        if isinstance(event, Asked):
            self._answer(event)
        elif isinstance(event, Warned):
            self._app.notify(event.text, severity=event.severity, markup=False)
        elif (pane := self._app.find_pane(event.agent)) is None:
            return
        elif isinstance(event, Output):
            pane.show_output()
        elif isinstance(event, Reshaped):
            pane.show_terminal()
        elif pane.show_link():
            self._show_news()

    def _take_rest(
        self,
        event: InboxChanged | ItemsArrived | ReceiptsChanged | EngineChanged | ServersChanged | PaneNeeded,
    ) -> None:
        """What is of no agent with a pane."""
        if isinstance(event, InboxChanged):
            self._desk.show()
        elif isinstance(event, ItemsArrived):
            self._desk.tell(event.toasts)
        elif isinstance(event, ReceiptsChanged):
            self._desk.sidebar.show_receipts()
        elif isinstance(event, EngineChanged):
            self._app.base.query_one(StatusLine).tell(event.event)
        elif isinstance(event, ServersChanged):
            self._desk.sidebar.show_servers(event.standing)
        else:
            self._app.open_pane(event.agent)

    def _show_agent(self, event: AgentChanged) -> None:
        pane = self._app.find_pane(event.view.name)
        if pane is None:
            return
        is_news = pane.show_agent(event.view)
        pane.link.follow(whereabouts(event.view))
        if is_news:
            self._show_news()

    def _show_news(self) -> None:
        """Whatever says how agents are, beside their panes."""
        self._app.show_chrome()
        self._app.base.query_one(StatusLine).need(len(self._app.core.waiting))
        self._desk.sidebar.show_agents()
        self._outer.changed()

    def _answer(self, event: Asked) -> None:
        if isinstance(event.event, Bell):
            self._app.bell()
        elif isinstance(event.event, ClipboardWrite):
            self._app.write_clipboard(event.agent, event.event.data)

    def _read_out(self, notice: Notice) -> None:
        if notice.kind in _OF_ONE_AGENT and notice.agent:
            name = Content.styled(notice.agent, f"bold {self._app.color_of(notice.agent)}")
            said = Content.assemble(name, notice.text.removeprefix(notice.agent))
            self._desk.pop_up(said, notice.severity)
        else:
            timeout = LONGER if notice.lasting else None
            self._app.notify(notice.text, severity=notice.severity, markup=False, timeout=timeout)
        if notice.kind in _NEWS:
            self._app.tell_outside(notice.text)
