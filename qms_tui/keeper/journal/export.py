"""Lines into a file of the user's: all of them or none, never over anything unasked."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path

from qms_tui.errors import UsageError


def write_file(path: Path, lines: Iterable[str], *, force: bool) -> None:
    """Write lines (with their ends) as UTF-8 to a file that only its owner may read.

    Raises UsageError if it is there already (unless `force`) or cannot be written.
    """
    _check_free(path, force)
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:64]}.")  # 0600
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with open(descriptor, "w", encoding="utf-8", errors="replace", newline="") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        _put(name, path, force)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


def _put(name: str, path: Path, force: bool) -> None:
    if force:
        os.replace(name, path)
        return
    try:
        os.link(name, path)  # unlike a rename it fails if somebody has made the file meanwhile
    except FileExistsError:
        raise _exists(path) from None
    except OSError:  # a file system without links
        _check_free(path, force)
        os.rename(name, path)


def _check_free(path: Path, force: bool) -> None:
    try:
        mode = path.lstat().st_mode
    except OSError:
        return  # missing, or what is wrong will be told by the attempt
    if not force:
        raise _exists(path)
    if not stat.S_ISREG(mode) and not stat.S_ISLNK(mode):
        raise UsageError(f"{path} is no file", hint="name a file; - is standard output")


def _exists(path: Path) -> UsageError:
    return UsageError(f"{path} exists", hint="choose another name, or say --force to replace it")


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{path} cannot be written: {error.strerror or error}", hint="choose another place")
