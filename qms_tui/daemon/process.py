"""The life of the daemon's process: its lock, its socket, its log, its signals."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import signal
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from qms_tui.api.place import LOCK, SOCKET, daemon_folder
from qms_tui.daemon.application import Application
from qms_tui.daemon.beginning import Beginning, read_beginning
from qms_tui.daemon.listener import Listener
from qms_tui.daemon.memory import end_without_memory
from qms_tui.daemon.preload import preload
from qms_tui.daemon.project_folder import ProjectFolder
from qms_tui.errors import QmsTuiError
from qms_tui.ipc import reachable
from qms_tui.ipc.detached import say_failure, say_once
from qms_tui.ipc.lock import is_at, take_lock
from qms_tui.keeper.paths import private_folder
from qms_tui.log import LEVELS, setup_logging
from qms_tui.project import Project
from qms_tui.workers import DISK, Workers

_log = logging.getLogger(__name__)

LOOK = 1.0  # seconds between looks whether the files are still there
LONELY = 30.0  # seconds without need after which the daemon ends by itself
MOST_KNOCKING = 128  # clients whose connections nobody has taken yet


def serve(words: Sequence[str]) -> int:
    """Be the daemon; the exit status. Another one that serves already is fine."""
    asked = _parser().parse_args(words)
    folder = daemon_folder(asked.project)
    setup_logging(asked.log_level, f"daemon-{folder.name}")
    end_without_memory()
    try:
        lock = take_lock(private_folder(folder) / LOCK, str(asked.project), "")
        if lock is None:
            say_once({"ready": False})
            return 0
        project = ProjectFolder(asked.project)  # first: what is read next is of that folder, or we end
        beginning = read_beginning(Project(asked.project), asked.config, asked.log_level, asked.lifeline)
        preload()
        listener = _listen(folder / SOCKET)
    except (QmsTuiError, OSError) as error:
        return say_failure(error, "the daemon", folder, "the log file may say more")
    gc.freeze()  # what the modules are made of is much, and stays
    asyncio.run(_run(beginning, listener, folder, lock, project))
    if is_at(lock, folder / LOCK):
        (folder / SOCKET).unlink(missing_ok=True)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="qms_tui.daemon")
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--config", type=Path, default=None)
    parser.add_argument("--lifeline", type=int, default=-1)
    parser.add_argument("--log-level", choices=LEVELS, default="info")
    return parser


def _listen(path: Path) -> socket.socket:
    """A socket at the path, which only our user can connect to."""
    listener = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o177)
    try:
        with reachable(path) as address:
            address.unlink(missing_ok=True)
            listener.bind(str(address))
    finally:
        os.umask(mask)  # ours is that of whoever started us: what is written for others is theirs to read
    listener.listen(MOST_KNOCKING)
    listener.setblocking(False)
    return listener


async def _run(
    beginning: Beginning, endpoint: socket.socket, folder: Path, lock: int, project: ProjectFolder
) -> None:
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if beginning.lifeline >= 0:
        os.set_inheritable(beginning.lifeline, False)
        loop.add_reader(beginning.lifeline, over.set)
    application = Application(beginning)
    listener = Listener(endpoint, application.server.serve)
    application.start()
    watch = [
        loop.create_task(_end_without_files(folder, lock, project, over)),
        loop.create_task(_end_when_lonely(application, over)),
    ]
    _log.info("serving %s", beginning.project.root)
    say_once({"ready": True}, lambda: _log.info("nobody listens any more"))
    try:
        await over.wait()
    finally:
        for task in watch:
            task.cancel()
        await listener.close()
        await application.close()
        project.close()
    _log.info("ended")


async def _end_without_files(folder: Path, lock: int, project: ProjectFolder, over: asyncio.Event) -> None:
    """Where the project or our files are not what they were, another one is to serve, or nobody."""
    workers, are_there = Workers(DISK), True

    def look() -> bool:
        return is_at(lock, folder / LOCK) and (folder / SOCKET).exists() and project.is_there

    while are_there:
        await asyncio.sleep(LOOK)
        with suppress(QmsTuiError):  # a disk that gives no answer may do so again
            are_there = await workers.call(look, what="look at our files")
    _log.warning("%s or the project is not there any more", folder)
    over.set()


async def _end_when_lonely(application: Application, over: asyncio.Event) -> None:
    """Once nobody has needed us for long."""
    lonely = False
    while not (lonely and not application.is_needed):
        lonely = not application.is_needed
        await asyncio.sleep(LONELY)
    _log.info("nobody needs us")
    over.set()
