from __future__ import annotations

from pathlib import Path

import pytest

from .world import World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A user without configuration, in an empty project; platformdirs looks into that user's home."""
    made = World(tmp_path)
    monkeypatch.setenv("HOME", str(made.home))
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    return made
