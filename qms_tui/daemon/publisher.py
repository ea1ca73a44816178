"""What the core tells, as numbered deltas for whoever listens."""

from __future__ import annotations

import asyncio
import time

from msgspec.structs import replace

from qms_tui.api import wire
from qms_tui.api.deltas import (
    AgentDelta,
    ArrivalDelta,
    Delta,
    EngineDelta,
    InboxDelta,
    NoticeDelta,
    ServersDelta,
)
from qms_tui.api.mirror import Mirror
from qms_tui.core import AgentView, Core
from qms_tui.core.events import (
    AgentChanged,
    CoreEvent,
    EngineChanged,
    InboxChanged,
    ItemsArrived,
    Notice,
    ReceiptsChanged,
    ServersChanged,
)
from qms_tui.daemon import delta_log, mapping
from qms_tui.daemon.delta_log import DeltaLog
from qms_tui.daemon.inbox_items import InboxItems


class Publisher:
    """Keeps what was published as a mirror, so that a snapshot is exactly what the deltas made of it."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._items = InboxItems(core)
        self.mirror = Mirror(mapping.beginning(core, self._items.newest()))
        self.log = DeltaLog(delta_log.MOST_BYTES)
        self._news = asyncio.Event()

    async def past(self, number: int) -> None:
        """Wait for a delta after that one."""
        while self.log.last <= number:
            await self._news.wait()

    def hear(self, event: CoreEvent) -> None:
        """Publish what is for clients; what terminals show and ask for they have from the keeper."""
        number = self.log.last + 1
        if isinstance(event, AgentChanged):
            self.show(event.view)
        elif isinstance(event, Notice):
            self._publish(NoticeDelta(number, mapping.notice(event, time.time())))
        elif isinstance(event, InboxChanged | ReceiptsChanged):
            self._compare_inbox()
        elif isinstance(event, ItemsArrived):
            self._publish(ArrivalDelta(number, tuple(map(mapping.toast, event.toasts))))
        elif isinstance(event, EngineChanged):
            self._publish(EngineDelta(number, mapping.engine(event.event, self.mirror.engine)))
        elif isinstance(event, ServersChanged):
            servers = mapping.servers(event.standing)
            if servers != self.mirror.servers:
                self._publish(ServersDelta(number, servers))

    def name_engine(self, name: str) -> None:
        """It has been reached, and is this one."""
        engine = replace(self.mirror.engine, name=name)
        if engine != self.mirror.engine:
            self._publish(EngineDelta(self.log.last + 1, engine))

    def show(self, view: AgentView) -> None:
        """An agent is so now."""
        self._publish(AgentDelta(self.log.last + 1, mapping.agent(view), tuple(self._core.waiting)))

    def _compare_inbox(self) -> None:
        mirror, items = self.mirror, self._items.newest()
        known, numbers = mirror.items, {item.number for item in items}
        delta = InboxDelta(
            self.log.last + 1,
            tuple(item for item in items if known.get(item.number) != item),
            tuple(sorted(known.keys() - numbers)),
            len(self._core.ledger) - len(items),
            mapping.mailboxes(self._core),
        )
        if delta.items or delta.gone or (delta.more, delta.mailboxes) != (mirror.more, mirror.mailboxes):
            self._publish(delta)

    def _publish(self, delta: Delta) -> None:
        line = wire.notification(delta)
        self.mirror.take(delta)
        self.log.add(line)
        self._news.set()
        self._news.clear()  # whoever waits has been woken
