"""What a client reports beside what its registry says: what it adds, and what cannot be true. Pure."""

from __future__ import annotations

from dataclasses import replace

from qms_tui.programs.claude.values import Session
from qms_tui.programs.signs import Signs
from qms_tui.programs.values import Activity, Word

# By the registry's status: what the report may say at the same time.
_FITTING = {
    "idle": (Word.IDLE, Word.ERROR, Word.BACKGROUND),
    "busy": (Word.BUSY,),
    "waiting": (Word.NEEDS_YOU,),
    "shell": (Word.BACKGROUND, Word.BUSY, Word.IDLE),  # "1 shell still running" is work to the client
}
_MENU = "dialog open"  # the human has opened it


def fits(session: Session, report: Activity, signs: Signs) -> bool:
    """Whether both can be true."""
    words = _FITTING.get(session.status)
    if session.status == "idle" and signs.wants_login:
        return True  # its prompt is free, and of no use until the human has logged in
    return words is None or report.word in words or session.waiting_for == _MENU


def joined(activity: Activity, session: Session, report: Activity | None, signs: Signs) -> Activity:
    """What the registry and the hooks say, with what the report adds as far as it says the same."""
    if report is None:
        return activity
    if activity.word is Word.UNKNOWN:  # a status that we do not know
        return replace(report, rule="3: its report")
    if activity.word is Word.IDLE and report.word in (Word.ERROR, Word.NEEDS_YOU):
        return replace(report, rule="4: its report") if fits(session, report, signs) else activity
    if activity.word is Word.ERROR and report.word is Word.ERROR:
        return replace(activity, since=min(activity.since, report.since))
    if activity.word is Word.BACKGROUND:
        return replace(activity, detail=signs.background_work)
    is_explained = activity.detail and activity.detail != session.waiting_for  # by the hooks
    if activity.word is not report.word or is_explained:
        return activity
    return replace(activity, detail=report.detail or activity.detail)
