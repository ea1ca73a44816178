"""What `qms-tui mcp` says, with a gateway that a test plays at its socket, and without one."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from qms_tui.cli.mcp import report
from qms_tui.config import Config, McpServer
from qms_tui.errors import GatewayError
from qms_tui.mcp.places import STATUS
from qms_tui.project import Project

TWO = Config(
    servers=(McpServer("git", command=("uvx", "git")), McpServer("qms", url="http://127.0.0.1:1/mcp"))
)
SINCE = 1_800_000_000
UP = {"name": "git", "state": "up", "detail": "", "since": SINCE, "starts": 2, "transport": "stdio"}
DOWN = {**UP, "name": "old", "state": "down", "detail": "killed\x1b[2J by signal 9"}
USED = {
    "name": "git",
    "allowed": True,
    "sessions": 2,
    "connected": 1,
    "in_flight": 3,
    "served": 4,
    "trouble": "",
}
CLOSED = {**USED, "name": "old", "allowed": False, "trouble": "refused"}
STATUS_NOW = {
    "version": "1", "pid": 7, "instance": "abc", "listening": "", "servers": [UP, DOWN],
    "agents": [{"agent": "qa", "connections": 1, "held": 0, "complaints": 0, "servers": [USED, CLOSED]}],
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "project/.claude").mkdir(parents=True)
    return Project(tmp_path / "project")


@contextmanager
def saying(folder: Path, said: bytes) -> Iterator[None]:
    """A gateway's socket that says this to whoever comes."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / STATUS))
        listening.listen()

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(said)

        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join(10)


def rows(text: str) -> list[list[str]]:
    """The words of each line that are apart by two blanks."""
    return [[word.strip() for word in line.split("  ") if word.strip()] for line in text.splitlines()]


def test_servers_and_connections_as_a_table(project: Project, tmp_path: Path) -> None:
    with saying(tmp_path, json.dumps(STATUS_NOW).encode()):
        said = rows(report(project, TWO, tmp_path, as_json=False))
    assert said[0] == ["SERVER", "STATE", "SINCE", "STARTS", "WHERE"]
    assert [line[:2] for line in said[1:4]] == [
        ["git", "up"],
        ["old", "down: killed\N{REPLACEMENT CHARACTER}[2J by signal 9"],
        ["qms", "not running"],
    ]
    assert [line[-1] for line in said[1:4]] == ["uvx git", "not configured", "http://127.0.0.1:1/mcp"]
    assert said[5:] == [
        ["AGENT", "SERVER", "CONNECTED", "CALLS", "SERVED", "LAST TROUBLE"],
        ["qa", "git", "1 of 2", "3", "4"],
        ["qa", "old", "not allowed", "3", "4", "refused"],
    ]


def test_where_it_listens_is_said(project: Project, tmp_path: Path) -> None:
    listening = {**STATUS_NOW, "listening": "listens at 172.17.0.1:7325"}
    with saying(tmp_path, json.dumps(listening).encode()):
        assert report(project, TWO, tmp_path, as_json=False).endswith("over TCP: listens at 172.17.0.1:7325")


def test_the_same_as_json(project: Project, tmp_path: Path) -> None:
    with saying(tmp_path, json.dumps(STATUS_NOW).encode()):
        said = json.loads(report(project, TWO, tmp_path, as_json=True))
    assert said["gateway"] == {"version": "1", "pid": 7, "instance": "abc", "listening": ""}
    assert [(each["name"], each["state"]) for each in said["servers"]] == [
        ("git", "up"), ("old", "down"), ("qms", "not running"),
    ]  # fmt: skip
    assert said["agents"] == STATUS_NOW["agents"]


def test_without_a_gateway_servers_do_not_run(project: Project, tmp_path: Path) -> None:
    said = report(project, TWO, tmp_path, as_json=False)
    assert [line[:2] for line in rows(said)[1:3]] == [["git", "not running"], ["qms", "not running"]]
    assert said.endswith("the gateway does not run: it starts with the first agent's container")
    assert json.loads(report(project, TWO, tmp_path, as_json=True))["gateway"] is None


def test_without_servers_it_says_how_to_begin(project: Project, tmp_path: Path) -> None:
    (project.root / "qms-cli/qms_mcp").mkdir(parents=True)
    (project.root / ".mcp.json").write_text(json.dumps({"mcpServers": {"mine\x1b[2J": {}, "other": {}}}))
    said = report(project, Config(), tmp_path, as_json=False).splitlines()
    assert said == [
        "no MCP server is configured; write [mcp.NAME] with a command or a url into your configuration",
        "the project has one, which is not run unasked: qms-cli/qms_mcp",
        ".mcp.json of the project, which agents do not see, names: mine\N{REPLACEMENT CHARACTER}[2J, other",
    ]


PLANTED: tuple[Callable[[Path], Any], ...] = (
    lambda path: path.write_text("[" * 60_000),
    lambda path: path.write_text('{"mcpServers": 3}'),
    lambda path: path.write_bytes(b"\xff" * 100),
    lambda path: path.write_text(" " * 2**20),
    lambda path: path.symlink_to("/dev/zero"),
    os.mkfifo,
)


@pytest.mark.parametrize("plant", PLANTED)
def test_what_is_planted_in_the_project_says_nothing(
    project: Project, tmp_path: Path, plant: Callable[[Path], Any]
) -> None:
    plant(project.root / ".mcp.json")
    assert len(report(project, Config(), tmp_path, as_json=False).splitlines()) == 1


@pytest.mark.parametrize("said", [b"", b"{", b"[]", b"\xff", b"3"])
def test_a_gateway_that_says_nonsense_is_an_error(project: Project, tmp_path: Path, said: bytes) -> None:
    with saying(tmp_path, said), pytest.raises(GatewayError):
        report(project, TWO, tmp_path, as_json=False)
