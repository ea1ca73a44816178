"""An inbox that cannot be looked at is never taken for an empty one."""

from __future__ import annotations

import os
import queue
from collections.abc import Callable
from pathlib import Path

import pytest

from qms_tui.inbox import InboxClosed, InboxEvent, Initial, Ledger, WatchTrouble, scan
from qms_tui.inbox.watcher import InboxWatcher
from tests.inbox.samples import MESSAGE

from .test_commands import root, run

__all__ = ["root"]


def linked_inbox(root: Path) -> Path:
    """Elsewhere, with a link in its place."""
    inbox = root / ".claude/users/qa/inbox"
    inbox.rename(root.parent / "mail")
    inbox.symlink_to(root.parent / "mail")
    (root.parent / "mail" / "m.md").write_bytes(MESSAGE)
    return inbox


def linked_above(root: Path) -> Path:
    (root / ".claude").rename(root.parent / "dot")
    (root / ".claude").symlink_to(root.parent / "dot")
    return root / ".claude"


def dangling(root: Path) -> Path:
    inbox = linked_inbox(root)
    inbox.unlink()
    inbox.symlink_to("nowhere")
    return inbox


def a_file(root: Path) -> Path:
    inbox = root / ".claude/users/qa/inbox"
    inbox.rmdir()
    inbox.write_text("no folder")
    return inbox


@pytest.mark.parametrize("spoil", [linked_inbox, linked_above, dangling, a_file])
def test_the_command_says_so(root: Path, spoil: Callable[[Path], Path]) -> None:
    what = spoil(root)
    done = run(root, "inbox", "qa")
    assert done.returncode == 2
    assert done.stdout == "nothing is waiting where it could be looked\n"
    assert f"the inbox of qa cannot be looked at: {what} is " in done.stderr
    assert run(root, "inbox", "qa", "--json").stdout == "[]\n"


def test_others_are_listed_all_the_same(root: Path) -> None:
    linked_inbox(root)
    run(root, "send", "lead", "--subject", "Hello", "a word")
    done = run(root, "inbox")
    assert (done.returncode, "Hello" in done.stdout, "inbox of qa" in done.stderr) == (2, True, True)


def test_a_missing_inbox_is_an_empty_one(root: Path) -> None:
    (root / ".claude/users/qa/inbox").rmdir()
    assert scan({"qa": root / ".claude/users/qa/inbox"}) == ((), ())


def test_it_is_told_when_it_closes_and_opens(root: Path) -> None:
    told: queue.Queue[InboxEvent] = queue.Queue()
    link, ledger = linked_inbox(root), Ledger(0.0)
    watcher = InboxWatcher({"qa": link}, told.put, rescan=0.05)
    watcher.start()
    try:
        ledger.take(wait_for(told, InboxClosed))
        assert ledger.closed == {"qa": f"{link} is a link, which is not followed"}
        os.unlink(link)
        (root.parent / "mail").rename(link)
        ledger.take(wait_for(told, InboxClosed))
        assert not ledger.closed
    finally:
        watcher.close()


def wait_for(told: queue.Queue[InboxEvent], kind: type[InboxEvent]) -> InboxEvent:
    while not isinstance(event := told.get(timeout=30), kind):
        pass
    return event


def test_a_project_that_is_gone_is_not_an_empty_one(root: Path) -> None:
    told: queue.Queue[InboxEvent] = queue.Queue()
    inbox = root / ".claude/users/qa/inbox"
    watcher = InboxWatcher({"qa": inbox}, told.put, rescan=0.05, project=root)
    watcher.start()
    try:
        wait_for(told, Initial)
        root.rename(root.with_name("moved"))
        trouble = wait_for(told, WatchTrouble)
        assert isinstance(trouble, WatchTrouble)
        assert trouble.text.startswith(f"the project is gone from {root}")
    finally:
        watcher.close()
