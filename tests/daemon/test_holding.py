"""What a screen has its daemon do before it shows anything: agents held and not opened, sizes, colours."""

from __future__ import annotations

import sys

import pytest

from qms_tui.api import commands as api
from qms_tui.api.agents import AgentState
from qms_tui.api.errors import ApiError

from .household import Household

ASKS = """
import os, sys, termios, tty
tty.setraw(0, termios.TCSANOW)
os.write(1, b"\\x1b]11;?\\x1b\\\\")
said = b""
while not said.endswith((b"\\x1b\\\\", b"\\a")):
    said += os.read(0, 100)
print("heard", said[2:-2].decode(), *os.get_terminal_size(), end="\\r\\n", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def asks(household: Household) -> str:
    """A program that says which background its terminal has, and how large that is."""
    path = household.home / "asks.py"
    path.write_text(ASKS)
    return f"{sys.executable} {path}"


async def test_what_is_held_is_opened_with_the_size_and_colours_of_its_screen(
    household: Household, asks: str
) -> None:
    window = await household.hold("qa", command=asks, open=False)
    assert window.state("qa") is AgentState.ABSENT
    await window.ask(api.SHOW_COLORS, api.ShowColors((api.Color(1011, 17, 34, 51),)))
    await window.ask(api.RESIZE, api.Resize("qa", 101, 33))
    await window.ask(api.OPEN, api.OfAgent("qa"))
    await household.until(lambda: "heard 11;rgb:1111/2222/3333 101 33" in household.printed())


async def test_what_is_only_looked_for_is_not_started(household: Household) -> None:
    """It has run, says who asks, so it has ended."""
    window = await household.hold("qa", open=False)
    await window.ask(api.FIND, api.OfAgent("qa"))
    await household.until(lambda: window.state("qa") is AgentState.ENDED)
    await window.ask(api.OPEN, api.OfAgent("qa"))
    await household.until(lambda: window.state("qa") is AgentState.RUNNING)
    with pytest.raises(ApiError, match="qa is open: running"):
        await window.ask(api.FIND, api.OfAgent("qa"))


async def test_colours_that_are_none_are_refused(household: Household) -> None:
    window = await household.hold("qa", open=False)
    with pytest.raises(ApiError, match="no such colour"):
        await window.ask(api.SHOW_COLORS, api.ShowColors((api.Color(1, 256, 0, 0),)))


async def test_an_agent_says_who_holds_its_terminal(household: Household) -> None:
    window = await household.hold("qa")
    await household.until(lambda: window.state("qa") is AgentState.RUNNING)
    assert window.agent("qa").keeper.endswith("/keeper.sock")
    assert str(household.home) in window.agent("qa").keeper


async def test_remarks_are_for_whoever_asks(household: Household) -> None:
    """Each time, and not for all the others."""
    household.set('[agent]\nenv = ["ANTHROPIC_API_KEY"]\n')
    first = await household.hold("qa", "bu", command="cat", open=False)
    second = await household.hold("qa", "bu", command="cat", open=False)
    assert first.client.remarks == second.client.remarks


async def test_programs_of_this_machine_see_paths_as_they_are(household: Household) -> None:
    window = await household.hold("qa", open=False)
    assert await window.ask(api.PATH_INSIDE, api.Outside("qa", str(household.root))) == api.Inside()
    with pytest.raises(ApiError, match="is not one of the agents"):
        await window.ask(api.PATH_INSIDE, api.Outside("nobody", "/"))
