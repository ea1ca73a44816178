"""The list of what waits and what was consumed."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from qms_tui.inbox import (
    Identity,
    Initial,
    Item,
    ItemArrived,
    ItemChanged,
    ItemConsumed,
    Kind,
    Ledger,
    Wish,
)
from qms_tui.inbox.ledger import MOST_PAST

START = 1000.0


def item(number: int, agent: str = "qa", kind: Kind = Kind.REVIEW, arrived: float = 0.0) -> Item:
    file = f"{kind}-{number}.md"
    arrived = arrived or START + number
    return Item(
        agent, file, kind, f"New task: Review CR-{number}", f"CR-{number}", "claude", arrived,
        Identity(1, number), file,
    )  # fmt: skip


def shown(ledger: Ledger, **wish: object) -> list[str]:
    return [entry.item.file for entry in ledger.view(Wish(**wish)).entries]  # type: ignore[arg-type]


def test_counts_go_up_and_down() -> None:
    ledger = Ledger(START)
    assert ledger.take(ItemArrived(item(1))) == (item(1),)
    ledger.take(ItemArrived(item(2, kind=Kind.MESSAGE)))
    ledger.take(ItemArrived(item(3, "bu")))
    assert ledger.counts("qa") == {Kind.REVIEW: 1, Kind.MESSAGE: 1}
    assert (ledger.waiting("qa"), ledger.waiting("bu"), ledger.waiting("nobody"), ledger.waiting()) == (
        2,
        1,
        0,
        3,
    )
    assert ledger.take(ItemConsumed(item(1), START + 60)) == ()
    assert ledger.counts("qa") == {Kind.MESSAGE: 1}
    assert ledger.waiting() == 2


def test_what_waits_for_somebody_oldest_first() -> None:
    ledger = Ledger(START)
    for one in (item(2), item(1), item(3, "bu"), item(4)):
        ledger.take(ItemArrived(one))
    ledger.take(ItemConsumed(item(4), START + 9))
    ledger.take(ItemChanged(item(1), replace(item(1), sender="lead")))
    assert ledger.pending("qa") == [replace(item(1), sender="lead"), item(2)]
    assert (ledger.item("bu", item(3).file), ledger.item("qa", item(4).file)) == (item(3, "bu"), None)


def test_newest_first_with_what_became_of_it() -> None:
    ledger = Ledger(START)
    for number in (1, 3, 2):
        ledger.take(ItemArrived(item(number)))
    ledger.take(ItemConsumed(item(2), START + 50))
    entries = ledger.view(Wish()).entries
    assert [(entry.item.file, entry.consumed) for entry in entries] == [
        ("review-3.md", None), ("review-2.md", START + 50), ("review-1.md", None),
    ]  # fmt: skip


def test_what_came_before_is_listed_and_not_told() -> None:
    ledger = Ledger(START)
    old, late = item(1, arrived=START - 5), item(2, arrived=START + 5)
    assert ledger.take(Initial((old, late))) == (late,)
    assert ledger.waiting("qa") == 2


def test_the_same_name_again_is_another_entry() -> None:
    ledger = Ledger(START)
    ledger.take(ItemArrived(item(1)))
    ledger.take(ItemConsumed(item(1), START + 2))
    ledger.take(ItemArrived(replace(item(1), arrived=START + 3)))
    assert [entry.consumed for entry in ledger.view(Wish()).entries] == [None, START + 2]
    assert ledger.waiting("qa") == 1


def test_what_is_written_again_says_the_new_and_keeps_its_place() -> None:
    ledger = Ledger(START)
    ledger.take(ItemArrived(item(1)))
    ledger.take(ItemArrived(item(2)))
    changed = replace(item(1), kind=Kind.MESSAGE, headline="Message from bu: hello", arrived=START + 9)
    assert ledger.take(ItemChanged(item(1), changed)) == ()
    assert shown(ledger) == ["review-2.md", "review-1.md"]
    assert ledger.counts("qa") == {Kind.REVIEW: 1, Kind.MESSAGE: 1}


@pytest.mark.parametrize(("wish", "numbers"), [
    ({"agent": "bu"}, [3]), ({"kind": Kind.MESSAGE}, [2]), ({"words": "cr-1"}, [1]),
    ({"words": "REVIEW claude"}, [3, 2, 1]), ({"words": "review nobody"}, []),
    ({"agent": "qa", "words": "cr-3"}, []), ({}, [3, 2, 1]),
])  # fmt: skip
def test_wishes(wish: dict[str, object], numbers: list[int]) -> None:
    ledger = Ledger(START)
    for number, (agent, kind) in enumerate(
        [("qa", Kind.REVIEW), ("qa", Kind.MESSAGE), ("bu", Kind.REVIEW)], 1
    ):
        ledger.take(ItemArrived(item(number, agent, kind)))
    entries = ledger.view(Wish(**wish)).entries  # type: ignore[arg-type]
    assert [entry.item.identity.inode for entry in entries] == numbers


def test_a_view_is_bounded_and_says_what_is_missing() -> None:
    ledger = Ledger(START)
    ledger.take(Initial(tuple(item(number) for number in range(30))))
    view = ledger.view(Wish(), most=10)
    assert (len(view.entries), view.more) == (10, 20)
    assert view.entries[0].item == item(29)


def test_history_is_bounded_and_the_oldest_goes() -> None:
    ledger = Ledger(START)
    ledger.remember([ItemConsumed(item(n, arrived=n + 1), n + 2) for n in range(MOST_PAST)])
    for number in (2000, 2001):
        ledger.take(ItemArrived(item(number)))
        ledger.take(ItemConsumed(item(number), START + number))
    files = shown(ledger)
    assert len(files) == MOST_PAST
    assert files[0] == "review-2001.md"
    assert files[-1] == "review-2.md"


def test_whatever_happens_the_ledger_says_what_is_there() -> None:
    choose = random.Random(5)
    ledger, there, arrived = Ledger(START), dict[str, Item](), 0.0
    for _ in range(3000):
        number = choose.randrange(40)
        name = item(number).file
        arrived += choose.choice([0.0, 1.0])
        if name in there and choose.random() < 0.7:
            ledger.take(ItemConsumed(there.pop(name), START + arrived))
        elif name not in there:
            there[name] = item(number, arrived=START + arrived)
            ledger.take(ItemArrived(there[name]))
    pending = {e.item.file: e.item for e in ledger.view(Wish()).entries if e.consumed is None}
    assert pending == there
    assert ledger.waiting("qa") == len(there)
    times = [entry.item.arrived for entry in ledger.view(Wish()).entries]
    assert times == sorted(times, reverse=True)


def test_news_of_what_nobody_knows_change_nothing() -> None:
    ledger = Ledger(START)
    ledger.take(ItemConsumed(item(1), START))
    ledger.take(ItemChanged(item(1), item(1)))
    assert shown(ledger) == []
    assert ledger.waiting() == 0


def test_entries_keep_their_numbers() -> None:
    ledger = Ledger(START)
    ledger.take(Initial((item(2), item(1))))
    ledger.take(ItemArrived(item(3, kind=Kind.NOTICE)))

    def numbered(wish: Wish | None = None) -> dict[int, str]:
        return {number: entry.item.headline for number, entry in ledger.numbered(wish or Wish())}

    before = numbered()
    assert [*before.values()] == [item(number).headline for number in (3, 2, 1)]
    ledger.take(ItemChanged(item(2), replace(item(2), headline="another")))
    ledger.take(ItemConsumed(item(1), START + 9))
    after = numbered()
    assert list(after) == list(before)
    assert [*after.values()] == [item(3).headline, "another", item(1).headline]
    assert len(ledger) == 3
    assert list(numbered(Wish(kind=Kind.NOTICE)).values()) == [item(3).headline]
