"""A terminal that was saved and restored goes on exactly as the one it was saved from."""

import json
import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_tui.terminal import Damage, Terminal
from qms_tui.terminal import state as states
from qms_tui.terminal.looks import MAX_LOOKS
from tests.terminal.test_properties import COLUMNS, LINES, fresh, quick, streams

HERE = Path(__file__).parent
RECORDED = sorted(path for folder in ("recordings", "programs") for path in (HERE / folder).glob("*.bytes"))
CAPTURED = sorted((HERE / "captures").glob("*.raw"))

sizes = st.lists(st.tuples(st.integers(1, 14), st.integers(1, 6)), max_size=2)


def seen(terminal: Terminal) -> dict[str, Any]:
    """All that can be seen of a terminal, what waits to be taken included."""
    everywhere = range(-terminal.history_length, terminal.lines)
    return {
        "size": (terminal.columns, terminal.lines),
        "display": terminal.display,
        "history": list(terminal.history),
        "styled": [terminal.styled(y) for y in everywhere],
        "wrapped": [terminal.is_wrapped(y) for y in everywhere],
        "cursor": terminal.cursor,
        "modes": terminal.modes,
        "title": terminal.title,
        "status": terminal.status,
        "synchronized": terminal.synchronized,
        "inverse": terminal.inverse,
        "colors": {key: terminal.colors.get(key) for key in terminal.colors.defaults},
        "colors version": terminal.colors.version,
        "replies": terminal.take_replies(),
        "events": terminal.take_events(),
        "damage": terminal.take_damage(),
    }


def take_all(terminal: Terminal) -> None:
    """As whoever has shown a terminal until now has done."""
    terminal.take_replies()
    terminal.take_events()
    terminal.take_damage()


def check_equal(one: Terminal, other: Terminal) -> None:
    """Nothing differs, neither to see nor inside."""
    assert states.read(one.save()) == states.read(other.save())
    assert seen(one) == seen(other)


@quick
@given(streams | st.binary(max_size=60), st.data(), streams | st.binary(max_size=60))
def test_both_go_on_alike(before: bytes, draw: st.DataObject, after: bytes) -> None:
    at = draw.draw(st.integers(0, len(before)))
    terminal = fresh()
    terminal.feed(before[:at])
    for size in draw.draw(sizes):
        terminal.resize(*size)
    restored = Terminal.restored(terminal.save())
    take_all(terminal)
    check_equal(terminal, restored)
    steps: list[Callable[[Terminal], None]] = [
        lambda each: each.feed(before[at:] + after),
        *[lambda each, size=size: each.resize(*size) for size in draw.draw(sizes)],
        lambda each: each.feed(after),
        lambda each: each.resize(COLUMNS, LINES),
    ]
    for step in steps:
        step(terminal)
        step(restored)
        check_equal(terminal, restored)


@pytest.mark.parametrize("path", [*RECORDED, *CAPTURED], ids=lambda path: path.name)
def test_real_programs_go_on_alike(path: Path) -> None:
    data = path.read_bytes()
    columns, lines = _size(path)
    parts = random.Random(len(data))
    cuts = [0, *sorted(parts.randrange(len(data) + 1) for _ in range(4)), len(data)]
    terminal = Terminal(columns, lines)
    restored = Terminal.restored(terminal.save())
    for start, end in pairwise(cuts):
        take_all(terminal)
        restored = Terminal.restored(restored.save())
        for each in (terminal, restored):
            each.feed(data[start:end])
        check_equal(terminal, restored)


def _size(path: Path) -> tuple[int, int]:
    if path.suffix == ".raw":
        return 120, 40
    name, *part = path.stem.split(".")
    described = json.loads(path.with_name(f"{name}.json").read_text())
    size = described[int(part[0])] if part else described
    return size["columns"], size["lines"]


def test_tables_that_are_full_act_alike() -> None:
    """More colours than there is room for: which rows and colours go must be the same, and when."""
    numbers = random.Random(7)
    few = [b"\x1b[48;2;%d;0;0mx" % red for red in range(200)]

    def colours(count: int) -> bytes:
        many = (b"\x1b[48;2;%d;%d;%dmx" % (*numbers.randbytes(3),) for _ in range(count))
        return b"".join(each + b"".join(numbers.choices(few, k=3)) for each in many)

    terminal = Terminal(200, 50)
    terminal.feed(colours(MAX_LOOKS + 100))
    assert terminal.history_length < 4 * MAX_LOOKS / 200 / 2  # half of it had to go
    for _ in range(2):
        restored = Terminal.restored(terminal.save())
        take_all(terminal)
        more = colours(6000)
        terminal.feed(more)
        restored.feed(more)
        check_equal(terminal, restored)


def test_saving_changes_nothing_and_what_waits_stays() -> None:
    terminal = fresh()
    terminal.feed(b"\x1b[c\x07abc")
    terminal.save()
    restored = Terminal.restored(terminal.save())
    assert not restored.take_replies()
    assert not restored.take_events()
    assert restored.take_damage() == Damage(frozenset())
    assert terminal.take_replies()
    assert terminal.take_events()
    assert terminal.take_damage().rows == {0, 1, 2, 3}


