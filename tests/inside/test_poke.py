"""The human's wake: what lies in an inbox is announced again."""

from __future__ import annotations

import subprocess

import pytest

from .programs import SECONDS, command
from .waiting import CLAUDES_LINE, CONTENT, TASK, World, line_of, until


@pytest.mark.parametrize("asked", [[TASK], []])
def test_the_human_can_wake_for_it_again(world: World, asked: list[str]) -> None:
    world.put(TASK, CONTENT)
    world.woken()
    with world.waiter() as waiter:
        assert poke(world, *asked).returncode == 0
        assert line_of(waiter) == CLAUDES_LINE
    assert world.announced()[TASK]["delivered"] is None
    world.quiet()


def test_who_pokes_before_anybody_waits_is_heard(world: World) -> None:
    names = [f"task-CR-{number:03}-review-v0-1.md" for number in range(3)]
    for name in names:
        world.put(name)
    world.woken()
    for name in names[:2]:
        poke(world, name)
    assert world.woken() == (
        "New in your QMS inbox: review task CR-000; review task CR-001. Check your QMS inbox."
    )


@pytest.mark.parametrize("asked", [["no-such.md"], ["../../../.env"], ["\x1b[31m.md", ""]])
def test_a_poke_for_nothing_wakes_nobody(world: World, asked: list[str]) -> None:
    with world.waiter() as waiter:
        poke(world, *asked)
        until(lambda: not (world.ours / "poke.json").exists())
        world.settled(waiter)


def test_a_poke_that_cannot_be_left_says_so(world: World) -> None:
    (world.ours / "poke.json").mkdir()
    ran = poke(world)
    assert ran.returncode == 1
    assert ran.stderr.startswith("the agent cannot be woken: ")


def poke(world: World, *names: str) -> subprocess.CompletedProcess[str]:
    argv = [*command("waiter.py"), "poke", *names]
    return subprocess.run(argv, env=world.variables(), capture_output=True, text=True, timeout=SECONDS)
