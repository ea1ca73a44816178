"""What HTTP servers say that is no answer: in words, with a remedy, at real servers on loopback."""

from __future__ import annotations

import errno
import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
import pytest

from qms_tui.config import McpServer
from qms_tui.mcp.http_reasons import of_failure, of_status
from tests.mcp.conftest import AGENTS
from tests.mcp.house import House, free_port, wait_until
from tests.mcp.scripted import REAL, Bridge

URL = "http://127.0.0.1:8000/mcp"
WITHIN = 20.0  # seconds, for a busy machine
JSON, TEXT, HTML = "application/json", "text/plain", "text/html; charset=utf-8"


class Answering(BaseHTTPRequestHandler):
    """Answers by the path: STATUS of `/STATUS/...`, or as `/WORD` says."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads that."""

    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["content-length"])))
        kind = self.path.split("/")[1]
        if kind.isdigit():
            self._reply(int(kind), TEXT)
        elif kind == "jsonrpc":
            failure = {"code": -32001, "message": "Unauthorized: no token"}
            self._reply(401, JSON, json.dumps({"jsonrpc": "2.0", "error": failure, "id": None}).encode())
        elif kind == "portal":
            self._reply(200, HTML, b"<html>please log in</html>")
        elif kind == "accepts":
            self._reply(202, JSON)
        elif said.get("method") == "initialize":
            result = json.dumps({"jsonrpc": "2.0", "id": said["id"], "result": REAL})
            self._reply(200, JSON, (result if kind == "good" else result[: len(result) // 2]).encode())
        elif said.get("method") == "tools/call":
            line = said["params"]["arguments"]["line"].replace("ID", str(said["id"]))
            events = f"event: message\ndata: {line}\n\n" if said["params"]["name"] == "events" else ""
            self._reply(200, "text/event-stream" if events else JSON, (events or line).encode("latin-1"))
        else:
            answer = {"jsonrpc": "2.0", "id": said.get("id"), "result": {}}
            self._reply(
                200 if "id" in said else 202, JSON, json.dumps(answer).encode() if "id" in said else b""
            )

    def do_GET(self) -> None:
        self._reply(405, TEXT)

    def _reply(self, status: int, kind: str, content: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        if 300 <= status < 400:
            self.send_header("location", self.path.partition("/to/")[2].replace("+", "/") or "/moved/")
        if status == 401:
            self.send_header("www-authenticate", "Bearer realm=x")
        if status == 429:
            self.send_header("retry-after", "30")
        self.end_headers()
        self.wfile.write(content)


PATHS = {  # of servers, by name: their path, and what is said of them
    "sends-on": ("/307/to/", "it sends on to {base}/moved/: write that into url"),
    "moved": ("/308/to/http:++mcp.example+x", "it sends on to another host, http://mcp.example/x"),
    "login": ("/401/mcp", "it wants a login (Bearer): write headers = "),
    "own-words": ("/jsonrpc/mcp", "'Unauthorized: no token'"),
    "forbids": ("/403/mcp", "it forbids that"),
    "nothing": ("/404/wrong", "it has nothing at /404/wrong: is the path right?"),
    "old": ("/405/sse", "the old SSE transport"),
    "no-json": ("/406/mcp", "neither in JSON nor in events"),
    "media": ("/415/mcp", "it takes no JSON"),
    "often": ("/429/mcp", "too many requests: it wants to be asked again after 30 s"),
    "fails": ("/500/mcp", "it failed by itself: its own log says why (status 500"),
    "gateway": ("/502/mcp", "a proxy answers"),
    "busy": ("/503/mcp", "it is overloaded"),
    "rare": ("/418/mcp", "it refuses that (status 418"),
    "portal": ("/portal", "a web page (text/html; charset=utf-8) instead of JSON"),
    "accepts": ("/accepts", "it takes requests and does not answer them (status 202"),
    "half": ("/half", "its answer to initialize cannot be read: it is not JSON"),
}


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """The URL of a server that answers as it should not."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server whose certificate nobody knows."""
    folder = tmp_path_factory.mktemp("tls")
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names]
    subprocess.run([*made, "-keyout", "key", "-out", "cert"], cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert", folder / "key")
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.handle_error = lambda *_: None  # type: ignore[method-assign] # nobody reads that
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture(scope="module")
def house(base: str, certified: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A gateway with all of them."""
    plain = base.rpartition(":")[2]
    others = {
        "closed": f"http://127.0.0.1:{free_port()}/mcp",
        "no-name": "http://nowhere.invalid/mcp",
        "self-signed": f"https://127.0.0.1:{certified}/mcp",
        "no-tls": f"https://127.0.0.1:{plain}/mcp",
        "tls": f"http://127.0.0.1:{certified}/mcp",
        "good": f"{base}/good",
    }
    urls = {name: base + path for name, (path, _) in PATHS.items()} | others
    servers = tuple(McpServer(name, url=url) for name, url in urls.items())
    found = House(tmp_path_factory.mktemp("http"), servers, AGENTS)
    found.start()
    try:
        found.up("good")
        yield found
    finally:
        found.close()


def detail(house: House, name: str) -> str:
    """Why a server is down."""
    return next(str(each["detail"]) for each in house.status()["servers"] if each["name"] == name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        *((name, words) for name, (_, words) in PATHS.items()),
        ("closed", "nobody listens at 127.0.0.1:"),
        ("self-signed", "its certificate is signed by itself: set SSL_CERT_FILE"),
        ("no-tls", "it does not speak TLS at 127.0.0.1:"),
        ("tls", "should say https://?"),
    ],
)
def test_what_refuses_us_is_said_in_words(house: House, base: str, name: str, words: str) -> None:
    wanted = words.replace("{base}", base)
    wait_until(lambda: wanted in detail(house, name), f"{wanted!r} of {name}: {detail(house, name)}", WITHIN)
    said = detail(house, name)
    assert "{" not in said
    assert "Error(" not in said
    assert "Errno" not in said


def test_a_name_that_is_not_known_is_said(house: House) -> None:
    wait_until(lambda: "the name nowhere.invalid" in detail(house, "no-name"), "it is said", WITHIN)


@pytest.mark.parametrize("way", ["json", "events"])
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"jsonrpc": "2.0", "id": ID, "result": {', "not JSON"),
        ('{"jsonrpc": "2.0", "id": ID, "result": {"text": "\xff"}}', "not UTF-8"),
        ('{"id": ID, "result": {}}', 'lacks "jsonrpc"'),
        ('{"jsonrpc": "2.0", "id": "ID", "result": {}}', "its id is"),
        ('{"jsonrpc": "2.0", "id": null, "result": {}}', "its id is null"),
        ('{"jsonrpc": "2.0", "result": {}}', "its id is missing"),
        ('[{"jsonrpc": "2.0", "id": ID, "result": {}}]', "a batch"),
        ('{"jsonrpc": "2.0", "id": ID}', "neither"),
        ('{"jsonrpc": "2.0", "id": ID, "result": {}, "error": {"code": 1, "message": "x"}}', "both"),
    ],
)
def test_a_reply_that_cannot_be_taken_is_an_error_at_once(
    house: House, line: str, reason: str, way: str
) -> None:
    with Bridge(house.socket("qa"), "good") as bridge:
        bridge.begin()
        found = bridge.ask("tools/call", 1, {"name": way, "arguments": {"line": line}})
        assert "the server's answer cannot be read: " in found["error"]["message"]
        assert reason in found["error"]["message"]
        good = '{"jsonrpc": "2.0", "id": ID.0, "result": {"content": []}}'
        found = bridge.ask("tools/call", 2, {"name": way, "arguments": {"line": good}})
        assert found["result"] == {"content": []}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (10, "its certificate has expired"),
        (9, "its certificate is not valid yet: is the clock"),
        (20, "an authority that is not known here: set SSL_CERT_FILE"),
        (62, "for another name than mcp.example: write that name into url"),
        (99, "its certificate is not trusted: odd"),
    ],
)
def test_certificates_are_told_apart(code: int, words: str) -> None:
    problem = ssl.SSLCertVerificationError(1, "certificate verify failed")
    problem.verify_code, problem.verify_message = code, "odd"
    assert words in of_failure(raised(problem), "https://mcp.example/mcp")


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "nobody listens at mcp.example:443"),
        (OSError(errno.EHOSTUNREACH, "x"), "there is no way to mcp.example"),
        (OSError(errno.ENETUNREACH, "x"), "is this machine in its network?"),
        (TimeoutError(errno.ETIMEDOUT, "x"), "does a firewall let this through?"),
        (socket.gaierror(socket.EAI_NONAME, "x"), "the name mcp.example is not known"),
        (socket.gaierror(socket.EAI_AGAIN, "x"), "cannot be looked up now"),
        (
            ExceptionGroup("two", [ConnectionRefusedError(errno.ECONNREFUSED, "x")]),
            "nobody listens",
        ),
        (ValueError("anything"), "no connection to mcp.example:443: failed"),
    ],
)
def test_ways_to_a_server_are_told_apart(problem: Exception, words: str) -> None:
    assert words in of_failure(raised(problem), "https://mcp.example/mcp")


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (httpx2.ConnectTimeout(""), "mcp.example does not answer"),
        (httpx2.ReadTimeout(""), "it took too long to answer"),
        (httpx2.ReadError(""), "it ended the connection without an answer"),
        (
            httpx2.RemoteProtocolError("Server disconnected without sending a response."),
            "it ended the connection",
        ),
        (httpx2.RemoteProtocolError("illegal request line"), "should url say https://?"),
        (httpx2.ProxyError("407"), "the proxy on the way fails: 407"),
    ],
)
def test_exchanges_that_break_are_told_apart(problem: Exception, words: str) -> None:
    assert words in of_failure(problem, "http://mcp.example/mcp")


def raised(cause: Exception) -> Exception:
    """As the HTTP client raises it."""
    try:
        raise httpx2.ConnectError("failed") from cause
    except httpx2.ConnectError as error:
        return error


def test_a_login_that_is_not_taken_is_another_thing() -> None:
    assert "does not take the login in headers" in of_status(401, {}, URL, "notes", logged_in=True)
    assert "below [mcp.notes]" in of_status(401, {}, URL, "notes")


def test_what_a_server_says_is_shown_and_not_obeyed() -> None:
    location = "http://user:secret@127.0.0.1:8000/\x1b[31m{host}"
    said = of_status(308, {"location": location}, URL, "notes", "words\x1b]0;x\x07")
    assert "\x1b" not in said
    assert "secret" not in said
