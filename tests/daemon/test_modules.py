"""What the daemon's process has loaded: all it needs before it serves, and nothing of a screen."""

from __future__ import annotations

import asyncio
from typing import Any

import psutil

from qms_tui.api import commands as api
from qms_tui.api.agents import AgentState
from qms_tui.api.commands import COMMANDS, Command
from qms_tui.api.errors import ApiError

from .household import OURS, Household
from .served import Window

PARAMETERS: dict[str, object] = {
    "hello": api.Hello(api.VERSION),
    "set_environment": api.Environment((api.Variable("LANG", "C"),)),
    "restart": api.Restart("qa"),
    "wake": api.Wake("qa"),
    "look_at": api.LookAt("qa"),
    "show_servers": api.ShowServers(True),
    "send": api.Send(("qa",), "a subject", "words"),
    "find_items": api.FindItems(words="CR"),
    "preview": api.OfItem("qa", "1-2-x"),
    "put_away": api.OfItem("qa", "1-2-x"),
    "item_file": api.OfItem("qa", "1-2-x"),
}
LAST = ("stop",)


async def ask_everything(window: Window) -> None:
    """Each command once; refusals are answers, too."""
    for command in sorted(COMMANDS.values(), key=lambda each: each.name in LAST):
        if command is api.HOLD:
            continue
        parameters = PARAMETERS.get(command.name)
        if parameters is None:
            parameters = api.OfAgent("qa") if command.parameters is api.OfAgent else api.Nothing()
        await _try(window, command, parameters)
    for item in window.mirror.items.values():
        await _try(window, api.PREVIEW, api.OfItem(item.agent, item.id))


async def _try(window: Window, command: Command[Any, Any], parameters: object) -> None:
    try:
        await window.client.request(command, parameters)
    except ApiError:
        return


async def test_nothing_is_loaded_once_it_serves(household: Household) -> None:
    """A newer version may be installed meanwhile; what comes later would be of that one."""
    household.set('[notify]\ncommand = ["true"]\n')
    await (await household.daemon.reach("first")).close()
    before = loaded(household)
    assert before
    window = await household.hold("qa")
    await household.until(lambda: window.state("qa") is AgentState.RUNNING)
    household.put("qa")
    await household.until(lambda: window.mirror.items)
    await household.hold("bu", command="sh -c 'read line'")
    await ask_everything(window)
    household.set("theme = 7\n")
    await _try(window, api.RELOAD, api.Nothing())
    await household.until(lambda: window.notices)
    await asyncio.to_thread(household.run, "stop", "bu")
    await household.until(lambda: window.state("bu") is AgentState.ENDED)
    assert loaded(household)[len(before) :] == []


async def test_nothing_of_a_screen_is_loaded(household: Household) -> None:
    window = await household.hold("qa")
    await household.until(lambda: window.state("qa") is AgentState.RUNNING)
    found = loaded(household)
    assert "qms_tui.core.core" in found
    assert {name for name in found if name.partition(".")[0] in ("textual", "rich")} == set()
    assert not any(name.startswith("qms_tui.ui") for name in found)


def loaded(household: Household) -> list[str]:
    """The modules that the daemon that runs has looked for, in order."""
    pid = f"{household.process().pid} "
    lines = household.imports.read_text().splitlines()
    return [line.removeprefix(pid) for line in lines if line.startswith(pid)]


async def test_no_process_of_ours_has_a_terminal(household: Household) -> None:
    """Not the daemon's, nor the keeper's and the spawner's, which it starts."""
    window = await household.hold("qa")
    await household.until(lambda: window.state("qa") is AgentState.RUNNING)
    ours = [
        process
        for process in psutil.process_iter(["cmdline", "terminal"])
        if str(household.root) in (words := process.info["cmdline"] or []) and set(words) & set(OURS)
    ]
    assert len(ours) >= 3
    assert {process.info["terminal"] for process in ours} == {None}
