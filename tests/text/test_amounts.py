"""Numbers as people read them."""

from __future__ import annotations

import pytest

from qms_tui.text.amounts import amount, counted


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((0, "key"), "0 keys"),
        ((1, "key"), "1 key"),
        ((10_000, "item"), "10,000 items"),
        ((1, "child", "children"), "1 child"),
        ((2, "child", "children"), "2 children"),
    ],
)
def test_how_many(words: tuple[int, str] | tuple[int, str, str], said: str) -> None:
    assert counted(*words) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 kB"),
        (64 * 2**10, "64 kB"),
        (2**20, "1 MB"),
        (512 * 2**20, "512 MB"),
        (999 * 2**20, "999 MB"),
        (2**30, "1.0 GB"),
        (3 * 2**29, "1.5 GB"),
    ],
)
def test_bytes(count: int, said: str) -> None:
    assert amount(count) == said
