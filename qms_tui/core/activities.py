"""What every agent is doing, judged by what its folder says, its terminal shows, the engine knows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from msgspec import Struct

from qms_tui.activity import (
    Facts,
    Given,
    Lights,
    Observer,
    Served,
    Server,
    Sight,
    Source,
    armed,
    shine,
    sources,
)
from qms_tui.core.agent import Agent
from qms_tui.core.container import container
from qms_tui.core.fleet import Fleet
from qms_tui.core.paced import Paced
from qms_tui.core.state import AgentState
from qms_tui.core.view import AgentView
from qms_tui.programs.base import Program
from qms_tui.programs.config_folder import ConfigFolder, container_folder
from qms_tui.programs.registry import PLAIN
from qms_tui.programs.report import Report
from qms_tui.programs.values import Activity, Meter, Told, Word
from qms_tui.project import Project
from qms_tui.runtime import Rang, Reported, Titled

NOTHING = Report()
STATUS_PERIOD = 0.1  # seconds between two looks at what a program shows, which may change all the time
MOST_BESIDE = 32  # agents without a pane whose folders are looked at


class Judgement(Struct, frozen=True):
    """What an agent is doing and has used, and how its lights are."""

    activity: Activity | None = None
    lights: Lights | None = None
    meter: Meter | None = None
    report: Report = NOTHING
    """What its folder says of the program that runs now, or ran last."""
    has_dialog: bool = False
    """Whether its program reports that it waits for the human, whatever else is said of it."""
    again: float | None = None
    """When that may be otherwise by itself, in seconds since 1970; None for not before something happens."""


class Activities:
    """Knows what there is to judge by; `on_fact(agent)` is called in the event loop when that is more."""

    def __init__(
        self,
        fleet: Fleet,
        project: Project,
        on_fact: Callable[[Agent], None],
        given: Callable[[AgentView], Given] = lambda agent: Given(),
        program_of: Callable[[str], Program] = lambda agent: PLAIN,
        folder_of: Callable[[str], ConfigFolder | None] | None = None,
        on_receipt: Callable[[], None] = lambda: None,
    ) -> None:
        """`given`: what the configuration gives an agent; asked once for each configuration. `program_of`:
        what it runs by that. `folder_of`: an agent's own folder, if it has one that tells something; without,
        that of its container. `on_receipt` is called when anybody has heard of an item.
        """
        self._folder_of = folder_of or partial(container_folder, project)
        self._fleet, self._project, self._on_fact = fleet, project, on_fact
        self._on_receipt = on_receipt
        self._ask_given, self._program_of = given, program_of
        self._given: dict[str, Given] = {}
        self._served: dict[str, Served] = {}
        self._unarmed: dict[str, float] = {}
        self._silent: dict[str, float] = {}
        self._reports: dict[str, Report] = {}
        self._sights: dict[str, Sight] = {}
        self._looks: dict[str, Paced] = {}
        self._beside: tuple[str, ...] = ()
        self._observer: Observer | None = None

    def start(self) -> None:
        """Begin to look, within the running loop."""
        call_soon = asyncio.get_running_loop().call_soon_threadsafe
        self._observer = Observer(self._take, call_soon)
        self.follow()

    def follow(self) -> None:
        """There may be more agents than before."""
        if self._observer is not None:
            names = dict.fromkeys((*(agent.name for agent in self._fleet), *self._beside))
            folders = {name: self._folder_of(name) for name in names}
            self._observer.follow(
                {
                    name: Source(self._program_of(name), self._project, name, folder)
                    for name, folder in folders.items()
                    if folder is not None
                }
            )

    def follow_beside(self, agents: Iterable[str]) -> None:
        """These have no pane, and items: how far those have come stands in their folders all the same."""
        beside = tuple(sorted(agents)[:MOST_BESIDE])
        if beside != self._beside:
            self._beside = beside
            self.follow()

    def close(self) -> None:
        """Look no more; idempotent."""
        for look in self._looks.values():
            look.close()
        if self._observer is not None:
            self._observer.close()

    # -- what is known ----------------------------------------------------------------------------------

    def report(self, agent: str) -> Report:
        """What its folder said last."""
        known = self._reports.get(agent)
        return self._program_of(agent).nothing if known is None else known

    def explain(self, agent: Agent) -> tuple[Told, ...]:
        """What each source says."""
        now, view = time.time(), agent.view
        engine = Told("engine", view.state.value, view.since)
        return engine, *sources(self.current(agent), self._sight(agent), now)

    def current(self, agent: Agent) -> Report:
        """What its folder says of the program that runs now, or ran last."""
        return self.report(agent.name).current(self._sight(agent), time.time())

    def reports_dialog(self, agent: Agent) -> bool:
        """Whether its program reports now that it waits for the human, whatever else is said of it."""
        own = self._sight(agent).reported
        return own is not None and own.word is Word.NEEDS_YOU

    def given(self, agent: Agent) -> Given:
        """What the configuration gives it."""
        if agent.name not in self._given:
            self._given[agent.name] = self._ask_given(agent.view)
        return self._given[agent.name]

    def configure(self) -> None:
        """What the configuration gives agents may be something else now."""
        self._given.clear()
        self.follow()

    # -- what happens -----------------------------------------------------------------------------------

    def saw(self, agent: Agent, news: Titled | Rang | Reported) -> None:
        """Its program has changed its title, rung, or reported something: some do all the time."""
        sight = self._sight(agent)
        if isinstance(news, Titled):
            since = self._program_of(agent.name).works_since(sight, news.text, news.at)
            self._sights[agent.name] = sight.titled(news.text, since, news.at)
        elif isinstance(news, Rang):
            if news.at <= max(sight.looked_at, agent.terminal.typed_at):
                return  # the human was there since
            self._sights[agent.name] = replace(sight, rang_at=news.at)
        self._look(agent).ask()

    def waits_for_look(self, agent: Agent) -> bool:
        """Whether its program shows something that nobody has judged yet."""
        return self._look(agent).is_wanted

    def looked_at(self, agent: Agent) -> None:
        """The human is at its pane."""
        before = self._sight(agent)
        self._sights[agent.name] = before.looked(time.time())
        if before.rang_at or before.is_unseen:
            self._on_fact(agent)

    def serve(self, agent: Agent, servers: tuple[Server, ...]) -> None:
        """So the MCP servers stand that it may use, at this moment."""
        now, known = time.time(), self._served.get(agent.name)
        since = known.since if known is not None and known.servers == servers else now
        self._served[agent.name] = Served(servers, since, now)
        self._on_fact(agent)

    def _take(self, name: str, report: Report) -> None:
        before, self._reports[name] = self.report(name), report
        if report.announced != before.announced or name not in self._fleet:
            self._on_receipt()
        if name in self._fleet:
            self._on_fact(self._fleet[name])

    # -- what follows -----------------------------------------------------------------------------------

    def judge(self, agent: Agent, view: AgentView) -> Judgement:
        """Decide; `view` is what the agent says of itself."""
        if self._look(agent).claim():
            self._take_status(agent)
        now, report = time.time(), self.current(agent)
        activity, first = self._judged(agent, now)
        lights, second = self._lit(agent, view, activity, report, now)
        again = min((each for each in (first, second) if each is not None), default=None)
        meter, has_dialog = report.meter.shown if report.meter else None, self.reports_dialog(agent)
        return Judgement(activity, lights, meter, report, has_dialog, again)

    def _judged(self, agent: Agent, now: float) -> tuple[Activity | None, float | None]:
        if agent.state is not AgentState.RUNNING:
            return None, None
        report = self.report(agent.name)
        sight = replace(
            self._sight(agent),
            silent_since=self._silent_since(agent, report, now),
            read_at=self._observer.looked_at(agent.name) if self._observer is not None else 0.0,
        )
        activity, again = report.judge(sight, now)
        due = report.next_look(sight.silent_since, now)
        return activity, min((each for each in (again, due) if each is not None), default=None)

    def _silent_since(self, agent: Agent, report: Report, now: float) -> float:
        """Since when we have missed its pulse; now, if we have not."""
        if not report.is_silent(now):
            self._silent.pop(agent.name, None)
            return now
        return self._silent.setdefault(agent.name, now)

    def _lit(
        self, agent: Agent, view: AgentView, activity: Activity | None, report: Report, now: float
    ) -> tuple[Lights, float | None]:
        facts = Facts(
            container(view),
            activity,
            report,
            self._sight(agent),
            self.given(agent),
            self._served.get(agent.name),
            view.wrong,
            self._unarmed_since(agent.name, activity, report, now),
            view.foreign,
        )
        return shine(facts, now)

    def _unarmed_since(self, agent: str, activity: Activity | None, report: Report, now: float) -> float:
        """Since when we have seen that nothing waits for its inbox; now, if we have not."""
        if activity is None or armed(report, now) is not False:
            self._unarmed.pop(agent, None)
            return now
        return self._unarmed.setdefault(agent, now)

    def _sight(self, agent: Agent) -> Sight:
        known, began = self._sights.get(agent.name), agent.began
        if known is None or known.began != began:
            looked_at = known.looked_at if known is not None else 0.0
            fresh = Sight(began=began, looked_at=looked_at)
            known = self._sights[agent.name] = fresh.reporting(agent.terminal.status, time.time())
        return known

    def _look(self, agent: Agent) -> Paced:
        if agent.name not in self._looks:
            self._looks[agent.name] = Paced(STATUS_PERIOD, partial(self._look_now, agent))
        return self._looks[agent.name]

    def _look_now(self, agent: Agent) -> None:
        self._take_status(agent)
        self._on_fact(agent)

    def _take_status(self, agent: Agent) -> None:
        self._sights[agent.name] = self._sight(agent).reporting(agent.terminal.status, time.time())
