"""Having a daemon end agents, and waiting until it has."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from qms_tui.api.agents import AgentState, AgentView
from qms_tui.api.client import Client
from qms_tui.api.commands import STOP, OfAgent
from qms_tui.api.errors import ApiError, ErrorCode
from qms_tui.errors import DaemonError

_HINT = "see how it goes on: qms-tui ps"


async def stop_agents(client: Client, agents: Sequence[str], patience: float) -> frozenset[str]:
    """Which of them it has ended. Raises ApiError, and DaemonError after more than `patience` seconds."""
    news = asyncio.Event()
    mirror = await client.subscribe(lambda what: news.set())
    known = mirror.agents
    lost = asyncio.get_running_loop().create_task(client.wait_lost())
    lost.add_done_callback(lambda task: news.set())
    try:
        async with asyncio.timeout(patience):
            before = {name: known[name] for name in agents if name in known}
            asked = [name for name in before if await _accepts(client, name)]
            while not all(_is_settled(known[name], before[name]) for name in asked):
                news.clear()
                await news.wait()
                if lost.done():
                    raise lost.result()
    except TimeoutError:
        raise DaemonError(f"the daemon has not ended them within {patience:g} s", _HINT) from None
    finally:
        lost.cancel()
    return frozenset(name for name in asked if _was_stopped(known[name]))


async def _accepts(client: Client, agent: str) -> bool:
    """Whether there is something to stop: its program, or the start that it waits for."""
    try:
        await client.request(STOP, OfAgent(agent))
    except ApiError as error:
        if error.code in (ErrorCode.WRONG_STATE, ErrorCode.UNKNOWN_AGENT):
            return False
        raise
    return True


def _is_settled(view: AgentView, before: AgentView) -> bool:
    """Whether it has ended, or could not be."""
    return _was_stopped(view) or (view.trouble is not None and view.state_at > before.state_at)


def _was_stopped(view: AgentView) -> bool:
    ending = view.ending
    is_over = view.state is AgentState.ENDED and not view.clearing
    return is_over and ending is not None and ending.asked
