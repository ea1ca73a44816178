"""What every runtime promises: find, start, attach and stop the program of one agent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from qms_tui.errors import EngineError
from qms_tui.runtime.events import RuntimeEvent


@dataclass(frozen=True, slots=True)
class Size:
    """Of a terminal, in cells."""

    columns: int
    lines: int


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

    @property
    def alive(self) -> bool:
        """Whether there is a program to attach to."""
        return self.condition in (Condition.RUNNING, Condition.PAUSED)


class RunsAlready(EngineError):
    """Somebody else has started the agent, or is about to: attach to it."""


class Attachment(Protocol):
    """A held terminal. The program goes on when it is closed, unless the runtime says otherwise."""

    def listen(self, on_data: Callable[[bytes], None], on_closed: Callable[[], None]) -> None:
        """Begin to read. Chunks are bounded; `on_closed` comes once, not after `close()`."""

    def write(self, data: bytes, *, urgent: bool = False) -> bool:
        """Queue bytes for the program; False, and nothing queued, if the program reads too slowly.

        Urgent bytes (keys, replies) still fit when ordinary ones (pastes) are refused.
        """

    def resize(self, size: Size) -> None:
        """Give the program's terminal a new size; the newest of several quick calls wins."""

    def close(self) -> None:
        """Let go; idempotent."""


class Runtime(Protocol):
    """Runs agents. All methods raise EngineError, RuntimeFailure or ProjectError."""

    name: str
    isolated: bool
    """Whether agents are kept from each other and the host."""
    outlives: bool
    """Whether agents go on when the interface ends."""

    async def find(self, agent: str) -> Found:
        """What is there of the agent."""

    async def start(self, agent: str, size: Size) -> Attachment:
        """Start the agent anew, attached before its first byte; a program that has ended is cleared away.

        Raises RunsAlready if somebody else was faster; their program is left alone.
        """

    async def attach(self, agent: str, size: Size) -> tuple[bytes, Attachment]:
        """Hold the running agent's terminal, with what is known of its earlier output."""

    async def ended(self, agent: str) -> Ending | None:
        """How the agent ended, after its attachment closed; None if it still runs."""

    async def stop(self, agent: str) -> None:
        """End the agent's program and clear it away; nothing there is fine."""

    def watch(self, on_event: Callable[[RuntimeEvent], None]) -> Callable[[], None]:
        """Tell, in the running loop, what happens to agents from outside; what is returned ends that."""

    async def close(self) -> None:
        """Let go of everything; agents go on if `outlives`."""
