"""What a terminal shows: waited for, frozen, compared."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from qms_tui.terminal import Cursor, Modes, Run, Terminal

from .engine import ANSWER_SECONDS

QUIET = 0.3  # seconds without output after which a program that waits for a key has said all


@dataclass(frozen=True)
class Frozen:
    """Everything of a terminal that a human or a program can find out."""

    display: tuple[str, ...]
    styled: tuple[tuple[Run, ...], ...]
    history: tuple[tuple[Run, ...], ...]
    wrapped: tuple[bool, ...]
    cursor: Cursor
    modes: Modes
    title: str
    synchronized: bool
    drawn: bytes
    """What makes another terminal go on alike: margins, tabs, saved cursors, an unfinished sequence."""

    @classmethod
    def of(cls, terminal: Terminal) -> Frozen:
        rows = range(-terminal.history_length, terminal.lines)
        return cls(
            tuple(terminal.display),
            tuple(terminal.styled(y) for y in rows if y >= 0),
            tuple(terminal.styled(y) for y in rows if y < 0),
            tuple(terminal.is_wrapped(y) for y in rows),
            terminal.cursor,
            terminal.modes,
            terminal.title,
            terminal.synchronized,
            terminal.drawn(),
        )

    @property
    def shown(self) -> tuple[object, ...]:
        """What a human sees."""
        return self.styled, self.history, self.cursor, self.modes, self.title

    def differences(self, other: Frozen) -> list[str]:
        """What differs, for a human; empty if both are the same."""
        found = []
        for name, mine in vars(self).items():
            theirs = getattr(other, name)
            if mine != theirs:
                found.append(f"{name}: {_first_difference(mine, theirs)}")
        return found


def _first_difference(mine: object, theirs: object) -> str:
    if not isinstance(mine, tuple) or not isinstance(theirs, tuple) or len(mine) != len(theirs):
        lengths = [len(side) for side in (mine, theirs) if isinstance(side, tuple)]
        return f"{lengths or ''} {mine!r:.600} != {theirs!r:.600}"
    number = next(n for n, pair in enumerate(zip(mine, theirs, strict=True)) if pair[0] != pair[1])
    return f"first in {number}: {mine[number]!r:.600} != {theirs[number]!r:.600}"


class Shown:
    """A terminal in a test's hands; `news` is set with every output."""

    def __init__(self) -> None:
        self.news = asyncio.Event()

    def screen(self) -> Terminal:
        raise NotImplementedError

    async def wait(self, holds: Callable[[], bool], what: str, within: float = ANSWER_SECONDS) -> None:
        """Wait for a condition that output can bring about."""
        try:
            async with asyncio.timeout(within):
                while not holds():
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            shown = "\n".join(self.screen().display)
            raise AssertionError(f"waited too long for {what}; shown:\n{shown}") from None

    async def expect(self, text: str, within: float = ANSWER_SECONDS) -> None:
        """Wait for a text on the screen."""

        def is_shown() -> bool:
            return text in "\n".join(row.rstrip() for row in self.screen().display)

        await self.wait(is_shown, repr(text), within)

    async def settle(self, text: str = "", within: float = ANSWER_SECONDS) -> Frozen:
        """Wait for a text and until no more output comes; how the terminal is then."""
        await self.expect(text, within)
        async with asyncio.timeout(within):
            with suppress(TimeoutError):
                while True:
                    self.news.clear()
                    await asyncio.wait_for(self.news.wait(), QUIET)
        return Frozen.of(self.screen())


async def differences_at_rest(client: Shown, witness: Shown, within: float = ANSWER_SECONDS) -> list[str]:
    """What differs once both have heard all: on a busy machine one may hear it a second after the other."""
    deadline = time.monotonic() + within
    while True:
        expected = await witness.settle()
        found = (await client.settle()).differences(expected)
        if not found or time.monotonic() > deadline:
            return found
