"""A wake whose turn fails is not lost: it is announced again, later and later, until a turn ends well."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

from .programs import INSIDE
from .waiting import CLAUDES_LINE, CONTENT, TASK, World, line_of

OTHER = "msg-lead-2026-02-04-143022.md"
LINE = f"<task-notification> {CLAUDES_LINE}"
T = 1000.0  # when the first line is announced


@pytest.fixture
def receipts(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The programs inside are no package of ours: they find each other by their folder."""
    monkeypatch.syspath_prepend(str(INSIDE))
    return importlib.import_module("receipts")


def announce(receipts: ModuleType, folder: Path, now: float, *names: str) -> None:
    """As the waiter does with what is new or due."""
    memory = receipts.load(str(folder))
    new = {name: receipts.Receipt("1-2-3", now) for name in names}
    for name in names:
        new[name].tries = memory.receipts[name].tries if name in memory.receipts else 0
    receipts.announce(str(folder), memory, new, CLAUDES_LINE, now)


def test_it_is_announced_again_later_and_later_and_not_for_ever(receipts: ModuleType, tmp_path: Path) -> None:
    folder, now, waits = str(tmp_path), T, []
    while now < T + 1e6:
        announce(receipts, tmp_path, now, TASK)
        assert receipts.deliver(folder, LINE, "s", now + 1) == [TASK]
        receipts.end_turn(folder, "s", now + 2, well=False)
        again = receipts.load(folder).next()
        waits.append(again - now - 2)
        now = again
    assert waits == [*receipts.BACK_OFF, float("inf")]
    assert receipts.load(folder).receipts[TASK].failed is not None


@pytest.mark.parametrize("failures", [0, 1, 9])
def test_a_turn_that_ends_well_settles_everything_in_its_session(
    receipts: ModuleType, tmp_path: Path, failures: int
) -> None:
    folder = str(tmp_path)
    announce(receipts, tmp_path, T, TASK, OTHER)
    receipts.deliver(folder, LINE, "s", T + 1)
    for number in range(failures):  # the human's own attempts put nothing off
        receipts.end_turn(folder, "s", T + 2 + number, well=False)
    first = T + 2 + receipts.BACK_OFF[0]
    assert receipts.load(folder).next() == (first if failures else float("inf"))
    receipts.end_turn(folder, "another", T + 50, well=True)
    assert receipts.load(folder).next() == (first if failures else float("inf"))
    receipts.end_turn(folder, "s", T + 50, well=True)
    receipts.end_turn(folder, "s", T + 51, well=False)
    assert receipts.load(folder).receipts[TASK].told() == {"id": "1-2-3", "announced": T, "delivered": T + 1}
    assert receipts.load(folder).next() == float("inf")


def test_what_is_nearly_due_comes_along(receipts: ModuleType, tmp_path: Path) -> None:
    folder = str(tmp_path)
    for number, name in enumerate(("a.md", "b.md", "c.md")):
        at = T + number * 0.9 * receipts.ALONG
        announce(receipts, tmp_path, at, name)
        receipts.deliver(folder, LINE, "s", at)
        receipts.end_turn(folder, "s", at, well=False)
    memory = receipts.load(folder)
    assert memory.due(memory.next() - 1) == []
    assert sorted(memory.due(memory.next())) == ["a.md", "b.md"]


def test_only_what_was_delivered_can_fail(receipts: ModuleType, tmp_path: Path) -> None:
    announce(receipts, tmp_path, T, TASK)
    receipts.end_turn(str(tmp_path), "s", T + 1, well=False)
    assert receipts.load(str(tmp_path)).receipts[TASK].failed is None


