"""How many bytes wait in the gateway for an agent, and for all of them. Pure.

At a bound, something of the agent that holds the most ends, its largest first: a connection with half a line,
or a session whose client does not read. So an agent pays for what it does itself, and nobody else does.
"""

from __future__ import annotations

from collections.abc import Callable

MOST_OF_AGENT = 96 * 2**20  # bytes: three of a server's largest answers, six of a client's messages
MOST_OF_ALL = 256 * 2**20  # bytes: what the gateway may take of its host, and Python half as much again
Ending = Callable[[str], None]


class Usage:
    """What one connection or session holds."""

    def __init__(self, owner: AgentBudget, end: Ending) -> None:
        """`end` is called with the reason when this one has to go; it holds nothing by then."""
        self.bytes = 0
        self._owner, self._end = owner, end
        owner.usages.add(self)

    @property
    def closed(self) -> bool:
        """Whether it counts no more."""
        return self not in self._owner.usages

    def add(self, size: int) -> None:
        """Hold more. That may end this one or others."""
        if not self.closed:
            self._change(size)
            self._owner.enforce()

    def remove(self, size: int) -> None:
        """Hold less."""
        if not self.closed:
            self._change(-size)

    def close(self) -> None:
        """Hold nothing any more; what is removed later does not count twice."""
        if not self.closed:
            self._change(-self.bytes)
            self._owner.usages.discard(self)

    def end(self, reason: str) -> None:
        """Have its holder go."""
        self.close()
        self._end(reason)

    def _change(self, size: int) -> None:
        self.bytes += size
        self._owner.change(size)


class AgentBudget:
    """All that one agent holds."""

    def __init__(self, everything: Budget) -> None:
        self.bytes = 0
        self.calls = 0  # of all its clients at the same time, and notifications on their way
        self.usages: set[Usage] = set()
        self._everything = everything
        everything.agents.append(self)

    def change(self, size: int) -> None:
        """Count for the agent, and for all."""
        self.bytes += size
        self._everything.bytes += size

    def enforce(self) -> None:
        """Keep both bounds."""
        while self.bytes > MOST_OF_AGENT:
            self.end_largest(f"more than {MOST_OF_AGENT >> 20} MB wait for its agent")
        self._everything.enforce()

    def end_largest(self, reason: str) -> None:
        """What holds the most has to go."""
        max(self.usages, key=lambda usage: usage.bytes).end(reason)


class Budget:
    """All that the gateway holds for agents."""

    def __init__(self) -> None:
        self.bytes = 0
        self.agents: list[AgentBudget] = []

    def enforce(self) -> None:
        """Keep the bound, at the cost of the agent that holds the most."""
        while self.bytes > MOST_OF_ALL:
            largest = max(self.agents, key=lambda agent: agent.bytes)
            largest.end_largest(f"more than {MOST_OF_ALL >> 20} MB wait, and its agent has the most")
