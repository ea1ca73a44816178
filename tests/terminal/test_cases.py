"""Cases with what terminals agree on; each says why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qms_tui.terminal import Terminal

CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = json.loads(path.read_text())
    terminal = Terminal(case["columns"], case["lines"])
    for step in case["steps"]:
        if "resize" in step:
            terminal.resize(*step["resize"])
        else:
            terminal.feed(bytes.fromhex(step["bytes"]))
    shown = {
        "display": [row.rstrip() for row in terminal.display],
        "cursor": [terminal.cursor.row, terminal.cursor.column],
        "wrapped": [terminal.is_wrapped(y) for y in range(terminal.lines)],
        "foreground": terminal.styled(0)[0].style.foreground,
    }
    assert {name: shown[name] for name in case["expect"]} == case["expect"]


def test_there_are_nine() -> None:
    assert len(CASES) == 9