def test_the_client_is_woken_again_when_the_time_comes(world: World) -> None:
    world.put(TASK, CONTENT)
    world.put(OTHER)
    said = world.taken_up()
    with world.waiter() as waiter:  # the prompt has begun it, before the turn fails
        world.hook("StopFailure", error="rate_limit")
        failed = world.announced()[TASK]
        assert failed["again"] - failed["failed"] == 60
        world.put("notes.md")
        assert line_of(waiter) == "New in your QMS inbox: item. Check your QMS inbox."  # it is not time yet
    with world.waiter() as waiter:
        world.pass_time(60)
        assert line_of(waiter) == said
    assert (world.announced()[TASK]["tries"], world.announced()[TASK]["delivered"]) == (1, None)
    world.deliver(said)
    world.hook("Stop")
    world.pass_time(1e9)
    world.quiet()
    assert world.announced()[TASK].keys() == {"id", "announced", "delivered"}


def test_what_was_consumed_meanwhile_is_not_announced_again(world: World) -> None:
    item = world.put(TASK, CONTENT)
    world.put(OTHER)
    world.taken_up()
    world.hook("StopFailure")
    item.unlink()
    world.pass_time(60)
    assert world.woken() == "New in your QMS inbox: message from lead. Check your QMS inbox."


def test_the_turn_of_a_subagent_says_nothing(world: World) -> None:
    world.put(TASK, CONTENT)
    world.taken_up()
    for event in ("StopFailure", "Stop"):
        world.hook(event, agent_id="a1")
    assert world.announced()[TASK].keys() == {"id", "announced", "delivered", "session"}


def test_esc_leaves_it_to_the_next_turn(world: World) -> None:
    """Esc has no event: the line stands in the conversation, and the model reads it with the next prompt."""
    world.put(TASK, CONTENT)
    world.taken_up()
    world.quiet()
    assert "failed" not in world.announced()[TASK]


def test_a_conversation_that_is_left_takes_its_open_lines_along(world: World) -> None:
    world.put(TASK, CONTENT)
    world.woken()
    world.put(OTHER)
    said = world.taken_up()
    with world.waiter() as waiter:
        world.hook("SessionStart", source="compact")  # the same session
        world.settled(waiter)  # whose turn ends well
    world.hook("SessionStart", "t", source="clear")
    world.quiet()
    (world.inbox / OTHER).unlink()
    world.put(OTHER)
    with world.waiter() as waiter:
        world.deliver(line_of(waiter))
    with world.waiter() as waiter:
        world.hook("SessionStart", "t", source="clear")
        assert line_of(waiter) == said


def test_what_a_container_did_not_come_to_the_end_of_is_announced_in_the_next(world: World) -> None:
    world.put(TASK, CONTENT)
    world.taken_up()
    world.start()
    assert world.taken_up() == CLAUDES_LINE
    world.hook("StopFailure")
    world.start()
    assert world.woken() == CLAUDES_LINE
    world.start()
    world.quiet()


def test_the_humans_wake_begins_anew(world: World) -> None:
    world.put(TASK, CONTENT)
    world.taken_up()
    world.hook("StopFailure")
    assert world.announced()[TASK]["tries"] == 1
    (world.ours / "poke.json").write_text('{"at": 9e9, "items": null}')
    assert world.woken() == CLAUDES_LINE
    assert "tries" not in world.announced()[TASK]


def test_an_event_is_told_also_where_nothing_can_be_remembered(world: World) -> None:
    (world.ours / "announced.lock").mkdir()
    world.hook("StopFailure", error="rate_limit")
    assert "rate_limit" in (world.ours / "hooks.jsonl").read_text()


@pytest.mark.parametrize(("error", "is_lost"), [("rate_limit", True), ("max_output_tokens", False)])
def test_a_model_that_said_too_much_has_read_the_line(
    receipts: ModuleType, tmp_path: Path, error: str, is_lost: bool
) -> None:
    hook = importlib.import_module("hook")
    announce(receipts, tmp_path, T, TASK)
    receipts.deliver(str(tmp_path), LINE, "s", T + 1)
    hook.remembered(
        str(tmp_path), {"hook_event_name": "StopFailure", "session_id": "s", "error": error}, T + 2
    )
    assert (receipts.load(str(tmp_path)).receipts[TASK].again is not None) is is_lost
