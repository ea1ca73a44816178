"""Why a server is not there: how its program ended and what it said, or what it does not do."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from qms_tui.config import McpServer
from qms_tui.mcp.last_words import LINES, LONGEST, LastWords
from qms_tui.mcp.server import SLOW
from tests.mcp.conftest import AGENTS
from tests.mcp.house import House, free_port, wait_until
from tests.mcp.scripted import REAL, Bridge

PROGRAMS = {  # by name: what a shell runs, and how that is told
    "status": ("echo first >&2; echo no licence >&2; exit 3", "ended with status 3: first | no licence"),
    "colours": (r"printf '\033[31mno\033[0m \033]0;x\007licence\n' >&2; exit 3", "status 3: no licence"),
    "unended": ("printf 'no line end' >&2; exit 3", "ended with status 3: no line end"),
    "talks": ("i=0; while [ $i -lt 400 ]; do echo $i >&2; i=$((i+1)); done; exit 3", "397 | 398 | 399"),
    "killed": ("kill -9 $$", "killed by signal 9 (SIGKILL)"),
    "crashed": ("echo oh >&2; kill -SEGV $$", "killed by signal 11 (SIGSEGV): oh"),
    "silent": ("exit 0", "ended with status 0"),
    "heir": ("sleep 60 & echo gone >&2; exit 4", "ended with status 4: gone"),  # that has its pipes now
    "deaf": ("exec <&-; echo deaf >&2; sleep 60", "standard input or output, and still runs: deaf"),
    "dumb": ("exec >&-; sleep 60", "closed its standard input or output, and still runs"),
    "after": ("read line; echo after >&2; exit 5", "ended with status 5: after"),
}  # fmt: skip
SLOW_SERVER = """
import json, sys, time
said = json.loads(sys.stdin.readline())
time.sleep(%s)
print(json.dumps({"jsonrpc": "2.0", "id": said["id"], "result": %r}), flush=True)
for line in sys.stdin:
    said = json.loads(line)
    if "id" in said:
        print(json.dumps({"jsonrpc": "2.0", "id": said["id"], "result": {"content": []}}), flush=True)
"""
LATE = SLOW + 1.0  # seconds until the slow ones answer `initialize`


class LateServer(BaseHTTPRequestHandler):
    """Answers the first request of all late."""

    protocol_version = "HTTP/1.1"
    first = threading.Lock()

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads that."""

    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.first.acquire(blocking=False):
            time.sleep(LATE)
        result = REAL if said.get("method") == "initialize" else {"content": []}
        answer = json.dumps({"jsonrpc": "2.0", "id": said.get("id"), "result": result}).encode()
        self.send_response(200 if "id" in said else 202)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer) if "id" in said else 0))
        self.end_headers()
        self.wfile.write(answer if "id" in said else b"")

    def do_GET(self) -> None:
        self.send_response(405)
        self.send_header("content-length", "0")
        self.end_headers()


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A gateway whose servers end."""
    servers = [McpServer(name, command=("sh", "-c", said)) for name, (said, _) in PROGRAMS.items()]
    dies = ("sh", "-c", "echo the port is taken >&2; exit 3")
    web = McpServer("web", command=dies, url=f"http://127.0.0.1:{free_port()}/mcp")
    broken = McpServer("broken", command=(sys.executable, "-m", "tests.mcp.broken_server"))
    house = House(tmp_path_factory.mktemp("ends"), (*servers, web, broken), AGENTS)
    house.start()
    try:
        house.up("broken")
        yield house
    finally:
        house.close()


def server(house: House, name: str) -> dict[str, Any]:
    """How a server stands."""
    return next(each for each in house.status()["servers"] if each["name"] == name)


@pytest.mark.parametrize(("name", "words"), [(name, words) for name, (_, words) in PROGRAMS.items()])
def test_how_a_program_ended_is_told(ends: House, name: str, words: str) -> None:
    wait_until(lambda: words in server(ends, name)["detail"], f"{words}: {server(ends, name)}")


def test_how_the_program_of_an_http_server_ended_stays_told(ends: House) -> None:
    """Not only that nobody listens there."""
    words = "ended with status 3: the port is taken"
    wait_until(lambda: server(ends, "web")["detail"] == words, words)
    for _ in range(20):
        assert server(ends, "web")["detail"] == words


def test_who_waits_for_a_server_that_ends_hears_why(ends: House) -> None:
    with Bridge(ends.socket("qa"), "broken") as bridge:
        bridge.begin()
        found = bridge.ask("tools/call", 1, {"name": "end", "arguments": {"line": "END"}})
        assert "ended with status 7: first | second | last words" in found["error"]["message"]


def test_a_server_that_is_slow_to_begin_says_so_and_goes_on(tmp_path_factory: pytest.TempPathFactory) -> None:
    code = SLOW_SERVER % (LATE, REAL)
    with ThreadingHTTPServer(("127.0.0.1", 0), LateServer) as web:
        web.daemon_threads = True
        threading.Thread(target=web.serve_forever, daemon=True).start()
        late = McpServer("late", url=f"http://127.0.0.1:{web.server_port}/mcp")
        slow = McpServer("slow", command=(sys.executable, "-c", code))
        house = House(tmp_path_factory.mktemp("slow"), (slow, late), AGENTS)
        house.start()
        try:
            _is_slow(house, "slow", "late")
        finally:
            house.close()
            web.shutdown()


def _is_slow(house: House, *names: str) -> None:
    house.status()
    with Bridge(house.socket("qa"), names[0]) as one, Bridge(house.socket("qa"), names[1]) as other:
        for bridge in (one, other):
            bridge.begin()
            bridge.say("tools/call", 1, {"name": "x", "_meta": {"progressToken": "t"}})
        words = "no answer to initialize for 5 s; it runs, and is waited for"
        for name, bridge in zip(names, (one, other), strict=True):
            while "id" not in (found := bridge.hear()):
                if found["method"] == "notifications/message":
                    assert found["params"]["data"] == f"{name}: {words}"
                    assert server(house, name)["detail"] in (words, "")
                    warned = name
            assert warned == name
            assert found["result"] == {"content": []}
            assert server(house, name)["starts"] == 1


def test_the_last_words_are_few_and_printable() -> None:
    words = LastWords()
    for number in range(1000):
        words.add(f"line {number}\n\n".encode())
    assert str(words) == " | ".join(f"line {number}" for number in range(1000 - LINES, 1000))
    words.add(b"10%\r50%\r100%\n\x1b[2J\x1b[31mred\x1b[0m \x00\x9b \xff\xe2\x80\xae\n")
    assert str(words).endswith("100% | red \ufffd\ufffd \ufffd\ufffd")
    words.add(b"x" * 100_000)
    assert len(str(words)) == LONGEST + 1
    assert LastWords().after("ended") == "ended"
