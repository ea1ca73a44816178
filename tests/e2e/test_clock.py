"""The wall clock jumps under the interface and the keeper, as after a sleep or a late time server."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.mcp.house import wait_until
from tests.tui import Tui

from .test_app import App, leave
from .user import as_user, give

SOON = 10.0  # seconds, on a busy machine; timers of the wall clock would be late by days
LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


class Clock:
    """The wall clock of what is started with `environment`; the monotonic one is the machine's."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.environment = {
            "LD_PRELOAD": str(LIBRARIES[0]),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        self.jump("+0")

    def jump(self, offset: str) -> None:
        """Go wrong by this from now on: `+2d`, `-3h`. The file is always whole: clocks read it often."""
        beside = self.file.with_name("beside")
        beside.write_text(offset)
        beside.rename(self.file)


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    if not LIBRARIES:
        pytest.skip("faketime is not installed")
    return Clock(tmp_path / "clock")


@pytest.fixture
def app(qms_project: Path, tmp_path: Path, image: str, clock: Clock) -> Iterator[App]:
    made = App(qms_project, tmp_path / "home", image)
    # Behind the change of the user: what one user's faketime shares, another one's cannot open.
    variables = (f"{name}={value}" for name, value in clock.environment.items())
    made.program = (*as_user(made.uid), "env", *variables, sys.executable, "-m", "qms_tui")
    give(made.uid, clock.file)
    yield made
    made.run("stop", "--all")


def test_the_clock_of_this_test_jumps(clock: Clock) -> None:
    clock.jump("+2d")
    words = [sys.executable, "-c", "import time; print(time.time())"]
    told = subprocess.run(words, env=os.environ | clock.environment, capture_output=True, check=True)
    assert float(told.stdout) - time.time() == pytest.approx(2 * 86_400, abs=60)


def within(seconds: float, act: Callable[[], object]) -> None:
    began = time.monotonic()
    act()
    assert time.monotonic() - began < seconds


def echoes(tui: Tui, word: str) -> None:
    tui.type(f"{word}\r")
    tui.wait(f"echo:{word}")


def test_the_wall_clock_jumps(app: App, clock: Clock) -> None:
    with app.open("claude") as tui:
        tui.wait("1 claude ● running", "agent ready claude")
        echoes(tui, "before")
        for offset in ("+2d", "-2d", "+0"):
            clock.jump(offset)
            within(SOON, lambda offset=offset: echoes(tui, f"at{offset}"))  # type: ignore[misc]
            tui.wait("1 claude ● running")
        leave(tui)
    clock.jump("-1d")
    with app.open("claude") as tui:
        tui.wait("1 claude ● running", "echo:before", "echo:at+2d", "echo:at-2d", "echo:at+0")
        echoes(tui, "again")
        leave(tui)
    # Humans come first: it is written a moment after it is shown.
    wait_until(lambda: "echo:again" in logged(app), "the last word in the journal")
    assert logged(app) == ["echo:before", "echo:at+2d", "echo:at-2d", "echo:at+0", "echo:again"]


def logged(app: App) -> list[str]:
    """The agent's answers in its journal."""
    return [line for line in app.run("log", "claude").stdout.splitlines() if line.startswith("echo:")]
