"""Everything that the daemon may need, loaded before it serves.

A newer version may be installed over ours while we run: what was loaded later would be of that one.
"""

from __future__ import annotations

import importlib
import pkgutil

import qms_tui

ROOMS = (
    *("api", "config", "text", "ipc", "trust", "inbox", "activity", "waking", "core", "daemon"),
    *("programs", "runtime", "keeper"),
)
_MCP = ("lights", "mounting", "places", "status", "tokens")  # the rest is the gateway's, and heavy
_OTHERS = (
    *("qms_tui.account_ids", "qms_tui.armed", "qms_tui.project", "qms_tui.remembered", "qms_tui.report"),
    *("bz2", "concurrent.futures.thread", "difflib", "encodings.ascii", "encodings.idna", "gzip", "lzma"),
    *("tarfile", "watchdog.observers", "yaml", "zlib"),
)


def preload() -> None:
    """Load it. Raises ImportError for what is not installed as it should be."""
    for room in ROOMS:
        for name in _modules(room):
            importlib.import_module(name)
    for name in (*(f"qms_tui.mcp.{each}" for each in _MCP), *_OTHERS):
        importlib.import_module(name)


def _modules(room: str) -> list[str]:
    """Of a room and of those in it, without what runs as a process of its own."""
    package = importlib.import_module(f"{qms_tui.__name__}.{room}")
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    return [each.name for each in found if not each.name.endswith("__main__")]
