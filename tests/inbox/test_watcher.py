"""A real folder and real events: each arrival once, each consumption once."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from qms_tui.inbox import InboxEvent, Kind
from qms_tui.inbox.watcher import InboxWatcher
from tests.inbox.samples import MESSAGE, NOTICE, task
from tests.inbox.world import Told, World, watching

TASK = "task-CR-056-pre_review-v0-1.md"


def test_create_then_write_is_told_once_with_its_content(world: World) -> None:
    (world.inbox / TASK).write_bytes(task("CR-056"))
    world.sync()
    assert world.arrived() == [TASK]
    (item, *_) = world.told.arrivals
    assert (item.agent, item.headline, item.sender) == ("qa", "New task: Review CR-056", "claude")
    assert world.watcher.pending("qa") == (item,)


def test_a_writer_that_holds_the_file_open_is_waited_for(world: World) -> None:
    with open(world.inbox / "x.md", "wb", buffering=0) as stream:
        for byte in MESSAGE:
            stream.write(bytes([byte]))
    world.sync()
    assert world.arrived() == ["x.md"]
    assert world.told.arrivals[0].headline == "Message from claude: Note on CR-056"


def test_touch_then_write_is_one_arrival(world: World) -> None:
    (world.inbox / "x.md").touch()
    (world.inbox / "x.md").write_bytes(MESSAGE)
    world.sync()
    assert world.arrived() == ["x.md"]
    assert {item.headline for item in world.watcher.pending("qa")} == {"Message from claude: Note on CR-056"}


def test_written_elsewhere_and_renamed(world: World) -> None:
    temporary = world.inbox / f".{TASK}.tmp"
    temporary.write_bytes(task("CR-056"))
    temporary.rename(world.inbox / TASK)
    world.sync()
    assert world.arrived() == [TASK]
    assert not world.consumed()


def test_moved_in_and_out_and_in_again(world: World, tmp_path: Path) -> None:
    outside = tmp_path / "x.md"
    outside.write_bytes(MESSAGE)
    for count in (1, 2):
        outside.rename(world.inbox / "x.md")
        world.told.until(lambda count=count: len(world.arrived()) == count)  # type: ignore[misc]
        (world.inbox / "x.md").rename(outside)
        world.told.until(lambda count=count: len(world.consumed()) == count)  # type: ignore[misc]
    world.sync()
    assert (world.arrived(), world.consumed()) == (["x.md"] * 2, ["x.md"] * 2)


def test_renamed_within_the_inbox(world: World) -> None:
    (world.inbox / "a.md").write_bytes(MESSAGE)
    world.told.until(lambda: world.arrived() == ["a.md"])
    (world.inbox / "a.md").rename(world.inbox / "b.md")
    world.sync()
    assert (world.arrived(), world.consumed()) == (["a.md", "b.md"], ["a.md"])


def test_deleted(world: World) -> None:
    (world.inbox / TASK).write_bytes(task("CR-056"))
    world.told.until(lambda: world.arrived() == [TASK])
    (world.inbox / TASK).unlink()
    world.sync()
    assert world.consumed() == [TASK]
    assert not world.watcher.pending("qa")
    assert not world.watcher.counts("qa")


def test_re_created_under_the_same_name_and_maybe_the_same_inode(world: World) -> None:
    path = world.inbox / TASK
    for count in range(1, 6):
        path.write_bytes(task("CR-056", "REVIEW" if count % 2 else "APPROVAL"))
        world.told.until(lambda count=count: len(world.arrived()) == count)  # type: ignore[misc]
        path.unlink()  # and the next one comes at once
    world.sync()
    assert (len(world.arrived()), len(world.consumed())) == (5, 5)


def test_replaced_by_a_rename_is_a_new_item(world: World) -> None:
    (world.inbox / "x.md").write_bytes(MESSAGE)
    world.told.until(lambda: world.arrived() == ["x.md"])
    (world.inbox / "x.tmp").write_bytes(NOTICE)
    (world.inbox / "x.tmp").rename(world.inbox / "x.md")
    world.sync()
    assert (world.arrived(), world.consumed()) == (["x.md"] * 2, ["x.md"])


def test_written_again_in_place_is_the_same_item(world: World) -> None:
    (world.inbox / TASK).write_bytes(task("CR-056"))
    world.told.until(lambda: world.arrived() == [TASK])
    (world.inbox / TASK).write_bytes(task("CR-056", "APPROVAL"))
    world.told.until(lambda: bool(world.told.changed))
    world.sync()
    assert world.told.changed == ["New task: Approve CR-056"]
    assert (world.arrived(), world.consumed()) == ([TASK], [])
    assert world.watcher.counts("qa") == {Kind.APPROVAL: 1}


def test_a_touch_is_no_arrival(world: World) -> None:
    path = world.inbox / TASK
    path.write_bytes(task("CR-056"))
    world.told.until(lambda: world.arrived() == [TASK])
    os.utime(path)
    path.chmod(0o600)
    path.touch()
    world.sync()
    assert (world.arrived(), world.consumed(), world.told.changed) == ([TASK], [], [])


def test_a_hard_link_is_an_item_of_its_own(world: World, tmp_path: Path) -> None:
    (world.inbox / "a.md").write_bytes(MESSAGE)
    world.told.until(lambda: world.arrived() == ["a.md"])
    (world.inbox / "b.md").hardlink_to(world.inbox / "a.md")
    (tmp_path / "c.md").hardlink_to(world.inbox / "a.md")
    world.sync()
    assert (world.arrived(), world.consumed()) == (["a.md", "b.md"], [])


def test_what_is_no_item(world: World) -> None:
    for name in (".hidden.md", ".x.md.swp", "x.md~", "x.md.tmp", "#x.md#", ".#x.md", "4913", "x.txt", ".md"):
        (world.inbox / name).write_bytes(MESSAGE)
    (world.inbox / "folder.md").mkdir()
    (world.inbox / "folder.md" / "inner.md").write_bytes(MESSAGE)
    world.sync()
    assert not world.arrived()


def test_an_editors_way_of_saving(world: World) -> None:
    """vim: a swap file, the old file to a backup, a new one under the name, the backup away."""
    path = world.inbox / "x.md"
    path.write_bytes(MESSAGE)
    world.told.until(lambda: world.arrived() == ["x.md"])
    (world.inbox / ".x.md.swp").write_bytes(b"swap")
    path.rename(world.inbox / "x.md~")
    path.write_bytes(NOTICE)
    (world.inbox / "x.md~").unlink()
    (world.inbox / ".x.md.swp").unlink()
    world.sync()
    assert (world.arrived(), world.consumed()) == (["x.md"] * 2, ["x.md"])
    assert world.pending == {"x.md"}


def test_a_link_is_shown_by_its_name_and_not_followed(world: World, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_bytes(MESSAGE)
    (world.inbox / "x.md").symlink_to(tmp_path / "secret.md")
    (world.inbox / "dangling.md").symlink_to(tmp_path / "nothing")
    world.sync()
    headlines = {item.headline for item in world.watcher.pending("qa")}
    assert headlines == {"New inbox item: x.md", "New inbox item: dangling.md"}


def test_hostile_files_are_items_and_nothing_else(world: World) -> None:
    inbox = world.inbox
    os.mkfifo(inbox / "fifo.md")
    with open(inbox / "huge.md", "wb") as stream:
        stream.write(MESSAGE)
        stream.truncate(50 * 2**20)
    (inbox / "binary.md").write_bytes(os.urandom(9000))
    (inbox / "unreadable.md").write_bytes(MESSAGE)
    (inbox / "unreadable.md").chmod(0)
    (inbox / "bomb.md").write_bytes(b"---\na: &a [x]\nb: [*a, *a]\n---\n")
    (inbox / "[@click=app.quit]x.md").write_bytes(b"")
    odd = [b"a\nb.md", b"\x1b[2J.md", b"\xff\xfe.md", "\u202egnp.md".encode(), b"x" * 252 + b".md"]
    for name in odd:
        with open(os.fsencode(inbox) + b"/" + name, "wb") as stream:
            stream.write(b"x")
    world.told.until(lambda: len(world.watcher.pending("qa")) == 6 + len(odd))
    by_name = {item.file: item for item in world.watcher.pending("qa")}
    assert by_name["huge.md"].headline == "Message from claude: Note on CR-056"
    assert by_name["fifo.md"].headline == "New inbox item: fifo.md"
    assert by_name["[@click=app.quit]x.md"].headline == "New inbox item: [@click=app.quit]x.md"
    assert by_name["a\nb.md"].name == "a b.md"
    assert by_name[os.fsdecode(b"\xff\xfe.md")].name == "\ufffd\ufffd.md"
    assert all(item.headline.isprintable() for item in by_name.values())


def test_what_was_there_at_the_start_is_no_arrival(inbox: Path) -> None:
    (inbox / TASK).write_bytes(task("CR-056"))
    os.utime(inbox / TASK, (1_700_000_000, 1_700_000_000))
    with watching({"qa": inbox}) as (watcher, told):
        assert told.initial == [[TASK]]
        assert watcher.counts("qa") == {Kind.REVIEW: 1}
        assert watcher.pending("qa")[0].arrived == 1_700_000_000
        World(told, watcher, inbox).sync()
        assert told.arrived == ["zz-mark-1.md"]


def test_an_agent_added_while_running(world: World, tmp_path: Path) -> None:
    other = tmp_path / ".claude" / "users" / "bu" / "inbox"
    other.mkdir(parents=True)
    (other / "old.md").write_bytes(MESSAGE)
    world.watcher.add("bu", other)
    world.told.until(lambda: world.told.initial == [[], ["old.md"]])
    (other / "new.md").write_bytes(MESSAGE)
    world.told.until(lambda: world.told.arrived == ["new.md"])
    assert world.told.arrivals[0].agent == "bu"
    world.watcher.add("bu", tmp_path)
    world.sync()
    assert len(world.told.initial) == 2


def test_a_folder_that_comes_late(tmp_path: Path) -> None:
    late = tmp_path / ".claude" / "users" / "tu_ui" / "inbox"
    with watching({"tu_ui": late}) as (watcher, told):
        assert told.initial == [[]]
        late.mkdir(parents=True)
        (late / TASK).write_bytes(task("CR-056"))
        told.until(lambda: told.arrived == [TASK])
        assert watcher.counts("tu_ui") == {Kind.REVIEW: 1}


def test_a_folder_that_is_deleted_and_made_again(world: World) -> None:
    (world.inbox / "a.md").write_bytes(MESSAGE)
    world.told.until(lambda: world.arrived() == ["a.md"])
    (world.inbox / "a.md").unlink()
    world.inbox.rmdir()
    world.told.until(lambda: world.consumed() == ["a.md"])
    world.inbox.mkdir()
    (world.inbox / "a.md").write_bytes(MESSAGE)
    world.told.until(lambda: world.arrived() == ["a.md", "a.md"])
    world.sync()


def test_a_folder_that_is_moved_away_and_replaced(world: World) -> None:
    (world.inbox / "a.md").write_bytes(MESSAGE)
    world.told.until(lambda: world.arrived() == ["a.md"])
    world.inbox.rename(world.inbox.with_name("inbox-archive"))
    world.told.until(lambda: world.consumed() == ["a.md"])
    world.inbox.mkdir()
    (world.inbox / "b.md").write_bytes(MESSAGE)
    world.told.until(lambda: world.arrived() == ["a.md", "b.md"])
    (world.inbox.with_name("inbox-archive") / "c.md").write_bytes(MESSAGE)
    world.sync()
    assert world.pending == {"b.md"}


def test_a_folder_above_that_goes_is_found_by_the_rescan(inbox: Path) -> None:
    (inbox / "a.md").write_bytes(MESSAGE)
    users = inbox.parents[1]
    with watching({"qa": inbox}, rescan=0.05) as (_, told):
        users.rename(users.with_name("gone"))
        told.until(lambda: told.consumed == ["a.md"])
        inbox.mkdir(parents=True)
        (inbox / "b.md").write_bytes(MESSAGE)
        told.until(lambda: told.arrived == ["b.md"])


def test_a_link_in_place_of_a_folder_is_not_followed(world: World, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "x.md").write_bytes(MESSAGE)
    world.inbox.rmdir()
    world.inbox.symlink_to(elsewhere)
    (elsewhere / "y.md").write_bytes(MESSAGE)
    world.inbox.unlink()
    world.inbox.mkdir()
    world.sync()
    assert not world.arrived()


def test_without_events_everything_is_found_by_looking(inbox: Path) -> None:
    with watching({"qa": inbox}, rescan=0.02, use_events=False) as (_, told):
        (inbox / TASK).write_bytes(task("CR-056"))
        told.until(lambda: told.arrived == [TASK])
        (inbox / TASK).unlink()
        told.until(lambda: told.consumed == [TASK])
        assert not told.troubles


def test_an_inbox_that_cannot_be_looked_at_is_not_empty(inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (inbox / "a.md").write_bytes(MESSAGE)

    def broken(_: int) -> None:
        raise OSError(5, "Input/output error")

    with watching({"qa": inbox}, rescan=0.02) as (watcher, told):
        with monkeypatch.context() as patch:
            patch.setattr(os, "scandir", broken)
            told.until(lambda: bool(told.troubles))
        assert told.troubles == ["the inbox of qa cannot be looked at: Input/output error"]
        (inbox / "b.md").write_bytes(MESSAGE)
        told.until(lambda: told.arrived == ["b.md"])
        assert not told.consumed
        assert len(watcher.pending("qa")) == 2


def test_ten_thousand_files_in_a_burst_and_gone_again(world: World) -> None:
    for number in range(10_000):
        (world.inbox / f"task-CR-{number}-review-v0-1.md").write_bytes(task(f"CR-{number}"))
    world.told.until(lambda: world.watcher.counts("qa") == {Kind.REVIEW: 10_000})
    world.told.until(lambda: len(world.arrived()) == 10_000)  # the last is told a moment after it is counted
    assert len(set(world.arrived())) == len(world.arrived()) == 10_000
    for path in world.inbox.iterdir():
        path.unlink()
    world.told.until(lambda: not world.watcher.counts("qa"))
    world.told.until(lambda: len(world.consumed()) == 10_000)
    assert len(set(world.consumed())) == len(world.consumed()) == 10_000


def test_nothing_is_told_after_closing(inbox: Path) -> None:
    told, before = Told(), threading.enumerate()
    watcher = InboxWatcher({"qa": inbox}, told)
    watcher.start()
    told.until(lambda: bool(told.initial))
    watcher.close()
    (inbox / "a.md").write_bytes(MESSAGE)
    watcher.close()
    assert len(told.events) == 1
    ours = [thread for thread in threading.enumerate() if thread not in before]
    assert not [thread for thread in ours if "inbox" in thread.name]


def test_closing_before_starting(inbox: Path) -> None:
    InboxWatcher({"qa": inbox}, Told()).close()


def test_facts_cross_over_a_bounded_number_at_a_time(inbox: Path) -> None:
    """The owner's loop is ours here: what it is given to run is run when we say so."""
    for number in range(500):
        (inbox / f"{number}.md").write_bytes(MESSAGE)
    todo: list[Callable[[], None]] = []
    events: list[InboxEvent] = []
    given = threading.Event()

    def call_soon(run: Callable[[], None]) -> None:
        todo.append(run)
        given.set()

    def one_turn() -> int:
        assert given.wait(30)
        given.clear()
        before = len(events)
        todo.pop(0)()
        return len(events) - before

    watcher = InboxWatcher({"qa": inbox}, events.append, call_soon=call_soon)
    watcher.start()
    try:
        assert one_turn() == 1
        for path in inbox.iterdir():
            path.unlink()
        turns: list[int] = []
        while sum(turns) < 500:
            turns.append(one_turn())
        assert max(turns) <= 50
    finally:
        watcher.close()
    assert not todo
