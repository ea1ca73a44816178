"""What holds for all tests."""

from __future__ import annotations

import os
import signal
from functools import cache
from pathlib import Path
from typing import Any

import pytest


def pytest_configure() -> None:
    """A run under nohup would hand its deafness for hang-ups on to the programs under test; and one in
    pytest-xdist, or in some shells, the size of its own terminal."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `-n 2`, one process has the tests with the product's image, one those with the engine alone.

    So each image is made once. The other tests are for whoever has nothing to do. Not `--dist loadgroup`: its
    marks are lost on pytest 9.2.
    """
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

    class EngineApart(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            if not file.startswith("tests/e2e/"):
                return nodeid
            return "clients" if _needs_the_product(config.rootpath / file) else "engine"

    return EngineApart(config, log)


@cache
def _needs_the_product(file: Path) -> bool:
    return "client_image" in file.read_text()
