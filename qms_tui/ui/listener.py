"""Brings the screen up to date with what the daemon says and what happens in terminals."""

from __future__ import annotations

from textual.content import Content

from qms_tui.api.agents import STARTABLE, AgentView
from qms_tui.api.deltas import (
    AgentDelta,
    ArrivalDelta,
    EngineDelta,
    InboxDelta,
    News,
    NoticeDelta,
    ServersDelta,
)
from qms_tui.api.snapshot import Notice, NoticeKind, Snapshot, Toast
from qms_tui.config import Launch
from qms_tui.terminal import Bell, ClipboardWrite
from qms_tui.ui.chrome import StatusLine
from qms_tui.ui.desk import Desk
from qms_tui.ui.outer_status import OuterStatus
from qms_tui.ui.pace import Pace
from qms_tui.ui.severity import shown_severity
from qms_tui.ui.shell import Shell
from qms_tui.ui.terminals.events import Asked, LinkEvent, Output, Reshaped, Warned

PERIOD = 1 / 30  # seconds between two times that the screen is brought up to date
SHARE = 4  # times as long as that took the last time, if that is more: keys have the rest
LONGER = 12.0  # seconds that a notice stays which takes longer to read
_NEWS = (NoticeKind.WAITS, NoticeKind.FINISHED, NoticeKind.FAILED)
_OF_ONE_AGENT = (*_NEWS, NoticeKind.POLICY)  # whose name is painted in its colour


class Listener:
    """Hears of everything that happens; `app` owns this.

    News come one by one, and by the thousand: they are noted here, and shown together.
    """

    def __init__(self, app: Shell, desk: Desk, outer: OuterStatus) -> None:
        self._app, self._desk, self._outer = app, desk, outer
        self._has_pane = set(app.session.agents)
        self._agents: dict[str, None] = {}  # of whom there is something new
        self._inbox = self._engine = self._servers = self._begins = self._has_begun = False
        self._said: set[str] = set()  # of which a notice says nothing new
        self._toasts: list[Toast] = []
        self._notices: list[Notice] = []
        self._newest = app.session.began  # when the newest notice was given that was shown
        self._pace = Pace(PERIOD, SHARE, self._show)

    def close(self) -> None:
        """Show nothing any more; idempotent."""
        self._pace.close()

    # -- what terminals show and ask for ----------------------------------------------------------------

    def hear_of_terminal(self, event: LinkEvent) -> None:
        """Show at once what happens in a terminal, or on the way to it."""
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

    def _answer(self, asked: Asked) -> None:
        if isinstance(asked.event, Bell):
            self._app.bell()
        elif isinstance(asked.event, ClipboardWrite):
            self._app.write_clipboard(asked.agent, asked.event.data)

    # -- what the daemon says ---------------------------------------------------------------------------

    def hear(self, news: News) -> None:
        """Note it; it is shown soon."""
        if isinstance(news, AgentDelta):
            self._agents[news.agent.name] = None
            self._app.follow(news.agent)
        elif isinstance(news, InboxDelta):
            self._inbox = True
        elif isinstance(news, ArrivalDelta):
            self._toasts += news.toasts
        elif isinstance(news, NoticeDelta):
            self._note(news.notice)
        elif isinstance(news, EngineDelta):
            self._engine = True
        elif isinstance(news, ServersDelta):
            self._servers = True
        elif isinstance(news, Snapshot):
            self._begin(news)
        self._pace.ask()

    def _begin(self, snapshot: Snapshot) -> None:
        """Everything may be different. Of notices, those are news that are younger than what was shown."""
        self._agents |= dict.fromkeys(agent.name for agent in snapshot.agents)
        for agent in snapshot.agents:
            self._app.follow(agent)
        if not self._has_begun:
            self._has_begun = True
            self._remark()
        self._inbox = self._engine = self._servers = self._begins = True
        for notice in snapshot.notices:
            if notice.at > self._newest and notice.text not in self._said:
                self._note(notice)

    def _remark(self) -> None:
        """Say what there is to be said of this screen's agents, besides what was said before there was a
        daemon."""
        said = self._app.session.config.notices
        for remark in self._app.daemon.remarks:
            if remark not in said:
                self._app.notify(remark, severity="warning", markup=False, timeout=LONGER)
        self._said = {*said, *self._app.daemon.remarks}

    def _note(self, notice: Notice) -> None:
        self._newest = max(self._newest, notice.at)
        self._notices.append(notice)

    # -- what is shown ----------------------------------------------------------------------------------

    def _show(self) -> None:
        if not self._app.is_running:  # the screens go before the daemon's client
            return
        self._show_agents()
        if self._inbox:
            self._inbox = False
            self._desk.show()
        if self._engine:
            self._engine = False
            self._app.base.query_one(StatusLine).show_engine(self._app.daemon.mirror.engine)
        if self._servers:
            self._servers = False
            self._desk.sidebar.show_servers()
        self._tell()

    def _show_agents(self) -> None:
        agents, self._agents = self._agents, {}
        begins, self._begins = self._begins, False
        mirror, changed = self._app.daemon.mirror, begins
        for name in agents:
            view, pane = mirror.agents.get(name), self._app.find_pane(name)
            if view is not None and pane is not None:
                changed |= pane.show_agent(view)
            elif view is not None and self._needs_pane(view):
                self._has_pane.add(name)
                self._app.call_later(self._app.add_pane, name)
        if begins:
            self._app.open_agents()
        if changed:
            self._show_news()

    def _needs_pane(self, view: AgentView) -> bool:
        """Whether a policy runs it here: other agents beside ours are for whoever opens them."""
        by_policy = self._app.session.config.agent(view.name).launch is not Launch.MANUAL
        return by_policy and view.state not in STARTABLE and view.name not in self._has_pane

    def _show_news(self) -> None:
        """Whatever says how agents are, beside their panes."""
        self._app.show_chrome()
        self._app.base.query_one(StatusLine).need(len(self._app.daemon.mirror.waiting))
        self._desk.sidebar.show_agents()
        self._outer.changed()

    def _tell(self) -> None:
        toasts, self._toasts = self._toasts, []
        notices, self._notices = self._notices, []
        if toasts:
            self._desk.tell(toasts)
        for notice in notices:
            self._read_out(notice)

    def _read_out(self, notice: Notice) -> None:
        severity = shown_severity(notice.severity)
        if notice.kind in _OF_ONE_AGENT and notice.agent:
            name = Content.styled(notice.agent, f"bold {self._app.color_of(notice.agent)}")
            said = Content.assemble(name, notice.text.removeprefix(notice.agent))
            self._desk.pop_up(said, severity)
        else:
            timeout = LONGER if notice.lasting else None
            self._app.notify(notice.text, severity=severity, markup=False, timeout=timeout)
        if notice.kind in _NEWS:
            self._app.tell_outside(notice.text)
