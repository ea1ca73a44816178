"""One fact, one round of decisions, and the listener hears once if anything is new."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from qms_tui.core import Agent, AgentState
from qms_tui.core.events import AgentChanged, Notice
from qms_tui.core.rounds import Rounds
from qms_tui.project import Project
from qms_tui.runtime import (
    Condition,
    EngineBack,
    Found,
    Led,
    Printed,
    Rang,
    Remarked,
    Reported,
    Titled,
    Typed,
    Usage,
)
from qms_tui.terminal import ProgramState, ProgramStatus, StatusRecord
from tests.here import HereRuntime

from .headless import Headless, headless

CAT = ("cat",)


@contextmanager
def counting(house: Headless, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """How often each part decides, and the listener hears of an agent, within the block."""
    counts: Counter[str] = Counter()
    core, before = house.core, len(house.told(AgentChanged))
    parts = {
        "judged": (core.activities, "judge"),
        "policy": (core.policies, "look"),
        "typing": (core.waking, "look"),
        "news": (core.notices, "look"),
    }
    with monkeypatch.context() as patch:
        for name, (part, method) in parts.items():
            patch.setattr(part, method, _counted(counts, name, getattr(part, method)))
        yield counts
    counts["told"] = len(house.told(AgentChanged)) - before


def _counted(counts: Counter[str], name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    def counted(*args: Any) -> Any:
        counts[name] += 1
        return method(*args)

    return counted


def once(*, told: int = 1) -> Counter[str]:
    """One round."""
    return Counter(judged=1, policy=1, typing=1, news=1, told=told)


FACTS: dict[str, Callable[[Headless, Agent], None]] = {
    "its state": lambda house, agent: agent._life.runs(paused=True),
    "its end": lambda house, agent: agent.died(1, agent.began + 1),
    "the engine": lambda house, agent: agent.lose_engine("away"),
    "who leads": lambda house, agent: agent.terminal.take(Led(ours=False, leader="another")),
    "a remark": lambda house, agent: agent.terminal.take(Remarked("the disk is full", serious=True)),
    "whose it is": lambda house, agent: agent.recognize(Found(Condition.RUNNING, wrong="another image")),
    "an image's build": lambda house, agent: agent._say_building("step 1"),
    "what it uses": lambda house, agent: house.core._usage._take(agent, Usage(0.5, 2**30)),
}


@pytest.mark.parametrize("fact", FACTS)
async def test_one_fact_one_round_and_one_view(
    project: Project, monkeypatch: pytest.MonkeyPatch, fact: str
) -> None:
    async with headless(project, "qa", "bu", command=CAT) as house:
        await house.running("qa", "bu")
        with counting(house, monkeypatch) as counts:
            FACTS[fact](house, house.core.agents["qa"])
        assert counts == once()
        assert house.told(AgentChanged)[-1].view == house.core.view("qa")


async def test_what_is_known_already_is_not_told(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    async with headless(project, "qa", command=CAT) as house:
        await house.running("qa")
        terminal = house.core.agents["qa"].terminal
        terminal.take(Led(ours=False, leader="another"))
        with counting(house, monkeypatch) as counts:
            terminal.take(Led(ours=False, leader="another"))
        assert counts == once(told=0)
        with counting(house, monkeypatch) as counts:
            house.core.agents["qa"].recognize(Found(Condition.RUNNING))
        assert counts == Counter(told=0)


async def test_output_alone_leads_to_no_round(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    async with headless(project, "qa", command=CAT) as house:
        await house.running("qa")
        with counting(house, monkeypatch) as counts:
            for _ in range(1000):
                house.core.agents["qa"].terminal.take(Printed())
        assert counts == Counter(told=0)


async def test_what_a_program_shows_of_itself_is_judged_now_and_then(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with headless(project, "qa", command=CAT) as house:
        await house.running("qa")
        terminal = house.core.agents["qa"].terminal
        monkeypatch.setattr(house.core.activities._look(house.core.agents["qa"]), "_period", 3600.0)
        house.core.facts_of_all()
        with counting(house, monkeypatch) as counts:
            for number in range(1000):
                terminal.take(Titled(f"title {number}", time.time()))
                terminal.take(Rang(time.time()))
                terminal.take(Reported(ProgramStatus(StatusRecord("", ProgramState.IDLE, at=time.time()))))
        assert counts["judged"] <= 1
        house.core.facts_of_all()  # what waits is taken by the next round, whatever leads to it
        activity = house.core.view("qa").activity
        assert activity is not None
        assert activity.word.value == "idle"
        assert house.core.view("qa").title == "title 999"


async def test_every_agent_has_one_when_the_engine_is_back(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with headless(project, "qa", "bu", command=CAT) as house:
        await house.running("qa", "bu")
        with counting(house, monkeypatch) as counts:
            house.core._hear_engine(EngineBack())
        assert counts == Counter(judged=2, policy=2, typing=2, news=2, told=0)


async def test_what_a_human_types_is_no_fact_of_its_agent(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When that was is read where something is decided."""
    async with headless(project, "qa", command=CAT) as house:
        await house.running("qa")
        with counting(house, monkeypatch) as counts:
            house.core.agents["qa"].terminal.take(Typed(time.time(), time.monotonic(), 1))
        assert counts == Counter(told=0)


class Nest:
    """Rounds that cause others, and how deep they were within each other."""

    def __init__(self, folder: Path, causes: dict[str, list[str]]) -> None:
        runtime = HereRuntime(folder, lambda agent: CAT, lambda agent: {})
        self.agents = {name: Agent(name, runtime, lambda *said: None) for name in "abc"}
        self.rounds = Rounds(self._decide)
        self.order: list[str] = []
        self.depth = self.deepest = 0
        self._causes = causes

    def _decide(self, agent: Agent) -> float | None:
        self.depth += 1
        self.deepest = max(self.deepest, self.depth)
        self.order.append(agent.name)
        for name in self._causes.pop(agent.name, []):
            self.rounds.fact(self.agents[name])
        self.depth -= 1
        return None


async def test_what_a_round_causes_has_its_own_after_it(tmp_path: Path) -> None:
    nest = Nest(tmp_path, {"a": ["a", "b", "b", "c"], "b": ["c", "a"]})
    nest.rounds.fact(nest.agents["a"])
    assert nest.order == ["a", "a", "b", "c", "a"]
    assert nest.deepest == 1
    nest.rounds.close()
    nest.rounds.fact(nest.agents["a"])
    assert len(nest.order) == 5


async def test_a_listener_that_causes_a_fact_does_not_come_in_between(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a screen does that gives an agent the keyboard, because of what it was told."""
    async with headless(project, "qa", command=CAT) as house:
        await house.running("qa")
        agent, hear = house.core.agents["qa"], house._hear

        def meddle(event: object) -> None:
            hear(event)  # type: ignore[arg-type]
            if isinstance(event, AgentChanged) and event.view.leads:
                agent.terminal.take(Led(ours=False, leader="another"))

        monkeypatch.setattr(house.core, "_tell", meddle)
        with counting(house, monkeypatch) as counts:
            agent.terminal.take(Remarked("the disk is full", serious=True))
        assert counts == Counter(judged=2, policy=2, typing=2, news=2, told=2)
        last = house.told(AgentChanged)[-1].view
        assert (last.leads, last.remark, last.state) == (False, "the disk is full", AgentState.RUNNING)
        assert [notice.text for notice in house.told(Notice)] == ["qa: the disk is full"]
