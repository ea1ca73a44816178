"""Everybody's inbox: what waits, what was consumed, what is to be told.

Owns the watcher and the journal of what was consumed. Everything here happens within the event loop; what
blocks is done by a few threads.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from qms_tui.errors import ProjectError
from qms_tui.inbox import (
    HUMAN,
    InboxEvent,
    Item,
    ItemConsumed,
    Ledger,
    Past,
    Preview,
    Toast,
    Toasts,
    WatchTrouble,
    mailboxes,
    preview,
    put_away,
    write_message,
)
from qms_tui.project import Project
from qms_tui.workers import DISK, Workers

if TYPE_CHECKING:
    from qms_tui.inbox.watcher import InboxWatcher

PERIOD = 0.1  # seconds between two times that a change is told: a burst must leave time for keys
SHARE = 10  # times as long as telling took the last time, if that is more
DEADLINE = 10.0  # seconds for a file to be read or written; a disk that is slower does not answer
FIRST_WATCH = 2.0  # seconds that an agent's start waits for the inboxes to be watched; it takes 20 ms
LAST_WORDS = 1.0  # seconds at the end for what was consumed to be written
_log = logging.getLogger(__name__)


class MailChanged(Struct, frozen=True):
    """The ledger says something else; told at most once every `PERIOD`."""


class MailArrived(Struct, frozen=True):
    """Something came that a human should be told of now."""

    toasts: tuple[Toast, ...]


class MailTrouble(Struct, frozen=True):
    """What is wrong with the watching; each text once."""

    text: str


MailEvent = MailChanged | MailArrived | MailTrouble


class Mail:
    """Watches the inboxes of a project. `on_event` is called within the event loop."""

    def __init__(
        self,
        project: Project,
        roster: Callable[[], Sequence[str]],
        on_event: Callable[[MailEvent], None],
        *,
        rescan: float,
        past: Past | None = None,
        held: Collection[tuple[str, str, int]] = (),
    ) -> None:
        """`roster` is asked in a thread, again and again: agents may be defined at any time.

        `held` is as the ledger has it.
        """
        self.ledger = Ledger(time.time(), held)
        self._project = project
        self._roster = roster
        self._on_event = on_event
        self._rescan = rescan
        self._past = past
        self._toasts = Toasts()
        self._workers = Workers(DISK)
        self._watcher: InboxWatcher | None = None
        self._opening: asyncio.Task[None] | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._consumed: list[ItemConsumed] = []
        self._change: asyncio.TimerHandle | None = None
        self._telling: asyncio.TimerHandle | None = None
        self._next_change = 0.0  # monotonic, the loop's clock
        self._watching = asyncio.Event()
        self._closed = False

    def start(self) -> None:
        """Begin to watch, within the running loop."""
        self._loop = asyncio.get_running_loop()
        self._opening = self._loop.create_task(self._open())

    async def watching(self) -> None:
        """Wait until the inboxes are watched, or `FIRST_WATCH` seconds.

        The limit of inotify is the user's: an agent, who is the same user, might leave us none. So it is
        started after that.
        """
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._watching.wait(), FIRST_WATCH)

    async def close(self) -> None:
        """Watch no more; what was consumed is written first, if that goes quickly. Idempotent."""
        self._closed = True
        self._watching.set()
        if self._opening is not None:
            self._opening.cancel()
        for timer in (self._change, self._telling):
            if timer is not None:
                timer.cancel()
        if self._watcher is not None:
            self._watcher.close()
        if self._keeping is not None:
            await asyncio.wait([self._keeping], timeout=LAST_WORDS)
        self._workers.close()

    def inbox(self, agent: str) -> Path:
        """An agent's inbox."""
        return self._project.folders(agent).inbox

    def recipients(self) -> tuple[str, ...]:
        """Everybody who can be written to."""
        return mailboxes(self._project, self._roster())

    async def preview(self, item: Item) -> Preview:
        """What an item's file says."""
        try:
            return await self._workers.call(
                lambda: preview(self.inbox(item.agent), item), what="reading", deadline=DEADLINE
            )
        except ProjectError:
            return Preview(trouble="the file cannot be read: the disk does not answer")

    async def put_away(self, item: Item) -> Path:
        """Move an item into the archive; where it is then.

        Raises as `inbox.put_away`; EngineError if that hangs.
        """
        return await self._workers.call(
            lambda: put_away(self._project, item), what="moving the item", deadline=DEADLINE
        )

    async def send(self, recipients: Sequence[str], subject: str, body: str) -> None:
        """Write a message of the human's. Raises UsageError or ProjectError, also if that hangs."""
        await self._workers.call(
            lambda: write_message(self._project, HUMAN, recipients, subject, body),
            what="writing the message",
            deadline=DEADLINE,
        )

    async def _open(self) -> None:
        if self._past is not None:
            past = self._past
            try:
                self.ledger.remember(await self._workers.call(past.read, what="history", deadline=DEADLINE))
            except ProjectError as error:
                _log.warning("what was consumed before is not known: %s", error)
        watcher = await self._workers.call(_watcher, what="the watcher", deadline=DEADLINE)
        self._watcher = watcher(
            {},
            self._take,
            rescan=self._rescan,
            call_soon=self._loop.call_soon_threadsafe,
            discover=self._inboxes,
            on_watching=self._hear_of_watching,
            project=self._project.root,
        )
        self._watcher.start()

    def _hear_of_watching(self) -> None:
        """In the watcher's thread."""
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._watching.set)

    def _inboxes(self) -> dict[str, Path]:
        """In the watcher's thread."""
        return {name: self.inbox(name) for name in self.recipients()}

    def _take(self, event: InboxEvent) -> None:
        if self._closed:
            return
        if isinstance(event, WatchTrouble):
            self._on_event(MailTrouble(event.text))
            return
        for item in self.ledger.take(event):
            self._toasts.arrived(item, time.monotonic())
        if isinstance(event, ItemConsumed) and self._past is not None:
            self._keep(event)
        self._changed()
        self._tell_in_time()

    def _changed(self) -> None:
        if self._change is None:
            loop = asyncio.get_running_loop()
            self._change = loop.call_at(max(loop.time(), self._next_change), self._tell_change)

    def _tell_change(self) -> None:
        self._change = None
        began = time.monotonic()
        self._on_event(MailChanged())
        now = time.monotonic()
        self._next_change = now + max(PERIOD, SHARE * (now - began))

    def _tell_in_time(self) -> None:
        if self._telling is None and self._toasts.due is not None:
            self._telling = asyncio.get_running_loop().call_at(self._toasts.due, self._tell)

    def _tell(self) -> None:
        self._telling = None
        if toasts := self._toasts.take(time.monotonic()):
            self._on_event(MailArrived(tuple(toasts)))
        self._tell_in_time()

    def _keep(self, event: ItemConsumed) -> None:
        self._consumed.append(event)
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        """Write what was consumed, and what is consumed meanwhile."""
        assert self._past is not None
        past = self._past
        while self._consumed:
            batch, self._consumed = tuple(self._consumed), []
            try:
                await self._workers.call(partial(past.add, batch), what="history", deadline=DEADLINE)
            except ProjectError as error:
                _log.warning("what was consumed is not remembered: %s", error)


def _watcher() -> type[InboxWatcher]:
    """In a thread: what it loads takes 20 ms, for which no first painting waits, and no key."""
    from qms_tui.inbox.watcher import InboxWatcher

    return InboxWatcher
