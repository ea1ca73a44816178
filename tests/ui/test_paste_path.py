"""What becomes of a paste that is one path, in every form that terminals write on a drop."""

from __future__ import annotations

import socket

import pytest

from qms_tui.ui.paste_path import replace_path

THERE = {
    "/p/a.png": "/pipe-dream/a.png",
    "/p/a b.png": "/pipe-dream/a b.png",
    "/p/it's.png": "/pipe-dream/it's.png",
    '/p/a"$b.png': '/pipe-dream/a"$b.png',
    "/p/a\\b.png": "/pipe-dream/a\\b.png",
    "/p/grün 日.png": "/pipe-dream/grün 日.png",
    "/p": "/pipe-dream",
}


def becomes(paste: str) -> str | None:
    found = replace_path(paste.encode(), THERE.get)
    return found.data.decode() if found else None


@pytest.mark.parametrize(
    ("paste", "wanted"),
    [
        ("/p/a.png", "/pipe-dream/a.png"),
        ("/p/a.png ", "/pipe-dream/a.png "),
        ("/p/a.png\r\n", "/pipe-dream/a.png\r\n"),
        (" /p/a.png", " /pipe-dream/a.png"),
        ("/p", "/pipe-dream"),
        ("/p/a b.png", "/pipe-dream/a b.png"),
        ("'/p/a b.png' ", "'/pipe-dream/a b.png' "),
        ('"/p/a b.png"', '"/pipe-dream/a b.png"'),
        ("/p/a\\ b.png ", "/pipe-dream/a\\ b.png "),
        ("'/p/it'\\''s.png'", "'/pipe-dream/it'\\''s.png'"),
        ("/p/it\\'s.png", "/pipe-dream/it\\'s.png"),
        ("/p/it's.png", "/pipe-dream/it's.png"),
        ('"/p/a\\"\\$b.png"', '"/pipe-dream/a\\"\\$b.png"'),
        ("/p/a\\b.png", "/pipe-dream/a\\b.png"),
        ("/p/a\\\\b.png", "/pipe-dream/a\\\\b.png"),
        ("file:///p/a%20b.png", "/pipe-dream/a b.png"),
        ("file:///p/a.png\r\n", "/pipe-dream/a.png\r\n"),
        ("file://localhost/p/a.png", "/pipe-dream/a.png"),
        (f"file://{socket.gethostname()}/p/a.png", "/pipe-dream/a.png"),
        ("file:/p/a.png", "/pipe-dream/a.png"),
        ("FILE:///p/gr%C3%BCn%20%E6%97%A5.png", "/pipe-dream/grün 日.png"),
        ("'/p/grün 日.png'", "'/pipe-dream/grün 日.png'"),
        ("/p/grün\\ 日.png", "/pipe-dream/grün\\ 日.png"),
    ],
)
def test_one_path_becomes_that_inside(paste: str, wanted: str) -> None:
    assert becomes(paste) == wanted


@pytest.mark.parametrize(
    "paste",
    [
        "", " ", "/", "p/a.png", "a.png", "/q/a.png", "see /p/a.png", "/p/a.png /p/a.png",
        "'/p/a.png' '/p/a.png'",
        "/p/a.png\n/p/a.png", "/p/a.png; rm x", "'/p/a.png", "file://elsewhere/p/a.png", "file:///p/a.png?x",
        "file:///p/a.png#x", "http://localhost/p/a.png", "file://[/p/a.png", "/p/a.png\x1b[31m", "/p/a.png\0",
        "file:///p/a.png%00", "/p/" + "a" * 20_000, "$(cat /p/a.png)", "`/p/a.png`", "cat '/p/a.png'",
    ],
)  # fmt: skip
def test_every_other_paste_is_left_alone(paste: str) -> None:
    assert becomes(paste) is None


def test_bytes_that_are_no_text_may_be_a_name() -> None:
    def inside(path: str) -> str | None:
        return path.replace("/p/", "/pipe-dream/") if path == "/p/\udcff.png" else None

    assert (found := replace_path(b"/p/\xff.png ", inside)) is not None
    assert found.data == b"/pipe-dream/\xff.png "
    assert replace_path(b"\xff\xfe/", inside) is None


def test_only_what_is_one_path_is_asked_for() -> None:
    asked: list[str] = []
    replace_path(b"rm -rf / # and more\nlines", lambda path: asked.append(path))
    replace_path(b"word", lambda path: asked.append(path))
    assert asked == []
