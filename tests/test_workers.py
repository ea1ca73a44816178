"""Calls that block, off the loop, each with a deadline of its own."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import time
import weakref
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from qms_tui import workers as module
from qms_tui.errors import EngineError, KeeperError, ProjectError, QmsTuiError
from qms_tui.keeper.client import KEEPER
from qms_tui.runtime.base import ENGINE
from qms_tui.workers import DISK, MOST, Counterpart, Workers, waiting_for

PATIENCE = 30.0  # seconds; passes in milliseconds


_others: set[threading.Thread] = set()  # of runtimes that earlier tests have left to end by themselves


@pytest.fixture
def workers() -> Iterator[Workers]:
    _others.clear()
    _others.update(threads())
    made = Workers(ENGINE)
    yield made
    made.close()
    for thread in threads():
        thread.join(PATIENCE)
    assert not threads()


def threads() -> list[threading.Thread]:
    """Of this test's workers."""
    alive = threading.enumerate()
    return [each for each in alive if each.name == "qms-tui-worker" and each not in _others]


class Gate:
    """A call that comes back when it is let go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    def __call__(self) -> str:
        self.entered.set()
        assert self.opened.wait(PATIENCE)
        return "through"


@contextlib.contextmanager
def open_at_the_end(*gates: Gate) -> Iterator[None]:
    try:
        yield
    finally:
        for gate in gates:
            gate.opened.set()


async def test_a_result_and_an_error_come_back(workers: Workers) -> None:
    assert await workers.call(lambda: 6 * 7, what="count") == 42
    with pytest.raises(ZeroDivisionError):
        await workers.call(lambda: 1 / 0, what="count")


async def test_it_runs_in_a_daemon_thread(workers: Workers) -> None:
    thread = await workers.call(threading.current_thread, what="look")
    assert thread.daemon
    assert thread is not threading.current_thread()


async def test_one_thread_is_enough_for_one_call_at_a_time(workers: Workers) -> None:
    seen = {await workers.call(threading.get_ident, what="look") for _ in range(50)}
    assert len(seen) == 1


async def test_calls_at_the_same_time_do_not_wait_for_each_other(workers: Workers) -> None:
    """Also when one thread is idle: the second call must not queue up behind the first."""
    for _ in range(20):
        await workers.call(lambda: None, what="warm up")
        meeting = threading.Barrier(2)
        meet = [workers.call(partial(meeting.wait, PATIENCE), what="meet") for _ in range(2)]
        assert sorted(await asyncio.gather(*meet)) == [0, 1]


async def test_there_are_never_more_threads_than_allowed(workers: Workers) -> None:
    gates = [Gate() for _ in range(3 * MOST)]
    with open_at_the_end(*gates):
        calls = [asyncio.create_task(workers.call(gate, what="wait")) for gate in gates]
        for gate in gates[:MOST]:
            await asyncio.to_thread(gate.entered.wait, PATIENCE)
        assert len(threads()) == MOST
    assert await asyncio.gather(*calls) == ["through"] * len(gates)


async def test_a_missed_deadline_is_told_and_holds_up_nobody(workers: Workers) -> None:
    gate = Gate()
    with open_at_the_end(gate):
        with pytest.raises(EngineError, match=r"open the gate: the engine gave no answer within 0.01 s"):
            await workers.call(gate, what="open the gate", deadline=0.01)
        assert await workers.call(lambda: "next", what="go on") == "next"


@pytest.mark.parametrize(
    ("counterpart", "message"),
    [
        (DISK, "write: the disk gave no answer within 0.01 s"),
        (KEEPER, "write: the keeper gave no answer within 0.01 s"),
    ],
)
async def test_a_missed_deadline_names_what_was_waited_for(counterpart: Counterpart, message: str) -> None:
    workers, gate = Workers(counterpart), Gate()
    with open_at_the_end(gate), pytest.raises(counterpart.error) as caught:
        await workers.call(gate, what="write", deadline=0.01)
    workers.close()
    assert caught.value.message == message
    assert "docker" not in caught.value.hint
    assert "engine" not in caught.value.hint


async def test_a_missed_deadline_names_whom_the_function_waits_for_then(workers: Workers) -> None:
    gate = Gate()

    def ask_both() -> str:
        with waiting_for(KEEPER):
            return gate()

    with open_at_the_end(gate), pytest.raises(KeeperError, match="attach: the keeper gave no answer"):
        await workers.call(ask_both, what="attach", deadline=1.0)
    await workers.undone(within=PATIENCE)
    later = Gate()
    with open_at_the_end(later), pytest.raises(EngineError, match="attach: the engine gave no answer"):
        await workers.call(later, what="attach", deadline=0.01)


async def test_a_timeout_of_the_function_is_its_own(workers: Workers) -> None:
    def fail() -> None:
        raise TimeoutError("the socket's")

    with pytest.raises(TimeoutError, match="the socket's"):
        await workers.call(fail, what="fail")


@pytest.mark.parametrize("cancelled", [False, True], ids=["deadline", "cancelled"])
async def test_what_comes_too_late_is_undone(workers: Workers, cancelled: bool) -> None:
    gate, undone = Gate(), list[str]()
    with open_at_the_end(gate):
        deadline = PATIENCE if cancelled else 0.01
        call = asyncio.create_task(
            workers.call(gate, what="open the gate", deadline=deadline, undo=undone.append)
        )
        await asyncio.to_thread(gate.entered.wait, PATIENCE)
        if cancelled:
            call.cancel()
        with pytest.raises((EngineError, asyncio.CancelledError)):
            await call
        assert undone == []
    await workers.undone(within=PATIENCE)
    assert undone == ["through"]


def hold_up(event: threading.Event) -> None:
    """The loop, until the event has come and a short deadline has passed, too."""
    assert event.wait(PATIENCE)
    time.sleep(0.02)


async def test_what_comes_at_the_very_end_of_a_deadline_is_not_lost(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop is held up until both are due, as on a busy machine."""
    gate, undone, delivered = Gate(), list[str](), threading.Event()
    deliver = module._deliver

    def watched(*arguments: Any, **result: Any) -> None:
        deliver(*arguments, **result)
        delivered.set()

    monkeypatch.setattr(module, "_deliver", watched)
    with open_at_the_end(gate):
        call = asyncio.create_task(workers.call(gate, what="look", deadline=0.01, undo=undone.append))
        await asyncio.sleep(0)  # it begins
        gate.opened.set()
        hold_up(delivered)
        assert await call == "through"
    assert undone == []


