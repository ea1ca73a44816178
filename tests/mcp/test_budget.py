"""Who has to go when too much waits."""

from __future__ import annotations

from qms_tui.mcp.budget import MOST_OF_AGENT, MOST_OF_ALL, AgentBudget, Budget, Usage


def holding(owner: AgentBudget, size: int, ended: list[str], name: str) -> Usage:
    """Something of an agent that notes its name when it is ended."""
    usage = Usage(owner, lambda _reason: ended.append(name))
    usage.add(size)
    return usage


def test_an_agents_largest_goes_first() -> None:
    agent, ended = AgentBudget(Budget()), list[str]()
    small = holding(agent, MOST_OF_AGENT // 4, ended, "small")
    large = holding(agent, MOST_OF_AGENT // 2, ended, "large")
    small.add(MOST_OF_AGENT // 4)
    assert ended == []
    small.add(1)
    assert ended == ["small"]
    large.add(1)
    assert ended == ["small"]
    assert agent.bytes == large.bytes == MOST_OF_AGENT // 2 + 1


def test_the_agent_with_the_most_pays_for_all() -> None:
    everything, ended = Budget(), list[str]()
    agents = [AgentBudget(everything) for _ in range(4)]
    honest = holding(AgentBudget(everything), 1, ended, "honest")
    for number, agent in enumerate(agents):
        holding(agent, MOST_OF_ALL // 4 - (number != 2) * 10, ended, str(number))
    assert ended == []
    honest.add(100)
    assert ended == ["2"]
    assert everything.bytes == 101 + 3 * (MOST_OF_ALL // 4 - 10)


def test_what_is_closed_counts_no_more() -> None:
    everything, ended = Budget(), list[str]()
    agent = AgentBudget(everything)
    usage = holding(agent, 100, ended, "closed")
    usage.close()
    usage.remove(100)
    usage.add(MOST_OF_AGENT * 2)
    usage.close()
    assert (agent.bytes, everything.bytes, ended) == (0, 0, [])
