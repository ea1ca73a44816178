"""T4 of the original record, the human's side: work for agents in containers arrives, and shows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.inbox.qms_commands import QmsCommands

from .test_app import App, leave, wait_in


@pytest.fixture
def app(qms_project: Path, tmp_path: Path, image: str) -> App:
    return App(qms_project, tmp_path / "home", image)


def test_t4_a_document_is_routed_and_qa_is_notified(app: App) -> None:
    """Through review, approval, cancelling and routing again; the agent in its container sees the file."""
    qms = QmsCommands(app.root)
    with app.open("claude", "qa") as tui:
        tui.wait("agent ready claude", "agent ready qa")
        qms.route("CR-056", "qa")
        tui.wait("New task: Review CR-056", "2 qa  1  ● running", "1 item waits: F2")
        tui.type("\x1b2sh\rls .claude/users/qa/inbox; exit\r")
        wait_in(tui, "right", "task-CR-056-pre_review-v0-1.md")
        tui.type("\x1bOQ")
        tui.wait("▎New task: Review CR-056", "▎qa · review · from claude", "pending")

        qms.answer("CR-056", "qa", "REVIEW_RECOMMENDED")
        tui.wait("1 claude  1  ● running", "2 qa ● running", "▎Notice: CR-056 review recommended", "✓ after")
        qms.route("CR-056", "qa", "PRE_APPROVAL")
        tui.wait("▎New task: Approve CR-056", "2 qa  1  ● running")
        qms.cancel("CR-056", "qa")
        tui.wait("2 qa ● running")
        qms.route("CR-056", "qa", "PRE_APPROVAL")
        tui.wait("2 qa  1  ● running")
        qms.answer("CR-056", "qa", "APPROVED")
        tui.wait("1 claude  2  ● running", "2 qa ● running", "▎Notice: CR-056 approved")
        leave(tui)


def test_what_arrives_while_nobody_looks_is_counted_and_what_was_consumed_is_remembered(app: App) -> None:
    qms = QmsCommands(app.root)
    with app.open("claude", "qa") as tui:
        tui.wait("agent ready claude", "agent ready qa")
        qms.route("CR-001", "qa")
        tui.wait("2 qa  1  ● running")
        qms.cancel("CR-001", "qa")
        tui.wait("2 qa ● running")
        leave(tui)
    for path in (qms.route("CR-002", "qa"), qms.message("bu", "For an agent that does not run", "x")):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    with app.open("claude", "qa") as tui:
        tui.wait("2 qa  1  ● running", "2 items wait: F2")
        assert "New task" not in tui.text  # no toast
        tui.type("\x1bOQ")
        tui.wait(
            "▎New task: Review CR-002", "▎bu · message · from claude", "▎New task: Review CR-001", "✓ after"
        )
        leave(tui)
