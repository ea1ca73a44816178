"""Whether Claude Code is alive, by its status line: it has that shown every few seconds. Pure.

The registry has no pulse: what is written there stays when the client is stopped or hangs. While a dialog, a
menu or the transcript covers the prompt there is no status line, and in the background it is shown rarely.
"""

from __future__ import annotations

import math

from qms_tui.programs.claude.values import ClaudeFiles
from qms_tui.programs.values import Activity, Word

SILENCE = 75.0  # seconds; docker/inside/status_line.py writes every 10, that of earlier images every 60
LATE = 10.0  # seconds that a pulse may be late when a machine wakes up, or a container is let go on
_RULE = "5: no pulse"


def is_silent(report: ClaudeFiles, now: float) -> bool:
    """Whether there was a pulse, there should be one, and is none any more."""
    return now >= _due(report)


def silence(report: ClaudeFiles, began: float, seen_since: float, now: float) -> Activity | None:
    """What is to be said of a client without a pulse; None if it has one, or never had one since it `began`.

    `seen_since` is since when somebody who looks again and again has missed it; 0 if nobody does.
    """
    if report.meter is None or report.meter.at < began or not is_silent(report, now):
        return None
    if seen_since and now - seen_since < LATE:
        return None
    why = "its status line stands still: it hangs, or shows no prompt"
    return Activity(Word.UNKNOWN, why, report.meter.at, _RULE)


def next_look(report: ClaudeFiles, seen_since: float, now: float) -> float | None:
    """When whoever looks again and again has to look for a pulse; None while nothing would be new."""
    due = seen_since + LATE if is_silent(report, now) else _due(report)
    return due if now < due < math.inf else None


def _due(report: ClaudeFiles) -> float:
    """When a pulse is missing, if there is none until then."""
    session = report.session
    if report.meter is None or session is None or session.background or session.status == "waiting":
        return math.inf
    return max(report.meter.at, session.changed) + SILENCE
