"""The addresses in a pane: found whole, copied, opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from qms_tui.terminal import Terminal
from qms_tui.ui.links import MOST, addresses
from qms_tui.ui.screens import LinkScreen

from .test_app import OpenApp

LOGIN = "https://login.example/oauth/authorize?code=true&client_id=9d1c250a&scope=a%3Ab+c&s=" + "Xy9_-" * 20


def shown(data: bytes, columns: int = 40) -> list[str]:
    terminal = Terminal(columns, 30, scrollback=100)
    terminal.feed(data)
    return addresses(terminal)


def in_rows(text: str, width: int, indent: str = "") -> bytes:
    """Cut by the program itself, as Claude Code does: every row full, each ended by a new line."""
    pieces = [text[at : at + width] for at in range(0, len(text), width)]
    return "".join(f"{indent}{piece}\r\n" for piece in pieces).encode()


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"see https://a.example/x, or (http://b.example/y).", ["http://b.example/y", "https://a.example/x"]),
        (b"https://a.example/wiki/A_(b)", ["https://a.example/wiki/A_(b)"]),
        (b"\x1b]8;;https://a.example/whole\x1b\\here\x1b]8;;\x1b\\", ["https://a.example/whole"]),
        (b"\x1b]8;;file:///etc/passwd\x1b\\here\x1b]8;;\x1b\\ javascript:alert(1)", []),
        (b"https://a.example/x\r\nhttps://a.example/x", ["https://a.example/x"]),
        (b"nothing", []),
    ],
)
def test_addresses_in_one_row(data: bytes, found: list[str]) -> None:
    assert shown(data) == found


def test_one_that_the_terminal_broke_is_whole() -> None:
    assert shown(b"open " + LOGIN.encode() + b" now") == [LOGIN]


@pytest.mark.parametrize("width", [40, 39, 38])
def test_one_that_the_program_broke_is_whole(width: int) -> None:
    assert shown(in_rows(LOGIN, width) + b"\r\nPaste code here") == [LOGIN]


def test_an_indented_one_is_whole() -> None:
    assert shown(in_rows(LOGIN, 36, "  ") + b"\r\n  Paste code here") == [LOGIN]


def test_one_that_ends_early_takes_nothing_of_the_next_row() -> None:
    assert shown(b"https://a.example/x\r\nnext") == ["https://a.example/x"]
    assert shown(b"https://a.example/" + b"x" * 22 + b"\r\n\r\nnext") == ["https://a.example/" + "x" * 22]


def test_two_below_each_other_stay_two() -> None:
    first, second = "https://a.example/".ljust(40, "x"), "https://b.example/".ljust(40, "y")
    assert shown(in_rows(first + second, 40)) == [second, first]


def test_those_that_scrolled_away_are_found_and_all_are_bounded() -> None:
    data = b"".join(b"https://a.example/%d\r\n" % n for n in range(90))
    assert shown(data) == [f"https://a.example/{n}" for n in range(89, 89 - MOST, -1)]


async def test_choosing_one(open_app: OpenApp) -> None:
    async with open_app("claude", size=(60, 30)) as ui:
        await ui.running()
        await ui.type(f"echo '{LOGIN}'")
        await ui.until(lambda: ui.text("claude").count("https://") == 2)
        await ui.press("ctrl+b", "u")
        await ui.until(lambda: ui.shows(LinkScreen))
        await ui.press("enter")
        await ui.until(lambda: ui.app.clipboard == LOGIN)


async def test_opening_one(open_app: OpenApp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opened, browser = tmp_path / "opened", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" >>{opened}\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{browser} %s &")
    monkeypatch.setattr("webbrowser._tryorder", None)  # as in a process that has not looked for one yet
    async with open_app("claude") as ui:
        await ui.running()
        await ui.press("ctrl+b", "u")
        await ui.until(lambda: "No address" in str([n.message for n in ui.app._notifications]))
        await ui.type("echo https://a.example/x")
        await ui.until(lambda: ui.text("claude").count("https://") == 2)
        await ui.press("ctrl+b", "u")
        await ui.until(lambda: ui.shows(LinkScreen))
        await ui.press("o")
        await ui.until(lambda: opened.is_file() and opened.read_text() == "https://a.example/x\n")
