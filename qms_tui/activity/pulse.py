"""Whether Claude Code is alive, by its status line: it has that shown every few seconds. Pure.

The registry has no pulse: what is written there stays when the client is stopped or hangs. While a menu or
the transcript covers the prompt there is no status line either.
"""

from __future__ import annotations

from qms_tui.activity.values import Activity, Report, Word

SILENCE = 45.0  # seconds; docker/inside/status_line.py writes every 10, and may have to wait for a processor
LATE = 10.0  # seconds that a pulse may be late when a machine wakes up, or a container is let go on
SLACK = 0.1  # seconds
_RULE = "5: no pulse"


def is_silent(report: Report, now: float) -> bool:
    """Whether there was a pulse, and is none any more."""
    return report.meter is not None and now - report.meter.at > SILENCE


def silence(report: Report, began: float, seen_since: float, now: float) -> Activity | None:
    """What is to be said of a client without a pulse; None if it has one, or never had one since it `began`.

    `seen_since` is since when somebody who looks again and again has missed it; 0 if nobody does.
    """
    meter = report.meter
    if meter is None or meter.at < began or not is_silent(report, now):
        return None
    if seen_since and now - seen_since < LATE:
        return None
    return Activity(
        Word.UNKNOWN, "its status line stands still: it hangs, or shows no prompt", meter.at, _RULE
    )


def next_look(report: Report, seen_since: float, now: float) -> float | None:
    """When whoever looks again and again has to look for a pulse; None while nothing would be new."""
    if report.meter is None:
        return None
    due = seen_since + LATE if is_silent(report, now) else report.meter.at + SILENCE + SLACK
    return due if due > now else None
