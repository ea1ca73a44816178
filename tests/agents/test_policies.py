"""Policies on real agents: what holds them back."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from qms_tui.agents import Activities, Agent, AgentEvent, AgentState, Fleet
from qms_tui.agents.policies import Ears, Policies
from qms_tui.config import AgentConfig, Config, Launch
from qms_tui.inbox.ledger import Ledger
from qms_tui.project import Project
from qms_tui.runtime.local import LocalRuntime

PATIENCE = 15.0


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
