"""Who may start things in a project, asked before anything of it is used: `qms-tui ...` and `qms-tui build`.

What only looks or ends things (ps, log, stop, doctor, prune) asks nobody.
"""

from __future__ import annotations

import os
import shlex

import click

from qms_tui.errors import OwnerError, ProjectError
from qms_tui.files import check_own_place
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
        check_own_places()
        return
    name = account(uid)
    user = name if not name.startswith("user ") else f"#{uid}"
    raise OwnerError(
        f"{project.root} belongs to {name}: root starts and builds nothing there",
        hint=shlex.join(["sudo", "-u", user, "qms-tui", *click.get_current_context().find_root().obj]),
    )


def check_own_places() -> None:
    """Raise OwnerError where root would obey another user's configuration and keep its files among theirs."""
    import platformdirs

    for place in (platformdirs.user_state_path("qms-tui"), platformdirs.user_config_path("qms-tui")):
        try:
            check_own_place(place)
        except PermissionError as error:
            raise OwnerError(
                f"{error.filename} {error.strerror}: root starts and builds nothing with that user's files",
                hint="use root's own: sudo -H qms-tui; or export XDG_STATE_HOME=DIR XDG_CONFIG_HOME=DIR",
            ) from None
