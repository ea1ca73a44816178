"""The real client without any screen: started for a task, woken, its receipts, stopped, mended."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from qms_tui.api.agents import AgentState, Word
from qms_tui.api.commands import WAKE, Wake
from tests.bench.model import Model
from tests.daemon.household import Household, at_home
from tests.daemon.served import Window
from tests.inbox.qms_commands import QmsCommands

from . import debian
from .clients import login
from .test_state import wakes

pytestmark = pytest.mark.timeout(debian.BUILD_SECONDS)


@pytest.fixture
async def household(
    qms_project: Path,
    tmp_path: Path,
    client_image: str,
    network: tuple[str, str],
    model: Model,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Household]:
    """Its agents are the real client, logged in with a key, and reach nothing but the model."""
    home, variables = tmp_path / "home", login(model)
    home.mkdir()
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with at_home(qms_project, home, monkeypatch) as made:
        names = json.dumps(list(variables))
        made.set(f'[agent]\nimage = "{client_image}"\nnetwork = "{network[0]}"\nenv = {names}\n')
        try:
            yield made
        finally:
            await made.close()
            made.run("stop", "--all", "--yes")


async def hold(household: Household, *agents: str) -> Window:
    named = ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC")
    return await household.hold(*agents, runtime=None, named=named)


def is_idle(window: Window) -> bool:
    activity = window.agent("qa").activity
    return activity is not None and activity.word is Word.IDLE


async def test_a_task_starts_it_and_its_end_stops_it(household: Household, model: Model) -> None:
    """And the next one starts it again; nobody looks but at the end, and the daemon is killed in between."""
    household.set(
        household.config.read_text() + '[agent.qa]\nlaunch = "auto_on_task"\nshutdown = "on_inbox_empty"\n'
    )
    qms = QmsCommands(household.root)
    window = await hold(household, "qa")
    await household.until(lambda: window.agent("qa").plan)
    assert window.state("qa") is AgentState.ABSENT
    await window.client.close()
    qms.route("CR-056", "qa")
    await household.until(lambda: wakes(model) == 1)
    household.kill()
    again = await household.window_of_new()
    await household.until(
        lambda: [each for each in again.mirror.items.values() if _is_delivered(each.receipt)]
    )
    await household.until(lambda: is_idle(again))
    qms.answer("CR-056", "qa", "REVIEWED")
    await household.until(lambda: any("qa is stopped: its inbox is empty" in each for each in again.notices))
    await household.until(lambda: again.state("qa") is AgentState.ENDED)
    qms.route("CR-056", "qa", "PRE_APPROVAL")
    await household.until(lambda: wakes(model, "approval") == 1)


def _is_delivered(receipt: object) -> bool:
    return bool(getattr(receipt, "delivered", 0.0))


async def test_an_inbox_that_was_replaced_is_mended_and_items_are_told_again(
    household: Household, model: Model
) -> None:
    qms, inbox = QmsCommands(household.root), household.root / ".claude/users/qa/inbox"
    window = await hold(household, "qa")
    await household.until(lambda: is_idle(window))
    former = window.agent("qa").terminal
    owner = inbox.stat()
    inbox.rename(inbox.with_name("old"))
    inbox.mkdir()
    os.chown(inbox, owner.st_uid, owner.st_gid)
    await household.until(lambda: any("its inbox was replaced" in each for each in window.notices))
    await household.until(lambda: any("it is restarted" in each for each in window.notices))
    await household.until(lambda: window.agent("qa").terminal not in ("", former) and is_idle(window))
    qms.route("CR-056", "qa")
    await household.until(lambda: wakes(model) == 1)
    await household.until(lambda: is_idle(window))
    await household.until(lambda: any(_is_delivered(each.receipt) for each in window.mirror.items.values()))
    await window.ask(WAKE, Wake("qa"))
    await household.until(lambda: wakes(model) == 2)
