"""What holding asks of an engine, whichever it is: programs that start once somebody holds their terminals.

The keeper reads and writes terminals through a TerminalSource; of an engine's containers that is a
ContainerSource, of programs of this machine the spawner's. Whoever starts agents has a HoldableRuntime, whose
`launch` and `reach` give the caller's `hold` a program before its first byte.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from qms_tui.config import Config
from qms_tui.errors import EngineError
from qms_tui.ipc.stream import Channel, Stream
from qms_tui.runtime.events import RuntimeEvent
from qms_tui.runtime.runtime import Ending, Found
from qms_tui.runtime.size import Size
from qms_tui.runtime.usage import Usage
from qms_tui.workers import Counterpart

ENGINE = Counterpart(
    "the engine",
    EngineError,
    "look whether the engine is alive, for example with: docker ps",
    "restart the engine, then start qms-tui again",
)

Read = Callable[[int, int], bytes]
"""Reads from a descriptor at most so many bytes. Raises OSError."""


class TerminalSource(Protocol):
    """Gives the terminals of one project's programs; an id is of one of them. All raise EngineError."""

    own: bool
    """Whether the terminals are the keeper's alone: what is printed waits there until it is read, what is
    typed goes through the keeper, and nobody else answers what programs ask."""

    async def running(self) -> dict[str, str]:
        """The ids of programs whose output is to be read, by agent."""

    async def last(self, agent: str) -> str | None:
        """The id of an agent's program that has ended, if something is still known of it."""

    async def open(self, program: str) -> Stream:
        """The output of a program from now on; where terminals are our own, its input as well."""

    async def open_input(self, program: str) -> Stream | None:
        """A way for what is typed into a program; None where the stream of its output takes it."""

    async def open_ended(self, program: str) -> Stream | None:
        """The output of a program that has ended, for when it is started again; None where none is."""

    async def resize(self, program: str, size: Size) -> bool:
        """Set the size of a program's terminal; whether it had one to set, which runs."""

    async def ending(self, program: str) -> int | None:
        """The exit code of a program, -1 if nobody knows; None while it runs."""

    def done(self, program: str) -> None:
        """All output of a program that has ended is read and kept, and how it ended."""

    def read_with(self, program: str, read: Read) -> None:
        """Read from now on with that, where terminals are our own."""

    async def began(self, program: str) -> float:
        """When a program began, in seconds since 1970."""

    async def log(self, program: str, since: float) -> bytes:
        """What is logged elsewhere of the output since a time (seconds since 1970), its end at most."""

    async def size(self, program: str) -> Size | None:
        """The size of a program's terminal as it is now; None if that cannot be found out."""

    async def is_foreign(self, program: str) -> bool:
        """Whether another user has started it."""

    def close(self) -> None:
        """Let go; programs go on."""


class ContainerSize(Struct, frozen=True):
    """`layer` in bytes; `home` is the home folder of its own on this machine, if it has one here."""

    container: str
    layer: int
    paused: bool
    home: Path | None
    foreign: bool
    """Whether another user made it."""


class ContainerSource(TerminalSource, Protocol):
    """Those of an engine's containers, which take room and can be frozen."""

    @property
    def sees_folders(self) -> bool:
        """Whether the engine's folders are this machine's."""

    async def sizes(self) -> dict[str, ContainerSize]:
        """How large the layers of the project's living containers are, by agent."""

    async def pause(self, program: str) -> None:
        """Freeze a container until somebody lets it go on; one that is frozen or has ended is fine."""


class Opened(Struct, frozen=True):
    """A way to a terminal that does not block, what was read of it already, and what frees it."""

    channel: Channel
    early: bytes
    free: Callable[[], None]


class Closing(Protocol):
    """What can be let go of."""

    def close(self) -> None:
        """Let go; idempotent."""


T = TypeVar("T", bound=Closing)


@dataclass(frozen=True, slots=True)
class Reached(Generic[T]):
    """A program, and whatever holds its terminal."""

    container: str
    held: T


class HoldableRuntime(Protocol):
    """An engine that runs one project's agents, their terminals held by somebody else.

    All raise EngineError, RuntimeFailure or ProjectError; `Runtime` says what those of the same name do.
    """

    @property
    def name(self) -> str:
        """The engine's kind."""

    async def find(self, agent: str) -> Found:
        """What is there of the agent."""

    async def launch(self, agent: str, hold: Callable[[str], T], *, fresh: bool = False) -> Reached[T]:
        """Make the agent's program, have its output held, start it. One that failed half-way is removed.

        `hold` is given the program's id before its first byte, in a worker; what it returns is closed if
        the start fails. A `fresh` agent does not go on with its last conversation. Raises RunsAlready.
        """

    async def reach(self, agent: str, hold: Callable[[str], T]) -> Reached[T]:
        """As `launch`, of the program that runs already."""

    async def ended(self, agent: str) -> Ending | None:
        """How the agent ended; None if it still runs."""

    async def stop(self, agent: str) -> None:
        """End the agent's program and clear it away."""

    async def unpause(self, agent: str) -> None:
        """Let the agent's program go on."""

    async def rebuild(self, agent: str, on_step: Callable[[str], None]) -> None:
        """Build the agent's image again."""

    async def wake(self, agent: str, files: Sequence[str]) -> None:
        """Have the agent told of files in its inbox."""

    async def usage(self, agent: str) -> Usage | None:
        """What the agent's program uses."""

    def watch(self, on_event: Callable[[RuntimeEvent], None]) -> Callable[[], None]:
        """Tell what happens to agents from outside."""

    async def close(self) -> None:
        """Let go of the engine."""


class EngineRuntime(HoldableRuntime, Protocol):
    """One that runs them in containers of an engine, with the settings that it was given last."""

    @property
    def engine(self) -> str:
        """Which engine it is, in which version."""

    @property
    def host(self) -> str:
        """The engine's address."""

    @property
    def remarks(self) -> Sequence[str]:
        """What the human should be told once about how agents run here."""

    def configure(self, config: Config, host_environment: Mapping[str, str]) -> None:
        """Agents that are started from now on get this; a start that is under way goes on as it was."""

    def check_images(self, agents: Sequence[str]) -> list[str]:
        """The agents that have no running container. Blocking.

        Raises ImageError for one whose image is not there.
        """

    def prepare_early(self, agents: Sequence[str]) -> None:
        """Begin with what these agents' containers will need; returns at once."""

    def let_go(self) -> None:
        """As `close`, and at once: nobody waits for what was given up. Blocking."""
