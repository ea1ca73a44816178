"""The socket of an engine on another machine, through a tunnel of OpenSSH's own client.

`ssh -L` gives the SDK a real socket: keys, sizes and events go as on this machine. The user's own ssh
configuration, keys and agent are used; nothing is ever asked (BatchMode).

ssh must end with us, also when we are killed: a shell beside it reads a pipe whose other end only we hold,
and ends it when that closes. (prctl's death signal is Linux only and follows the thread that forked;
`ssh host cat`, which would end by itself, needs a shell on the other side.)
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections import deque
from pathlib import Path

from msgspec import Struct

from qms_tui.errors import EngineError
from qms_tui.files import make_own_folder
from qms_tui.ipc.path import LONGEST

REMOTE_SOCKET = "/var/run/docker.sock"
UP_SECONDS = 15.0  # until the tunnel must stand; a handshake over a slow line takes a few
CONNECT_SECONDS = 10  # that ssh waits for an answer of the other machine
ALIVE_SECONDS, ALIVE_MISSES = 3, 2  # after which ssh takes a silent line for dead
RETRY_FIRST, RETRY_MOST = 0.2, 1.5  # seconds between tries to make it anew, doubling
RETRY_REFUSED = 30.0  # seconds where the other side has refused us: machines ban who tries too often
LINES_KEPT, LINE_BYTES = 20, 500  # of what ssh says
_POLL = 0.02
_ADDRESS = re.compile(
    r"ssh://(?:(?P<user>\w[\w.+@-]*)@)?(?:\[(?P<ipv6>[0-9a-fA-F:.]+)\]|(?P<host>\w[\w.-]*))"
    r"(?::(?P<port>\d{1,5}))?(?P<socket>/[\w./@+-]*)?",
    re.ASCII,
)
SOCKET = "docker.sock"
_TOGETHER = """
exec 3<&0
{ read -r _ <&3; kill $$; rm -f "$0/docker.sock"; rmdir "$0"; } >/dev/null 2>&1 &
exec "$@" </dev/null 3<&-
"""
_REFUSED = ("Permission denied", "Host key verification failed")


class Destination(Struct, frozen=True):
    """Whose engine on which machine; None where ssh's configuration decides."""

    host: str
    user: str | None = None
    port: int | None = None
    socket: str = REMOTE_SOCKET

    def __str__(self) -> str:
        """As one types it behind `ssh`."""
        port = f"-p {self.port} " if self.port else ""
        return f"{port}{self.user}@{self.host}" if self.user else f"{port}{self.host}"

    def command(self, local: Path) -> list[str]:
        """The ssh command that gives its engine the socket `local`."""
        # Not ExitOnForwardFailure: it would also heed forwardings of the user's own configuration.
        options = {
            "BatchMode": "yes",
            "ConnectTimeout": CONNECT_SECONDS,
            "ControlPath": "none",  # a shared connection would not be ours to end
            "ForwardAgent": "no",
            "ForwardX11": "no",
            "LogLevel": "ERROR",
            "PermitLocalCommand": "no",
            "ServerAliveCountMax": ALIVE_MISSES,
            "ServerAliveInterval": ALIVE_SECONDS,
            "StreamLocalBindUnlink": "yes",
        }
        where = [*(["-l", self.user] if self.user else []), *(["-p", str(self.port)] if self.port else [])]
        given = [f"-o{name}={value}" for name, value in options.items()]
        return ["ssh", "-N", "-T", *given, "-L", f"{local}:{self.socket}", *where, "--", self.host]