async def test_an_undoing_that_fails_is_no_trouble(
    workers: Workers, caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate()
    with open_at_the_end(gate), pytest.raises(EngineError):
        await workers.call(gate, what="wait", deadline=0.01, undo=lambda result: 1 / 0)
    await workers.undone(within=PATIENCE)
    assert "division by zero" in caplog.text


async def test_what_is_in_time_is_not_undone(workers: Workers) -> None:
    undone = list[int]()
    assert await workers.call(lambda: 1, what="count", undo=undone.append) == 1
    await workers.undone(within=PATIENCE)
    assert undone == []


async def test_calls_that_hang_are_bounded(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ABANDONED", 2)
    gates = [Gate(), Gate()]
    with open_at_the_end(*gates):
        for gate in gates:
            with pytest.raises(EngineError, match="no answer"):
                await workers.call(gate, what="hang", deadline=0.01)
        with pytest.raises(EngineError, match="too many calls to the engine hang"):
            await workers.call(lambda: None, what="one more")
    await workers.undone(within=PATIENCE)
    assert await workers.call(lambda: "again", what="go on") == "again"


async def test_too_many_calls_that_hang_name_what_most_of_them_wait_for(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_ABANDONED", 3)
    gates = [Gate(), Gate(), Gate()]

    def on_disk(gate: Gate) -> str:
        with waiting_for(DISK):
            return gate()

    with open_at_the_end(*gates):
        for call in (gates[0], partial(on_disk, gates[1]), partial(on_disk, gates[2])):
            with pytest.raises(QmsTuiError, match="no answer"):
                await workers.call(call, what="hang", deadline=0.05)
        for gate in gates:  # whom a thread waits for it says once it runs, which may be later
            assert await asyncio.to_thread(gate.entered.wait, PATIENCE)
        with pytest.raises(ProjectError, match="look: too many calls to the disk hang"):
            await workers.call(lambda: None, what="look")
    await workers.undone(within=PATIENCE)


async def test_an_idle_thread_keeps_nothing_alive(workers: Workers) -> None:
    class Result:
        pass

    kept = weakref.ref(await workers.call(Result, what="make"))
    async with asyncio.timeout(PATIENCE):
        while kept() is not None:
            gc.collect()
            await asyncio.sleep(0.01)


async def test_what_comes_back_after_the_end_keeps_no_thread(workers: Workers) -> None:
    gate, undone = Gate(), threading.Event()
    with open_at_the_end(gate):
        call = asyncio.create_task(workers.call(gate, what="hang", undo=lambda result: undone.set()))
        assert await asyncio.to_thread(gate.entered.wait, PATIENCE)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        workers.close()
    assert await asyncio.to_thread(undone.wait, PATIENCE)
    for thread in threads():
        await asyncio.to_thread(thread.join, PATIENCE / 5)
    assert not threads()
