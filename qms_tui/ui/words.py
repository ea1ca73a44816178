"""Words for humans where the API has its own."""

from __future__ import annotations

from qms_tui.api.agents import AgentState, Word
from qms_tui.api.inbox import ItemKind, Mailbox
from qms_tui.api.snapshot import ServerState
from qms_tui.text.amounts import counted

STATES = {
    AgentState.ABSENT: "not started",
    AgentState.STARTING: "starting",
    AgentState.ATTACHING: "attaching",
    AgentState.RUNNING: "running",
    AgentState.PAUSED: "paused",
    AgentState.RECONNECTING: "reconnecting",
    AgentState.STOPPING: "stopping",
    AgentState.ENDED: "exited",
    AgentState.FAILED: "cannot start",
    AgentState.UNREACHABLE: "unreachable",
    AgentState.UNKNOWN: "unknown",
}
ACTIVITIES = {
    Word.STARTING: "starting",
    Word.IDLE: "idle",
    Word.BUSY: "busy",
    Word.NEEDS_YOU: "needs you",
    Word.BACKGROUND: "background job",
    Word.ERROR: "error",
    Word.RUNNING: "running",
    Word.UNKNOWN: "unknown",
}
SERVERS = {
    ServerState.UP: "up",
    ServerState.DOWN: "down",
    ServerState.OFF: "not started",
    ServerState.UNKNOWN: "unknown",
}
_NOUNS = {kind: (kind.value,) for kind in ItemKind} | {ItemKind.UNKNOWN: ("unknown", "unknown")}


def by_kind(mailbox: Mailbox) -> str:
    """How many items of each kind wait: `2 reviews · 1 message`."""
    return " · ".join(counted(each.count, *_NOUNS[each.kind]) for each in mailbox.counts)
