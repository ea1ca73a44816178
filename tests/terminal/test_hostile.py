"""Nothing that a program writes keeps us busy for long: counted in calls, since a clock is no judge in CI."""

import sys
from types import FrameType

import pytest

from qms_tui.terminal import Terminal
from tests.bench.hostile import CASES, Case

# Per chunk of 4 KiB at 200x50, where each of up to 4,096 sequences may touch 50 rows. Before rows were
# remembered the worst cases made over ten million calls; the worst is now at 190,000.
MOST_CALLS = 300_000


def _calls(terminal: Terminal, data: bytes) -> int:
    """Calls of functions, those written in C included."""
    count = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")
        if count > MOST_CALLS:
            sys.setprofile(None)

    sys.setprofile(note)
    try:
        terminal.feed(data)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_hostile_chunk_is_cheap(case: Case) -> None:
    assert _calls(case.prepare(200, 50), case.data) < MOST_CALLS


def test_resizing_does_not_touch_the_history() -> None:
    terminal = Terminal(200, 50, scrollback=5000)
    terminal.feed(b"".join(b"%0199d\r\n" % i for i in range(5100)))
    few = Terminal(200, 50, scrollback=5000)
    few.feed(b"".join(b"%0199d\r\n" % i for i in range(500)))
    counts = [_resizes(each) for each in (terminal, few)]
    assert counts[0] < 2 * counts[1]


def _resizes(terminal: Terminal) -> int:
    count = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        for columns in range(199, 150, -5):
            terminal.resize(columns, 50)
    finally:
        sys.setprofile(None)
    return count
