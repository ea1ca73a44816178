"""The program that wakes an agent for what comes into its inbox."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from pathlib import Path

import pytest

from .programs import SECONDS, command, lines, run
from .waiting import CLAUDES_LINE, CONTENT, PROBE, TASK, World, ended, line_of, terminate, until


def test_an_item_wakes(world: World) -> None:
    with world.waiter() as waiter:
        assert waiter.poll() is None
        world.put(TASK, CONTENT)
        assert line_of(waiter) == CLAUDES_LINE


def test_what_lay_there_before_wakes_too_and_nothing_wakes_twice(world: World) -> None:
    world.put(TASK, CONTENT)
    assert world.woken() == CLAUDES_LINE
    world.quiet()


def test_a_file_is_announced_when_it_is_whole(world: World) -> None:
    with world.waiter() as waiter, (world.inbox / "report.md").open("w") as item:
        until(lambda: world.heartbeat()["armed"])
        for piece in (CONTENT[:20], CONTENT[20:50], CONTENT[50:]):
            item.write(piece)
            item.flush()
        assert line_of(waiter) == CLAUDES_LINE


def test_a_hundred_are_one_line(world: World) -> None:
    with world.waiter() as waiter:
        world.burst({f"task-CR-{number:03}-review-v0-1.md": CONTENT for number in range(100)})
        assert line_of(waiter) == "New in your QMS inbox: 100 new items. Check your QMS inbox."
    assert len(world.announced()) == 100
    world.quiet()


def test_no_stream_of_items_holds_the_line_back_for_ever(world: World) -> None:
    with world.waiter() as waiter:
        deadline = time.monotonic() + SECONDS
        while waiter.poll() is None:
            assert time.monotonic() < deadline
            (world.inbox / "busy.md").write_text(str(time.monotonic()))
            (world.inbox / TASK).exists() or world.put(TASK, CONTENT)
        assert line_of(waiter) == CLAUDES_LINE


def test_what_is_no_item_does_not_wake(world: World) -> None:
    for name in (".hidden.md", "#auto.md", "notes.txt", "a.md~", "a.md.tmp", ".a.md.swp"):
        (world.inbox / name).write_text("")
    (world.inbox / "folder.md").mkdir()
    world.quiet()
    assert world.announced().keys() == {PROBE}


def test_consumption_is_no_wake_and_is_forgotten(world: World) -> None:
    world.put(TASK, CONTENT)
    world.woken()
    with world.waiter() as waiter:
        (world.inbox / TASK).unlink()
        until(lambda: TASK not in world.announced())
        assert waiter.poll() is None
        world.settled(waiter)


def test_the_same_name_again_is_a_new_item(world: World) -> None:
    world.put(TASK, CONTENT)
    world.woken()
    (world.inbox / TASK).unlink()
    (world.inbox / TASK).write_text(CONTENT)  # most file systems give it the old one's number
    assert world.woken() == CLAUDES_LINE


def test_a_touch_is_no_arrival(world: World) -> None:
    item = world.put(TASK, CONTENT)
    world.woken()
    with world.waiter() as waiter:
        os.utime(item, (1, 1))
        until(lambda: world.announced()[TASK]["id"].split("-")[1] == str(10**9))
        world.settled(waiter)


def test_what_is_written_after_a_pause_is_no_second_item(world: World) -> None:
    item = world.put(TASK, CONTENT)
    world.woken()
    item.write_text(CONTENT + "more of it\n")
    world.quiet()


def test_receipts_say_when_it_reached_the_agent(world: World) -> None:
    world.put(TASK, CONTENT)
    before = time.time() - 0.01
    with world.waiter() as waiter:
        said = line_of(waiter)
    announced = world.announced()[TASK]
    assert before < announced["announced"] <= time.time() + 0.01
    assert announced["delivered"] is None
    world.deliver("Another hook's words.")
    assert world.announced()[TASK]["delivered"] is None
    world.deliver(said)
    assert announced["announced"] <= world.announced()[TASK]["delivered"] <= time.time() + 0.01
    told = lines(world.ours / "hooks.jsonl")
    assert [(one["wake"], one.get("items")) for one in told] == [(True, None), (True, [TASK])]


def test_a_prompt_of_the_humans_delivers_nothing(world: World) -> None:
    world.put(TASK, CONTENT)
    with world.waiter() as waiter:
        said = line_of(waiter)
    run("hook.py", world.config, {"hook_event_name": "UserPromptSubmit", "prompt": f"What is: {said}"})
    assert world.announced()[TASK]["delivered"] is None


def test_two_alike_lines_on_their_way_are_both_delivered(world: World) -> None:
    for name in ("msg-lead-2026-02-04-143022.md", "msg-lead-2026-02-04-150000.md"):
        world.put(name)
        with world.waiter() as waiter:
            said = line_of(waiter)
    world.deliver(said)
    assert all(receipt["delivered"] for receipt in world.announced().values())


def test_what_a_dead_client_did_not_take_up_is_announced_to_the_next(world: World) -> None:
    world.put(TASK, CONTENT)
    with world.waiter() as waiter:
        line_of(waiter)
    world.quiet()  # the same client will yet take it up
    world.start()
    assert world.woken() == CLAUDES_LINE
    world.start()
    world.quiet()


def test_only_one_waits(world: World) -> None:
    with world.waiter():
        first = world.heartbeat()["pid"]
        second = subprocess.run(
            command("waiter.py"), env=world.variables(), capture_output=True, timeout=SECONDS
        )
        assert (second.returncode, second.stdout, second.stderr) == (0, b"", b"")
        assert world.heartbeat()["pid"] == first


@pytest.mark.parametrize("variables", [{"QMS_TUI_WAKE": "off"}, {"QMS_USER": ""}, {"QMS_USER": "../lead"}])
def test_where_nobody_is_to_be_woken_nobody_waits(world: World, variables: dict[str, str]) -> None:
    world.environment.update(variables)
    with world.waiter() as waiter:
        ended(waiter)
    assert world.heartbeat() == {}


def test_its_heart_beats(world: World) -> None:
    with world.waiter() as waiter:
        first = world.heartbeat()
        assert (first["armed"], first["pid"]) == (True, waiter.pid)
        assert abs(first["at"] - time.time()) < SECONDS
        status = world.inbox.stat()
        assert first["inbox"] == [status.st_dev, status.st_ino, status.st_nlink]
        second = until(lambda: beat if (beat := world.heartbeat())["at"] != first["at"] else None)
        assert second["at"] - first["at"] < SECONDS
        assert second["since"] == first["since"]
        terminate(waiter)
    assert world.heartbeat()["armed"] is False


def test_it_ends_with_its_client(world: World) -> None:
    client = subprocess.Popen(["sleep", "60"])
    world.environment["CLAUDE_PID"] = str(client.pid)
    try:
        with world.waiter() as waiter:
            assert waiter.poll() is None
            client.kill()
            client.wait()
            ended(waiter)
    finally:
        client.kill()
        client.wait()
    assert world.heartbeat()["armed"] is False


def test_it_is_not_armed_any_more_when_it_wakes(world: World) -> None:
    world.put(TASK, CONTENT)
    world.woken()
    assert world.heartbeat()["armed"] is False


def test_an_inbox_may_come_late_and_go(world: World) -> None:
    world.inbox.rmdir()
    with world.waiter() as waiter:
        assert world.heartbeat()["inbox"] is None
        world.inbox.mkdir()
        world.put(TASK, CONTENT)
        world.deliver(line_of(waiter))
    (world.inbox / TASK).rename(world.project / TASK)
    world.inbox.rmdir()
    with world.waiter():
        until(lambda: world.heartbeat()["inbox"] is None)
        assert TASK in world.announced()


@pytest.mark.parametrize(
    "name", ["seen.json", "pending.json", "identity.json", "poke.json", "announced.json"]
)
@pytest.mark.parametrize(
    "planted",
    ["", "[]", "{", "[" * 100_000, '{"files": {"a.md": 1}, "changed": "x", "items": 3, "at": 9e99}'],
)
def test_whatever_is_planted_it_still_wakes(world: World, name: str, planted: str) -> None:
    (world.ours / name).write_text(planted)
    world.put(TASK, CONTENT)
    assert world.woken() == CLAUDES_LINE


@pytest.mark.parametrize(
    "name", ["seen.json", "announced.json", "waiter.json", "waiter.lock", "announced.lock"]
)
def test_a_link_is_not_followed(world: World, tmp_path: Path, name: str) -> None:
    (tmp_path / "other").write_text("")
    (world.ours / name).symlink_to(tmp_path / "other")
    environment = world.variables()
    world.put(TASK, CONTENT)
    with subprocess.Popen(command("waiter.py"), env=environment, stderr=subprocess.DEVNULL) as waiter:
        try:
            until(lambda: waiter.poll() is not None or (world.ours / "waiter.json").exists())
            assert (tmp_path / "other").read_text() == ""
        finally:
            waiter.kill()


def test_the_host_can_read_what_it_announced_however_much_that_is(world: World) -> None:
    for number in range(2500):
        (world.inbox / f"{number}-{'x' * 100}.md").write_text("")
    assert world.woken().startswith("New in your QMS inbox: 2500 new items. ")
    assert (world.ours / "announced.json").stat().st_size < 64 * 1024
    assert 100 < len(world.announced()) <= 2000
    assert len((world.ours / "hooks.jsonl").read_bytes().splitlines()[-1]) <= 2000
    world.quiet()


def test_what_cannot_be_remembered_is_not_announced(world: World) -> None:
    (world.ours / "seen.json").mkdir()
    world.put(TASK, CONTENT)
    with world.waiter() as waiter:
        until(lambda: world.heartbeat().get("armed"))
        assert waiter.poll() is None
        (world.ours / "seen.json").rmdir()
        assert line_of(waiter) == CLAUDES_LINE


def test_waiting_costs_next_to_nothing(world: World) -> None:
    for number in range(100):
        world.put(f"task-CR-{number:03}-review-v0-1.md", CONTENT)
    world.woken()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    with world.waiter() as waiter:
        first = world.heartbeat()
        until(lambda: world.heartbeat() != first)  # it beats again
        terminate(waiter)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert used < 0.05 * (time.monotonic() - began)  # its start is the most of that
