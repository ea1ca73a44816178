"""The lights of the MCP servers in the sidebar, with a real gateway and a real server."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest

from qms_tui.config import McpServer
from qms_tui.mcp.lights import Light, Shown, Standing, look, standing
from qms_tui.mcp.places import STATUS
from tests.mcp.house import House, TestServer, free_port

from .conftest import Screen

OpenApp = Callable[..., AbstractAsyncContextManager[Screen]]
NAMES = ("web", "broken", "late")


@pytest.fixture
def web(tmp_path: Path) -> Iterator[TestServer]:
    server = TestServer(tmp_path / "log", free_port())
    yield server
    server.kill()


@pytest.fixture
def gateway(tmp_path: Path, web: TestServer) -> Iterator[House]:
    """With a server that comes and goes, and one that cannot start."""
    broken = McpServer("broken", command=(str(tmp_path / "[none]"),))
    house = House(tmp_path, (McpServer("web", url=web.url), broken), ("qa",))
    yield house
    house.close()


async def test_lights_follow_the_servers(open_app: OpenApp, gateway: House, web: TestServer) -> None:
    async with open_app("qa", size=(200, 50), servers=partial(look, gateway.folder, NAMES)) as ui:
        await ui.running()
        await ui.press("f2")
        await ui.until(lambda: ui.servers == [f"○ {name} not started" for name in NAMES])
        gateway.start()
        await ui.until(lambda: ui.servers[0].startswith("✖ web down: "))
        await ui.until(lambda: ui.servers[1].startswith("✖ broken down: cannot start "))
        assert ui.servers[2] == "○ late not started"
        web.start()
        await ui.until(lambda: ui.servers[0] == "● web up")
        gateway.kill()
        await ui.until(lambda: ui.servers[0] == "○ web not started")


async def test_without_servers_there_are_no_lights(open_app: OpenApp) -> None:
    async with open_app("qa", size=(200, 50)) as ui:
        await ui.running()
        await ui.press("f2")
        assert ui.servers == []


async def test_nobody_looks_often_while_nobody_sees_it(
    open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qms_tui.core.servers.SELDOM", 3600.0)  # however long the start takes
    looks: list[int] = []

    async def count() -> Standing:
        looks.append(1)
        return Standing(tuple(Shown(f"server{number}", Light.UP) for number in range(9)))

    async with open_app("qa", size=(200, 50), servers=count) as ui:
        await ui.running()
        assert looks == []  # the first look comes seconds later
        await ui.press("f2")
        await ui.until(lambda: looks)
        await ui.until(lambda: ui.servers[-1] == "and 3 more: qms-tui mcp")


@pytest.mark.parametrize(
    "status",
    [
        None,
        [],
        {},
        {"servers": 3},
        {"servers": [3, {"state": "up"}], "agents": [3]},
        {"agents": [{"servers": 3}]},
    ],
)
def test_nonsense_is_no_light(status: object) -> None:
    assert standing(status, ["one"]).servers == (Shown("one", Light.OFF),)


def test_whose_client_has_which_server() -> None:
    used = [{"name": "one", "connected": 2}, {"name": "two", "connected": 0}]
    found = standing({"agents": [{"agent": "qa", "servers": used}, {"agent": "bu", "servers": []}]}, ["one"])
    assert found.connected == {"qa": {"one"}, "bu": set()}


def test_what_a_server_says_is_data() -> None:
    said = {"servers": [{"name": "one", "state": "down", "detail": "[@click=app.quit]\x1b[2J"}]}
    assert standing(said, ["one"]).servers == (Shown("one", Light.DOWN, "[@click=app.quit]\x1b[2J"),)


async def test_a_gateway_that_hangs_is_not_waited_for(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / STATUS))
        silent.listen()
        found = await look(tmp_path, ["one"])
    assert found.servers == (Shown("one", Light.UNKNOWN, "the gateway does not answer"),)
