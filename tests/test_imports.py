"""Imports point one way, and nothing heavy is loaded before it is needed."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
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
    "trust": {"config", "project", "remembered", "programs"},
    "armed": {"config", "project", "trust"},
    "log": set(),
    "status_report": set(),
    "terminal": {"status_report"},
    "programs": {"project", "config"},
    "runtime": {"project", "config", "ownership", "programs", "trust", "terminal"},
    "ipc": {"errors", "files"},
    "text": set(),
    "workers": {"errors"},
    "report": set(),
    "mcp": {"project", "config", "log", "programs", "report"},
    "keeper": {
        "project",
        "config",
        "log",
        "programs",
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
        "api",
        "armed",
        "programs",
    },
    "waking": {"project", "config", "terminal", "inbox"},
    "activity": {"project", "config", "programs", "runtime", "mcp", "terminal"},
    "core": {"project", "config", "programs", "runtime", "terminal", "inbox", "activity", "waking", "mcp"},
    "api": set(),
    "daemon": {
        "api",
        "core",
        "activity",
        "armed",
        "config",
        "inbox",
        "keeper",
        "log",
        "mcp",
        "programs",
        "project",
        "report",
        "runtime",
        "trust",
    },
    "ui.terminals": {"keeper", "runtime", "terminal"},
    "ui": {
        "ui.terminals",
        "api",
        "project",
        "config",
        "runtime",
        "terminal",
        "remembered",
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
        "programs",
    },
    "cli.building": {"config", "runtime"},
    "cli.demo": {
        *("cli", "cli.opening", "cli.screen", "cli.wish", "api", "project", "config", "trust", "keeper"),
        "demo",
    },
    "cli.deciding": {"cli", "cli.screen", "project", "config", "trust", "inbox", "runtime"},
    "cli.daemon": {"cli", "cli.daemon_stop", "api", "armed", "project"},
    "cli.daemon_stop": {"api"},
    "cli.doctor": {"cli", "cli.daemon", "armed", "keeper", "project", "config", "doctor", "report"},
    "cli.inbox": {"cli", "project", "inbox"},
    "cli.mcp": {"cli", "project", "config", "mcp", "keeper"},
    "cli.ps_states": {"api", "runtime"},
    "cli.ps_listing": {
        "api",
        "cli.ps_states",
        "project",
        "config",
        "activity",
        "runtime",
        "terminal",
        "mcp",
        "programs",
    },
    "cli.farewell": {"cli", "api", "project"},
    "cli.open": {
        *("cli", "cli.deciding", "cli.farewell", "cli.opening", "cli.screen", "cli.upgrade", "cli.wish"),
        *("config", "project", "remembered"),
    },
    "cli.opening": {"cli", "api", "project"},
    "cli.screen": {"cli", "cli.opening", "api", "report", "project", "config", "remembered", "ui"},
    "cli.send": {"cli", "project", "inbox"},
    "cli.start": {"cli", "cli.starting", "cli.deciding", "config", "project", "remembered"},
    "cli.starting": {"cli", "cli.upgrade", "cli.wish", "api", "config", "project"},
    "cli.upgrade": {"cli", "api", "keeper", "project"},
    "cli.trust": {"cli", "project", "config", "trust", "inbox"},
    "cli.wish": {"cli", "api", "config"},
    "cli": {
        "cli.daemon",
        "cli.start",
        "cli.deciding",
        "cli.building",
        "cli.demo",
        "cli.open",
        "cli.doctor",
        "cli.inbox",
        "cli.mcp",
        "cli.ps_listing",
        "cli.ps_states",
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
        "programs",
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


ROOMS_WITHOUT_CIRCLES = (
    "api",
    "daemon",
    "core",
    "ui",
    "waking",
    "inbox",
    "activity",
    "programs",
    "runtime",
    "config",
    "keeper",
)


@pytest.mark.parametrize("room", ROOMS_WITHOUT_CIRCLES)
def test_no_module_needs_one_that_needs_it(room: str) -> None:
    """Also for its types alone: whoever is needed for those is needed to be understood."""
    needs = _needs(room)
    circles = {name for name in needs if name in _reached(needs, needs[name])}
    assert not circles


def _needs(room: str) -> dict[str, set[str]]:
    """What each module of a room imports of the same room, by names below the room's."""
    folder = ROOT / room
    modules = {
        ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix("__init__").rstrip("."): path
        for path in folder.rglob("*.py")
    }
    return {name: _imported_modules(path, room, set(modules)) - {name} for name, path in modules.items()}


def _imported_modules(path: Path, room: str, modules: set[str]) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom) or not f"{node.module}.".startswith(f"qms_tui.{room}."):
            continue
        module = f"{node.module}".removeprefix(f"qms_tui.{room}").removeprefix(".")
        for alias in node.names:
            inner = f"{module}.{alias.name}".removeprefix(".")
            found.add(inner if inner in modules else module)
    return found


def _reached(needs: dict[str, set[str]], begin: set[str]) -> set[str]:
    reached, rest = set[str](), set(begin)
    while rest:
        reached |= rest
        rest = {inner for name in rest for inner in needs[name]} - reached
    return reached


