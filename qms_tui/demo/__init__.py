"""The sample project and the scripted agent behind `qms-tui demo`.

project.py makes the project from the texts in sample/. qms.py is its tiny QMS; workflow.py and items.py are
the pure part of it. agent.py is the program in each pane; commands.py lists what can be typed there, and
status.py reports to the terminal what the agent does.
server.py is the same QMS for agents that speak MCP; the scripted ones ask the QMS itself, so the demo needs
no gateway.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def agent_command() -> tuple[str, ...]:
    """The argv of the scripted agent; its working folder must be a project made by `make_project`.

    `-P` keeps the project's own folder out of the import path: an agent may write files there.
    """
    return (sys.executable, "-P", "-m", "qms_tui.demo.agent")


def agent_environment(agent: str, inherited: Mapping[str, str]) -> dict[str, str]:
    """`inherited` with the identity of `agent`, and with this package importable from any folder.

    The import path is needed where qms-tui runs from a source tree without being installed.
    """
    home = str(Path(__file__).resolve().parent.parent.parent)
    path = [entry for entry in inherited.get("PYTHONPATH", "").split(os.pathsep) if entry]
    return {**inherited, "QMS_USER": agent, "PYTHONPATH": os.pathsep.join([*path, home])}
