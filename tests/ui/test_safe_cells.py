"""What the whole app writes to the terminal it runs in, whatever is in a pane's cells and in names."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from qms_tui.terminal import Terminal
from qms_tui.text.printable import plain

from .outer_terminal import OuterTerminal

APP = str(Path(__file__).with_name("key_rows_app.py"))
COLUMNS, LINES = 160, 30
ESCAPES = "\x1b]0;taken over\x07\x1b[8;1H\x9b31m\u202egnp\u2066"
NAME = f"evil{ESCAPES}name"
ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
HOSTILE = [
    *map(chr, (0x61C, 0x200B, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2060, 0x2070), 0xFEFF)),
    *map(chr, (0x180E, *range(0xFFF9, 0xFFFC), 0x1D173, *range(0xE0001, 0xE0080))),
]
REACHES_NOBODY = re.compile(
    "[\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
TAGS = re.compile("[\U000e0000-\U000e00ff]")


@dataclass
class App:
    """The app on its PTY, and the other end of its agent's program."""

    outer: OuterTerminal
    program: socket.socket

    def shows(self, text: str) -> None:
        """Wait until a terminal like the outer one shows a text."""
        self.outer.until(lambda: any(text in row for row in self.display), text)

    @property
    def display(self) -> list[str]:
        terminal = Terminal(COLUMNS, LINES)
        terminal.feed(bytes(self.outer.output))
        return terminal.display

    @property
    def written(self) -> str:
        return self.outer.output.decode()


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """The app in a project whose folder has a hostile name."""
    project = tmp_path / NAME
    (project / ".claude" / "agents").mkdir(parents=True)
    with ExitStack() as stack:
        listening = stack.enter_context(socket.socket(socket.AF_UNIX))
        listening.bind(str(tmp_path / "socket"))
        listening.listen(1)
        arguments = APP, str(project), str(tmp_path / "socket")
        outer = stack.enter_context(OuterTerminal(*arguments, columns=COLUMNS, lines=LINES))
        connected: list[socket.socket] = []
        outer.watch(listening, lambda: connected.append(stack.enter_context(listening.accept()[0])))
        outer.until(lambda: connected, "the program in the pane")
        yield App(outer, connected[0])


def test_nothing_hostile_reaches_the_outer_terminal(app: App) -> None:
    """Between each two letters of the row is something that would turn, hide or split it."""
    app.program.sendall("".join(f"{chr(97 + at % 26)}{char}" for at, char in enumerate(HOSTILE)).encode())
    app.program.sendall(f"\r\n|{ENGLAND}|👩‍👩‍👧|❤️|end\x1b]2;title{ESCAPES}\x07".encode())
    app.shows("|end")
    letters = "".join(chr(97 + at % 26) for at in range(len(HOSTILE)))
    app.shows(letters[:90])
    app.shows(plain(NAME))
    assert not REACHES_NOBODY.search(app.written)
    assert not TAGS.search(app.written.replace(ENGLAND, ""))
    assert "\x1b]0;" not in app.written
    assert ENGLAND in app.written
    assert "👩‍👩‍👧" in app.written
    assert "❤️" in app.written
