"""Programs as an ordinary user has them, who may use the engine. Only root can be somebody else.

The tests' own Python may lie where only root may go (below /root, say). Then a user's programs get a view of
the files of their own, in which such a folder has nothing in it but what Python and qms-tui need.
"""

from __future__ import annotations

import atexit
import functools
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import qms_tui
from qms_tui.runtime.docker.address import find_address


def as_user(uid: int, *, mounted: bool = False) -> Sequence[str]:
    """What goes before a command for the user to run it, whose group has the same number.

    `mounted`: it is to see what the test has mounted since it began, and so it is apart from other commands.
    """
    if uid == os.geteuid():
        return ()
    ids = ("--reuid", str(uid), "--regid", str(uid), "--groups", str(_engine_group()))
    view = (*_UNSHARE, lines, "sh") if mounted and (lines := _own_view('exec "$@"')) else _shared_view()
    return (*view, "setpriv", *ids, "--inh-caps=-all", "--")


def give(uid: int, *paths: Path) -> None:
    """Make paths the user's, and let everybody through to them: pytest's own folders are closed."""
    end = Path(tempfile.gettempdir())
    for path in paths:
        if path.stat().st_uid != uid:
            os.chown(path, uid, uid)
        for folder in path.parents:
            if folder.is_relative_to(end) and folder != end and folder.stat().st_uid == os.geteuid():
                folder.chmod(folder.stat().st_mode | 0o011)


def _engine_group() -> int:
    socket = find_address(None, os.environ, Path.home()).host.removeprefix("unix://")
    return os.stat(socket).st_gid


_UNSHARE = ("unshare", "--mount", "--propagation", "private", "sh", "-c")


@functools.cache
def _shared_view() -> Sequence[str]:
    """What goes before a command for it to see what it needs of closed folders; nothing if there are none.

    All of a test run's commands share one such view: qms-tui's programs believe only those in their own.
    """
    lines = _own_view("echo made; exec sleep infinity")
    if not lines:
        return ()
    holder = subprocess.Popen((*_UNSHARE, lines), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    atexit.register(holder.kill)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"made\n"
    enter = f'exec nsenter --mount=/proc/{holder.pid}/ns/mnt --wdns="$(pwd)" "$@"'
    return ("sh", "-c", enter, "sh")


def _own_view(last: str) -> str:
    """What a shell does in a mount namespace of its own, ending with `last`; empty if nothing is closed."""
    needed = _outermost(Path(path) for path in (sys.base_prefix, sys.prefix, _source()))
    closed = _outermost(filter(None, map(_closed, needed)))
    if not closed:
        return ""
    lines = ["set -e", "kept=$(mktemp -d)", 'mount -t tmpfs -o mode=700 kept "$kept"']
    for number, path in enumerate(needed):
        lines += [f'mkdir "$kept/{number}"', f'mount --bind {shlex.quote(str(path))} "$kept/{number}"']
    lines += [f"mount -t tmpfs -o mode=755 open {shlex.quote(str(path))}" for path in closed]
    for number, path in enumerate(needed):
        if any(path.is_relative_to(folder) for folder in closed):
            there = shlex.quote(str(path))
            lines += [f"mkdir -p {there}", f'mount --bind "$kept/{number}" {there}']
    return "\n".join([*lines, 'umount -l "$kept"', 'rmdir "$kept"', last])


def _source() -> Path:
    return Path(qms_tui.__file__).parents[1]


def _outermost(paths: Iterable[Path]) -> list[Path]:
    """The paths without those that lie in another one of them."""
    every = set(paths)
    return sorted(path for path in every if not every & set(path.parents))


def _closed(path: Path) -> Path | None:
    """The outermost folder on the way to the path that not everybody may enter."""
    return next((each for each in (*reversed(path.parents), path) if not each.stat().st_mode & 0o001), None)
