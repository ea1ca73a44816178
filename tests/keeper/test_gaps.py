"""What the engine's log tells of a time in which nobody listened, laid beside what is known."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_tui.keeper.gaps import is_whole, missed

# Numbered lines: no two places look alike, as in most output.
LINES = b"".join(b"line %d of what a program prints\r\n" % n for n in range(400))


def logged(stream: bytes) -> bytes:
    """As the engine logs it: the unfinished line is held back."""
    return stream[: stream.rfind(b"\n") + 1]


@given(st.integers(2000, len(LINES)), st.integers(0, 4000), st.integers(0, 4000), st.integers(200, 2000))
def test_every_whole_line_is_found_once(lost: int, away: int, reading: int, back: int) -> None:
    """Nobody listened from `lost` on for `away` bytes; `reading` bytes later the log was read."""
    again = min(lost + away, len(LINES))
    now = min(again + reading, len(LINES))
    log = logged(LINES[:now])[LINES.rfind(b"\n", 0, lost - back) + 1 :]
    live = LINES[again:now]
    found = missed(LINES[:lost][-8192:], log, live)
    assert found is not None
    whole = LINES[:lost] + found + live
    if again <= len(logged(LINES[:now])):
        assert whole == LINES[:now]
    else:  # the beginning of the line that was unfinished when we listened again is known to nobody
        start = max(lost, LINES.rfind(b"\n", 0, again) + 1)
        assert whole == LINES[:start] + LINES[again:now]


def test_a_draft_at_the_prompt_is_not_repeated() -> None:
    assert missed(b"hello\r\n$ ech", b"hello\r\n", b"") == b""
    assert missed(b"hello\r\n$ ech", b"hello\r\n$ echo 1\r\n1\r\n", b"$ ") == b"o 1\r\n1\r\n"


def test_a_log_that_fits_nowhere_is_not_used() -> None:
    assert missed(b"one\r\ntwo\r\n", b"something else entirely\r\n", b"") is None


def test_nothing_known_takes_all() -> None:
    assert missed(b"", b"a\r\nb\r\n", b"") == b"a\r\nb\r\n"
    assert missed(b"", b"a\r\nb\r\n", b"b\r\nc") == b"a\r\n"


@pytest.mark.parametrize("known", [b"", b"x", b"x\r\n"])
def test_an_empty_log_is_no_gap(known: bytes) -> None:
    assert missed(known, b"", b"") == b""


def test_a_prompt_that_is_in_the_log_many_times() -> None:
    lines = b"$ echo one\r\none\r\n$ echo two\r\ntwo\r\n"
    assert missed(lines + b"$ ", lines, b"") == b""
    assert missed(lines + b"$ ", lines + b"$ echo three\r\nthree\r\n", b"$ ") == b"echo three\r\nthree\r\n"


@pytest.mark.parametrize("reach", [400, 6000])
def test_a_character_that_the_log_has_damaged(reach: int) -> None:
    """As many bytes before the end of what is known."""
    known = LINES[:9000][-8192:]
    log = LINES[:12000]
    damaged = log[: 9000 - reach] + "\ufffd\ufffd".encode() + log[9000 - reach + 1 :]
    assert missed(known, logged(damaged), b"") == logged(log)[9000:]


def test_a_flood_is_laid_beside_the_log_at_once() -> None:
    """Bytes by the million that all look alike: the keeper must not stand still over them."""
    flood = b"y\r\n" * 500_000
    assert missed(flood[-8192:], flood, flood[:-1]) is not None
    numbers = b"".join(b"%d\r\n" % n for n in range(300_000))
    assert missed(numbers[:9000][-8192:], numbers, numbers[500_000:]) == numbers[9000:500_000]


REQUESTS = b"".join(b"%06d GET / HTTP/1.1 200 OK from the same place\r\n" % n for n in range(12_000))


@pytest.mark.parametrize("lost", [8192, 10_000, 60_001])
@pytest.mark.parametrize("live", [1, 40, 5_000, 60_000])
def test_many_lines_that_end_alike(lost: int, live: int) -> None:
    """The right place is thousands of lines back, among as many that look like it."""
    now = len(REQUESTS) - live
    assert missed(REQUESTS[:lost][-8192:], REQUESTS, REQUESTS[now:]) == REQUESTS[lost:now]


def test_a_long_log_that_repeats_itself_takes_no_time() -> None:
    log = b"x" * 8_000_000
    began = time.process_time()
    assert missed(b"x" * 4000 + b"y" + b"x" * 4000, log, log[:60_000]) is not None
    assert time.process_time() - began < 10  # and not the hours of a search that tries every place


@pytest.mark.parametrize(
    ("logged", "live", "whole"),
    [
        (b"three and also four\n", b"three and also four\nfive", True),  # the log ends within what is live
        (b"three\n", b"four\nfive", False),  # "four" may have had a beginning
        (b"three\n", b"", False),  # a prompt may stand behind it
        (b"", b"three", False),
    ],
)
def test_what_was_missed_is_whole_where_the_log_ends_within_what_is_live(
    logged: bytes, live: bytes, whole: bool
) -> None:
    known = b"zero and more\none\ntwo\n"
    assert is_whole(known, known + logged, live) is whole


def test_of_a_log_that_fits_nowhere_nothing_is_known_to_be_whole() -> None:
    assert not is_whole(b"what was heard before\n", b"another log altogether\n", b"another log altogether\n")
