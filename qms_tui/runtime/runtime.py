"""What every runtime promises: find, start, attach and stop the program of one agent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Protocol

from qms_tui.errors import EngineError
from qms_tui.runtime.events import RuntimeEvent
from qms_tui.runtime.facts import News
from qms_tui.runtime.size import Size
from qms_tui.runtime.usage import DiskUse, Usage

SOON = 10.0  # seconds after its start in which a program that fails is taken to have failed at resuming


class Condition(Enum):
    """What the runtime knows of an agent's program."""

    ABSENT = "absent"
    RUNNING = "running"
    PAUSED = "paused"
    """Frozen from outside: it lives, and does nothing until somebody lets it go on."""
    EXITED = "exited"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a program ended; `exit_code` is None where nobody can tell."""

    exit_code: int | None
    reason: str = ""
    resuming: bool = False
    """Whether it failed right after it was to go on with an earlier conversation."""
    asked: bool = False
    """Whether somebody has ended it, here or elsewhere, and cleared it away."""

    @classmethod
    def by(cls, exit_code: int, *, starved: bool = False) -> Ending:
        """By the exit code, and by whether there was no memory left."""
        killed = "out of memory" if starved else "killed"
        return cls(exit_code, {137: killed, 143: "terminated"}.get(exit_code, ""))

    def __str__(self) -> str:
        code = "ended" if self.exit_code is None else f"exit code {self.exit_code}"
        return f"{code} ({self.reason})" if self.reason else code


@dataclass(frozen=True, slots=True)
class Found:
    """An agent's program as it is now; what a runtime does not know of is empty.

    `started_at` is RFC 3339; `container` is the container's name.
    """

    condition: Condition
    ending: Ending | None = None
    started_at: str = ""
    image: str = ""
    container: str = ""
    outdated: bool = False
    """Whether its image, of a qms-tui build, was built from other files than ours, or has been replaced."""
    needs_build: bool = False
    """Whether the image of today must be built for that; else a restart is enough."""
    wrong: str = ""
    """In what its program is not who it should be."""
    digest: str = ""
    """Which image it is, whatever has its name by now: `sha256:` and 64 digits."""
    foreign: bool = False
    """Whether another user has started it; only that user can say what it should be like."""
    id: str = ""
    """The container's, which stays when somebody renames it."""
    renamed_from: str = ""
    """The name that it was made with, if it has another one by now."""
    disk: DiskUse | None = None
    """What it takes on disk, as far as its keeper has told."""
    ended: float = 0.0
    """When it ended, in seconds since 1970; 0 if it runs, or nobody knows."""

    @property
    def began(self) -> float:
        """`started_at` in seconds since 1970; 0 if nobody knows."""
        return datetime.fromisoformat(self.started_at).timestamp() if self.started_at else 0.0

    @property
    def alive(self) -> bool:
        """Whether there is a program to attach to."""
        return self.condition in (Condition.RUNNING, Condition.PAUSED)


class RunsAlready(EngineError):
    """Somebody else has started the agent, or is about to: attach to it."""


class HeldTerminal(Protocol):
    """A terminal that is held, for whoever decides about its agent and does not show it."""

    id: str
    """What the keeper names it by."""

    def listen(self, on_news: Callable[[News], None]) -> None:
        """Begin to hear: how it stands, then what is new. `Closed` comes once and last, and not after
        `close()`."""

    def look(self, on_sight: Callable[[bytes], None]) -> None:
        """Ask for what it shows: a state of what is visible (`Terminal.save_visible`), b"" if it cannot be
        had."""

    def type(self, data: bytes, keys: int, on_done: Callable[[bool], None]) -> None:
        """Give the program bytes that are no human's, unless humans have typed more than so many pieces.

        Whether it got them is said once, as far as anybody can know.
        """

    def close(self) -> None:
        """Hear no more; idempotent."""


class Runtime(Protocol):
    """Runs agents. All methods raise EngineError, RuntimeFailure or ProjectError."""

    name: str
    outlives: bool
    """Whether agents go on when the interface ends."""

    def show_colors(self, colors: Mapping[int, tuple[int, int, int]]) -> None:
        """What programs shall hear who ask a terminal that we lead: red, green, blue by key of `Colors`."""

    def isolates(self, agent: str) -> bool:
        """Whether the agent is kept from the others and the host."""

    async def find(self, agent: str) -> Found:
        """What is there of the agent."""

    def keeper(self, agent: str) -> Path | None:
        """The socket of whoever holds the agent's terminal; None while nobody knows."""

    async def start(self, agent: str, size: Size, *, fresh: bool = False) -> HeldTerminal:
        """Start the agent anew, held before its first byte; a program that has ended is cleared away.

        It goes on with its last conversation if it can, unless it shall be `fresh`.

        Raises RunsAlready if somebody else was faster; their program is left alone.
        """

    async def hold(self, agent: str) -> HeldTerminal:
        """Hold the running agent's terminal."""

    async def recall(self, agent: str) -> None:
        """See to it that the screen of an agent that has ended can be shown, as far as that goes."""

    async def ended(self, agent: str) -> Ending | None:
        """How the agent ended, after its terminal closed; None if it still runs."""

    async def stop(self, agent: str) -> None:
        """End the agent's program and clear it away; nothing there is fine."""

    async def unpause(self, agent: str) -> None:
        """Let the agent's program go on that was frozen from outside; one that runs is fine."""

    async def rebuild(self, agent: str, on_step: Callable[[str], None]) -> None:
        """Build the agent's image again; programs that run go on. `on_step`, in the running loop, hears how
        far it is."""

    async def wake(self, agent: str, files: Sequence[str]) -> None:
        """Have the agent told of these files of its inbox, of all if there are none; it types nothing.

        Raises RuntimeFailure where nothing in the agent's program can be told.
        """

    async def usage(self, agent: str) -> Usage | None:
        """What the agent's program uses now; None if it does not run. May take a second or two."""

    def watch(self, on_event: Callable[[RuntimeEvent], None]) -> Callable[[], None]:
        """Tell, in the running loop, what happens to agents from outside; what is returned ends that."""

    async def close(self) -> None:
        """Let go of everything; agents go on if `outlives`."""
