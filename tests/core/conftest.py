"""A project whose agents have inboxes, and quiet rounds of usage."""

from __future__ import annotations

from pathlib import Path

import pytest

from qms_tui.core import usage
from qms_tui.project import Project


@pytest.fixture(autouse=True)
def no_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """What programs use differs from run to run: a test that wants it asks."""
    monkeypatch.setattr(usage, "PAUSE", 3600.0)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """With claude, qa, bu and lead."""
    root = tmp_path / "project"
    definitions = root / ".claude" / "agents"
    definitions.mkdir(parents=True)
    for name in ("qa", "bu", "lead"):
        (definitions / f"{name}.md").write_text(f"---\nname: {name}\n---\n")
    made = Project(root)
    for name in ("claude", "qa", "bu", "lead"):
        made.folders(name).inbox.mkdir(parents=True)
    return made
