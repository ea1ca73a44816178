"""Several users of one machine and one engine: qms-tui as each of them has it. Only root can be them.

The tests' own Python may lie where only root may go (below /root, say). Then a user's programs get a view of
the files of their own, in which such a folder has nothing in it but what Python and qms-tui need.
"""

from __future__ import annotations

import functools
import os
import shlex
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import qms_tui
from qms_tui.runtime.docker.address import find_address

from .test_app import App


class Person(App):
    """A user with a home folder of their own; `uid` is their group, too."""

    def __init__(self, root: Path, home: Path, image: str, uid: int) -> None:
        super().__init__(root, home, image)
        self.uid = uid
        self.environment["XDG_CACHE_HOME"] = str(home / "XDG_CACHE_HOME")
        self.program = (*_as_user(uid), *self.program)
        for path in (home, self.config):
            os.chown(path, uid, uid)

    def close(self) -> None:
        """End the user's keeper, and all agents."""
        self.run("stop", "--all", "--yes")


def _as_user(uid: int) -> Sequence[str]:
    """What goes before a command for the user to run it, who may use the engine."""
    ids = ("--reuid", str(uid), "--regid", str(uid), "--groups", str(_engine_group()))
    return (*_own_view(), "setpriv", *ids, "--inh-caps=-all", "--")


def _engine_group() -> int:
    socket = find_address(None, os.environ, Path.home()).host.removeprefix("unix://")
    return os.stat(socket).st_gid


@functools.cache
def _own_view() -> Sequence[str]:
    """What goes before a command for it to see what it needs of closed folders; nothing if there are none."""
    needed = _outermost(Path(path) for path in (sys.base_prefix, sys.prefix, _source()))
    closed = _outermost(filter(None, map(_closed, needed)))
    if not closed:
        return ()
    lines = ["set -e", "kept=$(mktemp -d)", 'mount -t tmpfs -o mode=700 kept "$kept"']
    for number, path in enumerate(needed):
        lines += [f'mkdir "$kept/{number}"', f'mount --bind {shlex.quote(str(path))} "$kept/{number}"']
    lines += [f"mount -t tmpfs -o mode=755 open {shlex.quote(str(path))}" for path in closed]
    for number, path in enumerate(needed):
        if any(path.is_relative_to(folder) for folder in closed):
            there = shlex.quote(str(path))
            lines += [f"mkdir -p {there}", f'mount --bind "$kept/{number}" {there}']
    lines += ['umount -l "$kept"', 'rmdir "$kept"', 'exec "$@"']
    return ("unshare", "--mount", "--propagation", "private", "sh", "-c", "\n".join(lines), "sh")


def _source() -> Path:
    return Path(qms_tui.__file__).parents[1]


def _outermost(paths: Iterable[Path]) -> list[Path]:
    """The paths without those that lie in another one of them."""
    every = set(paths)
    return sorted(path for path in every if not every & set(path.parents))


def _closed(path: Path) -> Path | None:
    """The outermost folder on the way to the path that not everybody may enter."""
    return next((each for each in (*reversed(path.parents), path) if not each.stat().st_mode & 0o001), None)
