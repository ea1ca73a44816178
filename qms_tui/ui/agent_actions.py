"""What the human does with agents: starts and stops them, asks for one more."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from qms_tui.api.agents import HELD, STARTABLE, AgentState, AgentView
from qms_tui.api.commands import (
    ADD,
    FIND,
    OPEN,
    REBUILD,
    RESIZE,
    RESTART,
    ROSTER,
    STOP,
    UNPAUSE,
    WAKE,
    Add,
    Nothing,
    OfAgent,
    Resize,
    Restart,
    Wake,
)
from qms_tui.api.errors import ApiError, ConnectionLost, ErrorCode
from qms_tui.ui.screens import PickScreen, QuestionScreen
from qms_tui.ui.shell import Shell


class AgentActions:
    """Asks before it ends what somebody uses; `app` owns this."""

    def __init__(self, app: Shell) -> None:
        self._app = app
        self._opened: set[str] = set()  # by us, once and for all
        self._asked: set[str] = set()  # of this daemon
        self._over: set[str] = set()  # whose programs had ended when we came

    # -- agents with a pane -----------------------------------------------------------------------------

    def restart(self, fresh: bool) -> None:
        """Start the agent anew, after asking if it runs; a fresh one does not go on with its conversation."""
        agent = self._app.pane.agent
        self._app.pane.follow()
        how = " without its conversation" if fresh else ""
        restart = partial(self._app.daemon.ask, RESTART, Restart(agent.name, fresh))
        running = agent.state in (*HELD, AgentState.RECONNECTING, AgentState.UNREACHABLE)
        if running and not agent.foreign:
            self._ask(f"End the running program of {agent.name} and start it anew{how}?", restart)
        else:
            restart()

    def rebuild(self) -> None:
        """Build the image of the agent anew, after asking, and start the agent in it."""
        agent = self._app.pane.agent
        rebuild = partial(self._app.daemon.ask, REBUILD, OfAgent(agent.name))
        if agent.foreign or not agent.isolated:
            rebuild()  # which says why not
            return
        question = f"Build the image of {agent.name} anew? It goes on meanwhile, then starts anew in it."
        self._ask(question, rebuild)

    def unpause(self) -> None:
        """Let the agent's program go on that was paused."""
        self._app.daemon.ask(UNPAUSE, OfAgent(self._app.pane.agent.name))

    def stop(self) -> None:
        """End the agent's program, after asking."""
        agent = self._app.pane.agent
        whose = " Another user has started it." if agent.foreign else ""
        stop = partial(self._app.daemon.ask, STOP, OfAgent(agent.name))
        self._ask(f"Stop {agent.name}?{whose} Its program ends; its files stay.", stop)

    def wake(self) -> None:
        """Have the agent told of its inbox."""
        self._app.daemon.ask(WAKE, Wake(self._app.pane.agent.name))

    def _ask(self, question: str, then: Callable[[], None]) -> None:
        self._app.push_screen(QuestionScreen(question), lambda yes: then() if yes else None)

    # -- one more ---------------------------------------------------------------------------------------

    async def pick(self) -> None:
        """Choose one more agent of the roster. Raises QmsTuiError."""
        roster = (await self._app.daemon.request(ROSTER, Nothing())).names
        names = [name for name in roster if self._app.find_pane(name) is None]
        if names:
            await self._app.push_screen(PickScreen("Open which agent?", names), self._add_soon)
        else:
            self._app.notify("Every agent of the roster has a pane already.", markup=False)

    def offer(self, agent: str) -> None:
        """An agent without a pane gets one, if the human wants."""
        self._ask(f"{agent} has no pane. Open one?", partial(self._add_soon, agent))

    def _add_soon(self, agent: str | None) -> None:
        if agent is not None:
            self._app.ahead_of_keys(self._add(agent))

    async def _add(self, agent: str) -> None:
        daemon = self._app.daemon
        if agent not in daemon.mirror.agents:
            await daemon.request(ADD, Add(agent, open=False))  # it is opened once its pane has a size
        await self._app.add_pane(agent)
        self._app.go_to(agent)

    # -- programs that are to be found, or started ------------------------------------------------------

    def begin(self) -> None:
        """There is a daemon, maybe another one than before."""
        self._asked.clear()
        agents = self._app.daemon.mirror.agents.values()
        self._over = {agent.name for agent in agents if agent.state in (AgentState.ENDED, AgentState.FAILED)}

    def open(self, agent: str) -> None:
        """Have its program looked for. The first time it is started, if its policy says so; a daemon that
        comes later starts nothing because of us: what runs no more may have been ended meanwhile."""
        if agent not in self._asked and self._app.daemon.answers:
            self._asked.add(agent)
            self._app.daemon.go(self._open(agent))

    async def _open(self, agent: str) -> None:
        daemon, is_first = self._app.daemon, agent not in self._opened
        view = daemon.mirror.agents.get(agent)
        try:
            if view is None:
                await self._take_in(agent)
            if is_first and (view is None or self._is_idle(view)):
                await daemon.request(OPEN, OfAgent(agent))
            elif self._has_gone(agent):
                await daemon.request(FIND, OfAgent(agent))
        except ConnectionLost:
            self._asked.discard(agent)
            return
        except ApiError as error:
            if error.code != ErrorCode.WRONG_STATE:  # else somebody was faster
                self._app.refuse(error)
        self._opened.add(agent)

    def _is_idle(self, view: AgentView) -> bool:
        """Nobody starts it. What has ended since we came is for its policy to start again, or not."""
        return view.state is AgentState.ABSENT or (view.state in STARTABLE and view.name in self._over)

    def _has_gone(self, agent: str) -> bool:
        """The daemon knows nothing of it, and another one did."""
        before, now = (each.agents.get(agent) for each in (self._app.daemon.former, self._app.daemon.mirror))
        was_there = before is not None and before.state is not AgentState.ABSENT
        return was_there and (now is None or now.state is AgentState.ABSENT)

    async def _take_in(self, agent: str) -> None:
        """It is new to the daemon: with its size, before it is opened."""
        daemon = self._app.daemon
        await daemon.request(ADD, Add(agent, open=False))
        if (size := daemon.size(agent)) is not None:
            await daemon.request(RESIZE, Resize(agent, size.columns, size.lines))
