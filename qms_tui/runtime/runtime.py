"""What every runtime promises: find, start, attach and stop the program of one agent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from qms_tui.errors import EngineError
from qms_tui.runtime.events import RuntimeEvent
from qms_tui.runtime.facts import Fact
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


class Attachment(Protocol):
    """A held terminal. The program goes on when it is closed, unless the runtime says otherwise."""

    answered: bool
    """Whether somebody else answers what the program asks its terminal, and we are to be silent."""

    def listen(self, on_fact: Callable[[Fact], None]) -> None:
        """Begin to read. `Closed` comes once and last, and not after `close()`."""

    def pause(self) -> None:
        """Read no more for now; the program may have to wait."""

    def resume(self) -> None:
        """Read on after `pause()`."""

    def write(self, data: bytes, *, urgent: bool = False) -> bool:
        """Queue bytes for the program; False, and nothing queued, if the program reads too slowly.

        Urgent bytes (keys, replies) still fit when ordinary ones (pastes) are refused.
        """

    def resize(self, size: Size) -> None:
        """Ask for a new size of the program's terminal; the newest of several quick calls wins.

        `Resized` tells when it has come into force, if it does: only who leads sets the size.
        """

    def lead(self) -> None:
        """Ask to set the program's size, and to have it hear of our colours, from now on; `Led` tells."""

    def close(self) -> None:
        """Let go; idempotent."""


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

    async def start(self, agent: str, size: Size, *, fresh: bool = False) -> Attachment:
        """Start the agent anew, attached before its first byte; a program that has ended is cleared away.

        It goes on with its last conversation if it can, unless it shall be `fresh`.

        Raises RunsAlready if somebody else was faster; their program is left alone.
        """

    async def attach(self, agent: str, size: Size) -> Attachment:
        """Hold the running agent's terminal; what is known of its earlier output comes as a fact."""

    async def last_state(self, agent: str) -> bytes:
        """The state of an ended agent's terminal (`Terminal.save`); b"" where nobody kept it."""

    async def ended(self, agent: str) -> Ending | None:
        """How the agent ended, after its attachment closed; None if it still runs."""

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