def test_what_is_the_hosts_is_not_saved() -> None:
    terminal = fresh()
    terminal.name, terminal.cell_pixels, terminal.muted = "other", (20, 40), True
    terminal.clock = lambda: 1_000.0
    terminal.colors.set_default(1011, 255, 255, 255)
    restored = Terminal.restored(terminal.save())
    new = fresh()
    assert (restored.name, restored.cell_pixels, restored.muted) == (new.name, new.cell_pixels, False)
    assert restored.colors.defaults == new.colors.defaults
    assert restored.clock() == new.clock() == 0.0


def test_a_programs_colour_is_kept_whatever_the_host_has() -> None:
    keeper = fresh()
    keeper.feed(b"\x1b]11;#000000\x07")
    assert keeper.colors.get(1011) == (0, 0, 0)
    assert keeper.colors.version == 0
    restored = Terminal.restored(keeper.save())
    restored.colors.set_default(1011, 255, 255, 255)
    assert restored.colors.get(1011) == (0, 0, 0)


def test_the_bound_of_the_history_is_saved() -> None:
    restored = Terminal.restored(fresh().save())
    restored.feed(b"x\r\n" * 100)
    assert restored.history_length == 20


# -- no attribute is forgotten ------------------------------------------------------------------------------

LEFT_OUT = {
    "Terminal": {
        "_drawn": "remembered runs",
        "_seen": "damage",
        "_screen": "saved",
        "_parser": "saved",
    },
    "Screen": {
        "rows": "those of the page",
        "limit": "follows from modes and margins",
        "is_whole": "follows from modes and margins",
        "margins": "pyte's, not read",
        "buffer": "pyte's, empty",
        "dirty": "pyte's, not read",
        "savepoints": "pyte's, empty",
        "replies": "taken once",
        "events": "taken once",
        "history_added": "damage",
        "has_new_status": "taken once",
        "clock": "the host's",
        "muted": "the host's",
        "name": "the host's",
        "cell_pixels": "the host's",
    },
    "Parser": {"_screen": "the one it is restored with"},
    "History": {
        "_columns": "the screen's",
        "_free": "follows from the rows and their bound",
        "_size": "follows from the rows",
    },
    "Looks": {
        "_links": "those of the looks",
        "_link_bytes": "follows from the links",
        "links_forgotten": "remembered runs",
        "_codes": "the looks the other way round",
        "_blanks": "remembered",
        "_remembered": "remembered",
    },
    "Clusters": {"_codes": "the texts the other way round"},
    "Colors": {"defaults": "the host's"},
    "Cursor": {"attrs": "pyte's, not used", "hidden": "pyte's, not used"},
    "StatusRecords": {"_view": "remembered", "_is_at_rest": "remembered"},
}
ALSO_SAVED = {"Cursor": {"x", "y"}, "History": {"rows", "maxlen"}}


VALUES = {
    *("HistoryView", "CursorShape", "Look", "Margins", "Char", "TitleChanged", "IconChanged"),
    *("ProgramStatus", "StatusRecord"),
}


def _attributes(part: object) -> set[str]:
    slots = {name for kind in type(part).__mro__ for name in getattr(kind, "__slots__", ())}
    return {*getattr(part, "__dict__", {}), *slots}


def _saved(part: Any) -> set[str]:
    if type(part).__name__ == "Screen":
        return {*states.screen_state(part)}
    return {*part.state()} if hasattr(part, "state") else set()


def used() -> Terminal:
    terminal = fresh()
    terminal.feed(b"\x1b]7501;state=working\x07")
    terminal.feed(b"\x1b[31ma\x1b7\x1b[2;3r\x1b]2;t\x07\x1b[?1049h\x1b7\r\n" * 30 + b"\x1b[?1049l\x1b[")
    terminal.resize(7, 3)
    return terminal


def _parts() -> dict[str, Any]:
    """Every object of ours that a terminal consists of, by its class."""
    found: dict[str, Any] = {}
    waiting: list[Any] = [used()]
    known: dict[int, Any] = {}  # remembered steps of looks lead round in circles
    while waiting:
        part = waiting.pop()
        if id(part) in known:
            continue
        known[id(part)] = part
        kind = type(part)
        if kind.__module__.startswith(("qms_tui.", "pyte.")) and kind.__name__ not in found:
            if kind.__name__ not in VALUES:
                found[kind.__name__] = part
                waiting += [getattr(part, name, None) for name in _attributes(part)]
        elif isinstance(part, dict):
            waiting += part.values()
        elif isinstance(part, list | tuple | set):
            waiting += part
    return found


PARTS = _parts()


def test_all_parts_are_found() -> None:
    assert {*PARTS} == {
        *("Terminal", "Screen", "Parser", "Page", "Saved", "Charsets", "Cursor", "History", "Looks"),
        *("Clusters", "TabStops", "Colors", "StatusRecords"),
    }


@pytest.mark.parametrize("name", sorted(PARTS))
def test_every_attribute_is_saved_or_left_out_on_purpose(name: str) -> None:
    left_out, also = {*LEFT_OUT.get(name, {})}, ALSO_SAVED.get(name, set())
    saved = _saved(PARTS[name]) | also
    assert not saved & left_out
    assert _attributes(PARTS[name]) | also == saved | left_out
