"""A file of the project that is dropped on a pane is the agent's file, in a real container."""

from __future__ import annotations

import base64
import shlex
from pathlib import Path

import pytest

from . import debian
from .test_app import App, app, leave
from .test_state import IDLE
from .test_state import app as client_app

__all__ = ["app", "client_app"]
NAME = "a drawing.png"
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def paste(text: str) -> str:
    return f"\x1b[200~{text}\x1b[201~"


def test_a_path_of_the_project_becomes_that_inside(app: App, qms_project: Path) -> None:
    """Said on the status line, whatever the width; a path outside stays as it is."""
    (qms_project / NAME).write_bytes(PICTURE)
    outside = qms_project.parent / "outside.png"
    outside.write_bytes(PICTURE)
    app.set('command = ["sh"]\n')
    with app.open("qa", size=(80, 24)) as tui:
        tui.wait("1 qa ● running")
        tui.type("ls -d " + paste(f"{shlex.quote(str(qms_project / NAME))} "))
        tui.wait(f"ls -d '/pipe-dream/{NAME}'", f"qa got the path in its container: /pipe-dream/{NAME}")
        tui.type("; echo fou''nd $?\r")
        tui.wait("found 0")
        tui.type("echo =" + paste(str(outside)) + "=\r")
        tui.until(lambda: str(outside.parent)[-20:] in tui.text.replace("\n", "").replace("┃", ""))
        tui.wait("1 of 1 running", absent="got the path")  # the status line is what it was
        leave(tui)
    app.set("[terminal]\npaste_paths = false\n")
    with app.open("qa", size=(200, 24)) as tui:
        tui.wait("1 qa ● running")
        tui.type("echo " + paste(str(qms_project / NAME)))
        tui.wait(f"/project/{NAME}", absent="got the path")
        leave(tui)


@pytest.mark.timeout(debian.BUILD_SECONDS)
@pytest.mark.parametrize("form", ["plain", "quoted", "address"])
def test_a_picture_reaches_the_client(client_app: App, form: str) -> None:
    file = client_app.root / NAME
    file.write_bytes(PICTURE)
    written = {"plain": str(file), "quoted": f"'{file}' ", "address": f"{file.as_uri()}\r\n"}[form]
    with client_app.open("qa") as tui:
        tui.wait(IDLE)
        tui.type(paste(written))
        tui.wait("[Image #1]")
        leave(tui)
