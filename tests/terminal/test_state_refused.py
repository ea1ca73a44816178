"""What is no whole, undamaged state of a terminal is refused, with ValueError and nothing else."""

import pickle
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_tui.terminal import Terminal
from qms_tui.terminal import state as states
from tests.terminal.test_properties import quick
from tests.terminal.test_state import seen, used

STATE = used().save()


@quick
@given(st.data())
def test_damage_is_refused(draw: st.DataObject) -> None:
    damaged = bytearray(STATE)
    for _ in range(draw.draw(st.integers(1, 5))):
        damaged[draw.draw(st.integers(0, len(STATE) - 1))] ^= draw.draw(st.integers(1, 255))
    if damaged != STATE:
        with pytest.raises(ValueError, match="saved"):
            Terminal.restored(bytes(damaged))


@quick
@given(st.integers(0, len(STATE) - 1), st.binary(min_size=1, max_size=9))
def test_what_is_not_whole_or_too_much_is_refused(size: int, more: bytes) -> None:
    for wrong in (STATE[:size], STATE[size + 1 :], STATE + more, more, more + STATE):
        with pytest.raises(ValueError, match="saved"):
            Terminal.restored(wrong)


def sealed(values: object, version: int = states.VERSION) -> bytes:
    """Values with a header that is right."""
    return _headed(pickle.dumps(values, protocol=5), version)


def _headed(body: bytes, version: int = states.VERSION) -> bytes:
    start = struct.pack(">8sHQ", b"qms-term", version, len(body))
    return start + struct.pack(">I", zlib.crc32(body, zlib.crc32(start + bytes(4)))) + body


def test_another_version_is_refused() -> None:
    values = states.read(STATE)
    assert Terminal.restored(sealed(values)).display == used().display
    with pytest.raises(ValueError, match="version"):
        Terminal.restored(sealed(values, states.VERSION + 1))


class _Code:
    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("raise SystemExit",)


@pytest.mark.parametrize("value", [_Code(), len, Path("x"), {"screen": {}, "parser": _Code()}])
def test_classes_and_functions_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="plain values only"):
        Terminal.restored(sealed(value))


@quick
@given(st.binary(max_size=40))
def test_any_bytes_behind_a_right_header_are_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="saved terminal"):
        Terminal.restored(_headed(body))


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else ()
    return [path, *(place for name, each in inner for place in _places(each, (*path, name)))]


WRONG: list[Any] = [None, -1, 10**12, 1.5, "wrong", b"x", [None], ({},), {"x": 1}, {7: 7}]


@pytest.mark.parametrize("place", _places(states.read(STATE)), ids=lambda place: "/".join(map(str, place)))
def test_wrong_shapes_are_refused_or_mean_something(place: tuple[Any, ...]) -> None:
    """Each value in a state replaced by others: ValueError, or a terminal that works."""
    refused = 0
    for wrong in WRONG:
        try:
            terminal = Terminal.restored(sealed(_with(states.read(STATE), place, wrong)))
        except ValueError:
            refused += 1
            continue
        seen(terminal)
    assert refused >= len(WRONG) - 3  # a number, a text: some would be right


def _with(values: Any, place: tuple[Any, ...], wrong: Any) -> Any:
    if not place:
        return wrong
    return {**values, place[0]: _with(values[place[0]], place[1:], wrong)}


@pytest.mark.parametrize("place", _places(states.read(STATE)), ids=lambda place: "/".join(map(str, place)))
def test_missing_parts_are_refused(place: tuple[Any, ...]) -> None:
    values = states.read(STATE)
    inner = values
    for name in place[:-1]:
        inner = inner[name]
    if not place or place[-2:-1] in (("_turns",), ("_texts",), ("changed",), ("saved_modes",)):
        return
    del inner[place[-1]]
    with pytest.raises(ValueError, match="shape"):
        Terminal.restored(sealed(values))


_RECORD = ("a/b", "blocked", "auth", 100, "app", "t" * 192, "m" * 2048, 1.0)


@pytest.mark.parametrize(
    "wrong",
    [
        {0: "/a"},
        {0: "a" * 33},
        {0: "a\n"},
        {1: "asleep"},
        {1: "idle", 3: None},  # with a kind
        {1: "idle", 2: ""},  # with a progress
        {2: "\x1b[31m"},
        {3: -1},
        {3: 101},
        {4: "a b"},
        {4: "a" * 33},
        {5: "t" * 193},
        {5: "é" * 97},
        {5: "\ud800"},
        {6: "m" * 2049},
        {6: "\x1b]0;x\x07"},
        {6: "a\x85"},
        {7: float("nan")},
        {7: float("inf")},
    ],
)
def test_a_status_that_nobody_can_report_is_refused(wrong: dict[int, object]) -> None:
    def state(record: tuple[object, ...]) -> bytes:
        values = states.read(STATE)
        values["screen"]["status"] = {"_records": [record]}
        return sealed(values)

    assert Terminal.restored(state(_RECORD)).status.children[0].message == "m" * 2048
    with pytest.raises(ValueError, match=r"status|ProgramState|surrogates"):
        Terminal.restored(state(tuple(wrong.get(at, value) for at, value in enumerate(_RECORD))))