@pytest.mark.parametrize("room", ["core", "ui"])
def test_nobody_writes_into_an_agent(room: str) -> None:
    """It is a life, a view and commands: who knows more of it says so in the view."""
    written = [
        f"{path.name}:{target.lineno} {ast.unparse(target)}"
        for path in sorted((ROOT / room).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign)
        for target in _targets(node)
        if isinstance(target, ast.Attribute) and re.search(r"\b(agents?|link|life|program)\b", _owner(target))
    ]
    assert written == []


def _targets(node: ast.Assign | ast.AugAssign | ast.AnnAssign) -> Iterator[ast.expr]:
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        yield from target.elts if isinstance(target, ast.Tuple) else [target]


def _owner(target: ast.Attribute) -> str:
    """Whose attribute it is; underscores left out, as of `self._agent`."""
    return ast.unparse(target.value).replace("_", " ")


CORE_ALONE = """
import asyncio, os, sys
from pathlib import Path
from qms_tui.config import Config
from qms_tui.core import AgentState, Core
from qms_tui.project import Project
from tests.here import HereRuntime

async def go() -> None:
    root = Path(sys.argv[1])
    command = ("sh", "-c", "read line; exit 7")
    runtime = HereRuntime(root, lambda agent: command, lambda agent: dict(os.environ))
    states, news = [], asyncio.Event()
    def tell(event):
        view = getattr(event, "view", None)
        states.append(view.state if view else None)
        news.set()
    async def until(state):
        while state not in states:
            news.clear()
            await news.wait()
    core = Core(Project(root), Config(), ["qa"], [], runtime, tell)
    core.start()
    core.follow_inboxes()
    core.open("qa")
    async with asyncio.timeout(30):
        await until(AgentState.RUNNING)
        core.agents["qa"].terminal.put(b"line\\r", print)
        await until(AgentState.ENDED)
    print(core.view("qa").ending)
    await core.close()

asyncio.run(go())
try:
    os.close(os.open("/dev/tty", os.O_RDWR))
except OSError:
    print("no terminal")
print({"textual", "rich", "docker"} & set(sys.modules))
"""


def test_the_core_runs_without_a_screen_and_without_a_terminal(tmp_path: Path) -> None:
    (tmp_path / ".claude").mkdir()
    found = subprocess.run(
        [sys.executable, "-c", CORE_ALONE, str(tmp_path)],
        cwd=ROOT.parent,
        check=True,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        timeout=60,
    )
    assert found.stdout.splitlines() == ["True", "exit code 7", "no terminal", "set()"]
    assert found.stderr == ""


def _lines_with(room: str, pattern: str) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in sorted((ROOT / room).rglob("*.py"))
        for line in path.read_text().splitlines()
        if re.search(pattern, line)
    ]


@pytest.mark.parametrize("room", ["keeper", "daemon", "core"])
def test_who_holds_programs_names_no_engine(room: str) -> None:
    assert _lines_with(room, r"runtime\.docker|DockerRuntime") == []


@pytest.mark.parametrize("room", sorted(room for room in ALLOWED if room != "programs" and "." not in room))
def test_nobody_knows_a_program_but_through_the_protocol(room: str) -> None:
    assert _lines_with(room, r"programs\.claude|\bis_client\b") == []
    assert _lines_with(room, r"(==|!=|\bin) *\(?[\"']claude[\"']") == []


NOT_THE_SCREENS = ("core", "daemon", "inbox", "activity", "waking", "mcp", "runtime.docker")


def test_the_screen_has_of_runtimes_no_more_than_sizes() -> None:
    named = {
        alias.name
        for path in (ROOT / "ui").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith("qms_tui.runtime.")
        for alias in node.names
    }
    assert named == {"Size"}


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
        ("import qms_tui.inbox", {"textual", "docker", "asyncio", "watchdog"}),
        ("import qms_tui.core", {"textual", "docker", "watchdog"}),
        (
            "import qms_tui.ui.terminals.terminals",
            {"textual", "docker", "watchdog", "qms_tui.core", "qms_tui.runtime.docker"},
        ),
        (
            "import qms_tui.api.client, qms_tui.api.schema",
            {"textual", "docker", "watchdog", "pyte", "dataclasses", "qms_tui.core"},
        ),
        (
            "import qms_tui.api.daemon, qms_tui.api.environment, qms_tui.api.schema",
            {"textual", "docker", "watchdog", "pyte", "qms_tui.core"},
        ),
        ("import qms_tui.daemon.server", {"textual", "docker"}),
        (
            "import qms_tui.ui.app",
            {"docker", "watchdog", *(f"qms_tui.{room}" for room in NOT_THE_SCREENS)},
        ),
        ("import qms_tui.keeper.process", {"textual", "mcp", "mcp_types", "pydantic", "httpx2"}),
        ("import qms_tui.cli, qms_tui.mcp.status", {"asyncio", "mcp", "mcp_types", "pydantic", "httpx2"}),
        ("import qms_tui.mcp.gateway", {"textual", "docker", "starlette", "mcp"}),
        ("import qms_tui.programs.registry", {"textual", "docker", "pyte", "asyncio", "yaml"}),
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
