"""A gateway with a stdio server, and one with an HTTP server."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qms_tui.config import McpServer
from tests.mcp.house import House, TestServer, free_port

AGENTS = ("claude", "qa")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """What the servers say that has run."""
    return tmp_path / "log"


@pytest.fixture
def web(log: Path) -> Iterator[TestServer]:
    """An HTTP server, not started yet."""
    found = TestServer(log, free_port())
    yield found
    found.kill()


@pytest.fixture
def make_house(tmp_path: Path) -> Iterator[Callable[..., House]]:
    """`make_house(McpServer(...), ...)`: a gateway with these servers, which is started."""
    made: list[House] = []

    def make(*servers: McpServer, listen: str = "") -> House:
        house = House(tmp_path / f"house{len(made)}", servers, AGENTS, listen)
        made.append(house)
        house.start()
        return house

    yield make
    for house in made:
        house.close()


@pytest.fixture
def stdio(log: Path) -> McpServer:
    """A server that the gateway starts and speaks to on stdio."""
    return McpServer("test", command=(sys.executable, "-m", "tests.mcp.server", str(log)))


@pytest.fixture(params=["stdio", "http"])
def house(
    request: pytest.FixtureRequest, make_house: Callable[..., House], stdio: McpServer, web: TestServer
) -> House:
    """A gateway whose server `test` is up, by both ways to speak to one."""
    if request.param == "http":
        web.start()
        stdio = McpServer("test", url=web.url)
    found = make_house(stdio)
    found.up("test")
    return found
