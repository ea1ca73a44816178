"""Recorded sessions must leave the screen that alacritty shows; captures of real programs must go through."""

import json
import unicodedata
from pathlib import Path

import pytest

from qms_tui.terminal import Terminal

HERE = Path(__file__).parent
RECORDINGS = sorted((HERE / "recordings").glob("*.json"))
CAPTURES = sorted((HERE / "captures").glob("*.raw"))


def _comparable(rows: list[str]) -> list[str]:
    return [unicodedata.normalize("NFC", row).rstrip() for row in rows]


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_recording(path: Path) -> None:
    expected = json.loads(path.read_text())
    terminal = Terminal(expected["columns"], expected["lines"])
    terminal.feed(path.with_suffix(".bytes").read_bytes())
    assert _comparable(terminal.display) == _comparable(expected["text"])


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_capture_is_the_same_in_any_pieces(path: Path) -> None:
    data = path.read_bytes()
    whole, pieces = Terminal(120, 40), Terminal(120, 40)
    whole.feed(data)
    for start in range(0, len(data), 97):
        pieces.feed(data[start : start + 97])
    assert pieces.display == whole.display
    assert [pieces.styled(y) for y in range(40)] == [whole.styled(y) for y in range(40)]
    assert list(pieces.history) == list(whole.history)
    assert pieces.cursor == whole.cursor


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_capture_leaks_no_sequence(path: Path) -> None:
    terminal = Terminal(120, 40)
    terminal.feed(path.read_bytes())
    for row in [*terminal.display, *terminal.history]:
        assert not any(unicodedata.category(char) == "Cc" for char in row)


def test_there_are_fifteen() -> None:
    assert len(RECORDINGS) == 15
