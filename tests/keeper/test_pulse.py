"""Whether the keeper is there."""

from __future__ import annotations

import asyncio

import pytest

from qms_tui.keeper import pulse as module
from qms_tui.keeper.pulse import Pulse

PATIENCE = 10.0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PULSE", 0.01)


async def asked(counts: list[None], more: int) -> None:
    wanted = len(counts) + more
    async with asyncio.timeout(PATIENCE):
        while len(counts) < wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def test_one_that_leaves_a_question_unanswered_hangs_until_it_speaks() -> None:
    asks: list[None] = []
    changes: list[bool] = []
    pulse = Pulse(lambda: asks.append(None), changes.append)
    pulse.start()
    async with asyncio.timeout(PATIENCE):
        while not changes:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    assert (len(asks), changes, pulse.hangs) == (1, [True], True)
    pulse.answered()
    assert (changes, pulse.hangs) == ([True, False], False)
    pulse.stop()


async def test_one_that_answers_does_not() -> None:
    asks: list[None] = []
    changes: list[bool] = []

    def ask() -> None:
        asks.append(None)
        pulse.answered()

    pulse = Pulse(ask, changes.append)
    pulse.start()
    await asked(asks, 5)
    assert changes == []
    pulse.stop()


async def test_an_answer_that_nobody_would_hear_is_not_missed() -> None:
    """What was asked for it is read no more: another one is asked."""
    asks: list[None] = []
    changes: list[bool] = []
    pulse = Pulse(lambda: asks.append(None), changes.append, lambda: False)
    pulse.start()
    await asked(asks, 5)
    assert changes == []
    pulse.stop()
