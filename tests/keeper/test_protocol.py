"""Frames between the keeper and the interfaces, whole, split and hostile."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_tui.keeper.protocol import (
    LARGEST,
    Frames,
    Hello,
    Kind,
    ProtocolError,
    Want,
    frame,
    message,
    read_hello,
    read_message,
    read_size,
    size_frame,
)

BODIES = st.lists(st.tuples(st.sampled_from(Kind), st.binary(max_size=300)), max_size=8)


@given(BODIES, st.data())
def test_frames_are_found_wherever_the_stream_is_cut(
    bodies: list[tuple[Kind, bytes]], data: st.DataObject
) -> None:
    stream = b"".join(frame(kind, body) for kind, body in bodies)
    frames, found, at = Frames(), [], 0
    while at < len(stream):
        step = data.draw(st.integers(1, len(stream) - at))
        found += frames.feed(stream[at : at + step])
        at += step
    assert found == bodies


@given(st.binary(max_size=200))
def test_rubbish_is_refused_or_not_complete(data: bytes) -> None:
    frames = Frames()
    try:
        for _, body in frames.feed(data):
            read_hello(body)
    except ProtocolError:
        pass


def test_a_frame_that_is_too_large_is_refused_before_it_comes() -> None:
    with pytest.raises(ProtocolError, match="a frame of"):
        Frames().feed(bytes([Kind.OUTPUT]) + (LARGEST + 1).to_bytes(4, "big"))


def test_a_hello_is_read_as_it_was_said() -> None:
    hello = Hello(Want.HOLD, "qa", "c0ffee", "one", "pts/3", 200, 50)
    [(kind, body)] = Frames().feed(hello.encode())
    assert kind == Kind.HELLO
    assert read_hello(body) == hello


def test_words_of_a_newer_interface_are_left_out() -> None:
    assert read_hello(b'{"want": 1, "agent": "qa", "mood": "fine"}') == Hello(Want.ATTACH, "qa")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"1", b"{}", b'{"want": "1"}', b'{"want": 1, "agent": 2}', b'{"want": true}', b"\xff"],
)
def test_odd_hellos_are_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        read_hello(body)


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_sizes_are_bounded(columns: int, lines: int) -> None:
    [(kind, body)] = Frames().feed(size_frame(columns, lines))
    assert kind == Kind.SIZE
    assert read_size(body) == (min(columns, 65535), min(lines, 65535))


def test_a_size_is_never_nothing() -> None:
    assert read_size(b"\0\0\0\0") == (1, 1)
    with pytest.raises(ProtocolError):
        read_size(b"\0\0\0")


def test_a_message_is_json() -> None:
    [(kind, body)] = Frames().feed(message(Kind.REMARK, {"text": "ä"}))
    assert (kind, read_message(body)) == (Kind.REMARK, {"text": "ä"})
    assert json.loads(body) == {"text": "ä"}


@pytest.mark.parametrize("body", [b"[" * 1_000_000, b'{"a":' * 1_000_000, b"\xff", b"[]", b""])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    """However deep it is nested."""
    with pytest.raises(ProtocolError, match="no JSON"):
        read_message(body)
