"""What there is to know of an agent at one moment, for everybody who is not the agent."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from qms_tui.activity import Lights
from qms_tui.core.state import HELD, AgentState
from qms_tui.errors import QmsTuiError
from qms_tui.programs.values import Activity, Meter
from qms_tui.runtime import Ending, Usage


@dataclass(frozen=True, slots=True)
class AgentView:
    """Made by the agent, and completed by the core with what others know of it. Times: seconds since 1970.

    Two views are the same if there is nothing new to show: what is typed is seen in the terminal.
    """

    name: str
    state: AgentState = AgentState.ABSENT
    state_at: float = field(default=0.0, compare=False)
    """Since when it is in its state."""
    ending: Ending | None = None
    clearing: bool = False
    """Whether it has ended and the engine is not done with it: nobody knows if somebody removes it."""
    trouble: QmsTuiError | None = None
    began: float = 0.0
    """When its program began; 0 while nobody knows."""
    ended_at: float = 0.0
    """When it ended, as far as the engine says, else when that was seen."""

    isolated: bool = True
    """Whether the program is kept from the host and from other agents."""
    container_id: str = ""
    """The engine's, of what was found last; empty until somebody has looked."""
    wrong: str = ""
    """In what the program is not who it should be, as far as it says."""
    outdated: bool = False
    """Whether its image was built from older files than ours, or has been replaced."""
    needs_build: bool = False
    """Whether the image of today must be built for that; else a restart is enough."""
    foreign: bool = False
    """Whether another user has started the program: who is here may look, type and end it."""
    building: str = ""
    """How far its image is, while that is built anew."""

    terminal: str = ""
    """What the keeper names its terminal by, from which it is shown; empty while it is not held."""
    keeper: Path | None = None
    """The keeper's socket, as far as that is known."""
    title: str = ""
    """The program's own; a new one is told at most ten times a second."""
    remark: str = ""
    """What the human should know of the terminal for as long as it holds."""
    leads: bool = True
    """Whether what is done by itself is done from here: not while a screen was typed into last that decides
    for itself, or is another user's.
    """
    leader: str = ""
    """The screen that was typed into last, for the human; whatever that process calls itself."""
    typed_at: float = field(default=0.0, compare=False)
    """When a human typed into it last, on whichever screen."""

    activity: Activity | None = None
    """What its program is doing, as far as it runs and somebody finds out."""
    lights: Lights | None = None
    """How its container, program and the like stand."""
    meter: Meter | None = None
    """What its conversation has used."""
    usage: Usage | None = None
    """What its program uses, as far as it runs."""
    plan: str = ""
    """What will be done to it without the human, while it does not run."""

    @property
    def since(self) -> float:
        """Since when it is in its state; of a program that runs, when that began."""
        if self.state in HELD:
            return self.began
        return self.ended_at if self.state is AgentState.ENDED else self.state_at
