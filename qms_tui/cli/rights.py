"""Who may start things in a project, asked before anything of it is used: `qms-tui ...` and `qms-tui build`.

What only looks or ends things (ps, log, stop, doctor, prune) asks nobody.
"""

from __future__ import annotations

import os
import shlex

import click

from qms_tui.errors import OwnerError, ProjectError
from qms_tui.project import Project
from qms_tui.runtime.agent_places import by_name
from qms_tui.runtime.replaceable import account


def check_rights(project: Project) -> None:
    """Raise OwnerError or ProjectError if we must start nothing here.

    Root does in somebody's project what that user decides: what a folder there leads to can change under
    root's hands.
    """
    place = by_name(project.root)
    if place is not None:
        raise ProjectError(
            f"{project.root} lies in {place}, where an agent can write: whatever starts here does as it says",
            hint="move the project to where no agent writes",
        )
    uid = project.root.stat().st_uid
    if os.geteuid() != 0 or uid == 0:
        return
    name = account(uid)
    user = name if not name.startswith("user ") else f"#{uid}"
    raise OwnerError(
        f"{project.root} belongs to {name}: root starts and builds nothing there",
        hint=shlex.join(["sudo", "-u", user, "qms-tui", *click.get_current_context().find_root().obj]),
    )
