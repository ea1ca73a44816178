"""What one agent does at a server stays between them: other agents' ways to it have no part in that."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from qms_tui.config import McpServer
from tests.mcp.house import House, wait_until
from tests.mcp.scripted import INITIALIZE, REAL, Bridge
from tests.mcp.test_hostile import greeted

Seen = set[tuple[str, str, int]]  # agent, cookies, port of the connection


class CookieServer(BaseHTTPRequestHandler):
    """Gives each agent a cookie, and notes what comes back on which connection."""

    protocol_version = "HTTP/1.1"
    seen: Seen
    said: list[str]

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads that."""

    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["content-length"])))
        result = REAL if said.get("method") == "initialize" else {"content": []}
        answer: dict[str, Any] = {"jsonrpc": "2.0", "id": said.get("id"), "result": result}
        if said.get("method") == "resources/read":
            answer["result"] = {"contents": [{"uri": "test://long", "text": "x" * 40 * 2**20}]}
        self.said.append(str(said.get("method")))
        self._reply(200 if "id" in said else 202, json.dumps(answer).encode() if "id" in said else b"")

    def do_GET(self) -> None:
        self._reply(405)  # there is nothing to hear

    def do_DELETE(self) -> None:
        self._reply(200)

    def _reply(self, status: int, content: bytes = b"") -> None:
        agent = self.headers.get("x-qms-agent", "")
        self.seen.add((agent, self.headers.get("cookie", ""), self.client_address[1]))
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.send_header("set-cookie", f"login={agent}; Path=/")
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def said() -> list[str]:
    """The methods that the server with the cookies was asked."""
    return []


@pytest.fixture
def cookies(said: list[str]) -> Iterator[tuple[str, Seen]]:
    """The server's URL, and what it has seen."""
    seen: Seen = set()
    handler = type("Handler", (CookieServer,), {"seen": seen, "said": said})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/mcp", seen
        server.shutdown()


def test_no_agent_carries_cookies_or_connections_of_another(
    make_house: Callable[..., House], cookies: tuple[str, Seen]
) -> None:
    url, seen = cookies
    house = make_house(McpServer("test", url=url))
    house.up("test")
    for agent in ("claude", "qa", "claude", "qa"):
        with Bridge(house.socket(agent), "test") as bridge:
            bridge.begin()
            for number in range(1, 4):
                bridge.ask("tools/call", number, {"name": "x"})
    house.close()
    seen = set(seen)  # the server's threads may still add to it
    assert {agent for agent, _, _ in seen} >= {"claude", "qa"}
    assert {cookie for agent, cookie, _ in seen if agent == "claude"} <= {"", "login=claude"}
    assert {cookie for agent, cookie, _ in seen if agent == "qa"} <= {"", "login=qa"}
    ports = {port: {agent for agent, _, at in seen if at == port} for _, _, port in seen}
    assert all(len(agents) == 1 for agents in ports.values()), ports


def test_an_answer_that_is_too_long_over_http_is_the_agents_own_trouble(
    make_house: Callable[..., House], cookies: tuple[str, Seen], said: list[str]
) -> None:
    """It is not asked for again and again, and the server does not count as down for the others."""
    house = make_house(McpServer("test", url=cookies[0]))
    house.up("test")
    with Bridge(house.socket("qa"), "test") as bridge:
        bridge.begin()
        answer = bridge.ask("resources/read", 1, {"uri": "test://long"})
        assert "more than 32 MB" in answer["error"]["message"]
    assert said.count("resources/read") == 1
    assert house.status()["servers"][0]["starts"] == 1


@pytest.fixture
def odd(make_house: Callable[..., House], tmp_path: Path) -> House:
    """A gateway with `odd_server`, whose log is `tmp_path / "odd"`."""
    command = (sys.executable, "-m", "tests.mcp.odd_server", str(tmp_path / "odd"))
    house = make_house(McpServer("test", command=command))
    house.up("test")
    return house


def asked(tmp_path: Path, method: str) -> int:
    """How often the server was asked for that."""
    return sum(line.startswith(method) for line in (tmp_path / "odd").read_text().splitlines())


_BEGINNING: tuple[dict[str, Any], ...] = (
    {"method": "initialize", "id": 1, "params": INITIALIZE},
    {"method": "notifications/initialized"},
    {"method": "tools/call", "id": 2, "params": {"name": "yes"}},
)


