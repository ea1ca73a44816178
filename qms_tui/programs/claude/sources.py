"""What a client's registry and hooks said, for people who do not believe the result."""

from __future__ import annotations

from qms_tui.programs.claude.background import WHERE
from qms_tui.programs.claude.values import ClaudeFiles, Hook, Session
from qms_tui.programs.values import Told

SHOWN_HOOKS = 3


def details(files: ClaudeFiles) -> tuple[Told, ...]:
    """What each said, in the order of precedence; `at` is 0 where it never said anything."""
    return (*_registry(files), *_hooks(files))


def _registry(files: ClaudeFiles) -> list[Told]:
    session = files.session
    if session is None:
        missing = "it makes no sense" if files.garbled else "it has gone" if files.gone else "nothing"
        return [Told("registry", missing, files.gone)]
    return [Told("registry", _session(one), one.changed) for one in (session, *files.others)]


def _session(session: Session) -> str:
    waiting = f", {session.waiting_for}" if session.waiting_for else ""
    where = f", {WHERE}" if session.background else ", moved to the background" if session.parked else ""
    return f"{session.status or 'no status'}{waiting}{where}"


def _hooks(files: ClaudeFiles) -> list[Told]:
    newest = list(reversed(files.hooks))[:SHOWN_HOOKS]
    return [Told("hook", _hook(hook), hook.at) for hook in newest] or [Told("hook", "nothing")]


def _hook(hook: Hook) -> str:
    facts = (hook.facts.get(name, "") for name in ("source", "tool", "detail", "error", "kind"))
    said = " ".join(fact for fact in (hook.event, *facts) if fact)
    return f"{said} (subagent)" if hook.sub else said
