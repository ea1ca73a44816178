"""What the screen calls a state is what all else of ours calls it, too."""

from __future__ import annotations

import pytest

from qms_tui.api.agents import AgentState, Word
from qms_tui.api.errors import ApiError, ConnectionLost, ErrorCode
from qms_tui.api.inbox import ItemKind, KindCount, Mailbox
from qms_tui.api.snapshot import ServerState, Severity
from qms_tui.core.state import AgentState as CoreState
from qms_tui.errors import QmsTuiError
from qms_tui.inbox import Kind
from qms_tui.inbox.words import by_kind as by_kind_elsewhere
from qms_tui.mcp.lights import Light
from qms_tui.programs import values
from qms_tui.ui.severity import severity_of, shown_severity
from qms_tui.ui.words import ACTIVITIES, SERVERS, STATES, by_kind


def test_every_state_has_the_words_of_the_core() -> None:
    assert {state.name: STATES[state] for state in AgentState if state is not AgentState.UNKNOWN} == {
        state.name: state.value for state in CoreState
    }
    assert {word.name: ACTIVITIES[word] for word in Word} == {word.name: word.value for word in values.Word}
    assert {state.name: SERVERS[state] for state in ServerState} == {
        light.name: light.value for light in Light
    }
    assert STATES[AgentState.UNKNOWN] == "unknown"


@pytest.mark.parametrize(
    "counts", [{}, {"REVIEW": 1}, {"APPROVAL": 2, "NOTICE": 1_200}, {"MESSAGE": 1, "UNKNOWN": 3}]
)
def test_items_are_counted_in_the_same_words(counts: dict[str, int]) -> None:
    mailbox = Mailbox("qa", tuple(KindCount(ItemKind[name], count) for name, count in counts.items()))
    assert by_kind(mailbox) == by_kind_elsewhere({Kind[name]: count for name, count in counts.items()})


@pytest.mark.parametrize(
    ("error", "severity"),
    [
        (ApiError(ErrorCode.WRONG_STATE, "it runs"), "warning"),
        (ApiError(ErrorCode.NOT_ALLOWED, "no"), "warning"),
        (ApiError(ErrorCode.FAILED, "the disk is full"), "error"),
        (ApiError(ErrorCode.UNEXPECTED, "oh"), "error"),
        (ConnectionLost("gone", ""), "error"),
    ],
)
def test_what_failed_matters_more_than_what_was_refused(error: QmsTuiError, severity: str) -> None:
    assert severity_of(error) == severity


def test_a_severity_of_a_newer_version_is_shown() -> None:
    assert [shown_severity(each) for each in Severity] == ["information", "warning", "error", "information"]
