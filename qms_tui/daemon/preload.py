"""Everything that the daemon may need, loaded before it serves.

A newer version may be installed over ours while we run: what was loaded later would be of that.
"""

from __future__ import annotations

import importlib

MODULES: tuple[str, ...] = ()


def preload() -> None:
    """Load it."""
    for name in MODULES:
        importlib.import_module(name)
