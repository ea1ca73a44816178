"""Hides what no agent may see in what is mounted for it, or refuses the mount. Pure but for looking.

A read-only mount is no wall for a socket: connecting writes nothing. And of what an agent can write it can
replace each folder above a mask, and lay something of its own where qms-tui looks for its files.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from docker.types import Mount

from qms_tui.errors import ExposureError, state_remedy
from qms_tui.files import make_own_folder
from qms_tui.runtime.docker.private import PROCESSES, Kind, Private, own_folders
from qms_tui.runtime.docker.views import Identity, View, above, identity, paths, process_views, views

_HINT = "mount something smaller, or keep that elsewhere (XDG_STATE_HOME and XDG_CONFIG_HOME say where)"


def check_sources(sources: Iterable[Path]) -> None:
    """Raise ExposureError for the first in a folder of our own, or among the machine's processes."""
    own, seen = {identity(folder): folder for folder in own_folders()}, views()
    own.pop(None, None)
    processes = {view.device for view in process_views(seen)}
    for source in sources:
        if _device(source) in processes:
            raise ExposureError(
                f"{source} would show {PROCESSES}",
                hint="agents never see those: mount what they need of it, as a file of your own",
            )
        for path in paths(source, seen):
            for found, _ in above(path):
                if found in own:
                    raise ExposureError(
                        f"{source} lies in {own[found]}, where qms-tui keeps its own files",
                        hint="agents never see those: use a folder outside of it",
                    )


def _device(path: Path) -> bytes | None:
    """Of what stands there, as the list of mounts has it."""
    found = identity(path)
    return f"{os.major(found[0])}:{os.minor(found[0])}".encode() if found is not None else None


def masks(
    mounted: Sequence[Mount], places: Sequence[Private], *, make: bool
) -> list[tuple[PurePosixPath, bool]]:
    """Where in the container something empty has to stand over the mounts, and whether that is a folder.

    A mask needs something to stand on: with `make`, a folder of our own that is missing is made, else it is
    left out. Raises ExposureError for what cannot be hidden.
    """
    found: dict[PurePosixPath, bool] = {}
    seen, taken = views(), [PurePosixPath(mount["Target"]) for mount in mounted]
    for place in sorted(places, key=lambda place: place.kind is Kind.FILE):  # folders first: they hide files
        for outer, target in _shown(place, mounted, seen):
            covered = any(_covers(each, outer, target) for each in (*taken, *found))
            if not covered and _is_there(place, make):
                found[target] = place.kind is not Kind.FILE
    return list(found.items())


def _shown(
    place: Private, mounted: Sequence[Mount], seen: Sequence[View]
) -> Iterator[tuple[PurePosixPath, PurePosixPath]]:
    """By which mount it is shown, and where it has to be hidden, both inside. Raises ExposureError."""
    ways: dict[Identity | None, list[PurePosixPath]] = defaultdict(list)
    for path in paths(place.path, seen):
        for found, way in above(path):
            ways[found].append(way)
    for mount in mounted:
        source = identity(Path(mount["Source"])) if mount["Type"] == "bind" else None
        for way in ways.get(source, ()):
            hidden = way.parent if place.kind is Kind.SOCKET else way
            if mount["ReadOnly"] and hidden.parts:
                outer = PurePosixPath(mount["Target"])
                yield outer, outer / hidden
            elif place.strict:
                raise _refusal(place, mount)


def _refusal(place: Private, mount: Mount) -> ExposureError:
    how = "show" if mount["ReadOnly"] else "let it replace"
    return ExposureError(
        f"{mount['Source']}, mounted for the agent, would {how} {place.what}: {place.path}", hint=_HINT
    )


def _covers(other: PurePosixPath, outer: PurePosixPath, target: PurePosixPath) -> bool:
    """Whether something else that stands in the outer mount hides the target already."""
    return other != outer and other.is_relative_to(outer) and target.is_relative_to(other)


def _is_there(place: Private, make: bool) -> bool:
    if make and place.kind is Kind.FOLDER:
        try:
            make_own_folder(place.path)
        except OSError as error:
            raise ExposureError(
                f"{place.path}: {error.strerror}",
                hint=state_remedy(error, "it is made so that it can be hidden from agents"),
            ) from error
    return os.path.exists(place.path)
