"""The size of a terminal."""

from __future__ import annotations

from msgspec import Struct


class Size(Struct, frozen=True):
    """Of a terminal, in cells."""

    columns: int
    lines: int
