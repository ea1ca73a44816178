"""What sessions in the background make of an agent's activity. Pure.

The agent's pane does not show them: a dialog that is open there needs the human as any other does, and an
agent is idle only when all of them are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qms_tui.programs.claude.values import ClaudeFiles, Session
from qms_tui.programs.values import Activity, Word

WHERE = "in the background"
_RULE = "3: the registry of another session"
_RESTING = (Word.IDLE, Word.ERROR)


def place(activity: Activity, session: Session) -> Activity:
    """What the agent's own session does, and where if that is in the background."""
    if not session.background:
        return activity
    return replace(activity, detail=f"{activity.detail}, {WHERE}" if activity.detail else WHERE)


def beside(activity: Activity, others: Sequence[Session]) -> Activity:
    """What counts of the agent's own session and the others: what is more pressing."""
    waiting = [one for one in others if one.status == "waiting"]
    working = [one for one in others if one.status not in ("idle", "waiting")]
    if waiting and activity.word is not Word.NEEDS_YOU:
        first = min(waiting, key=lambda one: one.changed)
        return Activity(Word.NEEDS_YOU, f"{first.waiting_for}, {WHERE}", first.changed, _RULE)
    if working and activity.word in _RESTING:
        first = min(working, key=lambda one: one.changed)
        return Activity(Word.BACKGROUND, f"another session, {WHERE}", first.changed, _RULE)
    if activity.word is Word.IDLE and others:
        return replace(activity, since=max(activity.since, *(one.changed for one in others)))
    return activity


def whereabouts(report: ClaudeFiles) -> str:
    """Which of the agent's sessions are in the background, in words; empty if none is."""
    if report.session is not None and (report.session.background or report.session.parked):
        return f"moved to the background: its pane shows the list, Enter opens it{_more(report)}"
    return _more(report).lstrip(", ")


def _more(report: ClaudeFiles) -> str:
    count = len(report.others)
    return f", {count} more session{'s' if count > 1 else ''} {WHERE}" if count else ""
