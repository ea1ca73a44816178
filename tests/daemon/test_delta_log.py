"""Lines are kept up to so many bytes, for everybody together."""

from __future__ import annotations

from qms_tui.daemon.delta_log import DeltaLog


def test_the_newest_lines_are_kept() -> None:
    log = DeltaLog(most=100)
    assert log.last == 0
    for number in range(1, 31):
        log.add(b"%10d" % number)
    assert [log.last, log.size] == [30, 100]
    assert log.line(30) == b"%10d" % 30
    assert log.line(21) == b"%10d" % 21
    assert [log.line(number) for number in (20, 1, 0)] == [None, None, None]


def test_what_is_larger_than_all_is_not_kept() -> None:
    log = DeltaLog(most=100)
    log.add(b"small")
    log.add(b"x" * 101)
    assert [log.last, log.size, log.line(2), log.line(1)] == [2, 0, None, None]
    log.add(b"small")
    assert log.line(3) == b"small"
