"""Imports point one way, and nothing heavy is loaded before it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import qms_tui

ROOT = Path(qms_tui.__file__).parent
# A room may import the rooms listed for it, itself, and the tools. A module of a package that stands here
# is a room.
ALLOWED = {
    "files": set(),
    "errors": set(),
    "account_ids": {"ownership"},
    "ownership": set(),
    "project": {"account_ids", "ownership"},
    "config": {"project"},
    "trust": {"config", "project", "remembered"},
    "log": set(),
    "status_report": set(),
    "terminal": {"status_report"},
    "runtime": {"project", "config", "trust"},
    "ipc": {"files"},
    "text": set(),
    "workers": {"errors"},
    "report": set(),
    "mcp": {"project", "config", "log", "report"},
    "keeper": {
        "project",
        "config",
        "log",
        "runtime",
        "terminal",
        "mcp",
        "trust",
        "report",
    },
    "remembered": {"config", "project"},
    "inbox": {"project", "config"},
    "leftovers": {
        "config",
        "runtime",
        "keeper",
        "remembered",
        "inbox",
        "trust",
    },
    "waking": {"project", "config", "terminal", "inbox"},
    "activity": {"project", "config", "runtime", "mcp", "terminal"},
    "agents": {"project", "config", "runtime", "terminal", "inbox", "activity"},
    "ui": {
        "project",
        "config",
        "runtime",
        "terminal",
        "agents",
        "remembered",
        "inbox",
        "activity",
        "waking",
        "mcp",
        "status_report",
    },
    "demo": {"project", "status_report"},
    "doctor": {
        "project",
        "config",
        "runtime",
        "mcp",
        "activity",
        "status_report",
    },
    "cli.building": {"config", "runtime"},
    "cli.demo": {"cli", "cli.screen", "project", "config", "trust", "runtime", "keeper", "demo"},
    "cli.deciding": {"cli", "cli.screen", "project", "config", "trust", "inbox"},
    "cli.doctor": {"cli", "project", "config", "doctor", "report"},
    "cli.inbox": {"cli", "project", "inbox"},
    "cli.mcp": {"cli", "project", "config", "mcp"},
    "cli.ps_listing": {
        "project",
        "config",
        "activity",
        "runtime",
        "terminal",
        "mcp",
    },
    "cli.screen": {
        "cli",
        "report",
        "project",
        "config",
        "runtime",
        "remembered",
        "inbox",
        "mcp",
        "ui",
    },
    "cli.send": {"cli", "project", "inbox"},
    "cli.trust": {"cli", "project", "config", "trust", "inbox"},
    "cli": {
        "cli.deciding",
        "cli.building",
        "cli.demo",
        "cli.doctor",
        "cli.inbox",
        "cli.mcp",
        "cli.ps_listing",
        "cli.screen",
        "cli.send",
        "cli.trust",
        "inbox",
        "project",
        "config",
        "trust",
        "log",
        "runtime",
        "keeper",
        "leftovers",
        "mcp",
        "remembered",
        "report",
    },
    "__main__": {"cli", "report"},
    "__init__": set(),
}
TOOLS = {"errors", "files", "text", "workers", "ipc"}  # they know nothing of what they are used for


def _room(*parts: str) -> str:
    inner = ".".join(parts[:2])
    return inner if inner in ALLOWED else parts[0]


def _imported_rooms(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    ours = {_room(*name.split(".")[1:]) for name in names if name.startswith("qms_tui.")}
    return ours - {"__version__"}


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_rooms_import_only_what_lies_below(path: Path) -> None:
    room = _room(*path.relative_to(ROOT).with_suffix("").parts)
    tools = set() if room in TOOLS else TOOLS
    assert _imported_rooms(path) - {room} <= ALLOWED[room] | tools


def _modules_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    return set(
        subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True
        ).stdout.split()
    )


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        (
            "sys.argv[1:] = ['--version']; import qms_tui.__main__ as m; m.main()",
            {"click", "textual", "docker", "pyte"},
        ),
        ("import qms_tui.cli", {"textual", "docker", "pyte", "asyncio"}),
        ("import qms_tui.terminal", {"textual", "docker", "asyncio"}),
        ("import qms_tui.keeper.journal", {"textual", "docker", "asyncio"}),
        ("import qms_tui.waking", {"textual", "docker", "asyncio"}),
        ("import qms_tui.inbox", {"textual", "docker", "asyncio"}),
        ("import qms_tui.agents", {"textual", "docker"}),
        ("import qms_tui.keeper.process", {"textual", "mcp", "mcp_types", "pydantic", "httpx2"}),
        ("import qms_tui.cli, qms_tui.mcp.status", {"asyncio", "mcp", "mcp_types", "pydantic", "httpx2"}),
        ("import qms_tui.mcp.gateway", {"textual", "docker", "starlette", "mcp"}),
        ("import qms_tui.runtime.local", {"textual", "docker"}),
        ("import qms_tui.keeper.local_runtime", {"textual", "docker"}),
        ("import qms_tui.keeper.keeper, qms_tui.keeper.local_terminals", {"textual", "docker"}),
        (
            "import qms_tui.keeper.spawner.__main__",
            {"textual", "docker", "pyte", "asyncio", "psutil", "logging", "subprocess"},
        ),
        ("import qms_tui.runtime.docker", {"textual"}),
    ],
)
def test_heavy_modules_come_late(statement: str, absent: set[str]) -> None:
    assert not _modules_after(statement) & absent
