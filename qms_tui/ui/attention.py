"""What agents do, on the screen: states, news of those who wait, the way to the next one, and why."""

from __future__ import annotations

import asyncio
import os
import time
from functools import partial
from typing import TYPE_CHECKING

from textual.content import Content

from qms_tui.activity import Activity, Announced, Given, Told, Word
from qms_tui.activity.given import given, servers_of
from qms_tui.core import Activities, Agent, Rounds
from qms_tui.core.events import Severity
from qms_tui.core.mending import Mending
from qms_tui.core.news import News, NewsKind, Newsroom
from qms_tui.inbox.words import age
from qms_tui.mcp.lights import Standing
from qms_tui.runtime.config_folder import config_folder
from qms_tui.terminal import TerminalEvent
from qms_tui.ui.chrome import StatusLine

if TYPE_CHECKING:
    from qms_tui.ui.app import QmsTuiApp

MEND_PERIOD = 1.0  # seconds between looks at an agent whose inbox was replaced
_TOLD: dict[NewsKind, Severity] = {
    NewsKind.WAITS: "warning",
    NewsKind.FINISHED: "information",
    NewsKind.FAILED: "error",
}
_URGENCY = (Word.NEEDS_YOU, Word.ERROR, Word.RUNNING)


def _wants(activity: Activity) -> bool:
    """Whether a human should go there: a program that says no more than that it runs has rung."""
    return activity.word in _URGENCY[:2] or (activity.word is Word.RUNNING and bool(activity.detail))


def receipt(known: Announced, now: float) -> str:
    """How far an item has come with its agent, in a few words."""
    if known.again is not None:
        return f"failed, again in {age(max(1.0, known.again - now))}"
    if known.failed is not None:
        return f"failed {age(now - known.failed)}: w wakes"
    if known.delivered is not None:
        return f"delivered {age(now - known.delivered)}"
    return f"announced {age(now - known.at)}"


