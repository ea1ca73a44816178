"""What was consumed is remembered, bounded, and nobody's broken line matters."""

from __future__ import annotations

import json
import os
import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from qms_tui.inbox import Identity, Item, ItemConsumed, Past, parse
from qms_tui.inbox import past as module
from tests.inbox.samples import task


def consumed(number: int, at: float | None = None) -> ItemConsumed:
    item: Item = parse(
        "qa", f"task-CR-{number}-review-v0-1.md", task(f"CR-{number}"), 50.5, Identity(1, number)
    )
    return ItemConsumed(item, 100.0 + number if at is None else at)


@pytest.fixture
def past(tmp_path: Path) -> Past:
    return Past(Path("/some/project"), tmp_path / "state" / "inboxes")


def test_what_was_added_is_read(past: Past) -> None:
    assert past.read() == ()
    past.add([consumed(1), consumed(2)])
    odd = replace(consumed(3).item, file="\udcff\x1b.md", name="\ufffd.md")
    past.add([ItemConsumed(odd, 103.0)])
    assert past.read() == (consumed(1), consumed(2), ItemConsumed(odd, 103.0))
    assert stat.S_IMODE(past.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(past.folder.stat().st_mode) == 0o700


def test_every_project_has_its_own(past: Past) -> None:
    past.add([consumed(1)])
    assert Past(Path("/other/project"), past.folder).read() == ()


def test_what_two_interfaces_saw_is_told_once(past: Past) -> None:
    past.add([consumed(1, 100.0)])
    past.add([consumed(1, 100.4), consumed(1, 500.0)])
    assert [event.at for event in past.read()] == [100.0, 500.0]


def test_the_file_stays_bounded(past: Past) -> None:
    for start in range(0, 9000, 500):
        past.add([consumed(number) for number in range(start, start + 500)])
        assert past.path.stat().st_size <= module.LARGEST
    assert past.read() == tuple(consumed(number) for number in range(8000, 9000))
    assert os.listdir(past.folder) == [past.path.name]


def test_several_at_a_time_lose_nothing(past: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 40_000)  # so that it is made anew again and again
    past.add([])

    def add(first: int) -> None:
        for number in range(first, first + 25):
            past.add([consumed(number)])

    threads = [threading.Thread(target=add, args=(first,)) for first in range(0, 100, 25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {event.at for event in past.read()} == {100.0 + number for number in range(100)}


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 5000,
        json.dumps({"agent": "qa"}).encode(),
        json.dumps({"agent": "../x", "file": "x"}).encode(),
    ],
)
def test_broken_lines_are_left_out(past: Past, line: bytes) -> None:
    past.add([consumed(1)])
    with open(past.path, "ab") as stream:
        stream.write(line + b"\n")
    past.add([consumed(2)])
    assert past.read() == (consumed(1), consumed(2))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("kind", "poem"),
        ("arrived", "now"),
        ("consumed", -1),
        ("consumed", True),
        ("identity", [1]),
        ("identity", ["a", "b"]),
        ("headline", 7),
        ("file", None),
    ],
)
def test_wrong_values_are_left_out(past: Past, key: str, value: object) -> None:
    past.add([consumed(1)])
    document = json.loads(past.path.read_bytes().splitlines()[-1])
    past.path.write_text(json.dumps({**document, key: value}) + "\n")
    assert past.read() == ()


def test_texts_are_cleaned_again(past: Past) -> None:
    past.add([consumed(1)])
    document = json.loads(past.path.read_bytes().splitlines()[-1])
    past.path.write_text(json.dumps({**document, "headline": "\x1b[2J" + "x" * 9999}) + "\n")
    (event,) = past.read()
    assert event.item.headline.startswith("\ufffd[2Jxxx")
    assert len(event.item.headline) == 400


def test_not_to_be_able_to_is_no_reason_to_fail(past: Past) -> None:
    past.folder.mkdir(parents=True)
    past.path.symlink_to("/dev/full")
    past.add([consumed(1)])
    assert past.read() == ()
