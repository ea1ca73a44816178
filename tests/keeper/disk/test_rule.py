"""When an agent is told about its disk, paused, and left alone to tidy up."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_tui.keeper.disk.rule import GRACE, DiskRule, Level, Look, most_files

GIGA = 2**30
LIMIT = 10 * GIGA


@dataclass
class World:
    """One container; whoever decides to pause it does."""

    rule: DiskRule = field(default_factory=DiskRule)
    paused: bool = False
    now: float = 0.0

    def uses(self, gigabytes: float, hidden: str = "", passed: float = 10.0, limit: int = LIMIT) -> Level:
        self.now += passed
        verdict = self.rule.decide(Look(int(gigabytes * GIGA), limit, self.paused, hidden), self.now)
        self.paused = self.paused or verdict.pause
        assert len(verdict.text) < 80  # what fits below a pane
        assert bool(verdict.text) is (verdict.level is not Level.FINE)
        return verdict.level


def test_nothing_is_said_below_80_percent() -> None:
    world = World()
    assert [world.uses(used) for used in (0, 5, 7.9)] == [Level.FINE] * 3
    assert not world.paused


def test_what_goes_up_and_down_near_the_limit_is_one_level() -> None:
    world = World()
    assert [world.uses(used) for used in (8, 7.9, 8.1, 7.6)] == [Level.NEAR] * 4
    assert world.uses(7.4) is Level.FINE
    assert world.uses(7.9) is Level.FINE
    assert not world.paused


def test_at_its_limit_it_is_paused_and_stays_so() -> None:
    world = World()
    assert world.uses(10) is Level.FULL
    assert world.paused
    assert world.uses(10, passed=10 * GRACE) is Level.FULL


@pytest.mark.parametrize("hidden", ["", "a folder is closed to us"])
def test_let_go_on_it_may_tidy_up_for_a_while(hidden: str) -> None:
    world = World()
    used = 1 if hidden else 10.1
    world.uses(used, hidden)
    world.paused = False  # by a human
    assert world.uses(used, hidden) is Level.LET
    assert world.uses(used + 0.4, hidden) is Level.LET
    assert not world.paused
    assert world.uses(5) is Level.FINE
    assert world.uses(used, hidden) is Level.FULL  # no allowance is left from before
    assert world.paused


def test_let_go_on_it_does_not_go_on_filling() -> None:
    world = World()
    world.uses(10)
    world.paused = False
    world.uses(10)
    assert world.uses(10.6) is Level.FULL
    assert world.paused


def test_let_go_on_it_does_not_dawdle() -> None:
    world = World()
    world.uses(10)
    world.paused = False
    world.uses(10)
    assert world.uses(10, passed=GRACE + 1) is Level.FULL
    assert world.paused


def test_one_that_is_paused_and_has_room_again_is_left_to_the_human() -> None:
    world = World()
    world.uses(10)
    assert world.uses(3) is Level.ROOM
    assert world.uses(10, limit=2 * LIMIT) is Level.ROOM  # or its limit was raised
    world.paused = False
    assert world.uses(3) is Level.FINE


def test_what_a_human_has_paused_is_only_looked_at() -> None:
    world = World(paused=True)
    assert world.uses(3) is Level.FINE
    assert world.uses(12) is Level.FULL  # as a keeper that comes later finds it
    world.paused = False
    assert world.uses(12) is Level.LET


@given(st.lists(st.tuples(st.floats(0, 30), st.booleans(), st.floats(0, 1000)), max_size=30))
def test_it_never_grows_far_beyond_its_limit_unpaused(steps: list[tuple[float, bool, float]]) -> None:
    world, most = World(), 10.5
    for used, let, passed in steps:
        world.paused = world.paused and not let
        before = world.paused
        level = world.uses(used, passed=passed)
        assert world.paused or used < max(most, 10)
        if level is Level.FULL and not before:
            most = used + 0.5
        elif level is Level.FULL:
            most = max(most, used + 0.5)


def test_how_many_files() -> None:
    assert most_files(6 * 2**20) == 100_000
    assert most_files(20 * GIGA) == 1_310_720
