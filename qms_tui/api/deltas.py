"""What a daemon tells those who have subscribed, numbered one after the other.

Each names all of what it is about, so one that is taken in twice does no harm.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

from qms_tui.api.agents import AgentView
from qms_tui.api.inbox import InboxItem, Mailbox
from qms_tui.api.snapshot import Engine, Notice, Server, Snapshot, Toast


class AgentDelta(Struct, frozen=True):
    """An agent is another than before, or is new; `waiting` as in a snapshot."""

    number: int
    agent: AgentView
    waiting: tuple[str, ...] = ()


class InboxDelta(Struct, frozen=True):
    """These items are new or different, those with the numbers `gone` are not shown any more."""

    number: int
    items: tuple[InboxItem, ...] = ()
    gone: tuple[int, ...] = ()
    more: int = 0
    mailboxes: tuple[Mailbox, ...] = ()


class ArrivalDelta(Struct, frozen=True):
    """Items came that a human should see now."""

    number: int
    toasts: tuple[Toast, ...] = ()


class NoticeDelta(Struct, frozen=True):
    """A human should read this now."""

    number: int
    notice: Notice


class EngineDelta(Struct, frozen=True):
    """The engine is lost, or back, or answers at another speed."""

    number: int
    engine: Engine


class ServersDelta(Struct, frozen=True):
    """All MCP servers, of which one is another than before."""

    number: int
    servers: tuple[Server, ...] = ()


class Gap(Struct, frozen=True):
    """The deltas from `first` to `number` are no longer kept; a new snapshot follows.

    Notices and toasts among them are lost, but for those that the snapshot has.
    """

    number: int
    first: int


Delta = AgentDelta | InboxDelta | ArrivalDelta | NoticeDelta | EngineDelta | ServersDelta
News = Delta | Gap | Snapshot
"""All that comes without a request; a snapshot after a gap."""

TYPES: Mapping[str, type[News]] = MappingProxyType(
    {
        "agent": AgentDelta,
        "inbox": InboxDelta,
        "arrival": ArrivalDelta,
        "notice": NoticeDelta,
        "engine": EngineDelta,
        "servers": ServersDelta,
        "gap": Gap,
        "snapshot": Snapshot,
    }
)
"""By the method of their notification."""

NAMES: Mapping[type[News], str] = MappingProxyType({kind: name for name, kind in TYPES.items()})
