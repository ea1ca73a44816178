"""Starts and stops agents as the configuration says, and says so."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from qms_tui.config import Config, Launch, Shutdown
from qms_tui.core.activities import Judgement
from qms_tui.core.agent import Agent
from qms_tui.core.events import Notice, NoticeKind, Severity
from qms_tui.core.fleet import Fleet
from qms_tui.core.policy import TASKS, TRIES, Act, Policy, Seen, Verdict
from qms_tui.core.state import HELD, STARTABLE
from qms_tui.core.view import AgentView
from qms_tui.errors import OwnerError
from qms_tui.inbox import Item, Ledger
from qms_tui.programs.report import Report
from qms_tui.programs.values import Told, Word

MOST_OPENED = (
    16  # panes that are opened unasked: a project that is not trusted may define any number of agents
)
_log = logging.getLogger(__name__)


class Effects(Struct, frozen=True):
    """What policies cause: a notice, a pane for an agent without one, files that an agent hears of again."""

    notice: Callable[[Notice], None]
    pane: Callable[[str], None]
    again: Callable[[Agent, Sequence[str]], None] = lambda agent, files: None


class Policies:
    """Decides for an agent in each of its rounds."""

    def __init__(
        self,
        fleet: Fleet,
        config: Config,
        ledger: Ledger,
        roster: Callable[[], Sequence[str]],
        effects: Effects,
    ) -> None:
        """`roster` is asked when agents without a pane may have to be started."""
        self._fleet, self._config, self._ledger, self._effects = fleet, config, ledger, effects
        self._roster = roster
        self._policies: dict[str, Policy] = {}
        self._plans: dict[str, str] = {}
        self._waiting: dict[str, int] = {}
        self._emptied: dict[str, float] = {}
        self._done: dict[str, tuple[str, float]] = {}  # what was done last, and when
        self._wanted: set[str] = set()  # agents for which a pane was asked
        self._started_for: dict[str, tuple[str, ...]] = {}  # files that agents were started for, and not told
        self._armed = True

    def start(self) -> None:
        """Act from now on: agents that shall always run get their panes."""
        self._armed = True
        if self._any(Launch.ALWAYS_ON):
            self._open(self._absent(Launch.ALWAYS_ON))
        self.inboxes_changed()

    def hold_back(self) -> None:
        """Do nothing before the next `start`."""
        self._armed = False

    def configure(self, config: Config) -> None:
        """The settings are these from now on."""
        self._config = config
        for name, policy in self._policies.items():
            one = config.agent(name)
            policy.change(one.launch, one.shutdown, one.idle_timeout)
        if self._armed:
            self.start()

    def opens(self, agent: str) -> bool:
        """Whether an agent that has no program is started when its pane opens."""
        return self._config.agent(agent).launch is not Launch.AUTO_ON_TASK

    def engine_back(self) -> None:
        """What could not be started while the engine was away may be now."""
        for agent in self._fleet:
            self._policy(agent.name).forgive()

    def inboxes_changed(self) -> None:
        """The ledger says something else than before."""
        for agent in self._fleet:
            waiting = self._ledger.waiting(agent.name)
            before, self._waiting[agent.name] = self._waiting.get(agent.name, 0), waiting
            if before and not waiting:
                self._emptied[agent.name] = time.time()
        if self._armed and self._any(Launch.AUTO_ON_TASK):
            waits = [name for name in self._ledger.agents if self._tasks(name)]
            self._open(name for name in self._absent(Launch.AUTO_ON_TASK) if name in waits)

    def plan(self, agent: str) -> str:
        """What will be done to the agent by itself, while it does not run."""
        return self._plans.get(agent, "")

    def look(self, agent: Agent, view: AgentView, judged: Judgement) -> float | None:
        """Decide and act; when to decide again if nothing happens until then, in seconds since 1970."""
        if view.clearing:  # it may have been stopped elsewhere: what has ended so is not started again
            return None
        if not (self._armed and agent.is_opened) or self._is_left_alone(view):
            verdict = Verdict()
        else:
            verdict = self._policy(agent.name).decide(self._seen(view, judged), time.time())
        self._plans[agent.name] = verdict.plan
        if verdict.gave_up:
            said = f"ended {TRIES} times right after its start and is left alone: r in its pane starts it"
            self._tell(agent, said, "error")
        self._act(agent, verdict)
        self._announce(agent, judged.report)
        return verdict.again

    def explain(self, view: AgentView) -> Told:
        """What holds for the agent, and what was done last because of it."""
        policy, (done, at) = self._policy(view.name), self._done.get(view.name, ("", 0.0))
        what = f"launch {policy.launch}, shutdown {policy.shutdown}"
        doubt = policy.shutdown is not Shutdown.MANUAL and _tells_nothing(view)
        effect = "which has no effect: it does not tell when it is idle" if doubt else ""
        if self._is_left_alone(view):
            effect = "which has no effect: another user has started agents here"
        parts = (what, effect, self.plan(view.name), done)
        return Told("policies", "; ".join(part for part in parts if part), at)

    def _is_left_alone(self, view: AgentView) -> bool:
        """One project has one owner; where that is another user, nothing is done by itself."""
        return isinstance(view.trouble, OwnerError) or any(each.foreign for each in self._fleet)

    def _act(self, agent: Agent, verdict: Verdict) -> None:
        policy = self._policy(agent.name)
        if verdict.act is Act.START:
            self._tell(agent, f"is started: {verdict.reason} · launch = {policy.launch}")
            if verdict.tasks:
                agent.restart()
            else:
                agent.start_again()
            if files := tuple(item.file for item in verdict.tasks):
                self._started_for[agent.name] = files
                self._effects.again(agent, files)  # to be typed, where that is how it hears
        elif verdict.act is Act.STOP:
            self._tell(agent, f"is stopped: {verdict.reason} · shutdown = {policy.shutdown}")
            agent.stop(f"stopped: {verdict.reason}")

    def _announce(self, agent: Agent, report: Report) -> None:
        """What waits in the container announces what is new, or was not done with, by itself; a task that a
        program before was told of is announced to the one that was started for it.
        """
        if agent.name not in self._started_for or report.birth is None or agent.state not in HELD:
            return
        before = report.birth.started
        files = [
            file
            for file in self._started_for.pop(agent.name)
            if (known := report.announced.get(file)) and known.done and known.at < before
        ]
        if files and report.birth.wakes:
            self._effects.again(agent, files)

    def _tell(self, agent: Agent, text: str, severity: Severity = "information") -> None:
        _log.info("%s %s", agent.name, text)
        self._done[agent.name] = text, time.time()
        self._effects.notice(Notice(f"{agent.name} {text}", severity, agent.name, NoticeKind.POLICY))

    def _policy(self, agent: str) -> Policy:
        if agent not in self._policies:
            config = self._config.agent(agent)
            self._policies[agent] = Policy(config.launch, config.shutdown, config.idle_timeout)
        return self._policies[agent]

    def _seen(self, view: AgentView, judged: Judgement) -> Seen:
        awaits = view.state in STARTABLE and self._policy(view.name).launch is Launch.AUTO_ON_TASK
        return Seen(
            view.state,
            view.state_at,
            view.ending,
            None if judged.has_dialog else view.activity,
            view.began,
            view.typed_at,
            view.leads,
            self._tasks(view.name) if awaits else (),
            self._ledger.waiting(view.name),
            self._emptied.get(view.name, 0.0),
            judged.report.woken,
        )

    def _tasks(self, agent: str) -> list[Item]:
        """The tasks that may start an agent."""
        return [item for item in self._ledger.pending(agent, TASKS) if not self._ledger.is_held(item)]

    def _any(self, launch: Launch) -> bool:
        return any(
            one.launch is launch for one in (self._config.every_agent, *self._config.overrides.values())
        )

    def _absent(self, launch: Launch) -> list[str]:
        """Agents of the roster without a pane for which this holds."""
        return [
            name
            for name in self._roster()
            if name not in self._fleet and self._config.agent(name).launch is launch
        ]

    def _open(self, names: Iterable[str]) -> None:
        for name in names:
            if name in self._wanted:
                continue
            self._wanted.add(name)
            if len(self._wanted) <= MOST_OPENED:
                self._effects.pane(name)
            elif len(self._wanted) == MOST_OPENED + 1:
                said = f"{MOST_OPENED} agents were opened by themselves: {name} and others are left to you"
                _log.warning("%s", said)
                self._effects.notice(Notice(said, "warning", kind=NoticeKind.POLICY, lasting=True))


def _tells_nothing(view: AgentView) -> bool:
    return view.activity is not None and view.activity.word is Word.RUNNING
