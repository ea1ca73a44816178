"""What the keeper asks of whatever has programs' terminals: an engine's containers, the local spawner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from qms_tui.ipc.stream import Stream
from qms_tui.runtime.size import Size

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
