"""What an agent's program is doing, decided from what its sources say. Pure.

The order of precedence, for a program that runs (whether it runs the engine says, and nobody contradicts it):

0. Of an agent whose folder this user is not allowed to read, nobody knows.
1. A program that is not Claude Code does what it reports in its terminal (status.py). That stands until the
   program says something else, or ends. One that reports nothing is `running`; its bell is a hint.
2. What was said before this container began, or by a process of another PID namespace, is no news.
3. The client's registry says whether it is busy, waits or is free. Without one, or without a status in it
   that we know, its report decides; without that, too, the client is still starting, after `STARTING_MOST`
   seconds nobody knows. One that takes its registry away leaves, which takes less than `LEAVING_MOST`
   seconds. Where the human has moved the session to the background, the session there counts; where there
   are others there, the most pressing of all counts.
4. The hooks say why: which tool or question, and with which error a turn ended. An error stays until the next
   prompt. Where they say nothing of that, the report does, as far as it agrees (agreement.py).
5. A client whose status line stands still hangs or is stopped, unless it waits (pulse.py): nobody knows.
6. A hook that is newer than the registry by `DISAGREE_MOST` seconds and cannot be true beside it, or a report
   that cannot for as long, unless the title sides with the registry; or a title that turns as long while the
   registry says idle: nobody knows.

How much a program prints says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from qms_tui.programs.claude.agreement import fits, joined
from qms_tui.programs.claude.background import beside, place
from qms_tui.programs.claude.client_versions import named, untested
from qms_tui.programs.claude.pulse import silence
from qms_tui.programs.claude.title import RESTING, TURNING, turns
from qms_tui.programs.claude.values import NAME, ClaudeFiles, Hook, Session
from qms_tui.programs.report import Report, not_allowed, running
from qms_tui.programs.signs import SLACK, Signs
from qms_tui.programs.values import Activity, Birth, Word

F = TypeVar("F", bound=ClaudeFiles)

STARTING_MOST = 20.0  # seconds until a client has written its registry; it takes 1.3
LEAVING_MOST = 2.0  # seconds from a registry's end to its program's; it takes 0.3
DISAGREE_MOST = 1.0  # seconds that sources may take to agree
READ_MOST = 5.0  # seconds that a look into the folder may take, before which it cannot agree
READ_AGAIN = 0.25  # seconds until whether there was one is looked at again
_WORDS = {"idle": Word.IDLE, "busy": Word.BUSY, "waiting": Word.NEEDS_YOU, "shell": Word.BACKGROUND}
_STARTS_WORK = frozenset({"UserPromptSubmit", "PreToolUse", "PostToolUse", "PermissionRequest"})
_ENDS_WORK = frozenset({"Stop", "StopFailure"})
_NEW_PROMPT = frozenset({"UserPromptSubmit", "SessionStart"})
ERRORS = {
    "rate_limit": "rate limit",
    "server_error": "server error",
    "authentication_failed": "authentication",
    "billing_error": "billing",
    "invalid_request": "invalid request",
    "max_output_tokens": "output limit",
}


def judge(report: ClaudeFiles, signs: Signs, now: float) -> tuple[Activity, float | None]:
    """What the program is doing, and when to judge again if nothing new is said until then."""
    if report.forbidden:
        return not_allowed(signs), None
    present = current(report, signs, now)
    birth, session, own = present.birth, present.session, signs.reported
    began = birth.started if birth else signs.began
    is_leaving = own is None or now < present.gone + LEAVING_MOST
    if session is None and birth is not None and present.gone and is_leaving:
        return _leaving(present.gone, now)
    if own is not None and (session is None or not (session.status or session.parked)):
        return replace(own, rule="3: its report" if present.is_client else "1: its report"), None
    if session is None:
        return _silent(present, signs, began, now)
    if session.parked:
        return _moving(session, now)
    if not session.status:
        return _says_nothing(session, present, now)
    hooks = [hook for hook in present.hooks if not hook.sub]
    if session.background or present.others:
        hooks = [hook for hook in hooks if hook.session == session.session]
        own = None  # in the terminal may be another session
    own = _without_former_error(own, hooks)
    said = joined(_said(session, hooks), session, own, signs)
    activity = beside(place(said, session), present.others)
    if (silent := silence(present, began, signs.silent_since, now)) and activity.word is not Word.NEEDS_YOU:
        return silent, None
    doubt = _doubt(session, hooks, signs, now) or _report_doubt(session, own, signs, now)
    if doubt is None:
        return activity, _when_title_counts(session, own, signs, now)
    since, why = doubt
    due = since + DISAGREE_MOST
    if now < due:
        return activity, due
    if signs.read_at < due and now < due + READ_MOST:
        return activity, now + READ_AGAIN
    return Activity(Word.UNKNOWN, why, due, "6: sources disagree"), _title_ends(signs, now)


def current(report: F, signs: Signs, now: float) -> F:
    """Without what was said before this program began, by another one, or in another container.

    Numbers are the client's: of a program that says nothing of itself, they are of the one before.
    """
    present = Report.current(report, signs, now)
    birth = present.birth
    began = birth.started if birth else signs.began
    since = began - SLACK
    session = report.session if report.session and _is_of(report.session, since, birth) else None
    present = replace(
        present,
        session=session,
        others=tuple(each for each in report.others if _is_of(each, since, birth)),
        gone=report.gone if report.gone >= began else 0.0,
        hooks=tuple(hook for hook in report.hooks if hook.at >= since),
    )
    return present if present.is_client else replace(present, meter=None)


def _is_of(session: Session, since: float, birth: Birth | None) -> bool:
    """Whether it is a session of the program that was born so, and no earlier than that."""
    return session.started >= since and not _is_elsewhere(session, birth)


def _is_elsewhere(session: Session, birth: Birth | None) -> bool:
    """Whether it is of another container, whatever its times say: clocks are set back.

    That two numbers are the same proves nothing, as the kernel gives them again.
    """
    if birth is None or not birth.domain or not session.domain:
        return False
    return session.domain != birth.domain


def _silent(report: ClaudeFiles, signs: Signs, began: float, now: float) -> tuple[Activity, float | None]:
    """Nothing in the registry that is of now."""
    birth = report.birth
    if birth is None or birth.program != NAME:
        return running(signs, began, "1: not Claude Code"), None
    until = began + STARTING_MOST
    if now < until:
        return Activity(Word.STARTING, "", began, "3: no registry yet"), until
    why = "it has not said that it is ready"
    if report.garbled:
        why = f"{named(report.version)}: its registry makes no sense"
    return Activity(Word.UNKNOWN, why, until, "3: no registry"), None


def _moving(session: Session, now: float) -> tuple[Activity, float | None]:
    """It has been moved to the background, and there is nothing yet, or nothing any more."""
    until = session.written + STARTING_MOST
    if now < until:
        return Activity(Word.STARTING, "in the background", session.written, "3: the registry"), until
    why = "moved to the background, where it does not run: open it in its pane"
    return Activity(Word.UNKNOWN, why, until, "3: the registry"), None


def _says_nothing(session: Session, report: ClaudeFiles, now: float) -> tuple[Activity, float | None]:
    """Its registry has no status: a newer one has it within a second."""
    until = session.changed + STARTING_MOST
    if now < until:
        return Activity(Word.STARTING, "", session.changed, "3: the registry"), until
    why = f"{named(report.version)}: its registry has no status"
    return Activity(Word.UNKNOWN, why, until, "3: the registry"), None


def _leaving(gone: float, now: float) -> tuple[Activity, float | None]:
    """The client has taken its registry away, as it does when it ends."""
    until = gone + LEAVING_MOST
    if now < until:
        return Activity(Word.IDLE, "leaving", gone, "3: the registry has gone"), until
    return Activity(Word.UNKNOWN, "its registry has gone", until, "3: the registry has gone"), None


def _said(session: Session, hooks: Sequence[Hook]) -> Activity:
    """By the registry, with the hooks' reasons."""
    word = _WORDS.get(session.status)
    if word is None:
        why = ": ".join(part for part in (f"status {session.status}", untested(session.version)) if part)
        return Activity(Word.UNKNOWN, why, session.changed, "3: the registry")
    if word is Word.NEEDS_YOU:
        return Activity(word, _wish(session, hooks), session.changed, "3: the registry")
    failed = _failure(hooks) if word is Word.IDLE else None
    if failed is not None:
        error = failed.facts.get("error", "")
        return Activity(Word.ERROR, ERRORS.get(error, error or "it failed"), failed.at, "4: the hooks")
    return Activity(word, "", session.changed, "3: the registry")


