"""Policies on real agents: what holds them back."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from qms_tui.config import AgentConfig, Config, Launch
from qms_tui.core import Activities, Agent, AgentEvent, AgentState, Fleet
from qms_tui.core.policies import Ears, Policies
from qms_tui.errors import OwnerError
from qms_tui.inbox.ledger import Ledger
from qms_tui.project import Project
from qms_tui.runtime.local import LocalRuntime

PATIENCE = 15.0


async def test_agents_of_another_user_are_left_alone(tmp_path: Path) -> None:
    """All of them, for one project has one owner; and an agent that only another user may start."""
    runtime = LocalRuntime(tmp_path, lambda agent: ("/bin/sh", "-c", "read line"), lambda agent: {})
    fleet = Fleet(["qa", "bu"], runtime, lambda agent, event: None)
    config = Config(every_agent=AgentConfig(launch=Launch.ALWAYS_ON))
    done: list[str] = []
    ears = Ears(lambda agent, text, severity: done.append(text), print, print, print)
    activities = Activities(fleet, Project(tmp_path), lambda agent: None)
    policies = Policies(fleet, config, Ledger(time.time()), activities, list, ears)
    qa, bu = fleet
    bu.state = AgentState.ENDED
    bu.state_at = time.time() - 60
    qa.foreign = True
    policies.look(bu)
    assert (bu.state, bu.plan, done) == (AgentState.ENDED, "", [])
    assert "no effect: another user has started agents here" in policies.explain(bu).said
    qa.foreign, bu.trouble = False, OwnerError("they are theirs")
    policies.look(bu)
    assert (bu.state, bu.plan, done) == (AgentState.ENDED, "", [])
    bu.trouble = None
    policies.look(bu)
    assert done == ["is started: it has ended: nobody knows how · launch = always_on"]
    policies.close()
    await fleet.close()


async def test_nothing_is_started_while_the_engine_may_say_that_it_was_removed(tmp_path: Path) -> None:
    """An engine tells at once that a container has ended, and seconds later whether somebody removed it."""
    changed = asyncio.Event()

    def on_event(agent: Agent, event: AgentEvent) -> None:
        changed.set()

    runtime = LocalRuntime(tmp_path, lambda agent: ("/bin/sh", "-c", "read line"), lambda agent: {})
    fleet = Fleet(["qa"], runtime, on_event)
    config = Config(every_agent=AgentConfig(launch=Launch.ALWAYS_ON))
    ears = Ears(lambda *said: None, lambda agent: None, lambda name: None, lambda text: None)
    activities = Activities(fleet, Project(tmp_path), lambda agent: None)
    policies = Policies(fleet, config, Ledger(time.time()), activities, lambda: ["qa"], ears)
    agent = fleet["qa"]
    agent.open()
    async with asyncio.timeout(PATIENCE):
        while agent.state is not AgentState.RUNNING:
            changed.clear()
            await changed.wait()
    policies.look(agent)
    agent.died(1, time.time())
    policies.look(agent)
    assert (agent.state, agent.plan) == (AgentState.ENDED, "")
    agent.clearing = False
    policies.look(agent)
    assert agent.plan == "starts again in a moment"
    policies.close()
    await fleet.close()
