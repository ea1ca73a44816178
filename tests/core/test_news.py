"""What of agents' doings is told, and how often."""

from __future__ import annotations

from qms_tui.core.news import NewsKind, Newsroom
from qms_tui.programs.values import Activity, Word

FAILED = Activity(Word.ERROR, "rate limit", 10.0)
MENU = Activity(Word.NEEDS_YOU, "dialog open", 20.0)


def told(room: Newsroom, activity: Activity, now: float) -> list[NewsKind]:
    """What is told within five seconds."""
    room.saw("qa", activity, now)
    return [news.kind for news in room.take(now + 5)]


def test_what_a_menu_came_over_is_not_told_again() -> None:
    room = Newsroom(dwell=1, cooldown=0)
    assert told(room, FAILED, 10) == [NewsKind.FAILED]
    assert told(room, MENU, 20) == [NewsKind.WAITS]
    assert told(room, FAILED, 30) == []
    assert told(room, Activity(Word.ERROR, "rate limit", 40.0), 40) == [NewsKind.FAILED]


def test_a_wait_that_nobody_knew_for_a_moment_is_not_told_again() -> None:
    room = Newsroom(dwell=1, cooldown=0)
    assert told(room, MENU, 20) == [NewsKind.WAITS]
    assert told(room, Activity(Word.UNKNOWN, "sources disagree", 27.0), 27) == []
    assert told(room, MENU, 33) == []


def test_a_wait_in_ever_other_words_is_told() -> None:
    """Each is another wait, and none holds for as long as `dwell`."""
    room = Newsroom(dwell=3, cooldown=30)
    times = []
    for second in range(40):
        room.saw("qa", Activity(Word.NEEDS_YOU, "x" * second, float(second)), second)
        times += [second for _ in room.take(second)]
    assert times == [3, 33]


def test_what_comes_and_goes_is_not_told() -> None:
    room = Newsroom(dwell=3, cooldown=30)
    for second in range(40):
        word = Word.ERROR if second % 2 else Word.NEEDS_YOU
        room.saw("qa", Activity(word, "", float(second)), second)
        assert room.take(second) == []
