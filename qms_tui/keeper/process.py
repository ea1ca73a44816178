"""The life of the keeper's process: its lock, its socket, its log, its signals."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import signal
from collections.abc import Sequence
from pathlib import Path

from qms_tui.errors import QmsTuiError
from qms_tui.ipc import reachable
from qms_tui.ipc.detached import say_failure, say_once
from qms_tui.ipc.lock import is_at, take_lock, take_over_lock
from qms_tui.keeper.keeper import Keeper
from qms_tui.keeper.paths import LOCAL, LOCK, SOCKET, keeper_folder, private_folder
from qms_tui.keeper.protocol import PROTOCOL
from qms_tui.log import setup_logging
from qms_tui.project import Project

_log = logging.getLogger(__name__)

END_PATIENCE = 15.0  # seconds in which an older one must have let go of everything; then it is killed


def serve(words: Sequence[str]) -> int:
    """Be the keeper; the exit status. Another one that serves already is fine."""
    asked = _parser().parse_args(words)
    folder = asked.folder or keeper_folder(Path(asked.project), asked.engine)
    setup_logging(asked.log_level, f"keeper-{folder.name}")
    asked.umask = os.umask(0o077)
    try:
        path = private_folder(folder) / LOCK
        keeper = _keeper(asked, folder) if asked.take_over else None  # the older one serves until ours can
        lock = _take_lock(path, asked)
        if lock is None:
            _say({"ready": False})
            return 0
        return _serve(asked, folder, lock, keeper)
    except (QmsTuiError, OSError) as error:
        return say_failure(error, "the keeper", folder, "the log file may say more")


def _take_lock(path: Path, asked: argparse.Namespace) -> int | None:
    words = asked.project, asked.engine, PROTOCOL
    return take_over_lock(path, *words, END_PATIENCE) if asked.take_over else take_lock(path, *words)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="qms_tui.keeper")
    parser.add_argument("--project", required=True)
    parser.add_argument("--engine", required=True)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--take-over", action="store_true", help="from an older one, which is ended")
    parser.add_argument("--lifeline", type=int, default=-1)
    parser.add_argument("--engine-setting", default=None)
    parser.add_argument("--scrollback", type=int, default=5000)
    parser.add_argument("--config", type=Path, default=None)
    parser.add_argument("--log-level", default="info")
    return parser


def _serve(asked: argparse.Namespace, folder: Path, lock: int, keeper: Keeper | None) -> int:
    with reachable(folder / SOCKET) as address:
        address.unlink(missing_ok=True)
        keeper = keeper or _keeper(asked, folder)
        gc.freeze()  # what the engine's SDK is made of is much, and stays: no key waits for a look at it
        asyncio.run(_run(keeper, address, asked.lifeline))
    if is_at(lock, folder / LOCK):
        (folder / SOCKET).unlink(missing_ok=True)
    return 0


def _keeper(asked: argparse.Namespace, folder: Path) -> Keeper:
    """Of programs of this machine, or of containers, which have more around them."""
    project = Path(asked.project)
    if asked.engine == LOCAL:
        from qms_tui.keeper.local_terminals import LocalTerminals

        terminals = LocalTerminals(folder, asked.project)
        return Keeper(folder, terminals, asked.scrollback, takes_over=asked.take_over)
    from qms_tui.keeper.disk.watch import DiskWatch
    from qms_tui.keeper.gateway import GatewayProcess
    from qms_tui.runtime.engines import container_source

    source = container_source(asked.engine_setting, str(project))
    gateway = GatewayProcess(folder, project, asked.config, asked.log_level, asked.umask)
    disk = DiskWatch(source, Project(project), folder, asked.config)
    return Keeper(folder, source, asked.scrollback, gateway, disk, takes_over=asked.take_over)


async def _run(keeper: Keeper, address: Path, lifeline: int) -> None:
    loop = asyncio.get_running_loop()
    if lifeline >= 0:
        os.set_inheritable(lifeline, False)
        loop.add_reader(lifeline, keeper.stop)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, keeper.stop)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    _log.info("serving")
    await keeper.run(address, lambda: _say({"ready": True}))
    _log.info("ended")


def _say(words: dict[str, object]) -> None:
    say_once(words, lambda: _log.info("nobody listens any more"))
