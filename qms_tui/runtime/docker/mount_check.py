"""Whether what is mounted is what was meant: the way there before, device and inode after the start.

The engine takes a path, not a descriptor, and follows it again at each start. So nobody but us may be able to
bend that path; and where the engine runs on this machine, what a container really got is compared with what
was judged. Between the start and that look the program runs, for a few milliseconds: see `Sources.compare`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from docker.types import Mount
from msgspec import Struct

from qms_tui.errors import EngineError, ProjectError
from qms_tui.runtime.docker.agent_files import Place
from qms_tui.runtime.docker.container_list import Listed
from qms_tui.runtime.host_path import FileId, walk
from qms_tui.runtime.path_rules import PathRules
from qms_tui.workers import DISK, waiting_for

PROC = Path("/proc")


class Sources(Struct, frozen=True):
    """What was judged, by the places inside where it is mounted."""

    ids: Mapping[PurePosixPath, FileId]
    paths: Mapping[PurePosixPath, str]

    @waiting_for(DISK)
    def compare(self, facts: Mapping[str, Any]) -> None:
        """Raise EngineError if a running container, known by the engine's facts, has something else mounted.

        Its process is asked, so only an engine on this machine can be checked, and only by a user who may
        look into the process: root, or the one the agent runs as. Elsewhere the judged way has to do.
        """
        process = PROC / str(facts["State"].get("Pid") or 0)
        if not _is_of(process, str(facts["Id"])):
            return
        try:
            top = os.open(process / "root", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return
        try:
            for target, wanted in self.ids.items():
                if not _stands(top, target, wanted) and _lives(process):
                    raise EngineError(
                        f"{self.paths[target]} was replaced while the container started",
                        hint="the container is removed again; find out who can write there",
                    )
        finally:
            os.close(top)


def judge_mounts(mounts: Sequence[Mount], rules: PathRules, place: Place, *, here: bool) -> Sources:
    """What is to be mounted, all of it by ways that nobody else can bend. Raises ProjectError.

    What is missing is left to the engine, which says so. Is that not on this machine (`here`), what we cannot
    see is left to it, too; and always what it keeps itself, in a volume at `place`.
    """
    ids, paths = {}, {}
    for mount in mounts:
        if mount["Type"] != "bind":
            continue
        source, target = mount["Source"], PurePosixPath(mount["Target"])
        if place.volume and Path(source).is_relative_to(place.base):
            continue
        try:
            with walk(PurePosixPath(source)) as way:
                refusal = rules.refusal(way)
                ids[target], paths[target] = way.id, source
        except FileNotFoundError:
            continue
        except OSError as error:
            if not here:
                continue
            raise ProjectError(
                f"{source}: {error.strerror}", hint=f"it is to be mounted at {target}"
            ) from error
        if refusal is not None:
            raise ProjectError(f"{source} is not mounted: {refusal.why}", hint=refusal.remedy)
    return Sources(ids, paths)


def writable_sources(rows: Iterable[Listed]) -> list[Path]:
    """What containers have mounted and can write, by the engine's list of them."""
    mounts = [mount for row in rows for mount in row.mounts]
    return [
        Path(mount["Source"])
        for mount in mounts
        if mount.get("Type") == "bind" and mount.get("RW") and mount.get("Source")
    ]


def _is_of(process: Path, container: str) -> bool:
    """Whether a process of this machine is the container's: an engine elsewhere counts in another way."""
    try:
        return container in (process / "cgroup").read_text()
    except OSError:
        return False


def _stands(top: int, target: PurePosixPath, wanted: FileId) -> bool:
    """Whether it stands there in the container, or is where we may not look."""
    try:
        with walk(target, top=top) as way:
            return way.id == wanted
    except PermissionError:
        return True
    except OSError:
        return False


def _lives(process: Path) -> bool:
    """Whether it still has its mounts: when it ends they go, and then there is nothing to compare."""
    try:
        return bool(os.readlink(process / "ns/mnt"))
    except OSError:
        return False
