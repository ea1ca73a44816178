"""The programs of docker/inside, run as they are run in a container: by their path, isolated, with a clock's
own time and nothing of this process's environment."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

INSIDE = Path(__file__).parents[2] / "docker/inside"
SECONDS = 30  # that one may take on a busy machine


def command(name: str) -> list[str]:
    """How the client starts it."""
    return [sys.executable, "-I", "-S", str(INSIDE / name)]


def run(name: str, config: Path, given: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a hook to its end with an event: an object, or the very text."""
    return subprocess.run(
        command(name),
        input=given if isinstance(given, str) else json.dumps(given),
        env={"CLAUDE_CONFIG_DIR": str(config), "LANG": "C.UTF-8", **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


def lines(file: Path) -> list[dict[str, Any]]:
    """Each line's object."""
    found = [json.loads(line) for line in file.read_text(encoding="ascii").splitlines()]
    assert all(isinstance(one, dict) for one in found)
    return found


def read(file: Path) -> dict[str, Any]:
    """The object in a file."""
    found = json.loads(file.read_text(encoding="ascii"))
    assert isinstance(found, dict)
    return found
