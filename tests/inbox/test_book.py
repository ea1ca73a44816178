"""The pure model of an inbox: looks and hints in, each arrival and each consumption out once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qms_tui.inbox import Identity, Item, ItemArrived, ItemChanged, Kind, parse
from qms_tui.inbox.book import PATIENCE, QUIET, SETTLE, Book, Gone, Hint, Ready
from qms_tui.inbox.files import Sighting

NAME = "task-CR-1-review-v0-1.md"
FILE = Sighting(Identity(1, 10), 100, 1_000, 1_000)
TOUCHED = replace(FILE, changed=2_000)
REWRITTEN = replace(FILE, size=120, written=2_000, changed=2_000)
OTHER = replace(REWRITTEN, identity=Identity(1, 11))


def told(book: Book, sighting: Sighting = FILE, now: float = 0.0) -> Item:
    """Take a file in that was closed by its writer and is whole."""
    book.hint(NAME, Hint.WRITTEN, now)
    book.see(NAME, sighting, now)
    (step,) = book.see(NAME, sighting, now + QUIET)
    assert isinstance(step, Ready)
    event = book.tell(NAME, parse("qa", NAME, None, 5.0 + now, sighting.identity))
    assert isinstance(event, ItemArrived)
    return event.item


def test_a_closed_file_is_told_soon_and_once() -> None:
    book = Book()
    item = told(book)
    assert book.items == (item,)
    assert book.counts == {Kind.REVIEW: 1}
    assert book.see(NAME, FILE, 9.0) == []
    assert book.next_look is None


def test_a_file_that_nobody_closes_is_told_when_it_has_settled() -> None:
    book = Book()
    book.hint(NAME, Hint.APPEARED, 0.0)
    assert book.due(0.0, 10) == [NAME]
    assert book.see(NAME, FILE, 0.0) == []
    assert book.next_look == SETTLE
    assert book.see(NAME, FILE, SETTLE) == [Ready(NAME, FILE, SETTLE)]


def test_a_file_that_is_written_on_and_on_is_told_when_patience_ends() -> None:
    book = Book()
    steps, now, size = book.see(NAME, FILE, 0.0), 0.0, 0
    while not steps:
        assert book.next_look is not None
        now, size = book.next_look, size + 1
        steps = book.see(NAME, replace(FILE, size=size), now)
    assert now == pytest.approx(PATIENCE * SETTLE)


def test_an_empty_file_that_was_closed_waits_for_its_content() -> None:
    book = Book()
    book.hint(NAME, Hint.WRITTEN, 0.0)
    assert book.see(NAME, replace(FILE, size=0), 0.0) == []
    assert book.next_look == SETTLE


def test_a_touch_is_no_arrival() -> None:
    book = Book()
    told(book)
    assert book.see(NAME, TOUCHED, 1.0) == []


def test_a_file_that_left_is_gone_once() -> None:
    book = Book()
    item = told(book)
    book.hint(NAME, Hint.VANISHED, 1.0)
    assert book.see(NAME, None, 1.0) == [Gone(item)]
    assert book.see(NAME, None, 2.0) == []
    assert (book.items, book.counts) == ((), {})


def test_a_file_that_left_before_it_was_told_never_was() -> None:
    book = Book()
    book.see(NAME, FILE, 0.0)
    assert book.see(NAME, None, 0.1) == []


def test_another_file_of_that_name_is_a_new_item() -> None:
    book = Book()
    item = told(book)
    assert book.see(NAME, OTHER, 1.0) == [Gone(item)]
    (step,) = book.see(NAME, OTHER, 1.0 + SETTLE)
    assert step == Ready(NAME, OTHER, 1.0 + SETTLE - 1.0)


def test_a_re_creation_that_got_the_same_inode_is_a_new_item() -> None:
    book = Book()
    item = told(book)
    book.hint(NAME, Hint.VANISHED, 1.0)
    assert book.see(NAME, REWRITTEN, 1.0) == [Gone(item)]


def test_a_look_before_the_hint_does_not_hide_a_re_creation() -> None:
    book = Book()
    item = told(book)
    assert book.see(NAME, REWRITTEN, 1.0) == []  # a rescan: it could be the old file, written again
    book.hint(NAME, Hint.VANISHED, 1.01)
    assert book.see(NAME, REWRITTEN, 1.01) == [Gone(item)]


def test_a_late_hint_about_a_file_before_does_nothing() -> None:
    book = Book()
    told(book)
    for hint in Hint:
        book.hint(NAME, hint, 1.0)
    assert book.see(NAME, FILE, 1.0) == []
    (step,) = book.see(NAME, FILE, 1.0 + QUIET)  # read once more, for it may have been written to
    assert isinstance(step, Ready)
    assert book.tell(NAME, replace(book.items[0], arrived=99.0)) is None


def test_writing_to_a_told_file_changes_its_item() -> None:
    book = Book()
    item = told(book)
    book.hint(NAME, Hint.WRITTEN, 1.0)
    assert book.see(NAME, REWRITTEN, 1.0) == []
    (step,) = book.see(NAME, REWRITTEN, 1.0 + QUIET)
    assert isinstance(step, Ready)
    now = replace(item, kind=Kind.APPROVAL, headline="New task: Approve CR-1")
    assert book.tell(NAME, replace(now, arrived=77.0)) == ItemChanged(item, now)
    assert book.counts == {Kind.APPROVAL: 1}


def test_everything_goes_with_the_folder() -> None:
    book = Book()
    item = told(book)
    book.see("untold.md", FILE, 1.0)
    assert book.clear() == [Gone(item)]
    assert (book.names, book.next_look, book.counts) == ([], None, {})


def test_the_oldest_stands_first() -> None:
    book = Book()
    for name, arrived in (("b.md", 2.0), ("a.md", 3.0), ("c.md", 1.0)):
        book.see(name, FILE, 0.0, settled=True)
        book.tell(name, parse("qa", name, None, arrived, FILE.identity))
    assert [item.name for item in book.items] == ["c.md", "b.md", "a.md"]
