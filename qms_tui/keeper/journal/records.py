"""The journal's format: what is written to a file and how it is read back. Pure.

A journal is one stream of records that is cut into files (segments). A file begins with `HEADER`: magic and
version, the run of the writer (8 random bytes), its wall clock and its monotonic clock in microseconds, and a
crc32 of all that. Records follow: kind u8, time u64 (microseconds since the file's beginning, monotonic),
length u32, payload, crc32 u32 over everything before it. Numbers are big-endian.

A file mostly begins with a SNAPSHOT, and then stands for itself. What comes before the first one goes on
where the file before ended. A record that ends after the file does was torn by a death of the writer, or is
just being written: it is as if it were not there.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass
from enum import IntEnum
from os import SEEK_CUR
from typing import Any, BinaryIO
from zlib import crc32

from msgspec import Struct

MAGIC = b"qmsj\x01"
LARGEST_PAYLOAD = 64 * 2**20  # bytes; a snapshot has 17 million at most, all else is far smaller
_HEADER = struct.Struct(f">{len(MAGIC)}s8sQQ")
_RECORD = struct.Struct(">BQI")
_CRC = struct.Struct(">I")
_SIZE = struct.Struct(">II")
HEADER_SIZE = _HEADER.size + _CRC.size
OVERHEAD = _RECORD.size + _CRC.size  # bytes that a record has besides its payload


class Kind(IntEnum):
    """Kinds of records; a reader passes over those that it does not know."""

    SNAPSHOT = 1
    OUTPUT = 2
    SIZE = 3
    START = 4
    END = 5
    GAP = 6


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A terminal's saved state, as it was at that moment."""

    state: bytes


class Output(Struct, frozen=True):
    """What the program wrote."""

    data: bytes


class Resized(Struct, frozen=True):
    """A new size in cells."""

    columns: int
    lines: int


@dataclass(frozen=True, slots=True)
class Started:
    """A container began to run; `at` is in seconds since the epoch, by the engine's clock."""

    container: str
    image: str
    at: float


@dataclass(frozen=True, slots=True)
class Ended:
    """The program is gone; without an exit code nobody knows how."""

    exit_code: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Output between two moments (seconds since the epoch) is missing.

    If it was `filled` from the engine's log, as well as that goes, `size` bytes of it follow.
    """

    since: float
    until: float
    filled: bool
    size: int
    reason: str = ""


Fact = Snapshot | Output | Resized | Started | Ended | Gap
_WITH_JSON: dict[Kind, type[Started | Ended | Gap]] = {Kind.START: Started, Kind.END: Ended, Kind.GAP: Gap}


class Header(Struct, frozen=True):
    """The beginning of a file: which run of a writer, and its wall and monotonic clocks in seconds."""

    run: bytes
    wall: float
    clock: float


@dataclass(frozen=True, slots=True)
class Record:
    """A fact and when it was, in seconds since the beginning of its file; None is of an unknown kind."""

    time: float
    fact: Fact | None


class Damaged(ValueError):
    """What was read is not a record; the file stands where the next one begins, if the length was right."""


def encode_header(header: Header) -> bytes:
    """The first bytes of a file."""
    head = _HEADER.pack(MAGIC, header.run, _micros(header.wall), _micros(header.clock))
    return head + _CRC.pack(crc32(head))


def decode_header(data: bytes) -> Header | None:
    """None for anything but the first bytes of a journal's file."""
    if len(data) != HEADER_SIZE or _CRC.unpack(data[-4:])[0] != crc32(data[:-4]):
        return None
    magic, run, wall, clock = _HEADER.unpack(data[:-4])
    return Header(run, wall / 1e6, clock / 1e6) if magic == MAGIC else None


def encode(time: float, fact: Fact) -> bytes:
    """One record."""
    kind, payload = _payload(fact)
    body = _RECORD.pack(kind, _micros(time), len(payload)) + payload
    return body + _CRC.pack(crc32(body))


def read_record(file: BinaryIO) -> Record | None:
    """The next record; None at the end or before a torn one.

    Raises Damaged, after which reading may go on unless the next one is damaged too, and OSError.
    """
    head = file.read(_RECORD.size)
    if len(head) < _RECORD.size:
        return None
    kind, time, length = _RECORD.unpack(head)
    if length > LARGEST_PAYLOAD:
        file.seek(length + _CRC.size, SEEK_CUR)
        raise Damaged("a record longer than any")
    payload, crc = file.read(length), file.read(_CRC.size)
    if len(payload) < length or len(crc) < _CRC.size:
        return None
    if crc != _CRC.pack(crc32(payload, crc32(head))):
        raise Damaged("a record whose checksum is wrong")
    return Record(time / 1e6, _fact(kind, payload))


def _payload(fact: Fact) -> tuple[Kind, bytes]:
    match fact:
        case Snapshot(state):
            return Kind.SNAPSHOT, state
        case Output(data):
            return Kind.OUTPUT, data
        case Resized(columns, lines):
            return Kind.SIZE, _SIZE.pack(columns, lines)
    kind = next(kind for kind, made in _WITH_JSON.items() if isinstance(fact, made))
    return kind, json.dumps(asdict(fact)).encode()


def _fact(kind: int, payload: bytes) -> Fact | None:
    """None for a kind or content that a later version may know."""
    match kind:
        case Kind.SNAPSHOT:
            return Snapshot(payload)
        case Kind.OUTPUT:
            return Output(payload)
        case Kind.SIZE if len(payload) == _SIZE.size:
            return Resized(*_SIZE.unpack(payload))
        case Kind.START | Kind.END | Kind.GAP:
            return _from_json(_WITH_JSON[Kind(kind)], payload)
    return None


def _from_json(made: type[Started | Ended | Gap], payload: bytes) -> Fact | None:
    try:
        values: dict[str, Any] = json.loads(payload)
        return made(**{name: values[name] for name in made.__dataclass_fields__})
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _micros(seconds: float) -> int:
    return max(0, round(seconds * 1e6))
