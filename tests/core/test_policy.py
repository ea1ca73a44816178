"""When an agent is started or stopped by itself, decided without an agent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qms_tui.config import Launch, Shutdown
from qms_tui.core.policy import PAUSES, QUIET, SETTLED, TRIES, Act, Policy, Seen, Verdict
from qms_tui.core.state import AgentState, stopped
from qms_tui.inbox import Identity, Item, Kind
from qms_tui.programs.values import Activity, Word
from qms_tui.runtime import Ending

NOW = 1_000_000.0
CRASH = Ending(1)
HOUR = 3600.0
IDLE = Activity(Word.IDLE, since=NOW)


def task(document: str, arrived: float) -> Item:
    return Item("qa", f"task-{document}.md", Kind.REVIEW, "", document, "", arrived, Identity(1, 1), "")


class World:
    """A policy, and an agent that does as it says."""

    def __init__(
        self, launch: Launch = Launch.MANUAL, shutdown: Shutdown = Shutdown.MANUAL, timeout: float = HOUR
    ) -> None:
        self.policy = Policy(launch, shutdown, timeout)
        self.seen = Seen(AgentState.ABSENT, NOW)
        self.now = NOW

    def look(self, **changes: object) -> Verdict:
        self.seen = replace(self.seen, **changes)  # type: ignore[arg-type]
        return self.policy.decide(self.seen, self.now)

    def go(self, state: AgentState, **changes: object) -> Verdict:
        return self.look(state=state, state_at=self.now, **changes)

    def run(self, seconds: float = HOUR, ending: Ending | None = CRASH) -> Verdict:
        """It is started, runs, ends."""
        self.go(AgentState.STARTING, began=self.now)
        self.go(AgentState.RUNNING)
        self.now += seconds
        return self.go(AgentState.ENDED, ending=ending)

    def stopped(self, why: str = "stopped by you") -> Verdict:
        self.go(AgentState.STOPPING)
        return self.go(AgentState.ENDED, ending=stopped(why))


def test_by_hand_nothing_is_ever_done() -> None:
    world = World()
    assert world.look(tasks=[task("CR-1", NOW)]) == Verdict()
    assert world.run() == Verdict()
    for _ in range(TRIES + 1):
        assert world.run(1.0) == Verdict()
    world.go(AgentState.RUNNING, activity=IDLE, emptied=NOW)
    world.now += 10 * HOUR
    assert world.look() == Verdict()


def test_a_task_starts_it_that_came_before_the_screen_or_while_it_did_not_run() -> None:
    world = World(Launch.AUTO_ON_TASK)
    assert world.look().plan == "starts when a task arrives"
    verdict = world.look(tasks=[task("CR-1", NOW - HOUR), task("CR-2", NOW)])
    assert (verdict.act, verdict.reason) == (Act.START, "2 tasks wait")
    assert world.look() == Verdict(), "the start is under way"
    world.run(ending=stopped("stopped by you"))
    assert world.look().act is None, "what it has seen does not start it again"
    verdict = world.look(tasks=[task("CR-1", NOW - HOUR), task("CR-3", world.now + 1)])
    world.now += PAUSES[0]
    verdict = world.look()
    assert (verdict.act, verdict.reason) == (Act.START, "CR-3 waits")


def test_a_task_that_comes_while_it_is_being_stopped_starts_it_again() -> None:
    world = World(Launch.AUTO_ON_TASK, Shutdown.ON_INBOX_EMPTY)
    world.go(AgentState.STARTING, began=NOW)
    world.now += HOUR
    world.go(AgentState.RUNNING, activity=Activity(Word.IDLE, since=world.now - QUIET), woken=True)
    assert world.policy.decide(world.seen, world.now).act is Act.STOP
    late = task("CR-9", world.now - 0.3)  # nobody had told of it yet
    world.now += 1
    world.stopped("stopped: its inbox is empty")
    world.now += PAUSES[0]
    assert world.look(tasks=[late]).reason == "CR-9 waits"


def test_always_on_means_always_but_for_the_human() -> None:
    world = World(Launch.ALWAYS_ON)
    verdict = world.run(ending=Ending(0))
    assert (verdict.act, verdict.again) == (None, world.now + PAUSES[0])
    world.now += PAUSES[0]
    verdict = world.look()
    assert (verdict.act, verdict.reason) == (Act.START, "it has ended: exit code 0")
    world.go(AgentState.STARTING, began=world.now)
    world.go(AgentState.RUNNING)
    assert world.stopped() == Verdict()
    world.now += HOUR
    assert world.look() == Verdict()
    assert world.look(ending=Ending(3, "the container was removed", asked=True)) == Verdict()


@pytest.mark.parametrize("ending", [AgentState.ENDED, AgentState.FAILED])
def test_a_boot_loop_ends_after_three_tries_and_is_said_once(ending: AgentState) -> None:
    world = World(Launch.ALWAYS_ON)
    for number in range(1, TRIES + 1):
        world.go(AgentState.STARTING)
        if ending is AgentState.ENDED:
            world.go(AgentState.RUNNING)
        world.now += SETTLED / 2
        verdict = world.go(ending, ending=CRASH)
        assert verdict.gave_up is (number == TRIES)
        world.now += PAUSES[min(number, TRIES - 1)]
        assert (world.look().act is Act.START) is (number < TRIES)
    world.now += HOUR
    verdict = world.look()
    assert (verdict.act, verdict.gave_up, verdict.plan) == (None, False, "given up after 3 tries")
    world.go(AgentState.ATTACHING)  # the human starts it
    world.run(1.0)
    world.now += PAUSES[1]
    assert world.look().act is Act.START


def test_runs_between_that_were_long_enough_count_for_nothing() -> None:
    world = World(Launch.ALWAYS_ON)
    for _ in range(2 * TRIES):
        for seconds in (1.0, SETTLED):
            assert not world.run(seconds).gave_up
            world.now += PAUSES[-1]
            assert world.look().act is Act.START


def test_tasks_wait_for_an_agent_whose_start_fails_and_the_engine_is_forgiven() -> None:
    world = World(Launch.AUTO_ON_TASK)
    assert world.look(tasks=[task("CR-1", NOW - 1)]).act is Act.START
    for _ in range(TRIES):
        world.go(AgentState.ATTACHING)
        world.now += 1
        world.go(AgentState.FAILED)
        world.now += PAUSES[-1]
        world.look()
    assert world.look().act is None
    world.policy.forgive()
    assert world.look().reason == "CR-1 waits"


def idle(world: World, **changes: object) -> Verdict:
    """It has been started and is idle for as long as it takes."""
    world.go(AgentState.STARTING, began=NOW)
    world.now += HOUR
    world.go(AgentState.RUNNING, activity=Activity(Word.IDLE, since=world.now - QUIET), **changes)
    return world.look()


def test_an_empty_inbox_stops_what_worked_for_it() -> None:
    empty = Shutdown.ON_INBOX_EMPTY
    assert idle(World(shutdown=empty)).act is None, "it has done nothing yet"
    assert idle(World(shutdown=empty), emptied=NOW + 5).reason == "its inbox is empty"
    assert idle(World(shutdown=empty), woken=True).act is Act.STOP
    assert idle(World(shutdown=empty), emptied=NOW + 5, waiting=1).act is None
    assert idle(World(shutdown=empty), emptied=NOW + 5, typed_at=NOW + 6).act is None, "the human's now"
    assert idle(World(shutdown=empty), woken=True, typed_at=NOW + 2 * HOUR).act is None, "a draft"
    assert idle(World(shutdown=empty), woken=True, leads=False).act is None
    busy = World(shutdown=empty)
    idle(busy)
    for word in (Word.BUSY, Word.NEEDS_YOU, Word.BACKGROUND, Word.ERROR, Word.UNKNOWN, Word.RUNNING):
        assert busy.look(woken=True, activity=Activity(word, since=NOW)).act is None
    early = busy.look(activity=Activity(Word.IDLE, since=busy.now))
    assert (early.act, early.again) == (None, busy.now + QUIET)


def test_idleness_stops_it_counted_from_the_last_key() -> None:
    world = World(shutdown=Shutdown.IDLE_TIMEOUT, timeout=HOUR)
    world.go(AgentState.STARTING, began=NOW)
    world.go(AgentState.RUNNING, activity=IDLE, typed_at=NOW + 60, waiting=3)
    world.now = NOW + HOUR
    assert world.look().again == NOW + 60 + HOUR
    world.now += 60
    verdict = world.look()
    assert (verdict.act, verdict.reason) == (Act.STOP, "it has been idle for 60 min")


@pytest.mark.parametrize("launch", list(Launch))
@pytest.mark.parametrize("shutdown", list(Shutdown))
def test_a_paused_program_is_left_alone(launch: Launch, shutdown: Shutdown) -> None:
    world = World(launch, shutdown, timeout=60)
    world.go(AgentState.STARTING, began=world.now)
    world.go(AgentState.RUNNING, activity=IDLE, emptied=NOW)
    assert world.go(AgentState.PAUSED, activity=None, tasks=[task("CR-1", NOW + 1)]) == Verdict()
    world.now += 10 * HOUR
    assert world.look() == Verdict()
