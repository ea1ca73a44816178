"""Which state follows which, on which fact; without an engine, a program or a loop."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from qms_tui.core.life import Life
from qms_tui.core.state import HELD, AgentState
from qms_tui.errors import EngineError
from qms_tui.runtime import Ending

NOW = 1_000_000.0
CRASH = Ending(3)
TROUBLE = EngineError("no image", hint="")
REMOVED = "ended (the container was removed)"


def pause(life: Life) -> None:
    life.held()
    life.runs(paused=True)


WAYS: dict[AgentState, Callable[[Life], None]] = {
    AgentState.ABSENT: lambda life: life.nothing_there(),
    AgentState.STARTING: lambda life: life.start(),
    AgentState.ATTACHING: lambda life: life.attach(),
    AgentState.RUNNING: lambda life: life.held(),
    AgentState.PAUSED: pause,
    AgentState.RECONNECTING: lambda life: life.lost_connection(),
    AgentState.STOPPING: lambda life: life.stop(),
    AgentState.ENDED: lambda life: life.ended(CRASH),
    AgentState.FAILED: lambda life: life.failed(TROUBLE),
    AgentState.UNREACHABLE: lambda life: life.unreachable(TROUBLE),
}


class World:
    """A life in a state, whose program began at `NOW`, a minute ago; and how often it has changed since."""

    def __init__(self, state: AgentState = AgentState.ABSENT) -> None:
        self.now = NOW
        self.changes = 0
        self.life = Life("qa", self._change, lambda: self.now)
        self.life.launch()
        WAYS[state](self.life)
        self.now += 60
        self.changes = 0

    def _change(self) -> None:
        self.changes += 1

    @property
    def state(self) -> AgentState:
        return self.life.stage.state


def test_every_state_has_a_way() -> None:
    assert set(WAYS) == set(AgentState)
    for state in AgentState:
        assert World(state).state is state


@pytest.mark.parametrize("state", list(AgentState))
def test_an_end_that_the_engine_tells_is_that_of_what_is_held_or_was_just_lost(state: AgentState) -> None:
    world = World(state)
    assert world.life.dies(NOW + 50) is (state in (*HELD, AgentState.RECONNECTING))
    assert not world.life.dies(NOW - 1), "of a container before"
    assert world.changes == 0


@pytest.mark.parametrize("state", list(AgentState))
def test_the_engine_takes_away_only_what_is_held(state: AgentState) -> None:
    world = World(state)
    world.life.lost_engine("away")
    if state in HELD:
        assert world.state is AgentState.UNREACHABLE
        assert world.life.stage.trouble is not None
        assert (world.life.stage.trouble.message, world.changes) == ("away", 1)
    else:
        assert (world.state, world.changes) == (state, 0)


@pytest.mark.parametrize("state", list(AgentState))
@pytest.mark.parametrize("paused", [True, False])
def test_what_is_found_as_it_is_known_is_no_news(state: AgentState, paused: bool) -> None:
    world = World(state)
    world.life.runs(paused=paused)
    wanted = AgentState.PAUSED if paused else AgentState.RUNNING
    assert (world.state, world.changes) == (wanted, 0 if state is wanted else 1)


@pytest.mark.parametrize("state", list(AgentState))
def test_trouble_is_over_with_its_state_and_an_ending_with_the_next_program(state: AgentState) -> None:
    world = World(state)
    world.life.attach()
    assert world.life.stage.trouble is None
    assert world.life.stage.ending == (CRASH if state is AgentState.ENDED else None)
    world.life.held()
    assert world.life.stage.ending is None


def test_an_end_is_believed_once() -> None:
    world = World(AgentState.RUNNING)
    assert not world.life.has_ended_so(CRASH)
    world.life.ended(CRASH, at=NOW + 30)
    assert (world.life.stage.ended_at, world.life.stage.state_at) == (NOW + 30, NOW + 60)
    assert world.life.has_ended_so(CRASH)
    assert not world.life.has_ended_so(Ending(4))
    world.now += 60
    world.life.ended(Ending(4))
    assert world.life.stage.ended_at == NOW + 30, "it is said otherwise, and not when"


def test_an_engine_that_clears_up_may_say_it_otherwise() -> None:
    world = World(AgentState.RUNNING)
    world.life.died(137, NOW + 30)
    assert (world.state, world.life.stage.ending) == (AgentState.ENDED, Ending(137, "killed"))
    assert world.life.stage.clearing
    assert not world.life.has_ended_so(Ending(137, "killed"))
    world.life.ended(world.life.removal())
    assert not world.life.stage.clearing
    assert world.life.stage.ending == Ending(137, "the container was removed", asked=True)


def test_what_is_gone_without_a_word_was_removed_and_what_we_stopped_stays_so() -> None:
    assert str(World(AgentState.RUNNING).life.removal()) == REMOVED
    world = World(AgentState.STOPPING)
    stopped = Ending(None, "stopped by you", asked=True)
    world.life.ended(stopped)
    assert world.life.removal() == stopped


@pytest.mark.parametrize(("starved_at", "reason"), [(NOW - 1, "killed"), (NOW + 1, "out of memory")])
def test_memory_is_the_reason_only_if_it_was_this_programs(starved_at: float, reason: str) -> None:
    world = World(AgentState.RUNNING)
    world.life.starved(starved_at)
    assert world.changes == 0
    world.life.died(137, NOW + 2)
    assert world.life.stage.ending == Ending(137, reason)


def test_the_engine_knows_better_when_it_began() -> None:
    world = World(AgentState.RUNNING)
    assert world.life.began_at(NOW + 5)
    assert not world.life.began_at(NOW + 5)
    assert not world.life.began_at(0.0)
    assert world.life.stage.began == NOW + 5
    world.life.begun_elsewhere()
    assert world.life.stage.began == 0.0
