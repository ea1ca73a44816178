"""An inbox that is followed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.inbox.world import World, watching


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """An agent's inbox that is there."""
    folder = tmp_path / ".claude" / "users" / "qa" / "inbox"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def world(inbox: Path) -> Iterator[World]:
    """Followed by events alone: what passes here does not pass because of a rescan."""
    with watching({"qa": inbox}) as (watcher, told):
        yield World(told, watcher, inbox)
