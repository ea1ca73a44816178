"""The application without a screen: what its listeners read and command.

Whoever shows it reads views and gives commands. It tells the core facts only: what the human looks at, and
how large it shows an agent. Terminals are shown, and typed into, over the keeper's sockets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from qms_tui.core.attention import waiting
from qms_tui.core.composition import Composition
from qms_tui.core.state import STARTABLE, STOPPED_BY_YOU, AgentState
from qms_tui.core.view import AgentView
from qms_tui.inbox import Item, Preview
from qms_tui.programs.values import Announced, Told
from qms_tui.runtime import Size

_NOT_LIVE = (*STARTABLE, AgentState.STOPPING)


class Core(Composition):
    """One project's agents and inboxes; everything is called within the one event loop that started it."""

    # -- what there is to read --------------------------------------------------------------------------

    def view(self, agent: str) -> AgentView:
        """What there is to know of one of the agents, as of its last round."""
        return self._views.get(agent) or self.agents[agent].view

    @property
    def views(self) -> list[AgentView]:
        """Those of all, in the order in which they came."""
        return [self.view(agent.name) for agent in self.agents]

    @property
    def waiting(self) -> list[str]:
        """The agents that wait for the human, in the order in which the human should see to them."""
        return waiting(self.views)

    @property
    def live(self) -> tuple[str, ...]:
        """The agents whose programs run, or are about to, as far as we know."""
        return tuple(agent.name for agent in self.agents if agent.state not in _NOT_LIVE)

    def explain(self, agent: str) -> tuple[Told, ...]:
        """Why its state is what it is, by source."""
        one = self.agents[agent]
        told = self.activities.explain(one), self.policies.explain(self.view(agent)), self.waking.explain(one)
        return *told[0], told[1], *told[2]

    def receipt(self, agent: str, file: str) -> Announced | None:
        """How far an item that waits has come: announced to the agent, delivered to its model."""
        known = self.activities.report(agent).announced.get(file)
        if known is None and (typed := self.waking.announced(agent, file)) is not None:
            return Announced(typed)
        return known

    # -- what can be asked for --------------------------------------------------------------------------

    def add(self, agent: str) -> None:
        """One more agent; it is opened by itself."""
        self.agents.add(agent)
        self.activities.follow()
        self.waking.mail_changed()

    def open(self, agent: str, *, start: bool = True) -> None:
        """Find the agent's program, or start it if its policy says so, and if it shall be started at all."""
        self.agents[agent].open(start=start and self.policies.opens(agent))

    def find(self, agent: str) -> None:
        """Find the agent's program, which has run; start nothing."""
        self.agents[agent].open(ran=True)

    def resize(self, agent: str, size: Size) -> None:
        """A screen shows it so: its next program starts with that size."""
        self.agents[agent].resize(size)

    def restart(self, agent: str, *, fresh: bool = False) -> None:
        """Start it, ending it first if it runs; a `fresh` one does not go on with its conversation."""
        self.agents[agent].restart(fresh=fresh)

    def rebuild(self, agent: str) -> None:
        """Build its image again, then start it in that."""
        self.agents[agent].rebuild()

    def stop(self, agent: str, why: str = STOPPED_BY_YOU) -> None:
        """End its program and clear it away."""
        self.agents[agent].stop(why)

    def unpause(self, agent: str) -> None:
        """Let its program go on that was paused; a notice says if that fails."""
        self._go(self.agents[agent].unpause())

    def wake(self, agent: str, files: Sequence[str] = ()) -> None:
        """Have it told of files in its inbox, or of all: typed only where nothing else can tell it."""
        if not self.waking.again(self.agents[agent], files):
            self._go(self.agents[agent].wake(files))

    def look_at(self, agent: str | None, viewer: object = None) -> None:
        """The human looks at an agent, or at none: who is looked at has no news, and needs no bell.

        There may be several places to look from; each is a `viewer`, and looks at one agent.
        """
        if agent is None:
            self._looked_at.pop(viewer, None)
            return
        self._looked_at[viewer] = agent
        self.activities.looked_at(self.agents[agent])

    def show_colors(self, colors: Mapping[int, tuple[int, int, int]]) -> None:
        """A screen has these: programs hear of them that ask before it shows them."""
        self.agents.runtime.show_colors(colors)

    def show_servers(self, in_view: bool) -> None:
        """Whether the human sees how the MCP servers stand."""
        self._servers.show(in_view)

    def inbox(self, agent: str) -> Path:
        """The folder of an agent's inbox."""
        return self.mail.inbox(agent)

    def recipients(self) -> tuple[str, ...]:
        """Everybody who can be written to."""
        return self.mail.recipients()

    async def send(self, recipients: Sequence[str], subject: str, body: str) -> None:
        """Write a message of the human's. Raises UsageError or ProjectError, also if that hangs."""
        await self.mail.send(recipients, subject, body)

    async def preview(self, item: Item) -> Preview:
        """What an item's file says."""
        return await self.mail.preview(item)

    async def put_away(self, item: Item) -> Path:
        """Move an item into the archive; where it is then. Raises QmsTuiError."""
        return await self.mail.put_away(item)
