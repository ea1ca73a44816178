"""How the bench judges what was shown."""

from __future__ import annotations

import pytest

from tests.bench.truth import Mark, Span, Told, delays, false, missed, news, spans, through

TRUE = spans([Mark(0, "idle"), Mark(10, "waits"), Mark(20, "idle")], 30)


def shown(*marks: tuple[float, str]) -> list[Span]:
    return spans([Mark(at, word) for at, word in marks], 30)


def test_marks_are_spans_in_their_order() -> None:
    marks = [Mark(5, "b"), Mark(0, "a"), Mark(7, "b"), Mark(9, "a")]
    assert spans(marks, 10) == [Span("a", 0, 5), Span("b", 5, 9), Span("a", 9, 10)]


@pytest.mark.parametrize(
    ("marks", "late", "gaps", "lies"),
    [
        ([(0, "idle"), (10.3, "waits"), (20.4, "idle")], 0.3, 0, 0),
        ([(0, "idle"), (10.7, "waits"), (20.4, "idle")], 0.7, 1, 0),
        ([(0, "idle"), (10.1, "waits"), (20.7, "idle")], 0.1, 0, 1),
        ([(0, "waits"), (20.1, "idle")], 0.0, 0, 1),  # ten seconds too early
        ([(0, "idle"), (10, "waits"), (14, "idle"), (15, "waits"), (20, "idle")], 0.0, 1, 0),
        ([(0, "idle"), (10, "waits"), (20, "idle"), (25, "waits"), (25.3, "idle")], 0.0, 0, 0),
        ([(0, "idle")], float("inf"), 1, 0),
    ],
)
def test_late_missed_and_false(marks: list[tuple[float, str]], late: float, gaps: int, lies: int) -> None:
    found = shown(*marks)
    assert delays(TRUE, found, "waits") == [pytest.approx(late)]
    assert len(missed(TRUE, found, "waits")) == gaps
    assert len(false(TRUE, found, "waits")) == lies


def test_news_once_for_each_occasion_that_lasts() -> None:
    occasions = [Span("waits", 0, 5), Span("waits", 10, 15), Span("waits", 20, 25), Span("waits", 26, 26.5)]
    told = [Told(0.6, "waits"), Told(10.6, "waits"), Told(12, "waits"), Told(17, "waits")]
    found = news(occasions, told, dwell=0.5)
    assert (found.due, found.missing, found.doubled) == (3, (occasions[2],), (occasions[1],))
    assert found.groundless == (told[3],)
    assert not news([], told[:1], 0.5, may=occasions).groundless


def test_an_error_goes_on_under_a_menu() -> None:
    true = spans([Mark(0, "error"), Mark(1, "waits"), Mark(2, "error"), Mark(3, "busy"), Mark(4, "error")], 5)
    assert through(true, "error", ["waits"]) == [Span("error", 0, 3), Span("error", 4, 5)]
