"""What real programs wrote, played: after each event stands what they had reported; see test_live.py."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from qms_tui.terminal import NO_STATUS, Terminal

from .recording import FOLDER, load, said
from .reporter import SIZE

NAMES = sorted(file.stem for file in FOLDER.glob("*.json"))
PIECE = 7  # bytes, so that reports come in pieces
QUERY = re.compile(rb"\x1b\]7501;\?(?:\x07|\x1b\\)")
UNASKED = ("claude_code_2.1.280", "codex")


def test_each_kind_of_program_is_there() -> None:
    assert NAMES == ["claude_code", "claude_code_2.1.280", "codex", "mistral_vibe", "pi"]


@pytest.mark.parametrize("size", [len, lambda output: PIECE], ids=["whole", "in pieces"])
@pytest.mark.parametrize("name", NAMES)
def test_what_it_reported_stands(name: str, size: Callable[[bytes], int]) -> None:
    output, marks = load(name)
    terminal = Terminal(*SIZE)
    for start, mark in zip([0, *(mark.written for mark in marks)], marks, strict=False):
        part = output[start : mark.written]
        for at in range(0, len(part), size(part)):
            terminal.feed(part[at : at + size(part)])
        assert said(terminal.status) == mark.records, mark.event


@pytest.mark.parametrize("name", NAMES)
def test_its_query_is_answered_before_the_attributes(name: str) -> None:
    """With its own terminator. Codex reports without asking, the old Claude Code does neither."""
    output, _ = load(name)
    queries = QUERY.findall(output)
    assert len(queries) == (name not in UNASKED)
    terminal = Terminal(*SIZE)
    terminal.feed(output)
    replies = terminal.take_replies()
    assert QUERY.findall(replies) == queries
    for query in queries:
        is_first = output.find(query) < output.find(b"\x1b[c")
        assert not is_first or replies.find(query) < replies.find(b"\x1b[?64;")


@pytest.mark.parametrize("name", NAMES)
def test_its_end_takes_work_and_questions_away(name: str) -> None:
    """Wherever it dies."""
    output, marks = load(name)
    terminal = Terminal(*SIZE)
    for mark in marks:
        terminal.feed(output[: mark.written])
        terminal.end_program()
        is_over = mark.records[0].partition(" ")[0] in ("working", "blocked", "-")
        assert terminal.status == NO_STATUS if is_over else said(terminal.status) == mark.records[:1]
        terminal = Terminal(*SIZE)
