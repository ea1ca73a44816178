"""What a human is told of an agent's doings: that it waits, that it has finished, that it has failed. Pure.

Each is told once, after it has held for `dwell` seconds, so that what passes by itself disturbs nobody;
another of the same kind and agent after `cooldown` seconds at the soonest, if it still holds then. What has
been told is not told again because something else came over it for a while, as a menu does over an error.
"""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from qms_tui.programs.values import Activity, Word


class NewsKind(Enum):
    """What there may be to tell."""

    WAITS = "waits"
    FINISHED = "finished"
    FAILED = "failed"


class News(Struct, frozen=True):
    """One thing to tell of an agent."""

    agent: str
    kind: NewsKind
    detail: str = ""
    since: float = 0.0

    @property
    def text(self) -> str:
        """In words, without the agent's name."""
        why = f": {self.detail}" if self.detail else ""
        return {
            NewsKind.WAITS: f"needs you{why}",
            NewsKind.FINISHED: "has finished its turn",
            NewsKind.FAILED: f"has failed{why}",
        }[self.kind]


class Newsroom:
    """Follows what agents do; times are seconds of one clock."""

    def __init__(self, dwell: float, cooldown: float) -> None:
        self._dwell, self._cooldown = dwell, cooldown
        self._before: dict[str, Activity | None] = {}
        self._due: dict[str, tuple[float, News]] = {}
        self._told: dict[tuple[str, NewsKind], tuple[float, float]] = {}  # when, and since when it was so

    def change(self, dwell: float, cooldown: float) -> None:
        """The seconds are these from now on."""
        self._dwell, self._cooldown = dwell, cooldown

    def saw(self, agent: str, activity: Activity | None, now: float) -> None:
        """The agent does this now. What it did before and nobody has been told of is no news any more."""
        before, self._before[agent] = self._before.get(agent), activity
        if activity is not None and before is not None and _same(activity, before):
            return
        earlier = self._due.pop(agent, None)
        if activity is None:
            return
        kind = _kind(activity, before)
        if kind is None:
            return
        told, since = self._told.get((agent, kind), (float("-inf"), float("-inf")))
        if since != activity.since:
            news = News(agent, kind, activity.detail, activity.since)
            due = now + self._dwell
            if earlier is not None and earlier[1].kind is kind:  # it only says it in other words
                due = min(due, earlier[0])
            self._due[agent] = max(due, told + self._cooldown), news

    @property
    def due(self) -> float | None:
        """When there is something to tell, if nothing else happens."""
        return min((when for when, _ in self._due.values()), default=None)

    def take(self, now: float) -> list[News]:
        """What is to be told now."""
        ready = [news for when, news in self._due.values() if when <= now]
        for news in ready:
            del self._due[news.agent]
            self._told[news.agent, news.kind] = now, news.since
        return ready


def _same(now: Activity, before: Activity) -> bool:
    """Whether it is the same wait, turn or error: a reason may come a moment after the state."""
    return (now.word, now.since) == (before.word, before.since)


def _kind(activity: Activity, before: Activity | None) -> NewsKind | None:
    if activity.word is Word.NEEDS_YOU:
        return NewsKind.WAITS
    if activity.word is Word.ERROR:
        return NewsKind.FAILED
    if activity.word in (Word.IDLE, Word.BACKGROUND) and before is not None and before.word is Word.BUSY:
        return NewsKind.FINISHED
    return None
