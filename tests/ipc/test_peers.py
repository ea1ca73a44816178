"""Who may be at the other end of our sockets, by real processes in real namespaces."""

from __future__ import annotations

import gc
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import pytest

from qms_tui.ipc import Stranger, check_agent, check_own, peer

CONNECT = """
import socket, sys
link = socket.socket(socket.AF_UNIX)
link.connect(sys.argv[1])
sys.stdin.read()
"""
LISTEN = """
import socket, sys
link = socket.socket(socket.AF_UNIX)
link.bind(sys.argv[1])
link.listen()
print("listening", flush=True)
sys.stdin.read()
"""
SECONDS = 20.0
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may make namespaces and be others")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")
# unshare(1), setpriv(1): how a program comes to be somewhere else, and what is said of it.
APART = {
    "mount": (["unshare", "--mount"], "another mount namespace"),
    "pid": (["unshare", "--pid", "--fork", "--kill-child"], "another PID namespace"),
    "user": (["setpriv", "--reuid", "12345", "--clear-groups"], "user 12345"),
    "user as root of theirs": (
        ["setpriv", "--reuid", "12345", "--clear-groups", "unshare", "--user", "--map-root-user"],
        "user 12345",
    ),
    "root of a container": (["unshare", "--user", "--map-root-user", "--mount"], "another mount namespace"),
}
HAND_OVER = """
import socket, sys
link = socket.socket(socket.AF_UNIX)
link.connect(sys.argv[1])
with socket.socket(socket.AF_UNIX) as carrier:
    carrier.connect(sys.argv[2])
    socket.send_fds(carrier, [b"x"], [link.fileno()])
sys.stdin.read()
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A socket's path that everybody may reach."""
    folder = Path(tempfile.mkdtemp(prefix="qms-tui-peers-", dir="/tmp"))
    folder.chmod(0o777)
    yield folder / "s"
    shutil.rmtree(folder)


@contextmanager
def listening(place: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as found:
        found.bind(str(place))
        place.chmod(0o777)
        found.listen()
        found.settimeout(SECONDS)
        yield found


@contextmanager
def running(*words: str) -> Iterator[subprocess.Popen[str]]:
    """A program that ends with its input; its Python is one that every user may run."""
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(SECONDS)


@contextmanager
def connected(place: Path, *before: str) -> Iterator[socket.socket]:
    """Our end of a connection that a program makes, run with words before its own."""
    with (
        listening(place) as server,
        running(*before, "/usr/bin/python3", "-c", CONNECT, str(place)),
        server.accept()[0] as connection,
    ):
        yield connection


def test_a_process_of_ours_is_no_stranger(place: Path) -> None:
    with connected(place) as connection:
        check_own(connection)
        check_agent(connection, [os.geteuid()], place.parent, PurePosixPath("/run/qms-mcp"))


@on_linux
@as_root
@pytest.mark.parametrize("where", APART)
def test_who_comes_from_elsewhere_is_refused(place: Path, where: str) -> None:
    before, why = APART[where]
    with connected(place, *before) as connection, pytest.raises(Stranger, match=why):
        check_own(connection)


@on_linux
@as_root
@pytest.mark.parametrize("where", APART)
def test_who_listens_elsewhere_is_refused(place: Path, where: str) -> None:
    before, why = APART[where]
    with running(*before, "/usr/bin/python3", "-c", LISTEN, str(place)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "listening\n"
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(place))
            with pytest.raises(Stranger, match=why):
                check_own(connection)


@on_linux
@as_root
def test_what_a_stranger_hands_over_stays_a_strangers(place: Path) -> None:
    """Whoever holds the connection by now, and however much that one is ours."""
    carrier = place.with_name("c")
    with (
        listening(place) as server,
        listening(carrier) as other,
        running("unshare", "--mount", "/usr/bin/python3", "-c", HAND_OVER, str(place), str(carrier)),
        server.accept()[0] as connection,
        other.accept()[0] as carried,
    ):
        _, (held,), _, _ = socket.recv_fds(carried, 1, 1)
        with socket.socket(fileno=held), pytest.raises(Stranger, match="another mount namespace"):
            check_own(connection)


@on_linux
@pytest.mark.parametrize("old_kernel", [False, True])
def test_who_has_gone_is_refused_though_somebody_holds_the_connection(
    place: Path, old_kernel: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child connects, ends, and leaves the connection to its parent."""
    if old_kernel:
        monkeypatch.setattr(peer, "_SO_PEERPIDFD", 9999)
    with listening(place) as server, socket.socket(socket.AF_UNIX) as left:
        child = os.fork()
        if child == 0:
            try:
                left.connect(str(place))
            finally:
                os._exit(0)  # never on as a second run of the tests
        os.waitpid(child, 0)
        with server.accept()[0] as connection, pytest.raises(Stranger, match="has ended"):
            check_own(connection)


@on_linux
def test_one_that_ends_while_it_is_looked_at_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its number may have been another's by then: all that was seen is worth nothing."""
    with (
        listening(place) as server,
        running("/usr/bin/python3", "-c", CONNECT, str(place)) as process,
        server.accept()[0] as connection,
    ):
        if peer._handle(connection) is None:
            pytest.skip("this kernel has no SO_PEERPIDFD")
        looked_at = peer._is_shared

        def end_first(name: str, folder: int) -> bool:
            found = looked_at(name, folder)
            process.kill()
            process.wait(SECONDS)
            return found

        monkeypatch.setattr(peer, "_NAMESPACES", ("mnt",))
        monkeypatch.setattr(peer, "_is_shared", end_first)
        with pytest.raises(Stranger, match="has ended"):
            check_own(connection)


@on_linux
@as_root
def test_an_older_kernel_tells_enough(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "_SO_PEERPIDFD", 9999)
    with connected(place) as connection:
        check_own(connection)
    place.unlink()
    with connected(place, "unshare", "--mount") as connection, pytest.raises(Stranger, match="mount"):
        check_own(connection)


@on_linux
def test_a_process_that_no_namespace_of_ours_shows_is_refused() -> None:
    with pytest.raises(Stranger, match="outside of this PID namespace"):
        check_own(_Saying(peer._UCRED.pack(0, os.geteuid(), os.getegid())))


class _Saying:
    """A socket of which the kernel says this."""

    def __init__(self, credentials: bytes) -> None:
        self._credentials = credentials

    def getsockopt(self, level: int, optname: int, buflen: int, /) -> bytes:
        return self._credentials


def test_elsewhere_the_user_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    check_own(_Saying(_xucred(os.geteuid())))
    with pytest.raises(Stranger, match="runs as user"):
        check_own(_Saying(_xucred(os.geteuid() + 1)))


def _xucred(uid: int) -> bytes:
    """struct xucred, as macOS fills it."""
    return peer._XUCRED.pack(0, uid).ljust(peer._XUCRED_BYTES, b"\0")


@on_linux
def test_nothing_stays_open(place: Path) -> None:
    with connected(place) as connection:
        check_own(connection)
        gc.collect()  # what tests before have left is not to be closed meanwhile
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(50):
            check_own(connection)
        assert len(os.listdir("/proc/self/fd")) == before
