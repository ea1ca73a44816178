"""A project's daemon, as commands see it: asked how it does, ended; only what starts agents starts it.

One that hangs keeps no command from its work: it has `PATIENCE` seconds to answer, then the command goes on
without it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from qms_tui.armed import ArmedFile
from qms_tui.cli.printing import note, warn
from qms_tui.errors import DaemonError, QmsTuiError, refused, state_remedy
from qms_tui.ipc.lock import is_taken
from qms_tui.project import Project
from qms_tui.text.times import moment

if TYPE_CHECKING:
    from qms_tui.api.agents import AgentView
    from qms_tui.api.client import Client
    from qms_tui.api.commands import Status
    from qms_tui.api.daemon import Daemon

T = TypeVar("T")

PATIENCE = 3.0  # seconds until a daemon must answer a command; one that works takes milliseconds
STOP_PATIENCE = (
    30.0  # seconds until it must have ended agents: a container has 10, and the engine may be busy
)


def daemon_status(project: Project) -> Status | None:
    """How the one that runs does; None if none runs. Raises QmsTuiError for one that does not answer."""

    async def ask(client: Client) -> Status:
        from qms_tui.api.commands import STATUS, Nothing

        return await client.request(STATUS, Nothing())

    return _ask(project, ask)


def views_of_daemon(project: Project) -> Mapping[str, AgentView]:
    """What the one that runs knows of its agents; nothing of one that hangs, which is said."""

    async def ask(client: Client) -> Mapping[str, AgentView]:
        return (await client.subscribe()).agents

    try:
        return _ask(project, ask) or {}
    except QmsTuiError as error:
        warn(f"what will be done by itself is not known: {error.message}")
        note(f"  {error.hint}")
        return {}


def stop_by_daemon(project: Project, agents: Sequence[str]) -> frozenset[str]:
    """Have the one that runs end these agents, so that no policy starts them again; which it has ended.

    The rest is for the caller to end: the daemon does not know it, or could not, which is said.
    """

    async def ask(client: Client) -> frozenset[str]:
        from qms_tui.cli.daemon_stop import stop_agents

        return await stop_agents(client, agents, STOP_PATIENCE)

    try:
        return _ask(project, ask, patience=None) or frozenset()
    except QmsTuiError as error:
        warn(f"what is to start soon may be started all the same: {error.message}")
        note("  qms-tui stop --all ends the daemon with all agents; opening the screen replaces it")
        return frozenset()


def describe(status: Status) -> str:
    """In a line, with the time of the environment that policies start agents with."""
    said = [f"pid {status.pid}, since {moment(status.since)}"]
    said.append("policies hold" if status.armed else "policies wait until you open or start something")
    if status.environment_at:
        said.append(f"what starts by itself has the environment of {moment(status.environment_at)}")
    return ", ".join(said)


def disarm(project: Project) -> None:
    """Have nothing started by itself any more, whatever runs, and end the daemon, hung or not."""
    file = ArmedFile.of(project.root)
    try:
        file.remove()
    except OSError as error:
        warn(f"policies will start agents again: {refused(error, file.path)}")
        note(f"  {state_remedy(error, 'remove that file')}")
    try:
        _end(project)
    except DaemonError as error:
        warn(error.message)
        note(f"  {error.hint}")


def _end(project: Project) -> None:
    """End the one that runs. Raises DaemonError if it stays."""
    if not _runs(project):
        return
    from qms_tui.api.daemon import END_GRACE, Hangs

    grace = END_GRACE
    with suppress(QmsTuiError):
        try:
            daemon_status(project)
        except Hangs:
            grace = 0.0  # it would go on with what it has begun
    _daemon(project).end(grace)


def _runs(project: Project) -> bool:
    """Whether there is one, answering or not; cheap, for most of the time there is none."""
    from qms_tui.api.place import LOCK, daemon_folder

    return is_taken(daemon_folder(project.root) / LOCK)


def _daemon(project: Project) -> Daemon:
    from qms_tui.api.daemon import Daemon

    return Daemon(project.root)


def _ask(
    project: Project, errand: Callable[[Client], Awaitable[T]], patience: float | None = PATIENCE
) -> T | None:
    """What the one that runs answers; None if none runs. Raises QmsTuiError.

    Without a `patience`, seconds, the errand has a bound of its own.
    """
    if not _runs(project):
        return None
    import asyncio

    from qms_tui.api.daemon import Hangs

    async def go() -> T | None:
        client = await _daemon(project).find("a command", PATIENCE)
        if client is None:
            return None
        try:
            async with asyncio.timeout(patience):
                return await errand(client)
        except TimeoutError:
            raise Hangs("the daemon does not answer any more", "opening the screen replaces it") from None
        finally:
            await client.close()

    return asyncio.run(go())
