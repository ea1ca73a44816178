"""Having a project's daemon start agents, and saying how that goes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from qms_tui.api.agents import AgentState, AgentView
from qms_tui.api.commands import Environment, Hold
from qms_tui.api.daemon import Daemon, daemon_of
from qms_tui.api.deltas import News, NoticeDelta
from qms_tui.api.mirror import Mirror
from qms_tui.cli.options import Common
from qms_tui.cli.printing import echo, note, warn
from qms_tui.cli.upgrade import may_replace_older
from qms_tui.cli.wish import environment_of, wish_to_start
from qms_tui.config import Config, Overrides
from qms_tui.errors import EngineError
from qms_tui.project import Project

PATIENCE = 120.0  # seconds until agents must run: a start has 60, and may wait for a disk before
_SETTLED = (AgentState.RUNNING, AgentState.PAUSED, AgentState.ENDED, AgentState.FAILED)


def start_agents(
    project: Project, config: Config, common: Common, overrides: Overrides, names: tuple[str, ...]
) -> int:
    """Start them; the exit status. Raises QmsTuiError."""
    wish = wish_to_start(names, overrides, common)
    keeps_older = not may_replace_older(project)
    daemon = daemon_of(project.root, wish.config_file, common.log_level, keeps_older=keeps_older)
    return asyncio.run(_hold(daemon, wish, environment_of(config)))


async def _hold(daemon: Daemon, wish: Hold, environment: Environment) -> int:
    client = await daemon.hold("qms-tui start", wish, environment)
    for remark in client.remarks:
        warn(remark)
    news = asyncio.Event()

    def hear(what: News) -> None:
        news.set()
        if isinstance(what, NoticeDelta):
            warn(what.notice.text)

    lost = asyncio.get_running_loop().create_task(client.wait_lost())
    lost.add_done_callback(lambda task: news.set())
    waiting = list(wish.agents)
    try:
        mirror = await client.subscribe(hear)
        async with asyncio.timeout(PATIENCE):
            while waiting := [name for name in waiting if not _has_settled(mirror.agents.get(name))]:
                news.clear()
                await news.wait()
                if lost.done():
                    raise lost.result()
    except TimeoutError:
        raise EngineError(
            f"{', '.join(waiting)}: not started within {PATIENCE:g} s", "see how it goes on: qms-tui ps"
        ) from None
    finally:
        await client.close()
        await lost
    return _say(mirror, wish.agents)


def _has_settled(view: AgentView | None) -> bool:
    return view is not None and view.state in _SETTLED


def _say(mirror: Mirror, names: Sequence[str]) -> int:
    status = 0
    for name in names:
        view = mirror.agents[name]
        if view.trouble is not None:
            warn(f"{name}: {view.trouble.message}")
            note(f"  {view.trouble.hint}")
            status = 2
        elif view.state is AgentState.ENDED:
            warn(f"{name} has ended")
            note(f"  see what it said: qms-tui log {name}")
            status = 2
        else:
            echo(f"{name}: {view.state.value}")
    return status