class Attention:
    """Owns what is known of the agents' doings, and of what they use; `app` owns this."""

    def __init__(self, app: QmsTuiApp) -> None:
        self._app = app
        self._settings = app.session.config.notify
        session = app.session
        folder_of = partial(config_folder, session.project, session.config)
        self.activities = Activities(
            app.fleet, session.project, self._changed, self._given, folder_of, self._receipts_changed
        )
        self._rounds = Rounds(app.fleet, app.show_usage)
        self._news = Newsroom(self._settings.dwell, self._settings.cooldown)
        self._timer: asyncio.TimerHandle | None = None
        self._mending = Mending(self._tell_of_mending)
        self._looks: dict[str, asyncio.TimerHandle] = {}

    def start(self) -> None:
        """Begin to look, within the running loop."""
        self.activities.start()
        self._rounds.start()

    def close(self) -> None:
        """Look no more."""
        self.activities.close()
        self._rounds.close()
        for look in self._looks.values():
            look.cancel()
        if self._timer is not None:
            self._timer.cancel()

    def saw(self, agent: Agent, event: TerminalEvent) -> None:
        """Its program said something by its terminal. Who looks at it needs no bell."""
        self.activities.saw(agent, event)
        self._look_at(agent)

    def reshaped(self, agent: Agent) -> None:
        """Its terminal may be another one."""
        self.activities.reshaped(agent)
        self._look_at(agent)

    def _look_at(self, agent: Agent) -> None:
        if agent is self._app.pane.agent and self._app.app_focus:
            self.activities.looked_at(agent)

    def waiting(self) -> list[Agent]:
        """Who waits for the human, the longest first; then who has failed, then who has only rung."""
        queue = [
            (_URGENCY.index(agent.activity.word), agent.activity.since, number, agent)
            for number, agent in enumerate(self._app.fleet)
            if agent.activity is not None and _wants(agent.activity)
        ]
        return [agent for *_, agent in sorted(queue, key=lambda one: one[:3])]

    def go_to_next(self) -> None:
        """Give the keyboard to the agent that has waited longest, or to the next one from there.

        After the last one comes the human's own inbox, if anything is in it.
        """
        queue, desk = self.waiting(), self._app.desk
        here = self._app.pane.agent
        at = queue.index(here) + 1 if here in queue and not desk.has_keyboard else 0
        if at == len(queue) and desk.for_human:
            desk.go_to_own()
        elif queue:
            self._app.go_to(queue[at % len(queue)].name)
        else:
            self._app.notify("No agent waits for you.", markup=False)

    def explain(self) -> None:
        """Show why the focused agent's state is what it is."""
        from qms_tui.ui.explain import ExplainScreen

        agent = self._app.pane.agent
        self._app.push_screen(ExplainScreen(agent, self._told))

    def _told(self, agent: Agent) -> tuple[Told, ...]:
        app = self._app
        return *self.activities.explain(agent), app.policies.explain(agent), *app.waking.explain(agent)

    def receipt(self, agent: str, file: str) -> str:
        """How far an item of an inbox has come, and when."""
        known = self.activities.report(agent).announced.get(file)
        typed = self._app.waking.announced(agent, file)
        if known is None and typed is not None:
            known = Announced(typed)
        if known is not None:
            return receipt(known, time.time())
        ledger = self._app.desk.mail.ledger
        item = ledger.item(agent, file)
        return "not told: w wakes" if item and ledger.is_held(item) else ""

    def served(self, standing: Standing) -> None:
        """So the MCP servers stand now."""
        for agent in self._app.fleet:
            names = self.activities.given(agent).servers
            self.activities.serve(agent, servers_of(standing, agent.name, names))

    def _given(self, agent: Agent) -> Given:
        session = self._app.session
        served = session.servers is not None
        return given(session.config, agent.name, os.environ, isolated=agent.isolated, served=served)

    def _changed(self, agent: Agent) -> None:
        app = self._app
        if not app.is_running:
            return
        app.show_state(agent)
        app.desk.sidebar.show_receipts()
        app.base.query_one(StatusLine).need(len(self.waiting()))
        self._mend(agent)
        app.policies.look(agent)
        app.waking.happened(agent)
        self._news.saw(agent.name, agent.activity, time.monotonic())
        self._tell_in_time()

    def _receipts_changed(self) -> None:
        if self._app.is_running:
            self._app.desk.sidebar.show_receipts()

    def _mend(self, agent: Agent) -> None:
        """Its inbox may be another than it has; looked at again and again while it is."""
        if look := self._looks.pop(agent.name, None):
            look.cancel()
        if self._mending.look(agent, self.activities.report(agent.name)):
            loop = asyncio.get_running_loop()
            self._looks[agent.name] = loop.call_later(MEND_PERIOD, self._mend, agent)

    def _tell_of_mending(self, agent: Agent, text: str) -> None:
        self._app.notify(f"{agent.name}: {text}", severity="warning", markup=False, timeout=12)

    def _tell_in_time(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._news.due
        if due is not None:
            delay = max(0.0, due - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(delay, self._tell)

    def _tell(self) -> None:
        self._timer = None
        for news in self._news.take(time.monotonic()):
            if self._is_wanted(news):
                self._pop_up(news)
        self._tell_in_time()

    def _is_wanted(self, news: News) -> bool:
        wanted = {
            NewsKind.WAITS: self._settings.waits,
            NewsKind.FINISHED: self._settings.finished,
            NewsKind.FAILED: self._settings.failed,
        }[news.kind]
        looked_at = news.agent == self._app.pane.agent.name and self._app.app_focus
        return wanted and (self._settings.focused or not looked_at)

    def _pop_up(self, news: News) -> None:
        name = Content.styled(news.agent, f"bold {self._app.color_of(news.agent)}")
        self._app.desk.pop_up(Content.assemble(name, " ", news.text), _TOLD[news.kind])
        self._app.tell_outside(f"{news.agent} {news.text}")
