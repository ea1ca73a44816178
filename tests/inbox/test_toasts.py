"""Which arrivals become which toasts."""

from __future__ import annotations

from qms_tui.inbox import Identity, Item, Kind, Toast, Toasts
from qms_tui.inbox.toasts import FEW, GATHER, RECENT


def item(number: int, agent: str = "qa") -> Item:
    name = f"{number}.md"
    headline = f"New task: Review CR-{number}"
    return Item(agent, name, Kind.REVIEW, headline, "", "claude", 0.0, Identity(1, number), name)


def told(toasts: Toasts, until: float) -> list[Toast]:
    """Everything that is told until then, each as soon as it is due."""
    found: list[Toast] = []
    while toasts.due is not None and toasts.due <= until:
        found += toasts.take(toasts.due)
    return found


def test_an_arrival_is_a_toast_with_its_words() -> None:
    toasts = Toasts()
    toasts.arrived(item(56), 10.0)
    assert toasts.due == 10.0 + GATHER
    assert told(toasts, 11.0) == [Toast("qa", "New task: Review CR-56")]
    assert toasts.due is None


def test_a_few_are_a_toast_each() -> None:
    toasts = Toasts()
    for number in range(FEW):
        toasts.arrived(item(number), 10.0)
    assert [toast.text for toast in told(toasts, 20.0)] == [item(n).headline for n in range(FEW)]


def test_many_at_once_are_one_toast() -> None:
    toasts = Toasts()
    for number in range(FEW + 1):
        toasts.arrived(item(number), 10.0)
    assert told(toasts, 20.0) == [Toast("qa", "4 new items: 4 reviews", replaces=True)]


def test_many_in_a_row_replace_the_toasts_of_the_first() -> None:
    toasts = Toasts()
    found: list[Toast] = []
    for number in range(FEW + 1):
        now = 10.0 + number * RECENT / 10
        toasts.arrived(item(number), now)
        found += told(toasts, now + RECENT / 10)
    assert [toast.replaces for toast in found] == [False] * FEW + [True]
    assert found[-1].text == "4 new items: 4 reviews"


def test_ten_thousand_are_one_toast_that_is_renewed_and_right_at_the_end() -> None:
    toasts = Toasts()
    found: list[Toast] = []
    for number in range(10_000):
        now = 10.0 + number / 2000  # five seconds
        toasts.arrived(item(number), now)
        found += told(toasts, now)
    found += told(toasts, 60.0)
    assert all(toast.replaces for toast in found)
    assert len(found) == 3
    assert found[-1].text == "10,000 new items: 10,000 reviews"


def test_after_a_burst_an_arrival_is_a_toast_again() -> None:
    toasts = Toasts()
    for number in range(50):
        toasts.arrived(item(number), 10.0)
    told(toasts, 12.0)
    toasts.arrived(item(99), 13.0)
    assert told(toasts, 20.0) == [Toast("qa", item(99).headline)]


def test_slow_arrivals_are_never_a_burst() -> None:
    toasts = Toasts()
    found: list[Toast] = []
    for number in range(20):
        now = 10.0 + number * RECENT
        toasts.arrived(item(number), now)
        found += told(toasts, now + RECENT / 2)
    assert [toast.text for toast in found] == [item(n).headline for n in range(20)]


def test_a_burst_of_several_names_those_with_the_most() -> None:
    toasts = Toasts()
    for number, agent in enumerate(["qa"] * 5 + ["bu"] * 3 + ["a1", "a2", "a3"]):
        toasts.arrived(item(number, agent), 10.0)
    (toast,) = told(toasts, 20.0)
    assert toast == Toast("", "11 new items: qa 5 · bu 3 · a1 1 · a2 1 · …", replaces=True)
