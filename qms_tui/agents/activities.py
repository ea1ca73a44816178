"""What every agent is doing, kept true by what its folder says, its terminal shows, the engine knows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from qms_tui.activity import Activity, Observer, Report, Sight, Told, judge, sources
from qms_tui.agents.agent import Agent
from qms_tui.agents.fleet import Fleet
from qms_tui.agents.state import AgentState
from qms_tui.project import Project
from qms_tui.terminal import Bell, TerminalEvent, TitleChanged

SOONEST = 0.02  # seconds until something is judged again, at least


class Activities:
    """Sets each agent's `activity`; `on_change(agent)` is called in the event loop when it is another one,
    or when the agent has heard of an item of its inbox, or used more of its context.
    """

    def __init__(self, fleet: Fleet, project: Project, on_change: Callable[[Agent], None]) -> None:
        self._fleet, self._project, self._on_change = fleet, project, on_change
        self._reports: dict[str, Report] = {}
        self._sights: dict[str, Sight] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._observer: Observer | None = None

    def start(self) -> None:
        """Begin to look, within the running loop."""
        call_soon = asyncio.get_running_loop().call_soon_threadsafe
        self._observer = Observer(self._project, self._take, call_soon)
        self.follow()

    def follow(self) -> None:
        """There may be more agents than before."""
        if self._observer is not None:
            self._observer.follow(agent.name for agent in self._fleet)

    def close(self) -> None:
        """Look no more; idempotent."""
        for timer in self._timers.values():
            timer.cancel()
        if self._observer is not None:
            self._observer.close()

    def report(self, agent: str) -> Report:
        """What its folder said last."""
        return self._reports.get(agent, Report())

    def explain(self, agent: Agent) -> tuple[Told, ...]:
        """What each source says."""
        engine = Told("engine", agent.state.value, agent.began)
        return engine, *sources(self.report(agent.name), self._sight(agent), time.time())

    def saw(self, agent: Agent, event: TerminalEvent) -> None:
        """Its program has changed its title, or rung."""
        now = time.time()
        if isinstance(event, TitleChanged):
            self._sights[agent.name] = self._sight(agent).titled(agent.title, now)
        elif isinstance(event, Bell):
            self._sights[agent.name] = replace(self._sight(agent), rang_at=now)
        else:
            return
        self.judge(agent)

    def looked_at(self, agent: Agent) -> None:
        """The human is at its pane: its bell has been heard."""
        if self._sight(agent).rang_at:
            self._sights[agent.name] = replace(self._sight(agent), rang_at=0.0)
            self.judge(agent)

    def judge(self, agent: Agent) -> None:
        """Decide anew what it is doing."""
        if timer := self._timers.pop(agent.name, None):
            timer.cancel()
        before, agent.activity = agent.activity, None
        if agent.state is AgentState.RUNNING:
            agent.activity = self._judged(agent)
        if agent.activity != before:
            self._on_change(agent)

    def _judged(self, agent: Agent) -> Activity:
        now = time.time()
        activity, again = judge(self.report(agent.name), self._sight(agent), now)
        if again is not None and self._observer is not None:
            delay = max(SOONEST, again - now)
            loop = asyncio.get_running_loop()
            self._timers[agent.name] = loop.call_later(delay, self.judge, agent)
        return activity

    def _sight(self, agent: Agent) -> Sight:
        known = self._sights.get(agent.name, Sight())
        return known if known.began == agent.began else Sight(began=agent.began)

    def _take(self, name: str, report: Report) -> None:
        before, self._reports[name] = self.report(name), report
        if name not in self._fleet:
            return
        agent, meter = self._fleet[name], report.meter.shown if report.meter else None
        changed = (report.announced, report.inbox_replaced) != (before.announced, before.inbox_replaced)
        changed, agent.meter = changed or meter != agent.meter, meter
        self.judge(agent)
        if changed:
            self._on_change(agent)
