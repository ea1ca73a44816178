"""What was true beside what was shown, as marks on one clock; what was late, false or missing. Pure.

Times are seconds. What lasts no longer than `GRACE` may be shown or not, and what is shown may be late by as
much.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

GRACE = 0.5


@dataclass(frozen=True, slots=True)
class Mark:
    """From `at` on it was so; an empty word says that nobody knows, or looks."""

    at: float
    word: str


@dataclass(frozen=True, slots=True)
class Span:
    """It was so all that time."""

    word: str
    begin: float
    end: float

    @property
    def length(self) -> float:
        """Seconds."""
        return self.end - self.begin

    def overlaps(self, other: Span) -> bool:
        """Whether they have a moment in common."""
        return self.begin < other.end and other.begin < self.end


@dataclass(frozen=True, slots=True)
class Told:
    """A notification."""

    at: float
    kind: str


def spans(marks: Sequence[Mark], end: float) -> list[Span]:
    """What the marks say, in their order; the same again goes on."""
    found: list[Span] = []
    for mark in sorted(marks, key=lambda mark: mark.at):
        if found and found[-1].word == mark.word:
            continue
        if found:
            found[-1] = replace(found[-1], end=mark.at)
        found.append(Span(mark.word, mark.at, end))
    return [span for span in found if span.length > 0]


def delays(true: Sequence[Span], shown: Sequence[Span], word: str) -> list[float]:
    """How long each true span that is not over at once took to be shown; infinite if it never was."""
    return [_delay(span, shown) for span in true if span.word == word and span.length > GRACE]


def _delay(span: Span, shown: Sequence[Span]) -> float:
    begins = [
        max(0.0, one.begin - span.begin) for one in shown if one.word == span.word and one.overlaps(span)
    ]
    return min(begins, default=float("inf"))


def missed(true: Sequence[Span], shown: Sequence[Span], word: str) -> list[Span]:
    """Where it was so and was not shown, for too long."""
    return _long_gaps(true, shown, word)


def false(true: Sequence[Span], shown: Sequence[Span], word: str) -> list[Span]:
    """Where it was shown and was not so, for too long."""
    return _long_gaps(shown, true, word)


def through(true: Sequence[Span], word: str, others: Sequence[str]) -> list[Span]:
    """The spans of a word, as one where only the others lie between: what came over it for a while."""
    found: list[Span] = []
    goes_on = False
    for span in true:
        if span.word == word and goes_on:
            found[-1] = replace(found[-1], end=span.end)
        elif span.word == word:
            found.append(span)
        goes_on = span.word == word or (goes_on and span.word in others)
    return found


def _long_gaps(ours: Sequence[Span], others: Sequence[Span], word: str) -> list[Span]:
    gaps = (gap for span in ours if span.word == word for gap in _gaps(span, others))
    return [gap for gap in gaps if gap.length > GRACE]


def _gaps(span: Span, others: Sequence[Span]) -> Iterator[Span]:
    """The parts of the span in which none of the others says the same."""
    at = span.begin
    for other in others:
        if other.word == span.word and other.overlaps(span):
            if other.begin > at:
                yield Span(span.word, at, other.begin)
            at = max(at, other.end)
    if at < span.end:
        yield Span(span.word, at, span.end)


@dataclass(frozen=True, slots=True)
class News:
    """How notifications of one kind came."""

    due: int
    missing: tuple[Span, ...]
    doubled: tuple[Span, ...]
    groundless: tuple[Told, ...]


def news(occasions: Sequence[Span], told: Sequence[Told], dwell: float, may: Sequence[Span] = ()) -> News:
    """Each occasion that lasts is to be told once; a short one, and those that `may`, can be left out."""

    def of(span: Span) -> int:
        return sum(span.begin <= one.at <= span.end + GRACE for one in told)

    due = [span for span in occasions if span.length > dwell + GRACE]
    every = [*occasions, *may]
    return News(
        len(due),
        tuple(span for span in due if not of(span)),
        tuple(span for span in every if of(span) > 1),
        tuple(one for one in told if not any(s.begin <= one.at <= s.end + GRACE for s in every)),
    )
