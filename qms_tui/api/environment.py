"""What of a client's environment goes along with what it asks for."""

from __future__ import annotations

import os
from collections.abc import Iterable

from qms_tui.api.commands import Environment, Variable
from qms_tui.files import own_umask

_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy")
LISTED = (
    *("SSH_AUTH_SOCK", "SSH_AGENT_PID", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"),
    *("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ"),
    *("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"),
    *_PROXIES,
    *map(str.upper, _PROXIES),
)
"""What changes from one login to the next: that of an older one would be wrong."""


def own_environment(names: Iterable[str] = (), *, whole: bool = False) -> Environment:
    """This process's: the listed variables and those with these names, or the `whole` of it."""
    looked_at = tuple(dict.fromkeys((*LISTED, *names)))
    wanted = os.environ if whole else [name for name in looked_at if name in os.environ]
    texts = [Variable(name, os.environ[name]) for name in wanted if _is_text(name + os.environ[name])]
    return Environment(tuple(texts), looked_at, whole, own_umask(), _folder())


def _is_text(word: str) -> bool:
    """What has bytes that are not UTF-8 cannot be said in JSON."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # somebody has removed it
        return "/"
