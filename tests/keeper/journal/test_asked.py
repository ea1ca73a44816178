"""What is written after --since, and expressions that are searched for."""

from __future__ import annotations

import signal
from datetime import datetime

import pytest

from qms_tui.errors import UsageError
from qms_tui.keeper.journal import grep, parse_since

NOW = datetime(2026, 11, 22, 12, 0, 30)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("10m", datetime(2026, 11, 22, 11, 50, 30)),
        ("2h", datetime(2026, 11, 22, 10, 0, 30)),
        ("1d", datetime(2026, 11, 21, 12, 0, 30)),
        ("90s", datetime(2026, 11, 22, 11, 59)),
        ("11:30", datetime(2026, 11, 22, 11, 30)),
        ("14:30", datetime(2026, 11, 21, 14, 30)),
        ("9:05:07", datetime(2026, 11, 22, 9, 5, 7)),
        ("2026-11-20", datetime(2026, 11, 20)),
        ("2026-11-20T08:15", datetime(2026, 11, 20, 8, 15)),
        ("2026-11-20 08:15:30", datetime(2026, 11, 20, 8, 15, 30)),
    ],
)
def test_times(text: str, wanted: datetime) -> None:
    assert parse_since(text, NOW) == wanted.timestamp()


def test_a_time_with_a_zone_is_that_zones() -> None:
    assert parse_since("2026-11-20T08:15+02:00", NOW) == parse_since("2026-11-20T06:15Z", NOW)


@pytest.mark.parametrize(
    "text", ["", "10", "m", "10 m", "-5m", "24:00", "12:60", "2026-13-01", "nan", "1e9s"]
)
def test_no_times(text: str) -> None:
    with pytest.raises(UsageError):
        parse_since(text, NOW)


def test_longer_ago_than_time_is_is_the_beginning() -> None:
    assert parse_since("999999999w", NOW) == 0.0


def test_grep_leaves_the_alarm_as_it_was() -> None:
    before = signal.getsignal(signal.SIGALRM)
    assert [*grep(["one", "two", "three"], "^t")] == ["two", "three"]
    with pytest.raises(UsageError, match="too long"):
        [*grep(["x", "a" * 40], "(a|aa)+$b")]
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
