"""What runs in containers runs on any image with an old enough Python, and nothing but Python."""

from __future__ import annotations

import ast
import json
import shlex
import sys
from pathlib import Path

import pytest

from .programs import INSIDE

PROGRAMS = sorted(INSIDE.glob("*.py"))
OLDEST = (3, 9)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_it_needs_an_old_python_and_its_library_only(program: Path) -> None:
    tree = ast.parse(program.read_text(), feature_version=OLDEST)
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module).partition(".")[0])
    assert names <= {*sys.stdlib_module_names, *(path.stem for path in PROGRAMS)}


def test_the_settings_name_programs_that_are_there() -> None:
    settings = json.loads((INSIDE / "settings.json").read_text())
    hooks = [hook for event in settings["hooks"].values() for group in event for hook in group["hooks"]]
    commands = [settings["statusLine"]["command"], *(hook["command"] for hook in hooks)]
    for command in commands:
        python, *options, program = shlex.split(command)
        assert (python, options) == ("/usr/bin/python3", ["-I", "-S"])
        assert Path(program).parent == Path("/usr/local/lib/qms-tui")
        assert (INSIDE / Path(program).name).is_file()


def test_only_the_waiter_runs_beside_the_client() -> None:
    """A hook that the client does not wait for could tell its event after the next one."""
    settings = json.loads((INSIDE / "settings.json").read_text())
    beside = {
        event: [hook["command"].rpartition("/")[2] for hook in group["hooks"] if hook.get("asyncRewake")]
        for event, (group,) in settings["hooks"].items()
    }
    armed = {event for event, programs in beside.items() if programs == ["waiter.py"]}
    assert armed == {"SessionStart", "UserPromptSubmit", "Stop", "StopFailure"}
    assert all(not programs for event, programs in beside.items() if event not in armed)
