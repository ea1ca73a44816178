"""What a container has shown, as far as its engine can tell: its log, and its terminal's size. Blocking."""

from __future__ import annotations

import re

from docker import APIClient
from docker.errors import APIError
from msgspec import Struct

from qms_tui.runtime.size import Size

LOG_MOST = 8 * 1024 * 1024  # bytes of a log that are looked through; an agent's own has no more
LOG_LINES = 100_000  # the same: each line takes some 80 bytes more in the log than it has
LARGEST = 1000  # columns or lines; the agent itself can set any size, and cells take memory
UNKNOWN_SIZE = Size(80, 24)
_ASKED = ("stty", "-F", "/dev/console", "size")
_SIZE = re.compile(rb"(\d{1,4}) (\d{1,4})\s*")


class EngineLog(Struct, frozen=True):
    """The end of what a container has printed, and its terminal's size as far as that can be found out."""

    content: bytes
    size: Size


def read_log(api: APIClient, container: str, since: float = 0.0) -> bytes:
    """The end of what was logged since a time (seconds since 1970), or since the container's start.

    Raises what the docker SDK raises.
    """
    asked = int(since) if since >= 1 else None  # the SDK refuses 0
    return bytes(api.logs(container, tail=LOG_LINES, since=asked))[-LOG_MOST:]


def terminal_size(api: APIClient, container: str) -> Size | None:
    """Asked inside, since engines do not tell it; None if the image has no stty, or nobody has set one."""
    try:
        asked = api.exec_create(container, list(_ASKED), stderr=False)
        said = _SIZE.fullmatch(api.exec_start(asked["Id"]))
    except APIError:  # it does not run, or is paused
        return None
    if said is None:
        return None
    lines, columns = map(int, said.groups())
    return Size(columns, lines) if 0 < lines <= LARGEST and 0 < columns <= LARGEST else None
