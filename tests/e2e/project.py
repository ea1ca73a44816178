"""A small QMS project on disk, as `qms init` and the original system lay it out."""

from __future__ import annotations

import json
import os
from pathlib import Path

AGENT_UID = 1000  # when root runs the tests: what an ordinary user's project is owned by
USERS = ("lead", "claude", "qa")  # `qms init` makes these; other agents get their folders later
DEFINITIONS = {"qa": "quality assurance", "tu_ui": "technical unit, interface", "bu": "business unit"}


def owner() -> int:
    """The uid that a project made here belongs to by default."""
    return os.getuid() or AGENT_UID


def make_qms_project(root: Path, uid: int | None = None) -> Path:
    """Make a project in the folder `root`, owned by `uid` (default: `owner()`).

    Raises:
        PermissionError: only root can give files to somebody else.
    """
    files = {
        "CLAUDE.md": "# Project context of claude\n",
        ".env": "TOKEN=secret-of-the-host\n",
        ".mcp.json": json.dumps({"mcpServers": {"host-only": {"command": "true"}}}),
        "qms.config.json": json.dumps({"version": "1.0", "created": "2026-11-22", "sdlc_namespaces": []}),
        "QMS/CR/CR-001/CR-001-draft.md": "# CR-001\n",
        "src/main.py": "print('product')\n",
    }
    for agent, description in DEFINITIONS.items():
        files[f".claude/agents/{agent}.md"] = (
            f"---\nname: {agent}\ngroup: reviewer\ndescription: {description}\n---\n\nYou are {agent}.\n"
        )
    folders = [".claude/sessions"]
    folders += [f".claude/users/{user}/{place}" for user in USERS for place in ("inbox", "workspace")]
    for folder in folders:
        (root / folder).mkdir(parents=True)
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    _give(root, owner() if uid is None else uid)
    return root


def _give(root: Path, uid: int) -> None:
    for path in (root, *root.rglob("*")):
        if path.lstat().st_uid != uid:
            os.chown(path, uid, uid, follow_symlinks=False)
