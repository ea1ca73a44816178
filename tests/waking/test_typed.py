"""What has been typed is remembered: across interfaces, as long as the item is the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qms_tui.inbox import Identity, Item, Past, parse
from qms_tui.waking import Typed


@pytest.fixture
def past(tmp_path: Path) -> Past:
    return Past(tmp_path / "project.x", tmp_path / "state/inboxes")


def item(file: str, agent: str = "qa", inode: int = 1, arrived: float = 100.0) -> Item:
    return parse(agent, file, b"", arrived, Identity(7, inode))


def test_another_interface_knows(past: Past) -> None:
    here, there = Typed(past), Typed(past)
    odd = item("a\udcff'\n.md")
    here.add([odd], [odd], 200.0)
    assert there.at(odd) is None
    there.read()
    assert there.at(odd) == here.at(odd) == Typed(past).at(odd) == 200.0


@pytest.mark.parametrize("other", [{"inode": 2}, {"arrived": 200.5}, {"agent": "bu"}])
def test_another_file_of_the_same_name_is_not_known(past: Past, other: dict[str, float]) -> None:
    typed = Typed(past)
    typed.add([item("a.md")], [item("a.md")], 200.0)
    assert typed.at(replace(item("a.md"), arrived=150.0)) == 200.0
    assert typed.at(item("a.md", **other)) is None  # type: ignore[arg-type]


def test_what_was_consumed_is_forgotten_and_other_agents_items_are_not(past: Past) -> None:
    typed, gone, bus = Typed(past), item("a.md"), item("b.md", "bu")
    typed.add([gone], [gone], 200.0)
    typed.add([bus], [bus], 201.0)
    typed.add([item("c.md")], [item("c.md")], 202.0)
    assert [Typed(past).at(one) for one in (gone, bus, item("c.md"))] == [None, 201.0, 202.0]


def test_what_cannot_be_written_is_known_here(past: Past) -> None:
    past.folder.parent.mkdir()
    past.folder.touch()
    typed = Typed(past)
    typed.add([item("a.md")], [item("a.md")], 200.0)
    typed.read()
    assert typed.at(item("a.md")) == 200.0


def test_without_a_place_only_this_interface_knows() -> None:
    typed = Typed(None)
    typed.add([item("a.md")], [item("a.md")], 200.0)
    assert (typed.at(item("a.md")), Typed(None).at(item("a.md"))) == (200.0, None)


def test_whatever_else_stands_in_the_file_is_left_out(past: Past) -> None:
    typed = Typed(past)
    typed.add([item("a.md")], [item("a.md")], 200.0)
    assert typed.path is not None
    head, line = typed.path.read_bytes().splitlines()
    wrong = (b"\xff", b"[" * 10_000, b"{}", line.replace(b"200.0", b"true"), line.replace(b"qa", b"../x"))
    typed.path.write_bytes(b"\n".join((head, *wrong, line.replace(b"a.md", b"b.md"))))
    again = Typed(past)
    assert again.at(item("b.md")) == 200.0
    assert again.at(item("a.md")) is None
