"""What was written is read back, whatever it is and wherever it ends."""

from __future__ import annotations

import struct
import tempfile
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qms_tui.keeper.journal import (
    Ended,
    Fact,
    Gap,
    JournalWriter,
    Output,
    Resized,
    Snapshot,
    Started,
    read_records,
    read_segments,
)
from qms_tui.keeper.journal.records import (
    HEADER_SIZE,
    LARGEST_PAYLOAD,
    Damaged,
    Header,
    decode_header,
    encode,
    encode_header,
    read_record,
)

quick = settings(
    max_examples=200, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
PRECISION = 1e-3  # seconds; a wall time is a sum of floats
_words = st.text(st.characters(codec="utf-8"), max_size=30)
_moments = st.floats(0, 4e9)
_cells = st.integers(1, 65535)
facts = st.one_of(
    st.builds(Snapshot, st.binary(max_size=200)),
    st.builds(Output, st.binary(max_size=200)),
    st.builds(Resized, _cells, _cells),
    st.builds(Started, _words, _words, _moments),
    st.builds(Ended, st.none() | st.integers(0, 255), _words),
    st.builds(Gap, _moments, _moments, st.booleans(), st.integers(0, 10**12), _words),
)


def write(writer: JournalWriter, fact: Fact) -> None:
    match fact:
        case Snapshot(state):
            writer.rotate(state)
        case Output(data):
            writer.output(data)
        case Resized(columns, lines):
            writer.size(columns, lines)
        case Started(container, image, at):
            writer.start(container, image, at)
        case Ended(code, reason):
            writer.end(code, reason)
        case Gap(since, until, filled, size, reason):
            writer.gap(since, until, filled=filled, size=size, reason=reason)


@quick
@given(st.lists(st.tuples(facts, st.floats(0, 1e6)), max_size=30))
def test_what_was_written_is_read_back_in_order_and_in_time(content: list[tuple[Fact, float]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        now = 0.0
        writer = JournalWriter(Path(folder), clock=lambda: now, wall=lambda: 5.0 + now)
        writer.open(b"first")
        for fact, seconds in content:
            now += seconds
            write(writer, fact)
        writer.close()
        found = [(s.header.wall, r) for s in read_segments(Path(folder)) for r in read_records(s)]
    wanted = [Snapshot(b"first"), *(fact for fact, _ in content if fact != Output(b""))]
    assert [record.fact for _, record in found] == wanted
    walls = [wall + record.time for wall, record in found]
    assert all(later >= earlier - PRECISION for earlier, later in pairwise(walls))
    assert walls[-1] <= 5.0 + now + PRECISION


@pytest.mark.parametrize("last", [Output(b"the last words"), Ended(1, "killed"), Snapshot(b"s" * 50)])
def test_a_record_torn_at_any_byte_is_as_if_it_were_not_there(last: Fact) -> None:
    before, torn = encode(1.0, Output(b"before")), encode(2.0, last)
    for end in range(len(torn)):
        file = BytesIO(before + torn[:end])
        first = read_record(file)
        assert first is not None
        assert first.fact == Output(b"before")
        assert read_record(file) is None


def test_a_changed_byte_is_found_wherever_it_is() -> None:
    record = encode(2.0, Output(b"some words"))
    for at in range(len(record)):
        broken = bytearray(record)
        broken[at] ^= 0x10
        try:
            found = read_record(BytesIO(bytes(broken)))
        except Damaged:
            continue
        assert found is None


def test_a_length_beyond_reason_is_not_read() -> None:
    with pytest.raises(Damaged):
        read_record(BytesIO(b"\x02" + bytes(8) + (LARGEST_PAYLOAD + 1).to_bytes(4, "big")))


def test_what_a_later_version_writes_is_passed_over() -> None:
    file = BytesIO(encode(1.0, Output(b"x")).replace(b"\x02", b"\x63", 1))
    with pytest.raises(Damaged):  # the checksum says that this is no later version, but damage
        read_record(file)
    body = struct.pack(">BQI", 99, 7, 3) + b"new"
    record = read_record(BytesIO(body + crc32(body).to_bytes(4, "big")))
    assert record is not None
    assert record.fact is None


def test_a_header_with_any_changed_byte_is_none() -> None:
    header = Header(b"12345678", 1.5, 2.5)
    data = encode_header(header)
    assert len(data) == HEADER_SIZE
    assert decode_header(data) == header
    for at in range(len(data)):
        broken = bytearray(data)
        broken[at] ^= 1
        assert decode_header(bytes(broken)) is None
    assert decode_header(data[:-1]) is None
