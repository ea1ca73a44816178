"""A keeper of another version, as far as others meet it: it has the lock, listens, and ends when it is asked.

    python old_keeper.py FOLDER PROTOCOL [VERSION] [deaf]

Says `ready` once it serves, or `taken` if another one has the lock. A deaf one ignores SIGTERM and STOP.
The words are those of the first edition; later ones say their protocol in the lock as well.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import struct
import sys
from pathlib import Path

HELLO, WELCOME = 1, 2
STOP = 5
FIRST = 202  # the first edition's protocol


def main(folder: Path, protocol: int, version: str, *, deaf: bool) -> int:
    lock = os.open(folder / "keeper.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("taken", flush=True)
        return 3
    words = {
        "pid": os.getpid(),
        "project": "/srv/pipe-dream",
        "engine": "local",
        "version": version,
        "since": 1,
    }
    os.ftruncate(lock, 0)
    os.write(lock, json.dumps(words if protocol <= FIRST else words | {"protocol": protocol}).encode())
    path = folder / "keeper.sock"
    path.unlink(missing_ok=True)
    os.chdir(folder)  # the whole path may be too long for a socket
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path.name)
    listener.listen()

    def end(*_: object) -> None:
        path.unlink()
        sys.exit()

    signal.signal(signal.SIGTERM, signal.SIG_IGN if deaf else end)
    print("ready", flush=True)
    while True:
        guest, _ = listener.accept()
        with guest:
            if (want := wanted(guest)) is None:
                continue
            welcome = {"protocol": protocol, "version": version, "pid": os.getpid(), "agents": {}}
            say(guest, WELCOME, welcome)
            if want == STOP and not deaf:
                path.unlink()
                return 0


def wanted(guest: socket.socket) -> int | None:
    head = guest.recv(5, socket.MSG_WAITALL)
    if len(head) < 5:
        return None
    kind, length = struct.unpack(">BI", head)
    assert kind == HELLO
    return int(json.loads(guest.recv(length, socket.MSG_WAITALL))["want"])


def say(guest: socket.socket, kind: int, content: object) -> None:
    body = json.dumps(content).encode()
    guest.sendall(struct.pack(">BI", kind, len(body)) + body)


if __name__ == "__main__":
    rest = sys.argv[3:]
    sys.exit(
        main(Path(sys.argv[1]), int(sys.argv[2]), rest[0] if rest else "0.1.0", deaf=rest[-1:] == ["deaf"])
    )
