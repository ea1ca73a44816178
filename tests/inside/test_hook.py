"""The hook that keeps one line per event of the client."""

from __future__ import annotations

import concurrent.futures
import fcntl
import json
import time
from pathlib import Path
from typing import Any

import pytest

from .programs import lines, run

COMMON = {"session_id": "728fdc29", "transcript_path": "/t", "cwd": "/pipe-dream"}
LONGEST_LINE, FULL = 2000, 32 * 1024


def told(config: Path, event: str, **more: object) -> dict[str, Any]:
    """What is kept of one event, checked for what all have."""
    before = time.time()
    ran = run("hook.py", config, COMMON | {"hook_event_name": event} | more)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    kept = lines(config / "qms-tui/hooks.jsonl")[-1]
    assert before - 0.01 <= kept.pop("at") <= time.time() + 0.01
    assert (kept.pop("event"), kept.pop("session")) == (event, "728fdc29")
    return kept


@pytest.mark.parametrize(
    ("event", "given", "kept"),
    [
        ("SessionStart", {"source": "resume"}, {"source": "resume"}),
        ("Stop", {"last_assistant_message": "secret"}, {}),
        ("StopFailure", {"error": "rate_limit"}, {"error": "rate_limit"}),
        ("SessionEnd", {"reason": "prompt_input_exit"}, {"reason": "prompt_input_exit"}),
        ("SubagentStop", {"agent_id": "a1"}, {"sub": True}),
        (
            "Notification",
            {"message": "Claude needs you", "notification_type": "permission_prompt"},
            {"message": "Claude needs you", "kind": "permission_prompt"},
        ),
        ("UserPromptSubmit", {"prompt": "hello", "permission_mode": "plan"}, {"mode": "plan", "wake": False}),
        ("UserPromptSubmit", {"prompt": "<task-notification>\n<task-id>x"}, {"wake": True}),
    ],
)
def test_what_is_kept(config: Path, event: str, given: dict[str, object], kept: dict[str, object]) -> None:
    assert told(config, event, **given) == {"sub": False} | kept


@pytest.mark.parametrize(
    ("tool", "given", "detail"),
    [
        ("Bash", {"command": "rm -r x", "description": "Tidy"}, "rm -r x"),
        ("Edit", {"file_path": "/pipe-dream/a.py", "old_string": "a", "new_string": "b"}, "/pipe-dream/a.py"),
        ("NotebookEdit", {"notebook_path": "/n.ipynb"}, "/n.ipynb"),
        ("Grep", {"pattern": "needle", "path": "src"}, "src"),
        ("AskUserQuestion", {"questions": [{"question": "Which one?"}, {"question": "Why?"}]}, "Which one?"),
        ("mcp__qms__route", {"command": "secret"}, None),
        ("AskUserQuestion", {"questions": []}, None),
        ("Bash", {"command": ["no", "text"]}, None),
        ("Bash", "no object", None),
    ],
)
@pytest.mark.parametrize("event", ["PreToolUse", "PostToolUse", "PermissionRequest"])
def test_what_a_tool_is_to_do(config: Path, event: str, tool: str, given: object, detail: str | None) -> None:
    kept = told(config, event, tool_name=tool, tool_input=given, tool_response="secret" * 9)
    assert kept == {"sub": False, "tool": tool} | ({"detail": detail} if detail else {})


@pytest.mark.parametrize("character", ["x", "\x1b", "é", "\U0001f600", "\ud800", "\n"])
def test_a_line_is_ascii_and_short_whatever_is_in_it(config: Path, character: str) -> None:
    long = character * 100_000
    event = COMMON | dict.fromkeys(
        ("hook_event_name", "session_id", "source", "error", "reason", "message", "notification_type"), long
    )
    run("hook.py", config, event | {"tool_name": "Bash", "tool_input": {"command": long}, "agent_id": 1})
    raw = (config / "qms-tui/hooks.jsonl").read_bytes()
    assert raw.isascii()
    assert (raw.count(b"\n"), raw[-1:]) == (1, b"\n")
    assert len(raw) <= LONGEST_LINE
    kept = json.loads(raw)
    assert len(kept["detail"]) in range(10, 201)
    assert kept["sub"] is True


@pytest.mark.parametrize("given", ["", "{", "[]", "{}", "[" * 100_000, '{"hook_event_name": "Stop"', "\xff"])
def test_nonsense_is_no_line(config: Path, given: str) -> None:
    ran = run("hook.py", config, given)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert not (config / "qms-tui/hooks.jsonl").exists() or not (config / "qms-tui/hooks.jsonl").read_bytes()


def test_what_has_no_sense_in_a_field_is_left_out(config: Path) -> None:
    assert told(config, "Notification", message=["a"], notification_type=3) == {
        "sub": False,
        "message": "",
        "kind": "",
    }


def test_only_the_last_lines_stay(config: Path) -> None:
    file = config / "qms-tui/hooks.jsonl"
    old = json.dumps({"at": 1.0, "event": "Stop", "session": "old"}) + "\n"
    file.write_text(old * (FULL // len(old)))
    told(config, "Stop")
    assert file.stat().st_size <= FULL / 2
    kept = lines(file)
    assert len(kept) > 100
    assert [one["session"] for one in kept[:-1]] == ["old"] * (len(kept) - 1)


def test_lines_of_one_moment_are_all_there_and_whole(config: Path) -> None:
    events = [COMMON | {"hook_event_name": "PreToolUse", "tool_name": f"tool{i}"} for i in range(24)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda event: run("hook.py", config, event), events))
    assert {one["tool"] for one in lines(config / "qms-tui/hooks.jsonl")} == {f"tool{i}" for i in range(24)}


def test_a_lock_that_somebody_keeps_holds_nobody_up(config: Path) -> None:
    with (config / "qms-tui/hooks.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ran = run("hook.py", config, COMMON | {"hook_event_name": "Stop"})
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert not (config / "qms-tui/hooks.jsonl").exists()


@pytest.mark.parametrize("name", ["hooks.jsonl", "hooks.lock"])
def test_a_link_is_not_followed(config: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "other").write_text("")
    (config / "qms-tui" / name).symlink_to(tmp_path / "other")
    ran = run("hook.py", config, COMMON | {"hook_event_name": "Stop"})
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert (tmp_path / "other").read_text() == ""
