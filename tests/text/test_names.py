"""Names of what belongs to a path: what was kept under one must be found by the next version."""

from __future__ import annotations

from pathlib import Path

import pytest

from qms_tui.text.names import LONGEST, path_word


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/work/pipe dream", "pipe_dream-7b7c571456d7"),
        ("/", "root-8a5edab28263"),
        ("/work/-x", "x-9a73277a8e17"),
    ],
)
def test_a_word_can_be_read_and_stays_the_same(path: str, word: str) -> None:
    assert path_word(Path(path)) == word


def test_what_it_must_not_begin_with() -> None:
    assert path_word(Path("/work/.-x"), leading=".").startswith("-x-")


def test_it_is_short_and_no_two_are_alike() -> None:
    paths = [Path("/a", "n" * 99), Path("/b", "n" * 99), Path("/a", "n" * 98)]
    words = {path_word(path) for path in paths} | {path_word(paths[0], more) for more in ("unix", "tcp")}
    assert len(words) == 5
    assert {len(word) for word in words} == {LONGEST + 13}
