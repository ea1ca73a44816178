"""What comes in pieces, however it is cut, is the same as if it came at once."""

from __future__ import annotations

import json
import re
from io import BytesIO
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qms_tui.mcp.http_events import Event, EventBuffer, TooLong
from qms_tui.mcp.jsonrpc import Encoded, OpenParams, ValueCount, forwarded, pieces_of, structure
from qms_tui.mcp.large_messages import ANSWER, REQUEST, read, serve
from qms_tui.mcp.lines import LineBuffer

STREAM = (
    b'\xef\xbb\xbf: hello\r\n\r\ndata: {"a": 1}\r\nid: 7\r\n\r\nevent: other\rdata:x\rdata:  y\r\r'
    b"retry: 250\nid: \0\nevent: message\ndata\n\ndata: end\n\n"
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)
MEMBERS = st.dictionaries(st.text(max_size=5), VALUES, max_size=3)
TEXT = st.binary(max_size=60).map(lambda data: data.replace(b"\r", b"\n"))


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """The data in the pieces that begin at these places."""
    edges = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[begin:end] for begin, end in pairwise(edges)]


@given(VALUES, st.lists(st.integers(0, 300)))
def test_values_are_counted_the_same_however_they_are_cut(value: Any, places: list[int]) -> None:
    line, count = json.dumps([value, '\\",\\\\', "[{,"]).encode(), ValueCount()
    for piece in cut(line, places):
        count.add(piece)
    assert count.values == structure(b"".join(re.sub(rb'"(?:[^"\\]|\\.)*"', b"", line).split(b'"')))


def events(pieces: list[bytes]) -> list[tuple[str, str, int | None, bytes]]:
    buffer = EventBuffer(10_000)
    found: list[Event] = [event for piece in pieces for event in buffer.add(piece)]
    return [(each.kind, each.id, each.retry, b"".join(each.data)) for each in found]


@given(st.lists(st.integers(0, 1000)))
def test_events_are_the_same_however_they_are_cut(places: list[int]) -> None:
    assert events(cut(STREAM, places)) == [
        ("message", "7", None, b'{"a": 1}'),
        ("other", "7", None, b"x\n y"),
        ("message", "7", 250, b""),
        ("message", "7", None, b"end"),
    ]


@pytest.mark.parametrize("stream", [b"data: " + b"x" * 100, b"data: x\n" * 20, b"id: x\n" * 20])
def test_an_event_has_a_bound(stream: bytes) -> None:
    buffer = EventBuffer(50)
    pieces = [stream[at : at + 7] for at in range(0, len(stream), 7)]
    with pytest.raises(TooLong):
        list(map(buffer.add, pieces))


@given(TEXT, st.lists(st.integers(0, 60)))
def test_lines_are_the_same_however_they_are_cut(data: bytes, places: list[int]) -> None:
    buffer = LineBuffer(1000)
    lines = [line.text for piece in cut(data, places) for line in buffer.add(piece)]
    *expected, rest = data.split(b"\n")
    assert (lines, buffer.size) == (expected, len(rest))


@given(st.integers(301, 2000), st.lists(st.integers(0, 2000)))
def test_of_a_line_that_is_too_long_both_ends_are_kept(size: int, places: list[int]) -> None:
    text = b"".join(b"%d," % number for number in range(size))
    buffer = LineBuffer(300)
    (line,) = [line for piece in cut(text + b"\n", places) for line in buffer.add(piece)]
    assert (line.whole, line.size) == (False, len(text))
    assert line.ends.startswith(text[:100])
    assert line.ends.endswith(text[-100:])


def large(message: dict[str, Any], *, strict: bool) -> tuple[dict[str, Any], bytes]:
    """As the process answers."""
    line, target = json.dumps(message).encode(), BytesIO()
    assert serve(BytesIO(REQUEST.pack(len(line), strict) + line), target)
    size, rest = ANSWER.unpack(target.getvalue()[: ANSWER.size])
    said = target.getvalue()[ANSWER.size :]
    assert len(said) == size + rest
    return json.loads(said[:size]), said[size:]


@settings(max_examples=30, deadline=None)
@given(MEMBERS, MEMBERS | VALUES)
def test_large_parameters_say_the_same_with_our_word_for_who_asks(params: dict[str, Any], meta: Any) -> None:
    said = {**params, "_meta": meta}
    head, text = large({"jsonrpc": "2.0", "id": 1, "method": "x", "params": said}, strict=True)
    opened = OpenParams((text,), head["fields"], head["token"])
    small, big = forwarded(said, "qa", 7), forwarded(opened, "qa", 7)
    assert isinstance(big, Encoded)
    assert json.loads(b"".join(big.pieces)) == json.loads(b"".join(pieces_of({"": small})))[""]


@settings(max_examples=30, deadline=None)
@given(VALUES, st.sampled_from(["result", "error", "params"]))
def test_a_large_value_of_a_server_passes_as_it_is(value: Any, key: str) -> None:
    head, text = large(
        {"jsonrpc": "2.0", key: value, **({"method": "x"} if key == "params" else {"id": 1})}, strict=False
    )
    line = b"".join(pieces_of({"jsonrpc": "2.0", "id": 2, head["large"]: Encoded((text,), {})}))
    assert json.loads(line) == json.loads(json.dumps({"jsonrpc": "2.0", "id": 2, key: value}))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"[" * 10**5, "nested"),
        (b"{}", "neither"),
        (b"\xff", "utf-8"),
        (b'{"params": NaN, "method": "x"}', "NaN"),
    ],
    ids=["nested", "empty", "bytes", "nan"],
)
def test_what_cannot_be_read_is_refused_and_the_process_goes_on(line: bytes, reason: str) -> None:
    source = BytesIO(b"".join((REQUEST.pack(len(line), True), line)) * 2)
    target = BytesIO()
    assert serve(source, target)
    assert serve(source, target)
    assert not serve(source, target)
    assert target.getvalue().count(reason.encode()) == 2


def test_a_large_id_is_refused() -> None:
    with pytest.raises(ValueError, match="id"):
        read(json.dumps({"id": "x" * 2**20, "method": "x", "params": {}}).encode(), strict=True)
