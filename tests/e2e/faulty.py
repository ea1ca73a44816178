"""What faults are made of: a small disk, a keeper that stops, one of another version."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from qms_tui.ipc import reachable
from qms_tui.keeper.paths import SOCKET, keeper_folder
from qms_tui.keeper.protocol import Frames, Kind, Want, message

from .engine import ANSWER_SECONDS
from .kept import Client, House

TRUTH = 2.0  # seconds within which a pane must tell what is wrong
POLL = 0.02  # seconds between looks at what nobody announces


class SmallDisk:
    """A file system of one megabyte that can be filled, emptied, and made read-only."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        if os.getuid() != 0:
            pytest.skip("mounting needs root")
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "small", folder], check=True)

    def close(self) -> None:
        subprocess.run(["umount", "--lazy", self._folder], check=True)

    def fill(self) -> None:
        """Not a byte more fits."""
        with open(self._folder / "filler", "wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(512)):
                pass

    def empty(self) -> None:
        (self._folder / "filler").unlink()

    def allow(self, what: str) -> None:
        """`ro` or `rw`; read-only needs that no file is open for writing, or force."""
        subprocess.run(["mount", "-o", f"remount,{what}", self._folder], check=True, capture_output=True)


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A process that does nothing, as one that hangs."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def keeper_pid(home: House) -> int:
    """Of the keeper that runs."""
    status = home.keeper().status()
    assert status is not None, "no keeper runs"
    return int(status["pid"])


def keepers_folder(home: House) -> Path:
    """Where the keeper has its socket, its lock and the journals."""
    home.keeper()
    return keeper_folder(home.root, home._engine)


def forget(home: House) -> None:
    """Remove everything that the keeper has on disk."""
    remove(keepers_folder(home))


def remove(folder: Path) -> None:
    """As `rm -r` does; again where a keeper that writes at this moment has made a file meanwhile."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            if not folder.exists():
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
        else:
            return


@contextmanager
def knocking(home: House) -> Iterator[socket.socket]:
    """A connection to the keeper that has said nothing."""
    with socket.socket(socket.AF_UNIX) as connection, reachable(keepers_folder(home) / SOCKET) as path:
        connection.connect(str(path))  # waits where many others do
        connection.settimeout(ANSWER_SECONDS)
        yield connection


async def until(condition: Callable[[], object], what: str, within: float = ANSWER_SECONDS) -> float:
    """Wait for what nobody announces; the seconds that took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < within, f"waited {within:g} s in vain for {what}"
        await asyncio.sleep(POLL)
    return time.monotonic() - began


async def tells(client: Client, text: str, within: float = TRUTH) -> float:
    """Wait until the pane's remark has a text; none if that is empty."""
    began = time.monotonic()

    def told() -> bool:
        return text in client.remark if text else not client.remark

    await client.wait(told, f"the remark {text!r}, not {client.remark!r}", within)
    return time.monotonic() - began


async def echoes(client: Client, word: str) -> None:
    """The agent's shell is typed into and answers."""
    client.type(f"echo {word[0]}''{word[1:]}\r".encode())
    await client.expect(f"\n{word}\n")


class OtherKeeper:
    """Speaks an older protocol, and ends when it is asked to, as every keeper does."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.ended = False
        self._path = folder / SOCKET
        self._listener = socket.socket(socket.AF_UNIX)
        with reachable(self._path) as path:
            self._listener.bind(str(path))
        self._listener.listen()
        self._guests: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._begin(self._serve)

    def close(self) -> None:
        _shut(self._listener)
        for thread in self._threads:
            thread.join(ANSWER_SECONDS)
        self._listener.close()

    def _begin(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _serve(self) -> None:
        while not self.ended:
            try:
                self._guests.append(self._listener.accept()[0])
            except OSError:
                break
            self._begin(self._answer, self._guests[-1])
        self._path.unlink(missing_ok=True)
        for guest in self._guests:
            _shut(guest)

    def _answer(self, guest: socket.socket) -> None:
        """Beside the others: one that says nothing yet may be about to ask on another connection."""
        with guest, contextlib.suppress(OSError):
            frames = Frames()
            while data := guest.recv(65536):
                for kind, body in frames.feed(data):
                    assert kind == Kind.HELLO
                    self.ended |= json.loads(body)["want"] == Want.STOP
                    guest.sendall(message(Kind.WELCOME, {"protocol": 1, "version": "0.0.1"}))
                    if self.ended:
                        _shut(self._listener)


def _shut(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