def _wish(session: Session, hooks: Sequence[Hook]) -> str:
    """What is waited for: the tool that asks, or its question, or what the registry calls it."""
    asked = next((hook for hook in reversed(hooks) if hook.event == "PermissionRequest"), None)
    if session.waiting_for == "dialog open" or asked is None or asked.at < session.changed - DISAGREE_MOST:
        return session.waiting_for
    tool, detail = asked.facts.get("tool", ""), asked.facts.get("detail", "")
    if tool == "AskUserQuestion":
        return f"question: {detail}" if detail else "question"
    return f"permission: {tool} {detail}".strip()


def _failure(hooks: Sequence[Hook]) -> Hook | None:
    """The error with which the last turn ended, if no prompt came after it."""
    for hook in reversed(hooks):
        if hook.event == "StopFailure":
            return hook
        if hook.event in _NEW_PROMPT or hook.event == "Stop":
            return None
    return None


def _without_former_error(own: Activity | None, hooks: Sequence[Hook]) -> Activity | None:
    """What it reports, unless it is an error that hooks know, and know to be over: the client repeats it once
    its conversation is compacted.
    """
    if own is None or own.word is not Word.ERROR or _failure(hooks):
        return own
    return None if any(hook.event == "StopFailure" for hook in hooks) else own


