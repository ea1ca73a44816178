"""The words for items."""

from __future__ import annotations

import pytest

from qms_tui.inbox import Kind
from qms_tui.inbox.words import by_kind, items


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({}, ""),
        ({Kind.REVIEW: 1}, "1 review"),
        ({Kind.REVIEW: 2, Kind.APPROVAL: 3, Kind.MESSAGE: 1}, "2 reviews · 3 approvals · 1 message"),
        ({Kind.UNKNOWN: 2, Kind.NOTICE: 1200}, "1,200 notices · 2 unknown"),
        ({Kind.REVIEW: 0, Kind.NOTICE: 1}, "1 notice"),
    ],
)
def test_counts_by_kind(counts: dict[Kind, int], said: str) -> None:
    assert by_kind(counts) == said


@pytest.mark.parametrize(("count", "said"), [(0, "0 items"), (1, "1 item"), (10_000, "10,000 items")])
def test_items(count: int, said: str) -> None:
    assert items(count) == said
