"""The life of the keeper's process: its lock, its socket, its log, its signals."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from qms_tui import __version__
from qms_tui.errors import QmsTuiError, refused, state_remedy
from qms_tui.files import open_or_make_file, try_lock
from qms_tui.ipc import reachable
from qms_tui.keeper.disk.watch import DiskWatch
from qms_tui.keeper.gateway import GatewayProcess
from qms_tui.keeper.keeper import Keeper
from qms_tui.keeper.paths import LOCK, SOCKET, keeper_folder, private_folder
from qms_tui.log import setup_logging
from qms_tui.project import Project
from qms_tui.runtime.docker import connect
from qms_tui.runtime.docker.tap import Tap

_log = logging.getLogger(__name__)


def serve(words: Sequence[str]) -> int:
    """Be the keeper; the exit status. Another one that serves already is fine."""
    asked = _parser().parse_args(words)
    setup_logging(asked.log_level, f"keeper-{keeper_folder(Path(asked.project), asked.engine).name}")
    asked.umask = os.umask(0o077)
    try:
        lock = _lock(Path(asked.project), asked.engine)
        if lock is None:
            _say({"ready": False})
            return 0
        return _serve(asked, lock)
    except QmsTuiError as error:
        _say({"message": error.message, "hint": error.hint})
    except OSError as error:
        place = refused(error, keeper_folder(Path(asked.project), asked.engine))
        hint = state_remedy(error, "the log file may say more")
        _say({"message": f"the keeper cannot start: {place}", "hint": hint})
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="qms_tui.keeper")
    parser.add_argument("--project", required=True)
    parser.add_argument("--engine", required=True)
    parser.add_argument("--engine-setting", default=None)
    parser.add_argument("--scrollback", type=int, default=5000)
    parser.add_argument("--config", type=Path, default=None)
    parser.add_argument("--log-level", default="info")
    return parser


def _lock(project: Path, engine: str) -> int | None:
    """Take the project's lock for the life of this process; None if another keeper has it."""
    path = private_folder(keeper_folder(project, engine)) / LOCK
    descriptor = open_or_make_file(path)
    if not try_lock(descriptor):
        os.close(descriptor)
        return None
    owner = {"pid": os.getpid(), "project": str(project), "engine": engine, "version": __version__}
    os.ftruncate(descriptor, 0)
    os.write(descriptor, json.dumps({**owner, "since": int(time.time())}).encode())
    return descriptor


def _serve(asked: argparse.Namespace, lock: int) -> int:
    project = Path(asked.project)
    folder = keeper_folder(project, asked.engine)
    with reachable(folder / SOCKET) as address:
        address.unlink(missing_ok=True)
        tap = Tap(connect(asked.engine_setting), str(project))
        gateway = GatewayProcess(folder, project, asked.config, asked.log_level, asked.umask)
        disk = DiskWatch(tap, Project(project), folder, asked.config)
        gc.freeze()  # what the engine's SDK is made of is much, and stays: no key waits for a look at it
        asyncio.run(_run(Keeper(folder, tap, asked.scrollback, gateway, disk), address))
    if _is(lock, folder / LOCK):
        (folder / SOCKET).unlink(missing_ok=True)
    return 0


def _is(descriptor: int, path: Path) -> bool:
    """Whether the file is still at its path: else another keeper serves there, or nobody."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except OSError:
        return False


async def _run(keeper: Keeper, address: Path) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, keeper.stop)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    _log.info("serving")
    await keeper.run(address, lambda: _say({"ready": True}))
    _log.info("ended")


def _say(words: dict[str, object]) -> None:
    """Tell whoever started us, and let go of their pipe."""
    try:
        os.write(sys.stdout.fileno(), json.dumps(words).encode() + b"\n")
    except OSError:
        _log.info("nobody listens any more")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
