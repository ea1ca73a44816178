"""A client's configuration as the entrypoint leaves it."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """`$CLAUDE_CONFIG_DIR`, with our folder in it."""
    folder = tmp_path / "config"
    (folder / "qms-tui").mkdir(parents=True)
    return folder