def _doubt(session: Session, hooks: Sequence[Hook], signs: Signs, now: float) -> tuple[float, str] | None:
    """Since when which two sources cannot both be true; None if they can."""
    last = hooks[-1] if hooks else None
    late = last is not None and last.at > session.changed + DISAGREE_MOST  # an Esc may overtake a hook
    if last is not None and late and _contradicts(last, session) and not _sides(signs, session, now):
        return last.at, f"the registry says {session.status}, a later hook {last.event}"
    if session.status == "idle" and turns(signs, now) and signs.title_at > session.changed + DISAGREE_MOST:
        return max(signs.works_since, session.changed), "the registry says idle, the title that it works"
    return None


def _report_doubt(
    session: Session, own: Activity | None, signs: Signs, now: float
) -> tuple[float, str] | None:
    """The same of what it reports."""
    if own is None or fits(session, own, signs) or _sides(signs, session, now):
        return None
    return max(own.since, session.changed), f"the registry says {session.status}, its report {own.word.value}"


def _contradicts(hook: Hook, session: Session) -> bool:
    if hook.event in _STARTS_WORK:
        return session.status in ("idle", "shell")
    return hook.event in _ENDS_WORK and session.status == "busy"


def _sides(signs: Signs, session: Session, now: float) -> bool:
    """Whether the title says the same as the registry."""
    return turns(signs, now) if session.status == "busy" else signs.title.startswith(RESTING)


def _when_title_counts(session: Session, own: Activity | None, signs: Signs, now: float) -> float | None:
    """When a title that turns will say something else than now, where that matters."""
    matters = session.status == "idle" or (own is not None and not fits(session, own, signs))
    return _title_ends(signs, now) if matters else None


def _title_ends(signs: Signs, now: float) -> float | None:
    return signs.title_at + TURNING if turns(signs, now) else None
