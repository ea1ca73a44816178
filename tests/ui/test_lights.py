"""The lights of agents in the sidebar, in `e` and at the bottom of panes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import partial
from typing import TypeAlias

import pytest
from textual.widgets import Static

from qms_tui.api.agents import Health, Light, Lights
from qms_tui.api.inbox import Mailbox
from qms_tui.config import Config, McpServer
from qms_tui.mcp.lights import Light as ServerLight
from qms_tui.mcp.lights import Shown, Standing
from qms_tui.project import Project
from qms_tui.ui.agent_lines import Agents, Line, fitting
from qms_tui.ui.chrome import TabLine
from qms_tui.ui.explain import ExplainScreen
from tests.core.client import Client

from .conftest import Screen

OpenApp: TypeAlias = Callable[..., AbstractAsyncContextManager[Screen]]
WIDTH = 44  # columns inside the sidebar
QMS = replace(Config(), servers=(McpServer("qms", command=("true",)),))


def ready(project: Project, agent: str, *, login: bool = True) -> Client:
    """A client at its prompt, logged in, with a waiter."""
    client = Client(project, agent)
    told = {"pid": 7, "program": "claude", "started": client.started, "wake": True}
    (client.folder / "qms-tui/identity.json").write_text(json.dumps(told))
    armed(client, True)
    if login:
        (client.folder / ".credentials.json").write_text("{}")
    client.is_("idle")
    return client


def armed(client: Client, armed: bool) -> None:
    told = {"at": time.time(), "armed": armed, "since": time.time()}
    (client.folder / "qms-tui/waiter.json").write_text(json.dumps(told))


def stands(light: ServerLight, *agents: str) -> Standing:
    return Standing((Shown("qms", light),), {agent: frozenset({"qms"}) for agent in agents})


async def test_a_row_below_each_agent(open_app: OpenApp, project: Project) -> None:
    async def look() -> Standing:
        return stands(ServerLight.UP, "claude")

    async with open_app("claude", "qa", "bu", size=(160, 50), config=QMS, servers=look) as ui:
        await ui.running()
        claude, _ = ready(project, "claude"), ready(project, "qa", login=False)
        await ui.press("f2")
        await ui.until(lambda: ui.lights == [
            " ○ container ● program ● MCP ● login ● waker",
            " ○ container ● program ○ MCP ✖ login ● waker",
        ])  # fmt: skip
        assert ui.agents[-1] == "● bu running"  # which is another program, and has none
        assert {len(row) for row in ui.lights} == {WIDTH} == {ui.app.query_one(Agents).content_size.width}
        armed(claude, False)
        await ui.until(lambda: ui.lights[0].endswith("● login ○ waker"))


async def test_what_is_wrong_stands_on_the_pane_until_it_is_mended(
    open_app: OpenApp, project: Project
) -> None:
    async with open_app("claude", "qa") as ui:
        await ui.running()
        client = ready(project, "qa", login=False)
        await ui.until(lambda: ui.footnote("qa") == " login: not logged in, /login in its pane ")
        assert ui.title("qa").startswith(" 2 qa ● idle · local, not isolated ! ")
        (client.folder / ".credentials.json").write_text("{}")
        await ui.until(lambda: ui.footnote("qa") == "")
        assert "!" not in ui.title("qa")


async def test_a_server_that_is_down_is_told_while_the_sidebar_is_closed(
    open_app: OpenApp, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qms_tui.core.servers.SELDOM", 0.0)
    monkeypatch.setattr("qms_tui.core.servers.EVERY", 0.02)
    monkeypatch.setattr("qms_tui.activity.lights.DWELL", 0.1)
    now = [stands(ServerLight.DOWN, "qa")]

    async def look() -> Standing:
        return now[0]

    async with open_app("claude", "qa", config=QMS, servers=look) as ui:
        await ui.running()
        ready(project, "qa")
        await ui.until(lambda: ui.footnote("qa") == " MCP: qms is down ")
        now[0] = stands(ServerLight.UP)
        await ui.until(lambda: ui.footnote("qa") == " MCP: not connected to qms ")
        now[0] = stands(ServerLight.UP, "qa")
        await ui.until(lambda: ui.footnote("qa") == "")
        assert ui.footnote("claude") == ""  # which is no client


async def test_seven_agents_on_24_lines(open_app: OpenApp, project: Project) -> None:
    """There is no room for all lights: those of who has something wrong are shown, and clicks go right."""
    agents = ("claude", "qa", *(f"tu_{n}" for n in range(1, 6)))
    async with open_app(*agents, size=(120, 24)) as ui:
        await ui.running()
        for agent in agents:
            ready(project, agent, login=agent != "tu_2").is_(
                "waiting" if agent == "qa" else "idle", "a question"
            )
        await ui.press("f2")
        await ui.until(lambda: [row.split()[1] for row in ui.above] == [
            "claude", "qa", "question", "tu_1", "tu_2", "container", "tu_3", "tu_4", "tu_5"
        ])  # fmt: skip
        assert "✖ login" in ui.above[5]
        assert "tu_2  ● !  5 tu_3  ●  6" in str(ui.app.base.query_one(TabLine).content)
        for row, agent in ((0, "claude"), (2, "qa"), (3, "tu_1"), (5, "tu_2"), (6, "tu_3"), (8, "tu_5")):
            await ui.click("#inboxes", offset=(5, row))
            wish = ui.app.query_one("#wish", Static)
            await ui.until(partial(_is_only, wish, agent))


def _is_only(wish: Static, agent: str) -> bool:
    return str(wish.content) == f" only {agent}"


async def test_e_says_why_and_since_when(open_app: OpenApp, project: Project) -> None:
    async with open_app("claude", "qa") as ui:
        await ui.running()
        ready(project, "claude", login=False)
        await ui.until(lambda: "!" in ui.title("claude"))
        await ui.press("ctrl+b", "e")
        await ui.until(lambda: ui.shows(ExplainScreen))
        said = ui.app.screen.query_one("#explanation", Static)
        await ui.until(lambda: "● waker     armed  for " in str(said.content))
        assert "\n○ container local: no container\n" in str(said.content)
        assert "\n✖ login     not logged in, /login in its pane\n" in str(said.content)


def line(agent: str, wrong: int = 0, detail: str = "") -> Line:
    healths = [Health.WRONG] * wrong + [Health.FINE] * (5 - wrong)
    lights = Lights(*(Light(health, "") for health in healths))
    return Line(agent, "●", "", Mailbox(agent), detail=detail, lights=lights)


def rows(lines: list[Line], most: int) -> str:
    """Each agent's rows as letters: what it wants, its lights."""
    shown = fitting(lines, most)
    found = [one.agent + "w" * bool(one.detail) + "l" * (one.lights is not None) for one in shown]
    assert sum(map(len, found)) <= max(most, len(lines))
    return " ".join(found)


@pytest.mark.parametrize(
    ("most", "shown"),
    [
        (2, "a b c d"),
        (5, "a bw c d"),
        (6, "a bw c dl"),
        (7, "al bw c dl"),
        (8, "al bw c dl"),
        (9, "al bwl cl dl"),
    ],
)
def test_wants_come_before_faults_and_faults_before_what_is_well(most: int, shown: str) -> None:
    lines = [line("a", wrong=1), line("b", detail="wants"), line("c"), line("d", wrong=2)]
    assert rows(lines, most) == shown


def test_agents_without_a_pane_have_no_lights() -> None:
    lines = [line("a"), Line("b", "", "", Mailbox("b"))]
    assert rows(lines, 3) == "al b"
