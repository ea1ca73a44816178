"""The parts of the application without a screen, composed in one place: who hears of what, in what order.

No part knows another one that calls it. What happens is a fact of an agent, and leads to one round: what it
is doing, whether its inbox is to be mended, what its policy wants, whether something is to be typed or told.
Only then, and only if there is something new to say of it, the listener gets its view.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any

from qms_tui.activity import Given
from qms_tui.activity.given import given, servers_of
from qms_tui.config import Config
from qms_tui.core.activities import Activities
from qms_tui.core.agent import Agent
from qms_tui.core.events import (
    AgentChanged,
    AgentEvent,
    CoreEvent,
    EngineChanged,
    InboxChanged,
    ItemsArrived,
    Notice,
    NoticeKind,
    PaneNeeded,
    ReceiptsChanged,
    ServersChanged,
    Shown,
)
from qms_tui.core.fleet import Fleet
from qms_tui.core.mail import Mail, MailArrived, MailChanged, MailEvent
from qms_tui.core.mending import Mending
from qms_tui.core.notices import Notices
from qms_tui.core.policies import Effects, Policies
from qms_tui.core.rounds import Rounds
from qms_tui.core.servers import Look, Servers
from qms_tui.core.state import HELD
from qms_tui.core.usage import UsageRounds
from qms_tui.core.view import AgentView
from qms_tui.core.waking import Context, Waking
from qms_tui.inbox import HUMAN, Ledger, Past
from qms_tui.mcp.lights import Standing
from qms_tui.programs.base import Program
from qms_tui.programs.config_folder import ConfigFolder
from qms_tui.programs.folders import config_folder
from qms_tui.programs.registry import program_of
from qms_tui.project import Project
from qms_tui.runtime import EngineBack, Printed, Runtime, RuntimeEvent
from qms_tui.waking import Typed


class Composition:
    """One project's, within one event loop; `tell` is called there with what is new."""

    def __init__(
        self,
        project: Project,
        config: Config,
        agents: Sequence[str],
        roster: Sequence[str],
        runtime: Runtime,
        tell: Callable[[CoreEvent], None],
        *,
        past: Past | None = None,
        servers: Look | None = None,
        environment: Callable[[str], Mapping[str, str]] = lambda agent: os.environ,
        isolates: Callable[[str], bool] | None = None,
    ) -> None:
        """`roster` are agents beside those that the project defines; `past` is where it is remembered what
        was consumed and typed, if anywhere; `servers` asks how the MCP servers stand, if there are any.
        `environment` has the variables of this machine that an agent's are taken from; `isolates` says of
        each agent whether it is in a container, where that is not the same for all.
        """
        self.project, self.config = project, config
        self._environment, self._isolates = environment, isolates
        self._roster, self._tell, self._is_served = roster, tell, servers is not None
        self._views: dict[str, AgentView] = {}
        self._looked_at: dict[object, str] = {}  # by who looks
        self._errands: set[asyncio.Task[None]] = set()
        self._closed = False
        self._rounds = Rounds(self._decide)
        self.mail = Mail(
            project, self.roster, self._hear_mail, rescan=config.inbox.rescan, past=past, held=config.held
        )
        self.agents = Fleet(
            agents,
            runtime,
            self._hear,
            on_engine=self._hear_engine,
            ready=self.mail.watching,
        )
        self.activities = Activities(
            self.agents,
            project,
            self._rounds.fact,
            self._given,
            self._program_of,
            self._folder_of,
            self._receipts_changed,
        )
        self.notices = Notices(config.notify, lambda agent: agent in self._looked_at.values(), self._say)
        self.policies = Policies(
            self.agents,
            config,
            self.ledger,
            self.roster,
            Effects(self.notices.give, lambda name: self._say(PaneNeeded(name)), self._again),
        )
        self.waking = Waking(
            self.agents,
            config,
            self.ledger,
            Typed(past),
            self.activities,
            Context(project.root, self._fresh, self.notices.give, self._receipts_changed),
        )
        self._mending = Mending(self._tell_of_mending, lambda name: self.agents[name].restart())
        self._usage = UsageRounds(self.agents, self._rounds.fact)
        self._servers = Servers(servers, self._hear_servers)

    # -- from begin to end ------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to look at agents, within the running loop; each is opened by itself."""
        self.agents.watch()
        self.activities.start()
        self._usage.start()
        self._servers.start()

    def follow_inboxes(self, *, armed: bool = True) -> None:
        """Begin to look at inboxes, and to start agents by policy: it loads what a first painting can do
        without. What is not `armed` waits with the policies for `arm`."""
        self.mail.start()
        if armed:
            self.policies.start()
        else:
            self.policies.hold_back()

    def arm(self) -> None:
        """Start and stop agents by policy from now on."""
        self.policies.start()
        self.facts_of_all()

    def configure(self, config: Config) -> None:
        """Other settings hold from now on; those of inboxes and terminals from the next start on."""
        self.config = config
        self.activities.configure()
        self.notices.configure(config.notify)
        self.waking.configure(config)
        self.policies.configure(config)
        self.facts_of_all()

    async def close(self) -> None:
        """Let go of everything; agents go on if their runtime says so. Idempotent."""
        self._closed = True
        self._rounds.close()
        self.waking.close()
        self.activities.close()
        self.notices.close()
        self._usage.close()
        self._servers.close()
        for errand in self._errands:
            errand.cancel()
        await asyncio.gather(*self._errands, return_exceptions=True)
        await self.mail.close()
        await self.agents.close()

    # -- what is known everywhere -----------------------------------------------------------------------

    @property
    def ledger(self) -> Ledger:
        """What waits in inboxes, and what was consumed."""
        return self.mail.ledger

    def roster(self) -> tuple[str, ...]:
        """Everybody who may be an agent; more may be defined at any time."""
        return self.project.roster(self._roster)

    @property
    def beside(self) -> set[str]:
        """Who is not one of the agents, and has items or an inbox that cannot be read; maybe the human."""
        ledger = self.ledger
        with_items = {name for name in ledger.agents if ledger.waiting(name)}
        return {name for name in with_items | ledger.closed.keys() if name not in self.agents}

    # -- one fact, one round ----------------------------------------------------------------------------

    def _decide(self, agent: Agent) -> float | None:
        """The round of an agent of which something is new; when there has to be another one."""
        judged = self.activities.judge(agent, agent.view)
        usage, plan = self._usage.used(agent), self.policies.plan(agent.name)
        view = agent.view_with(judged.activity, judged.lights, judged.meter, usage, plan)
        mend_again = self._mending.look(view, self.activities.report(agent.name))
        decide_again = self.policies.look(agent, view, judged)
        if (new_plan := self.policies.plan(agent.name)) != plan:
            view = replace(view, plan=new_plan)
        self.waking.look(agent, view)
        self.notices.look(view)
        before, self._views[agent.name] = self._views.get(agent.name), view
        if view != before:
            self._say(AgentChanged(view))
        times = (judged.again, mend_again, decide_again)
        return min((each for each in times if each is not None), default=None)

    def _fresh(self, agent: Agent) -> AgentView:
        """Its view with what its program shows by now."""
        if self.activities.waits_for_look(agent):
            self._rounds.fact(agent)
        return self._views.get(agent.name) or agent.view

    def facts_of_all(self) -> None:
        """There may be something new of every agent."""
        for agent in self.agents:
            self._rounds.fact(agent)

    # -- who hears of what ------------------------------------------------------------------------------

    def _hear(self, agent: Agent, event: AgentEvent) -> None:
        if self._closed:
            return
        if isinstance(event, Notice):
            self.notices.give(event)
        elif not isinstance(event, Shown):
            self._rounds.fact(agent)
        elif isinstance(event.news, Printed):
            self.waking.output(agent)
        else:
            self.activities.saw(agent, event.news)
            self._is_looked_at(agent)

    def _is_looked_at(self, agent: Agent) -> None:
        """What it shows is seen at once."""
        if agent.name in self._looked_at.values():
            self.activities.looked_at(agent)

    def _hear_engine(self, event: RuntimeEvent) -> None:
        self._say(EngineChanged(event))
        if isinstance(event, EngineBack):
            self.policies.engine_back()
            self.facts_of_all()

    def _hear_mail(self, event: MailEvent) -> None:
        if isinstance(event, MailChanged):
            self._say(InboxChanged())
            self.policies.inboxes_changed()
            self.waking.mail_changed()
            self.activities.follow_beside(self.beside - {HUMAN})
            self.facts_of_all()
        elif isinstance(event, MailArrived):
            self._say(ItemsArrived(event.toasts))
        else:
            self.notices.give(Notice(event.text, "warning", kind=NoticeKind.INBOX))

    def _hear_servers(self, standing: Standing) -> None:
        for agent in self.agents:
            names = self.activities.given(agent).servers
            self.activities.serve(agent, servers_of(standing, agent.name, names))
        self._say(ServersChanged(standing))

    def _receipts_changed(self) -> None:
        self._say(ReceiptsChanged())

    def _tell_of_mending(self, agent: str, text: str) -> None:
        said = f"{agent}: {text}"
        self.notices.give(Notice(said, "warning", agent, NoticeKind.MENDING, lasting=True))

    def _again(self, agent: Agent, files: Sequence[str]) -> None:
        """It was started for these, and must hear of them."""
        if files and not self.waking.again(agent, files) and agent.state in HELD:
            self._go(agent.wake(files))

    def _given(self, agent: AgentView) -> Given:
        host = self._environment(agent.name)
        return given(self.config, agent.name, host, isolated=agent.isolated, served=self._is_served)

    def _program_of(self, agent: str) -> Program:
        return program_of(self.config.agent(agent).command)

    def _folder_of(self, agent: str) -> ConfigFolder | None:
        isolated = self._isolates(agent) if self._isolates is not None else None
        return config_folder(self.project, self.config, agent, isolated=isolated)

    def _say(self, event: CoreEvent) -> None:
        if not self._closed:
            self._tell(event)

    def _go(self, errand: Coroutine[Any, Any, None]) -> None:
        """Do it meanwhile."""
        task = asyncio.get_running_loop().create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)
