"""Read-only means: with every file system that is mounted below.

A bind takes a whole tree of mounts along, and older engines make only its top read-only: what is mounted
below is writable inside. Docker since 25 can make all of it read-only. For others a read-only bind goes
without what is below it, and on this machine each file system there gets a read-only bind of its own. A
rootless engine cannot leave out what is below (the kernel refuses: that might uncover something); there the
binds lie over it.

What is mounted later is not seen inside, on any engine. Neither are file systems

- where something else stands inside: other agents' folders, hidden paths;
- of the kernel (a `proc` in a chroot shows the host's processes, and through them its files);
- that only the user sees who mounted them (sshfs without `allow_other`): the engine could not mount them;
- in a place that an agent can write, where it could put a link in their way.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePath, PurePosixPath

from docker.types import Mount
from msgspec import Struct

from qms_tui.config import AgentConfig
from qms_tui.runtime.docker.container import MASK_BYTES, bind
from qms_tui.runtime.docker.engine import Engine
from qms_tui.runtime.docker.mount_points import MountPoint, mount_points

RECURSIVE = "ReadOnlyForceRecursive"  # the engine refuses where it cannot
ALONE = "NonRecursive"
KERNEL = {
    *("autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs"),
    *("efivarfs", "fusectl", "mqueue", "nsfs", "proc", "pstore", "rpc_pipefs", "securityfs", "selinuxfs"),
    *("sysfs", "tracefs"),
}


def throughout(
    engine: Engine, mounted: Sequence[Mount], runtime: str = "", reach: Sequence[Path] = ()
) -> list[Mount]:
    """The mounts, the read-only ones with all that is below.

    `runtime` is the engine's name of one, or "" for its default; `reach` is what other agents can write.
    """
    recursive = runtime in engine.recursive
    return [
        each
        for mount, tree in _trees(engine, mounted, reach)
        for each in _with_all_below(mount, tree, recursive, engine.rootless)
    ]


def reach_of(agents: Iterable[AgentConfig]) -> list[Path]:
    """What agents can write besides their own folders."""
    return [mount.source for agent in agents for mount in agent.mounts if not mount.read_only]


def left_out(engine: Engine, mounted: Sequence[Mount], runtime: str = "") -> list[Path]:
    """What is mounted below a read-only one and not seen inside, though nothing else was to be there."""
    recursive = runtime in engine.recursive
    return [
        path
        for mount, tree in _trees(engine, mounted, ())
        if _is_read_only(mount)
        for path in tree.unseen(recursive, engine.rootless)
    ]


def _trees(engine: Engine, mounted: Sequence[Mount], reach: Sequence[Path]) -> Iterator[tuple[Mount, _Tree]]:
    points = [] if engine.elsewhere else mount_points()
    placed = [_Placed.of(mount) for mount in mounted]
    writable = [each.source for each in placed if each.writable] + [_real(path) for path in reach]
    return ((each.mount, _Tree.of(each, placed, points, writable)) for each in placed)


def _is_read_only(mount: Mount) -> bool:
    return mount["Type"] == "bind" and bool(mount["ReadOnly"])


def _with_all_below(mount: Mount, tree: _Tree, recursive: bool, rootless: bool) -> Iterator[Mount]:
    if not _is_read_only(mount):
        yield mount
    elif tree.whole(recursive):
        yield _with(mount, RECURSIVE)
    else:
        stays_whole = rootless and tree.points
        yield mount if stays_whole else _with(mount, ALONE)
        for point, place, shown in tree.judged(rootless):
            if shown:
                own = bind(point.path, place)
                yield own if stays_whole else _with(own, ALONE)
            elif stays_whole:
                yield Mount(str(place), None, type="tmpfs", tmpfs_size=MASK_BYTES, tmpfs_mode=0o755)


class _Placed(Struct, frozen=True):
    """A mount, and where its source and target really are; finding that out is asking the file system."""

    mount: Mount
    source: Path
    target: PurePosixPath

    @classmethod
    def of(cls, mount: Mount) -> _Placed:
        return cls(mount, _real(mount["Source"] or "/"), PurePosixPath(mount["Target"]))

    @property
    def writable(self) -> bool:
        return self.mount["Type"] == "bind" and not self.mount["ReadOnly"]


class _Tree(Struct, frozen=True):
    """A read-only bind with what is mounted below its source, outer before inner."""

    source: Path
    target: PurePosixPath
    points: tuple[MountPoint, ...]
    covered: tuple[PurePosixPath, ...] = ()
    """Where inside something else stands."""
    writable: tuple[Path, ...] = ()
    """What below the source agents can write."""

    @classmethod
    def of(
        cls,
        placed: _Placed,
        all_placed: Sequence[_Placed],
        points: Iterable[MountPoint],
        writable: Sequence[Path],
    ) -> _Tree:
        source, target = placed.source, placed.target
        below = sorted((p for p in points if _below(p.path, source)), key=lambda p: len(p.path.parts))
        if not below:
            return cls(source, target, ())
        return cls(
            source,
            target,
            tuple(below),
            tuple(other.target for other in all_placed if _below(other.target, target)),
            tuple(path for path in writable if _below(path, source)),
        )

    def whole(self, recursive: bool) -> bool:
        """Whether all of it may be mounted at once, by an engine that can."""
        return recursive and not any(point.kind in KERNEL for point, _ in self.uncovered())

    def unseen(self, recursive: bool, rootless: bool) -> Iterator[Path]:
        """What is not shown, and the kernel's own under a mask."""
        for point in self.points:
            if point.kind in KERNEL and self._place(point) in self.covered:
                yield point.path
        if not self.whole(recursive):
            yield from (point.path for point, _, shown in self.judged(rootless) if not shown)

    def uncovered(self) -> Iterator[tuple[MountPoint, PurePosixPath]]:
        """What nothing else covers, with its place inside."""
        for point in self.points:
            place = self._place(point)
            if not any(place.is_relative_to(other) for other in self.covered):
                yield point, place

    def judged(self, rootless: bool) -> Iterator[tuple[MountPoint, PurePosixPath, bool]]:
        """The same, with whether it is shown; what is below one that is not has no place."""
        without: list[Path] = []
        for point, place in self.uncovered():
            if any(_below(point.path, other) for other in without):
                continue
            shown = self._can_be_shown(point, rootless)
            if not shown:
                without.append(point.path)
            yield point, place, shown

    def _place(self, point: MountPoint) -> PurePosixPath:
        return self.target / point.path.relative_to(self.source)

    def _can_be_shown(self, point: MountPoint, rootless: bool) -> bool:
        return (
            point.kind not in KERNEL
            and (rootless or not point.private)
            and not any(point.path.is_relative_to(place) for place in self.writable)
            and _is_text(point.path)
            and _real(point.path) == point.path  # still there, and not behind a link
        )


def _real(path: str | Path) -> Path:
    return Path(os.path.realpath(path))


def _below(path: PurePath, other: PurePath) -> bool:
    """Quicker than pathlib's own, which parses both each time: there may be many mounts."""
    count = len(other.parts)
    return len(path.parts) > count and path.parts[:count] == other.parts


def _is_text(path: Path) -> bool:
    """Whether a path passes through the engine's API, which is JSON."""
    return str(path).encode(errors="ignore") == os.fsencode(path)


def _with(mount: Mount, option: str) -> Mount:
    changed = copy.copy(mount)
    changed["BindOptions"] = {**(mount.get("BindOptions") or {}), option: True}
    return changed
