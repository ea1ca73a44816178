"""What holds for all tests."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says how busy the machine is; in a fresh clone the first ones make tables, too.
settings.register_profile("qms-tui", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("qms-tui")

UNNEEDED = 90.0  # seconds after its start in which a daemon that nobody has needed has ended


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--client-version",
        metavar="VERSION",
        default="",
        help="version of Claude Code in the image of the end-to-end tests; by default the Dockerfile's",
    )
    parser.addoption(
        "--real-programs",
        metavar="FOLDER",
        default="",
        help="where .ci/newest-programs has installed programs that report what they do",
    )


def pytest_configure() -> None:
    """A run under nohup, or in a script's background, would hand its deafness for hang-ups and interrupts on
    to the programs under test; and one in pytest-xdist, or in some shells, the size of its own terminal."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)


@pytest.fixture(scope="session", autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is remembered of projects is not the human's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session", autouse=True)
def no_daemon_is_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Of the projects of these tests; one that nobody needs ends by itself, and may do so still."""
    yield
    left = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            words = process.cmdline()
            if "qms_tui.daemon" in words and str(tmp_path_factory.getbasetemp()) in " ".join(words):
                process.kill()
                left += [words] if time.time() - process.create_time() > UNNEEDED else []
    assert left == []


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `-n 2`, one process has all tests with the engine, which share its images, and one the others.

    Two with the engine at a time are too much for two cores: what waits for something then waits too long.
    Not `--dist loadgroup`: its marks are lost on pytest 9.2.
    """
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

    class EngineApart(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return "engine" if nodeid.startswith("tests/e2e/") else nodeid

    return EngineApart(config, log)
