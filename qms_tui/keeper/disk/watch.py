"""Watches what the project's agents take on disk, and pauses those that reach their limit.

Counted are an agent's workspace and configuration, the project's session notes (which every agent may write),
the home folder of its container, and whatever else its container has written. Not what `agent.mounts` names.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from qms_tui.config import Config
from qms_tui.errors import QmsTuiError
from qms_tui.keeper.disk.counter import FolderCounter
from qms_tui.keeper.disk.record import write_record
from qms_tui.keeper.disk.rule import DiskRule, Level, Look, most_files
from qms_tui.keeper.disk.walk import Folder
from qms_tui.project import Project
from qms_tui.runtime.base import ContainerSize, ContainerSource
from qms_tui.runtime.usage import DiskUse
from qms_tui.trust import examine

_log = logging.getLogger(__name__)

TICK = 1.0  # seconds between looks at how much is free
PERIOD = 10.0  # seconds between two times that everything is counted, at least
CLOSE = 2.0  # the same while an agent is at its limit, where a human may let it go on at any time
SHARE = 2  # times as long as counting took the last time, if that is more
SUDDEN = 0.1  # of what an agent has left: so much less free space has everything counted at once
LEAST_SUDDEN = 64 * 2**20  # bytes

Tell = Callable[[str, str, bool], None]
"""Told of an agent: its name, what is to be said of its disk ("": nothing), and whether that is new."""


class DiskWatch:
    """The keeper's."""

    def __init__(
        self, source: ContainerSource, project: Project, folder: Path, config_file: Path | None
    ) -> None:
        """`folder` is the keeper's; `config_file` is that of --config, read instead of the user's own."""
        self._source, self._project, self._folder = source, project, folder
        self._config_file, self._config = config_file, Config()
        self._counter = FolderCounter()
        self._rules: dict[str, DiskRule] = {}  # by container
        self._levels: dict[str, Level] = {}
        self._uses: dict[str, DiskUse] = {}
        self._free = 0
        self._left = 0  # bytes until the next one has to be told or paused

    async def run(self, is_needed: Callable[[], bool], tell: Tell) -> None:
        """Watch until cancelled, while it is needed."""
        write_record(self._folder, {})  # an earlier keeper's is of other containers
        try:
            while True:
                while not is_needed():
                    await self._rest()
                began = time.monotonic()
                await self._try(tell)
                await self._wait(time.monotonic() - began)
        finally:
            await self._counter.close()

    async def _rest(self) -> None:
        """No agent lives."""
        self._forget(set())
        await self._counter.close()
        if self._uses:
            self._uses = {}
            write_record(self._folder, {})
        await asyncio.sleep(TICK)

    async def _try(self, tell: Tell) -> None:
        try:
            await self._look(tell)
        except QmsTuiError as error:
            _log.warning("what agents take on disk is not known: %s", error)
        except Exception:  # the boundary of a task: agents that nobody watches must show in the log
            _log.exception("watching disks failed")

    async def _wait(self, took: float) -> None:
        """Until it is time to count again, which took so many seconds."""
        counted = time.monotonic()
        at_limit = {Level.FULL, Level.LET} & set(self._levels.values())
        least, most = counted + took, counted + max(CLOSE if at_limit else PERIOD, SHARE * took)
        # Nothing tells how full a file system is, so this looks again and again.
        while (now := time.monotonic()) < most and not (now > least and self._is_sudden()):  # noqa: ASYNC110
            await asyncio.sleep(TICK)

    def _is_sudden(self) -> bool:
        """Whether the disk fills so fast that an agent may reach its limit before the next look."""
        return self._free - self._free_now() > max(LEAST_SUDDEN, SUDDEN * self._left)

    def _free_now(self) -> int:
        try:
            status = os.statvfs(self._project.root)
        except OSError:
            return self._free
        return status.f_bavail * status.f_frsize

    async def _look(self, tell: Tell) -> None:
        await asyncio.to_thread(self._load)  # it reads and hashes files of the project
        self._free = self._free_now()
        sizes = {name: size for name, size in (await self._source.sizes()).items() if not size.foreign}
        for name, size in sizes.items():
            await self._judge(name, size, tell)
        self._forget({size.container for size in sizes.values()})
        self._uses = {name: use for name, use in self._uses.items() if name in sizes}
        self._left = min((_left(use) for use in self._uses.values()), default=0)
        write_record(self._folder, self._uses)

    def _load(self) -> None:
        """The newest configuration; one that is broken changes nothing."""
        try:
            standing = examine(self._project, user_file=self._config_file)
            self._config = standing.config()
        except QmsTuiError as error:
            _log.warning("agents' disk limits stay as they are: %s", error)

    async def _judge(self, name: str, size: ContainerSize, tell: Tell) -> None:
        limit = int(self._config.agent(name).disk)
        measured = await self._counter.measure(self._folders(name, size), most_files(limit))
        look = Look(measured.used + size.layer, limit, size.paused, measured.hidden)
        verdict = self._rules.setdefault(size.container, DiskRule()).decide(look, time.monotonic())
        text = verdict.text
        if verdict.pause:
            text = await self._pause(name, size, text)
        before = self._levels.get(size.container, Level.FINE)
        self._levels[size.container] = verdict.level
        self._uses[name] = DiskUse(look.used, limit, text)
        new = verdict.level is not before
        if new:  # commands say it as soon as screens do, however long the others take to count
            write_record(self._folder, self._uses)
        tell(name, text, new)

    async def _pause(self, name: str, size: ContainerSize, text: str) -> str:
        _log.warning("%s is paused: %s", name, text)
        try:
            await self._source.pause(size.container)
        except QmsTuiError as error:  # an engine without the kernel's freezer cannot
            _log.warning("%s", error)
            return f"{text}, and it cannot be paused"
        return text

    def _folders(self, name: str, size: ContainerSize) -> Sequence[Folder]:
        if not self._source.sees_folders:
            return ()
        base = str(self._project.root)
        own = [Folder(base, (".claude", "users", name, part)) for part in ("workspace", "container")]
        own.append(Folder(base, (".claude", "sessions")))
        if size.home is not None:
            own.append(Folder(str(size.home.parent), (size.home.name,)))
        return own

    def _forget(self, living: set[str]) -> None:
        for kept in (self._rules, self._levels):
            for container in set(kept) - living:
                del kept[container]


def _left(use: DiskUse) -> int:
    return max(0, use.limit - use.used)