def test_an_agent_does_not_initialize_everybodys_server(odd: House, tmp_path: Path) -> None:
    """Without the bridge, which would not pass that on: its client would be another one for the server."""
    with greeted(odd.socket("qa")) as evil:
        for number, message in enumerate(_BEGINNING, 1):
            evil.sendall(b"%d 0 %s\n" % (number, json.dumps({"jsonrpc": "2.0", **message}).encode()))
        wait_until(lambda: b'"yes"' in evil.recv(65536), "the answer to the call")
    assert asked(tmp_path, "initialize ") == 1
    assert asked(tmp_path, "notifications/initialized") == 1


def test_an_agent_does_not_end_what_another_has_subscribed_to(odd: House, tmp_path: Path) -> None:
    thing = {"uri": "test://thing"}
    with Bridge(odd.socket("claude"), "test") as claude, Bridge(odd.socket("qa"), "test") as qa:
        claude.begin()
        qa.begin()
        assert claude.ask("resources/subscribe", 1, thing)["result"] == {}
        assert qa.ask("resources/unsubscribe", 1, thing)["result"] == {}
        assert asked(tmp_path, "resources/unsubscribe") == 0
        assert claude.ask("resources/unsubscribe", 2, thing)["result"] == {}
        assert asked(tmp_path, "resources/unsubscribe") == 1


def test_an_answer_that_is_too_long_does_not_end_everybodys_server(odd: House, tmp_path: Path) -> None:
    with Bridge(odd.socket("qa"), "test") as qa, Bridge(odd.socket("claude"), "test") as claude:
        qa.begin()
        claude.begin()
        answer = qa.ask("tools/call", 1, {"name": "big", "arguments": {"size": 70 * 2**20}})
        assert "more than 32 MB" in answer["error"]["message"]
        assert claude.ask("tools/call", 1, {"name": "yes"})["result"]["content"][0]["text"] == "yes"
    assert asked(tmp_path, "initialize ") == 1


@pytest.mark.parametrize(
    ("tool", "text"),
    [("half", "a page \N{REPLACEMENT CHARACTER} cut here"), ("nan", "")],
)
def test_what_leaves_the_bridge_is_utf_8_and_json(odd: House, tool: str, text: str) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    with Bridge(odd.socket("qa"), "test") as bridge:
        bridge.begin()
        bridge.say("tools/call", 1, {"name": tool})
        line = bridge.hear_line()
        answer = json.loads(line.decode(), parse_constant=refuse)["result"]
    assert answer["content"][0]["text"] == text
    assert answer["content"][0].get("found") in (None, [None, None, None])


def test_an_answer_with_too_many_values_is_an_error(odd: House) -> None:
    with Bridge(odd.socket("qa"), "test") as bridge:
        bridge.begin()
        answer = bridge.ask("tools/call", 1, {"name": "values", "arguments": {"size": 10**6}})
        assert "more than 200000 values" in answer["error"]["message"]
        assert "result" in bridge.ask("tools/call", 2, {"name": "yes"})


@pytest.mark.parametrize(
    "argument",
    [b"NaN", b"-Infinity", b"1e999", b'"\xed\xa0\xbd"', b"[" + b"{}," * 10**6 + b"0]"],
    ids=["nan", "infinity", "beyond a double", "half a character", "values"],
)
def test_a_client_hears_of_what_is_not_json_and_goes_on(odd: House, tmp_path: Path, argument: bytes) -> None:
    with Bridge(odd.socket("qa"), "test") as bridge:
        bridge.begin()
        head = b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "odd", "arguments": '
        bridge.raw(head + argument + b"}}\n")
        assert bridge.hear()["error"]["code"] == -32700
        assert "result" in bridge.ask("tools/call", 2, {"name": "yes"})
    assert asked(tmp_path, "tools/call odd") == 0


def test_an_id_that_is_half_a_character_comes_back_as_utf_8(odd: House) -> None:
    with Bridge(odd.socket("qa"), "test") as bridge:
        bridge.begin()
        bridge.raw(b'{"jsonrpc": "2.0", "id": "\\ud83d", "method": "ping"}\n')
        assert b"\\ud83d" not in bridge.hear_line()
        bridge.raw(b'{"jsonrpc": "2.0", "id": "\\ud83d", "method": "tools/call", "params": {"name": "x"}}\n')
        assert json.loads(bridge.hear_line().decode())["id"] == "\N{REPLACEMENT CHARACTER}"
