"""The users and groups that an image has, asked of the engine once per image.

Asking takes the engine 0.3 s: it makes a container for it. An image's id is the hash of what is in it, so
what was read once stays true.
"""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

from docker import APIClient
from msgspec import Struct

from qms_tui.files import make_own_folder, read_regular_file, replace_file
from qms_tui.runtime.docker.throwaway import read_file, throwaway
from qms_tui.workers import DISK, waiting_for

LARGEST = 256 * 1024  # bytes of a kept file; an image has a few kilobytes
MOST = 100  # images remembered; whoever builds daily leaves a season of them behind
_log = logging.getLogger(__name__)


def accounts_folder() -> Path:
    """Where the user's files of this kind are; they may be deleted at any time."""
    import platformdirs

    return platformdirs.user_cache_path("qms-tui") / "accounts"


class Accounts(Struct, frozen=True):
    """The content of /etc/passwd and /etc/group; empty where there is none."""

    passwd: str
    group: str


def accounts_of(api: APIClient, image: str, project: str, folder: Path) -> Accounts:
    """Those of the image with that id, from a file in `folder` or else from the engine. Blocking."""
    path = folder / (re.sub(r"[^A-Za-z0-9]", "-", image)[:100] + ".json")
    known = _kept(path)
    if known is None:
        with throwaway(api, image, project, linger=True) as container:
            known = Accounts(*(read_file(api, container, f"/etc/{name}") for name in ("passwd", "group")))
        _keep(path, known)
    return known


@waiting_for(DISK)
def _kept(path: Path) -> Accounts | None:
    try:
        content = json.loads(read_regular_file(path, LARGEST))
        return Accounts(str(content["passwd"]), str(content["group"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        _log.warning("%s is not used: %s", path, error)
        return None


@waiting_for(DISK)
def _keep(path: Path, accounts: Accounts) -> None:
    """Write it whole or not at all; not to be able to is no reason to fail."""
    content = json.dumps({"passwd": accounts.passwd, "group": accounts.group}).encode()
    try:
        make_own_folder(path.parent)
        replace_file(path, content)
        _forget_oldest(path.parent)
    except OSError as error:
        _log.info("%s cannot be kept: %s", path, error)


def _forget_oldest(folder: Path) -> None:
    newest_first = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in newest_first[MOST:]:
        path.unlink(missing_ok=True)
