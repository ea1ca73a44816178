"""The same project as for the core, and one with a real daemon."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.core.conftest import no_rounds, project
from tests.daemon.household import Household
from tests.daemon.household import household as make_household

__all__ = ["no_rounds", "project"]


@pytest.fixture
async def household(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Household]:
    async with make_household(tmp_path, monkeypatch) as made:
        yield made
