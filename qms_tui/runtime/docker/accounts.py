"""The users and groups that an image has, asked of the engine once per image.

Reading a file of a container that does not run takes the engine 0.15 s: it mounts the container for it.
An image's id is the hash of what is in it, so what was read once stays true.
"""

from __future__ import annotations

import io
import json
import logging
import os
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path

from docker import APIClient
from docker.errors import NotFound

from qms_tui.config.files import read_regular_file, replace_file

LARGEST = 256 * 1024  # bytes of a kept file; an image has a few kilobytes
MOST = 100  # images remembered; whoever builds daily leaves a season of them behind
_log = logging.getLogger(__name__)


def accounts_folder() -> Path:
    """Where the user's files of this kind are; they may be deleted at any time."""
    import platformdirs

    return platformdirs.user_cache_path("qms-tui") / "accounts"


@dataclass(frozen=True, slots=True)
class Accounts:
    """The content of /etc/passwd and /etc/group; empty where there is none."""

    passwd: str
    group: str


def accounts_of(api: APIClient, container: str, folder: Path) -> Accounts:
    """Those of a container's image, from a file in `folder` or else from the engine. Blocking."""
    image = str(api.inspect_container(container)["Image"])
    path = folder / (re.sub(r"[^A-Za-z0-9]", "-", image)[:100] + ".json")
    known = _kept(path)
    if known is None:
        known = Accounts(*(_read_file(api, container, f"/etc/{name}") for name in ("passwd", "group")))
        _keep(path, known)
    return known


def _kept(path: Path) -> Accounts | None:
    try:
        content = json.loads(read_regular_file(path, LARGEST))
        return Accounts(str(content["passwd"]), str(content["group"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        _log.warning("%s is not used: %s", path, error)
        return None


def _keep(path: Path, accounts: Accounts) -> None:
    """Write it whole or not at all; not to be able to is no reason to fail."""
    text = json.dumps({"passwd": accounts.passwd, "group": accounts.group})
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(path, text)
        _forget_oldest(path.parent)
    except OSError as error:
        _log.info("%s cannot be kept: %s", path, error)


def _forget_oldest(folder: Path) -> None:
    newest_first = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in newest_first[MOST:]:
        path.unlink(missing_ok=True)


def _read_file(api: APIClient, container: str, path: str) -> str:
    """A small text file of a container; empty if there is none."""
    try:
        chunks, _ = api.get_archive(container, path)
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
            member = archive.extractfile(os.path.basename(path))
            return member.read().decode(errors="replace") if member else ""
    except (NotFound, KeyError):
        return ""
