"""What an agent's program takes of processors and memory, from two looks at it."""

from __future__ import annotations

from dataclasses import dataclass

TIGHT = 0.9  # of the limit: from here on the kernel takes file cache away, then kills
SHORTEST = 0.1  # seconds between two looks that tell something: the kernel counts in ticks of 4 to 10 ms
# What a figure may wander before it counts as another one: an idle client's own timers and the garbage of
# its runtime move them all the time, and nobody reads 211 MB otherwise than 214.
CPU_NOISE, CPU_SHARE = 0.01, 0.1  # processors, and part of what was told
MEMORY_NOISE, MEMORY_SHARE = 2 * 2**20, 0.03  # bytes, and part of what was told


@dataclass(frozen=True, slots=True)
class Usage:
    """`cpu` in processors (0.35: a third of one) since the look before; None if one look cannot tell.

    `memory` in bytes, without the file cache that can be dropped; `limit` in bytes, 0 where there is none.
    """

    cpu: float | None
    memory: int
    limit: int = 0

    @property
    def tight(self) -> bool:
        """Whether little of its memory is left."""
        return 0 < TIGHT * self.limit < self.memory

    def resembles(self, told: Usage) -> bool:
        """Whether this is not worth telling to who was told that."""
        if (self.cpu is None) != (told.cpu is None) or self.tight != told.tight:
            return False
        known = told.cpu or 0.0
        return (
            abs((self.cpu or 0.0) - known) <= CPU_NOISE + CPU_SHARE * known
            and abs(self.memory - told.memory) <= MEMORY_NOISE + MEMORY_SHARE * told.memory
        )


@dataclass(frozen=True, slots=True)
class DiskUse:
    """What an agent takes on disk of its limit, both in bytes, and what is to be said of it, if anything."""

    used: int
    limit: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at a program: `busy` is its processor time so far, `at` when that was, both in seconds.

    `program` tells one program from the next of the same agent.
    """

    program: str
    at: float
    busy: float
    memory: int
    limit: int = 0


class Samples:
    """The newest look at each agent's program."""

    def __init__(self) -> None:
        self._newest: dict[str, Sample] = {}

    def usage(self, agent: str, now: Sample | None) -> Usage | None:
        """What follows from this look and the one before; None, and nothing kept, if there is no program."""
        before = self._newest.pop(agent, None)
        if now is None:
            return None
        self._newest[agent] = now
        return Usage(_cpu(now, before), now.memory, now.limit)


def _cpu(now: Sample, before: Sample | None) -> float | None:
    """A clock that was set back, and processor time that was lost with a process, tell nothing."""
    if before is None or now.program != before.program:
        return None
    passed, busy = now.at - before.at, now.busy - before.busy
    return busy / passed if passed >= SHORTEST and busy >= 0 else None