def parse_destination(address: str) -> Destination:
    """`ssh://[USER@]HOST[:PORT][/SOCKET]`. Raises EngineError for anything else."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise EngineError(
            f"cannot use the engine at {address!r}: no ssh address",
            hint="write it like ssh://me@host, ssh://me@host:2222 or ssh://me@host/run/user/1000/docker.sock",
        )
    port = int(found["port"]) if found["port"] else None
    path = found["socket"] if found["socket"] not in (None, "/") else REMOTE_SOCKET
    return Destination(found["host"] or found["ipv6"], found["user"], port, path)


def _new_folder() -> Path:
    """One of mode 0700, among our own files if a socket's address has room for that.

    Agents are never shown those. ssh asks nobody who connects, and whoever does is root at the other end.
    """
    import platformdirs

    own = platformdirs.user_state_path("qms-tui") / "tunnels"
    if len(os.fsencode(own / "ssh-12345678" / SOCKET)) <= LONGEST:
        with contextlib.suppress(OSError):
            make_own_folder(own)
            return Path(tempfile.mkdtemp(prefix="ssh-", dir=own))
    return Path(tempfile.mkdtemp(prefix="qms-tui-ssh-"))


class Tunnel:
    """Stands when made, is made anew when it breaks, ends with `close()` or with this process."""

    def __init__(self, address: str) -> None:
        """Blocking, at most UP_SECONDS. Raises EngineError saying what ssh said."""
        self._address = address
        self._to = parse_destination(address)
        if shutil.which("ssh") is None:
            raise EngineError(
                f"cannot reach the engine at {address}: no ssh here", "install OpenSSH's client"
            )
        self._folder = _new_folder()
        self.socket = self._folder / SOCKET
        self._said: deque[str] = deque(maxlen=LINES_KEPT)
        self._news = threading.Event()
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._process = self._spawn()
        threading.Thread(target=self._keep, name="qms-tui-tunnel", daemon=True).start()
        self._first = self._process
        try:
            self._wait_until_up()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End ssh and remove the socket; idempotent."""
        with self._lock:
            self._closed.set()
            self._end()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def nobody_there(self) -> EngineError:
        """Of a tunnel that stands while no engine answers through it; ssh cannot say why."""
        return EngineError(
            f"cannot reach the engine at {self._address}: "
            f"ssh works, but nothing answers at {self._to.socket}",
            hint=f"does an engine run there, and may the user of ssh use it? ssh {self._to} docker ps",
        )

    def _failure(self, within: float = 0.5) -> EngineError | None:
        """What ssh said is wrong, waiting a moment for it to say something."""
        self._news.wait(within)
        return _explain(self._address, self._to, list(self._said)) if self._said else None

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + UP_SECONDS
        while not self._is_up():
            if self._first.poll() is not None:
                raise self._failure() or EngineError(f"cannot reach the engine at {self._address}: ssh ended")
            if time.monotonic() > deadline:
                raise self._failure(0) or EngineError(
                    f"cannot reach the engine at {self._address}: no answer within {UP_SECONDS:g} s",
                    hint=f"try: ssh {self._to} true",
                )
            time.sleep(_POLL)

    def _is_up(self) -> bool:
        with socket.socket(socket.AF_UNIX) as knocking:
            return knocking.connect_ex(str(self.socket)) == 0

    def _spawn(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["/bin/sh", "-c", _TOGETHER, str(self._folder), *self._to.command(self.socket)],
            stdin=subprocess.PIPE,  # held, never written: its end is ours
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C and a closed terminal are not for it
        )

    def _keep(self) -> None:
        """In a thread: listen to ssh until it ends, then make it anew."""
        pause = RETRY_FIRST
        while not self._closed.is_set():
            born = time.monotonic()
            self._listen()
            lived = time.monotonic() - born
            pause = RETRY_FIRST if lived > UP_SECONDS else min(pause * 2, RETRY_MOST)
            refused = any(word in line for line in self._said for word in _REFUSED)
            self._closed.wait(RETRY_REFUSED if refused else pause)
            with self._lock:
                self._end()
                if not self._closed.is_set():
                    self._said.clear()
                    self._news.clear()
                    self._process = self._spawn()

    def _listen(self) -> None:
        stream = self._process.stderr
        assert stream is not None
        with contextlib.suppress(ValueError):  # closed meanwhile
            while line := stream.readline(LINE_BYTES):
                text = "".join(c for c in line.decode(errors="replace").strip() if c.isprintable())
                if text:
                    self._said.append(text)
                    self._news.set()

    def _end(self) -> None:
        """ssh and the shell beside it; the shell must not outlive it, or it ends a stranger."""
        process = self._process
        # PermissionError: what macOS says of a group in which all have ended.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdin is not None:
            process.stdin.close()
        if process.stderr is not None and threading.current_thread().name == "qms-tui-tunnel":
            process.stderr.close()


def _explain(address: str, to: Destination, said: list[str]) -> EngineError:
    """One line what ssh said, one what to do."""
    hints = {
        "REMOTE HOST IDENTIFICATION HAS CHANGED": "its key is another than before: find out why first",
        "Host key verification failed": f"connect once by hand and compare its key: ssh {to} true",
        "Permission denied": f"ssh must work without a question (keys, ssh-add): ssh {to} true",
        "Could not resolve hostname": "check the name of the host",
        "forwarding": f"the other machine must allow forwarding to {to.socket}",
    }
    for word, hint in hints.items():
        line = next((line for line in said if word in line), None)
        if line is not None:
            return EngineError(f"cannot reach the engine at {address}: {line.strip('@ ')}", hint)
    return EngineError(f"cannot reach the engine at {address}: {said[-1]}", f"try: ssh {to} true")
