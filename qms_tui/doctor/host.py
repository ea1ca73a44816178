"""Whether files that arrive are told at once: the kernel's limits, and file systems that tell nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from qms_tui.doctor.finding import Finding, ok, warning

LIMITS = Path("/proc/sys/fs/inotify")
MOUNTS = Path("/proc/self/mounts")
LEAST_WATCHES, LEAST_INSTANCES = 8192, 128  # what editors and other watchers leave room beside
_SILENT = ("9p", "nfs", "nfs4", "cifs", "smb3", "vboxsf", "virtiofs", "fuse")
_RESCAN = "items show with the next rescan"
# How WSL 2 mounts the drives of Windows, where owners and modes are not kept either.
_REMEDIES = dict.fromkeys(("9p", "virtiofs"), "; in WSL move the project from /mnt to your home there (ext4)")


def events(root: Path, limits: Path = LIMITS, mounts: Path = MOUNTS) -> Iterator[Finding]:
    """Both of it, for a project at `root`."""
    kind = file_system(root, _lines(mounts))
    silent = kind.partition(".")[0] in _SILENT
    if silent:
        yield warning("inbox", f"{kind} tells no changes made elsewhere", _RESCAN + _REMEDIES.get(kind, ""))
    found = {name: number(limits / f"max_user_{name}") for name in ("watches", "instances")}
    for name, least in (("watches", LEAST_WATCHES), ("instances", LEAST_INSTANCES)):
        if 0 < found[name] < least:
            remedy = f"sudo sysctl fs.inotify.max_user_{name}={least}"
            yield warning("inbox", f"only {found[name]} inotify {name} for all your programs", remedy)
    if not all(found.values()):
        yield warning("inbox", "no inotify here", _RESCAN)
    elif not silent:
        yield ok("inbox", f"events on {kind or 'its file system'}: {found['watches']} watches for each user")


def _lines(file: Path) -> list[str]:
    """Of a text file; none if there is none."""
    try:
        return file.read_text(errors="replace").splitlines()
    except OSError:
        return []


def number(file: Path) -> int:
    """The number in a file; 0 if there is none."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return 0


def file_system(path: Path, mounts: Iterable[str]) -> str:
    """The kind of the file system that a path is on, from the lines of /proc/mounts; '' if unknown."""
    best, kind = "", ""
    for line in mounts:
        parts = line.split(" ")
        if len(parts) < 3:
            continue
        place = parts[1].encode().decode("unicode_escape", errors="replace")
        if path.is_relative_to(place) and len(place) >= len(best):
            best, kind = place, parts[2]
    return kind
