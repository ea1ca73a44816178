"""A project's daemon, as commands see it: asked how it does, ended; only what starts agents starts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qms_tui.armed import ArmedFile
from qms_tui.cli.printing import note, warn
from qms_tui.errors import DaemonError, refused, state_remedy
from qms_tui.project import Project
from qms_tui.text.times import moment

if TYPE_CHECKING:
    from qms_tui.api.commands import Status


def daemon_status(project: Project) -> Status | None:
    """How the one that runs does; None if none runs. Raises QmsTuiError for one that does not answer."""
    import asyncio

    from qms_tui.api.commands import STATUS, Nothing
    from qms_tui.api.daemon import Daemon

    async def ask() -> Status | None:
        client = await Daemon(project.root).find("a command")
        if client is None:
            return None
        try:
            return await client.request(STATUS, Nothing())
        finally:
            await client.close()

    return asyncio.run(ask())


def describe(status: Status) -> str:
    """In a line, with the time of the environment that policies start agents with."""
    said = [f"pid {status.pid}, since {moment(status.since)}"]
    said.append("policies hold" if status.armed else "policies wait until you open or start something")
    if status.environment_at:
        said.append(f"what starts by itself has the environment of {moment(status.environment_at)}")
    return ", ".join(said)


def disarm(project: Project) -> None:
    """Have nothing started by itself any more, whatever runs, and end the daemon, hung or not."""
    from qms_tui.api.daemon import Daemon

    file = ArmedFile.of(project.root)
    try:
        file.remove()
    except OSError as error:
        warn(f"policies will start agents again: {refused(error, file.path)}")
        note(f"  {state_remedy(error, 'remove that file')}")
    try:
        Daemon(project.root).end()
    except DaemonError as error:
        warn(error.message)
        note(f"  {error.hint}")
