"""What can be wrong with a project, its disks and the processes around it: made real, and ended again."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from .household import Household

Condition = Callable[[Household], object]
DAEMON, KEEPER, SPAWNER = "qms_tui.daemon", "qms_tui.keeper", "qms_tui.keeper.spawner"


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 8 MB, which its tests may fill."""
    place = folder / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=755", "small", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def broken_file(household: Household) -> None:
    (household.root / "qms-tui.toml").write_text("[x\n")


def unreadable_file(household: Household) -> None:
    """A folder in its place: root may read all files."""
    (household.root / "qms-tui.toml").mkdir()


def broken_user_file(household: Household) -> None:
    household.set(household.config.read_text() + "[x\n")


def full_disk(household: Household) -> None:
    with contextlib.suppress(OSError), (household.home / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))


def read_only_disk(household: Household) -> None:
    """As a file system becomes that has errors: what is open for writing stays so."""
    place = household.root.parent
    subprocess.run(["mount", "-o", "bind", place, place], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", place], check=True)


def writable_disk(household: Household) -> None:
    """As it was before `read_only_disk` and `full_disk`."""
    place = household.root.parent
    if os.path.ismount(place) and not os.access(place, os.W_OK):
        subprocess.run(["umount", "--lazy", place], check=True)
    (household.home / "filler").unlink(missing_ok=True)


def hung(*modules: str) -> Condition:
    """These processes of ours are stopped."""

    def hang(household: Household) -> list[psutil.Process]:
        found = processes(household, *modules)
        assert found
        for process in found:
            process.suspend()
        return found

    hang.__name__ = "hung_" + "_".join(module.rpartition(".")[2] for module in modules)
    return hang


def processes(household: Household, *modules: str) -> list[psutil.Process]:
    """Those of ours for this household."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            words = process.cmdline()
            is_ours = any(word.startswith(str(household.root.parent)) for word in words)
            if is_ours and any(module in words for module in modules):
                found.append(process)
    return found


def both(*conditions: Condition) -> Condition:
    """One after the other."""

    def make(household: Household) -> None:
        for condition in conditions:
            condition(household)

    make.__name__ = "_and_".join(getattr(each, "__name__", "") for each in conditions)
    return make


@contextlib.contextmanager
def silent_engine(folder: Path) -> Iterator[str]:
    """The address of an engine that takes connections and never answers."""
    path = folder / "silent.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(64)
        yield f"unix://{path}"


def go_on(found: list[psutil.Process]) -> None:
    """Let processes go on that were stopped."""
    for process in found:
        with contextlib.suppress(psutil.Error):
            process.send_signal(signal.SIGCONT)
