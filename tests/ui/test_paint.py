"""Where Textual has not the names that the short way to the screen uses, the long way is taken."""

from __future__ import annotations

import subprocess
import sys
from contextlib import AbstractAsyncContextManager
from types import SimpleNamespace
from typing import Protocol, cast

import pytest
from textual.geometry import Region
from textual.widget import Widget

from qms_tui.ui import paint

from .conftest import Screen

NAMES = {"app": paint._OF_APP, "screen": paint._OF_SCREEN, "widget": paint._OF_WIDGET}


class OpenApp(Protocol):
    def __call__(self, *agents: str) -> AbstractAsyncContextManager[Screen]: ...


def _widget(refreshed: list[Region], without: str) -> Widget:
    """A widget of a Textual that has all names but one."""
    owners = {
        owner: SimpleNamespace(**{name: None for name in names if name != without})
        for owner, names in NAMES.items()
    }
    widget = owners["widget"]
    widget.app, widget.screen = owners["app"], owners["screen"]
    widget.content_region = Region(10, 5, 40, 20)
    widget.refresh = lambda *regions: refreshed.extend(regions)
    return cast("Widget", widget)


@pytest.mark.parametrize("name", [name for names in NAMES.values() for name in names])
def test_a_name_is_missing(name: str) -> None:
    refreshed: list[Region] = []
    paint.paint_rows(_widget(refreshed, name), [3, 4, 9, 99])
    assert refreshed == [Region(0, 3, 40, 2), Region(0, 9, 40, 1)]


@pytest.mark.parametrize("name", ["_compositor.CompositorUpdate", "widgets._toast.Toast"])
def test_a_class_is_missing(name: str) -> None:
    module, class_name = name.rsplit(".", 1)
    code = (
        f"import textual.app, textual.{module} as module; del module.{class_name}\n"
        "from qms_tui.ui import app, paint; print(paint._IMPORTED)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


async def test_the_long_way_shows_the_same(open_app: OpenApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paint, "_IMPORTED", False)
    async with open_app("claude") as ui:
        await ui.running()
        await ui.type("echo long way")
        await ui.until(lambda: "\nlong way" in ui.painted("claude"))
