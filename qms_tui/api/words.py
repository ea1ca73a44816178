"""Enumerations that go over the wire as words."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Words(StrEnum):
    """One of a few words. Those of a newer version are read as UNKNOWN, where there is that one."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        return cls.__members__.get("UNKNOWN")
