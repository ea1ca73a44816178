"""Policies on views of agents: what holds them back."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from qms_tui.config import AgentConfig, Config, Launch
from qms_tui.core import AgentState, AgentView
from qms_tui.core.activities import Judgement
from qms_tui.core.events import Notice
from qms_tui.core.fleet import Fleet
from qms_tui.core.policies import Effects, Policies
from qms_tui.errors import OwnerError
from qms_tui.inbox.ledger import Ledger
from qms_tui.runtime import Condition, Ending, Found
from tests.here import HereRuntime

ALWAYS = Config(every_agent=AgentConfig(launch=Launch.ALWAYS_ON))


class House:
    """Agents that shall always run, and what was done about it."""

    def __init__(self, folder: Path) -> None:
        runtime = HereRuntime(folder, lambda agent: ("/bin/sh", "-c", "read line"), lambda agent: {})
        self.fleet = Fleet(["qa", "bu"], runtime, lambda agent, event: None)
        self.done: list[str] = []
        effects = Effects(self._hear, self.done.append)
        self.policies = Policies(self.fleet, ALWAYS, Ledger(time.time()), list, effects)
        for agent in self.fleet:
            agent.open(start=False)  # nothing comes of it before somebody waits

    def _hear(self, notice: Notice) -> None:
        self.done.append(notice.text)

    def look(self, view: AgentView) -> float | None:
        return self.policies.look(self.fleet[view.name], view, Judgement())


async def test_what_nobody_has_opened_is_left_to_whoever_is_about_to(tmp_path: Path) -> None:
    """A screen that comes gives it its size first."""
    house = House(tmp_path)
    house.fleet.add("tu_ui")
    ended = AgentView("tu_ui", AgentState.ENDED, time.time() - 60)
    assert (house.look(ended), house.done) == (None, [])
    house.fleet["tu_ui"].open(start=False)
    house.look(ended)
    assert house.done == ["tu_ui is started: it has ended: nobody knows how · launch = always_on"]
    await house.fleet.close()


async def test_agents_of_another_user_are_left_alone(tmp_path: Path) -> None:
    """All of them, for one project has one owner; and an agent that only another user may start."""
    house = House(tmp_path)
    ended = AgentView("bu", AgentState.ENDED, time.time() - 60)
    house.fleet["qa"].recognize(Found(Condition.RUNNING, foreign=True))
    assert house.look(ended) is None
    assert (house.policies.plan("bu"), house.done) == ("", [])
    assert "no effect: another user has started agents here" in house.policies.explain(ended).said
    house.fleet["qa"].recognize(Found(Condition.RUNNING))
    assert house.look(replace(ended, trouble=OwnerError("they are theirs"))) is None
    assert (house.policies.plan("bu"), house.done) == ("", [])
    house.look(ended)
    assert house.done == ["bu is started: it has ended: nobody knows how · launch = always_on"]
    await house.fleet.close()


async def test_nothing_is_started_while_the_engine_may_say_that_it_was_removed(tmp_path: Path) -> None:
    """An engine tells at once that a container has ended, and seconds later whether somebody removed it."""
    house, now = House(tmp_path), time.time()
    house.look(AgentView("qa", AgentState.RUNNING, now - 1, began=now - 1))
    ended = AgentView("qa", AgentState.ENDED, now, Ending(1), clearing=True, began=now - 1, ended_at=now)
    assert house.look(ended) is None
    assert (house.policies.plan("qa"), house.done) == ("", [])
    again = house.look(replace(ended, clearing=False))
    assert again is not None
    assert house.policies.plan("qa") == "starts again in a moment"
    assert house.done == []
    await house.fleet.close()
