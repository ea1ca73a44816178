"""When an agent is told about, and stopped, for what it takes on disk. Pure; times in seconds.

At `NEAR` of its limit it is said. At the limit it is paused. Once a human has let it go on it may tidy up:
until it takes `SLACK` of the limit more, or for `GRACE` seconds.
"""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from qms_tui.text.amounts import amount

NEAR = 0.8  # of the limit
STILL_NEAR = 0.75  # of the limit: what goes up and down there is told once
SLACK = 0.05  # of the limit
GRACE = 300.0  # seconds
SMALLEST = 16 * 2**10  # bytes of the limit for each file: file systems are made with as many inodes
FEWEST_FILES = 100_000  # allowed in any case


def most_files(limit: int) -> int:
    """How many files may lie in that many bytes."""
    return max(FEWEST_FILES, limit // SMALLEST)


class Look(Struct, frozen=True):
    """What an agent takes of its limit, in bytes; `hidden` says why nobody knows whether that is all."""

    used: int
    limit: int
    paused: bool
    hidden: str = ""

    @property
    def is_over(self) -> bool:
        """Whether it takes too much, as far as anybody can know."""
        return self.used >= self.limit or bool(self.hidden)


class Level(Enum):
    """How it stands with an agent's disk; each new one is told."""

    FINE = "fine"
    NEAR = "near its limit"
    FULL = "paused at its limit"
    LET = "let go on at its limit"
    ROOM = "paused, with room again"


class Verdict(Struct, frozen=True):
    """How it stands, what to say of that (empty: nothing), and whether to pause the agent."""

    level: Level
    text: str = ""
    pause: bool = False


class DiskRule:
    """One container's."""

    def __init__(self) -> None:
        self._near = False
        self._paused = False  # at its limit, and not let go on since
        self._allowed = 0
        self._until: float | None = None

    def decide(self, look: Look, now: float) -> Verdict:
        """What to do; whoever asks does it at once."""
        if not look.is_over:
            return self._below(look)
        if not look.paused and self._is_let(look, now):
            return Verdict(Level.LET, f"{_full(look)}: it may tidy up for a while")
        self._paused, self._until = True, None
        self._allowed = look.used + int(SLACK * look.limit)
        return Verdict(Level.FULL, _full(look), pause=not look.paused)

    def _below(self, look: Look) -> Verdict:
        self._paused = self._paused and look.paused
        self._until = None
        self._near = look.used >= (STILL_NEAR if self._near else NEAR) * look.limit
        if self._paused:
            return Verdict(Level.ROOM, f"there is room on its disk again, {_figures(look)}")
        if self._near:
            return Verdict(Level.NEAR, f"disk {_figures(look)}: at its limit it is paused")
        return Verdict(Level.FINE)

    def _is_let(self, look: Look, now: float) -> bool:
        """Whether a human has let it go on, and it keeps to that."""
        if self._paused:
            self._paused, self._until = False, now + GRACE
        return self._until is not None and now < self._until and look.used < self._allowed


def _full(look: Look) -> str:
    what = "disk limit reached" if look.used >= look.limit else look.hidden
    return f"{what}, {_figures(look)}"


def _figures(look: Look) -> str:
    return f"{amount(look.used)} of {amount(look.limit)}"
