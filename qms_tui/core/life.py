"""An agent's life: which state it is in, and which fact brings it into which other.

    open                        -> attaching        its program runs or has ended, or:
    nothing there               attaching -> not started
    start                       -> starting
    attached, started           -> running          and between running and paused, as the engine says
    stop                        -> stopping
    ended                       -> exited           from any state but that of one that could not be started
    the engine is away          running, paused -> unreachable
    the connection is lost      -> reconnecting     -> running, exited, unreachable
    what was asked for fails    -> cannot start

Nothing here waits, and nothing knows of engines or terminals. Times: seconds since 1970.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from qms_tui.core.state import HELD, AgentState, removed
from qms_tui.errors import EngineError, QmsTuiError
from qms_tui.runtime import Ending

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stage:
    """How far a life is; what each of these means stands in `AgentView`."""

    state: AgentState = AgentState.ABSENT
    state_at: float = 0.0
    ending: Ending | None = None
    clearing: bool = False
    trouble: QmsTuiError | None = None
    began: float = 0.0
    ended_at: float = 0.0
    starved_at: float = 0.0
    """When the engine said last that it had no memory left."""


class Life:
    """What has happened to one agent's program. `on_change` is called whenever its stage is another one."""

    def __init__(
        self, agent: str, on_change: Callable[[], None], clock: Callable[[], float] = time.time
    ) -> None:
        self._agent, self._on_change, self._clock = agent, on_change, clock
        self._stage = Stage(state_at=clock())

    @property
    def stage(self) -> Stage:
        """How far it is."""
        return self._stage

    # -- what is asked for ------------------------------------------------------------------------------

    def attach(self) -> None:
        """It is looked for, and attached if it runs."""
        self._become(AgentState.ATTACHING)

    def start(self) -> None:
        """Its program is to be started."""
        self._become(AgentState.STARTING)

    def launch(self) -> None:
        """Its program begins now, as far as anybody knows; the engine may say it better."""
        self._stage = replace(self._stage, began=self._clock())

    def stop(self) -> None:
        """Its program is about to be ended by us."""
        self._become(AgentState.STOPPING)

    # -- what is found ----------------------------------------------------------------------------------

    def nothing_there(self) -> None:
        """There is no program, and none shall be started."""
        self._become(AgentState.ABSENT)

    def begun_elsewhere(self) -> None:
        """It was started by somebody else just before us: nobody knows when."""
        self._stage = replace(self._stage, began=0.0)

    def began_at(self, began: float) -> bool:
        """The engine says when its program began; 0 says nothing. Whether that is news, which is not told."""
        is_news = began not in (0.0, self._stage.began)
        if is_news:
            self._stage = replace(self._stage, began=began)
        return is_news

    def held(self) -> None:
        """Its program runs, and its terminal is ours to show."""
        self._become(AgentState.RUNNING, ending=None)

    def runs(self, *, paused: bool) -> None:
        """So the engine finds it, while we hold it."""
        state = AgentState.PAUSED if paused else AgentState.RUNNING
        if self._stage.state is not state:
            self._become(state)

    def removal(self) -> Ending:
        """How it has ended if nothing is left of it."""
        return removed(self._stage.ending if self._stage.state is AgentState.ENDED else None)

    def has_ended_so(self, ending: Ending | None) -> bool:
        """Whether that is known, and will not be said otherwise by an engine that clears up still."""
        stage = self._stage
        known = stage.ending if stage.state is AgentState.ENDED else None
        return known is not None and known == ending and not stage.clearing

    # -- what happens to it -----------------------------------------------------------------------------

    def starved(self, at: float) -> None:
        """The engine has killed a process of it for want of memory."""
        self._stage = replace(self._stage, starved_at=at)

    def dies(self, at: float) -> bool:
        """Whether an end at `at`, of which the engine tells, is that of the program that we know of."""
        stage = self._stage
        return stage.state in (*HELD, AgentState.RECONNECTING) and at >= stage.began

    def died(self, exit_code: int, at: float) -> None:
        """It has ended at `at`, and the engine may take seconds to clear up after it."""
        starved = self._stage.starved_at >= self._stage.began > 0
        self.ended(Ending.by(exit_code, starved=starved), clearing=True, at=at)

    def ended(self, ending: Ending | None, *, clearing: bool = False, at: float = 0.0) -> None:
        """`at` is 0 where nobody says when."""
        seen = self._stage.state is AgentState.ENDED
        when = at or (self._stage.ended_at if seen else self._clock())
        self._become(AgentState.ENDED, ending=ending, clearing=clearing, ended_at=when)

    def lost_connection(self) -> None:
        """Only the connection is lost, as far as anybody knows."""
        self._become(AgentState.RECONNECTING)

    def lost_engine(self, why: str) -> None:
        """The engine is away. The connection may survive that."""
        if self._stage.state in HELD:
            self.unreachable(EngineError(why, hint="qms-tui tries again until it is back"))

    def unreachable(self, trouble: QmsTuiError) -> None:
        """Nobody can find out how it is."""
        self._become(AgentState.UNREACHABLE, trouble=trouble)

    def failed(self, trouble: QmsTuiError) -> None:
        """What was asked for last did not succeed."""
        self._become(AgentState.FAILED, trouble=trouble)

    def _become(self, state: AgentState, **facts: object) -> None:
        """The trouble of before is over with its state, and so is clearing up, unless they are said again."""
        new = {"trouble": None, "clearing": False, **facts}
        self._stage = replace(self._stage, state=state, state_at=self._clock(), **new)  # type: ignore[arg-type]
        _log.info("%s: %s", self._agent, state.value)
        self._on_change()
