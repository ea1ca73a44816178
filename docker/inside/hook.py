"""A hook of Claude Code: one line of JSON per event in qms-tui/hooks.jsonl, for the host to know the reasons.

Gets the event on standard input. Prints nothing and always succeeds: the client waits for it, and would show
what it says to the human or the model. What the lines have: see `line`.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import time

# Isolated Python does not look beside the program.
sys.path.append(os.path.dirname(os.path.abspath(__file__)))
import kept

LARGEST = 32 * 2**20  # bytes of an event: a tool's input and answer, with pictures
LONGEST = 200  # characters of a field
LONGEST_LINE = 2000  # bytes
FULL, KEPT = 32 * 1024, 16 * 1024  # bytes of the file at which its beginning goes, and of what stays
ROOM_FOR_ITEMS = 1000  # bytes
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}", re.ASCII)
WAKE = "<task-notification>"  # how the client marks what woke it
ENDS = ("Stop", "StopFailure")  # of a turn; Esc has no event
READ = "max_output_tokens"  # the error of a turn whose model has read all, and said too much
PLAIN = {  # our name of a field: the client's
    "source": "source",
    "tool": "tool_name",
    "error": "error",
    "reason": "reason",
    "message": "message",
    "kind": "notification_type",
    "mode": "permission_mode",
}
TOLD = ("command", "file_path", "notebook_path", "path", "url", "pattern", "query", "description")


def main() -> None:
    """Keep one line of one event."""
    event = json.loads(sys.stdin.buffer.read(LARGEST))
    folder = kept.folder()
    now = round(time.time(), 3)
    items: list[str] = []
    with contextlib.suppress(OSError):  # the host is told of the event in any case
        items = remembered(folder, event, now)
    added = line(event, now, items)
    with kept.locked(os.path.join(folder, "hooks.lock")):
        append(os.path.join(folder, "hooks.jsonl"), added)


def remembered(folder: str, event: dict[str, object], now: float) -> list[str]:
    """Keep what this event says of the inbox's files; the names of those that it brings to the agent."""
    name, prompt = event.get("hook_event_name"), str(event.get("prompt", ""))
    is_wake = name == "UserPromptSubmit" and prompt.startswith(WAKE)
    if "agent_id" in event or not (is_wake or name in ("SessionStart", *ENDS)):
        return []
    import receipts  # only here: most events are others
    import sessions

    if name == "SessionStart" and not sessions.is_client_agents(os.environ.get("CLAUDE_PID", "")):
        return []  # of one that the client keeps spare, or that has other work in the background
    session = text(event.get("session_id"))
    with receipts.held(folder):
        if is_wake:
            return receipts.deliver(folder, prompt, session, now)
        if name == "SessionStart":
            receipts.enter(folder, session)
        else:
            receipts.end_turn(folder, session, now, well=name == "Stop" or event.get("error") == READ)
    return []


def line(event: dict[str, object], now: float, items: list[str]) -> bytes:
    """What is kept of an event, at most 2,000 bytes of ASCII with a line feed at the end.

    `at` in seconds since 1970; `event`, `session`, `sub` (it is a subagent's), and what the event has of
    source, tool, detail, error, reason, message, kind, mode and wake. `items` are names of files that it
    brings, as many of the plain ones as there is room for; announced.json has them all.
    """
    told: dict[str, object] = {
        "at": now,
        "event": text(event["hook_event_name"]),
        "session": text(event.get("session_id", "")),
        "sub": "agent_id" in event,
    }
    told.update((ours, text(event[theirs])) for ours, theirs in PLAIN.items() if event.get(theirs))
    detail = text(tool_detail(str(event.get("tool_name", "")), event.get("tool_input")))
    if detail:
        told["detail"] = detail
    if told["event"] == "UserPromptSubmit":
        told["wake"] = str(event.get("prompt", "")).startswith(WAKE)
    if items:
        told["items"] = some(items)
    return fitting(told)


def some(names: list[str]) -> list[str]:
    """As many names as there is room for."""
    room, found = ROOM_FOR_ITEMS, []
    for name in filter(NAME.fullmatch, sorted(names)):
        room -= len(name) + 4
        if room < 0:
            break
        found.append(name)
    return found


def text(value: object) -> str:
    """A field's text, cut."""
    return value[:LONGEST] if isinstance(value, str) else ""


def tool_detail(tool: str, given: object) -> object:
    """What a tool is to do: a command, a path, the first question."""
    if not isinstance(given, dict) or tool.startswith("mcp__"):
        return ""
    if tool == "AskUserQuestion":
        questions = given.get("questions")
        first = questions[0] if isinstance(questions, list) and questions else None
        return first.get("question") if isinstance(first, dict) else ""
    return next((given[name] for name in TOLD if given.get(name)), "")


def fitting(told: dict[str, object]) -> bytes:
    """The line; if that is too long, with shorter texts."""
    longest = LONGEST
    while len(found := json.dumps(told).encode() + b"\n") > LONGEST_LINE:
        longest //= 2
        told = {name: value[:longest] if isinstance(value, str) else value for name, value in told.items()}
    return found


def append(path: str, added: bytes) -> None:
    """Add a line; of a file that has become too large only the last lines stay. Raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    with open(descriptor, "r+b", buffering=0) as stream:
        stream.write(added)
        if os.fstat(descriptor).st_size > FULL:
            stream.seek(-KEPT, os.SEEK_END)
            kept.replace(path, stream.read(KEPT).partition(b"\n")[2])


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
        sys.exit(0)
