"""A client's configuration as the entrypoint leaves it."""

from __future__ import annotations

from pathlib import Path

import pytest

from .waiting import World


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """`$CLAUDE_CONFIG_DIR`, with our folder in it."""
    folder = tmp_path / "config"
    (folder / "qms-tui").mkdir(parents=True)
    return folder


@pytest.fixture
def world(tmp_path: Path, config: Path) -> World:
    return World(tmp_path / "project", config)
