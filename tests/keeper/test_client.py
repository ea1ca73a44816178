"""The way to the keeper where one is killed as somebody comes."""

from __future__ import annotations

import contextlib
import itertools
import select
import socket
import threading
from collections.abc import Iterator

import pytest

from qms_tui.keeper.client import KeeperClient
from qms_tui.keeper.protocol import PROTOCOL, Kind, Want, message
from qms_tui.runtime import Size

SIZE = Size(80, 24)
WELCOME = message(Kind.WELCOME, {"protocol": PROTOCOL})
STATE = message(Kind.STATE, {})


@contextlib.contextmanager
def killed_at(listener: socket.socket, number: int) -> Iterator[None]:
    """Serve as keepers do, one of which is killed as that visitor, from 0, comes: it reads nothing more."""
    ended = threading.Event()

    def serve() -> None:
        for each in itertools.count():
            visitor, _ = listener.accept()
            with visitor:
                select.select([visitor], [], [], 10)
                if ended.is_set():
                    return
                if each != number:
                    visitor.recv(1 << 16)
                    with contextlib.suppress(BrokenPipeError):  # it has only knocked
                        visitor.sendall(WELCOME + STATE)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(listener.getsockname())
        thread.join()


@pytest.mark.parametrize("number", range(3))
def test_a_keeper_that_is_killed_as_somebody_comes_is_followed_by_another(
    keeper: KeeperClient, listener: socket.socket, number: int
) -> None:
    with killed_at(listener, number):
        connection = keeper.open(Want.TAKE_UP, "qa", "c0ffee", SIZE)
        assert [kind for kind, _ in connection.early] == [Kind.STATE]
        connection.close()


def test_a_keeper_that_is_killed_as_somebody_asks_is_none(
    keeper: KeeperClient, listener: socket.socket
) -> None:
    with killed_at(listener, 0):
        assert keeper.status() is None
        assert keeper.status() is not None


def test_a_keeper_that_is_killed_as_it_is_to_end_has_ended(
    keeper: KeeperClient, listener: socket.socket
) -> None:
    with killed_at(listener, 1):
        assert keeper.stop()
