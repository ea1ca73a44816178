"""An agent's way to one MCP server: `mcp_bridge.py SERVER`. The client speaks on stdio, we to the gateway.

Standard library of Python 3.9 or newer, one thread. The gateway's Unix socket is one that only this agent's
container has, so nobody need say who he is. `initialize` is answered within INITIALIZE_PATIENCE, whatever is
up; requests wait for the gateway and the server, within bounds.

What goes over the socket are lines. First JSON objects, hello and welcome; from then on each is numbered:
  to the gateway:  NUMBER ACK JSON          NUMBER counts our messages, ACK says which of its we have
  to us:           NUMBER ACK ANSWERS JSON  ANSWERS is the number of our request that this answers, or 0;
                                            `-` for JSON: cancelled, there is no answer
`0 ACK` only acknowledges, `0 ACK bye` is a farewell. A side keeps what it sent until it is acknowledged.
After a broken connection each says what it has got, and the rest is sent again: nothing is lost and nothing
comes twice. That holds for one instance of the gateway. After its restart nobody knows what became of a
request that had been sent: it is sent again if that does no harm, and answered by an error if it may. The
same holds when the gateway has ended our session, because too much waited for this agent; it says so then.

What leaves us is UTF-8 and JSON: what a client says that is not, it hears of here.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

SOCKET = os.environ.get("QMS_MCP_SOCKET", "/run/qms-mcp/mcp.sock")
INITIALIZE_PATIENCE = 0.08  # seconds that `initialize` waits for the answer that the real server gave
LIST_PATIENCE = 1.0  # seconds that lists wait for the gateway before they are empty
GATEWAY_PATIENCE = 60.0  # seconds without gateway after which requests fail
GREETING_PATIENCE = 5.0  # seconds for a welcome; a gateway that works takes milliseconds
ADDRESS = os.environ.get("QMS_MCP_ADDRESS", "")  # HOST:PORT where there is no socket; a token says who we are
TOKEN = os.environ.get("QMS_MCP_TOKEN", "/run/qms-tui/mcp-token")
if sys.platform == "darwin":  # nobody runs this there, but tests import it
    IDLE = socket.TCP_KEEPALIVE
else:
    IDLE = socket.TCP_KEEPIDLE
KEEPALIVE = ((IDLE, 15), (socket.TCP_KEEPINTVL, 5), (socket.TCP_KEEPCNT, 3))  # seconds, times
RETRY_FIRST, RETRY_MOST = 0.02, 1.0  # seconds between knocks
REFUSED_RETRY = 5.0  # seconds until a gateway that has refused us is asked again: settings may change
FAREWELL_PATIENCE = 0.5  # seconds to say goodbye in
LONGEST = 16 * 2**20  # bytes of a client's message: the gateway takes no more
MOST_WAITING = 32 * 2**20  # bytes that wait for the gateway or the client; then the other one has to
MOST_VALUES = 200_000  # in a message: the gateway reads no more
READ = 256 * 1024
LATEST = "2025-11-25"
VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", LATEST)
LISTS = {
    "tools/list": "tools",
    "prompts/list": "prompts",
    "resources/list": "resources",
    "resources/templates/list": "resourceTemplates",
}
HARMLESS = {*LISTS, "resources/read", "prompts/get", "completion/complete", "logging/setLevel",
            "resources/subscribe", "resources/unsubscribe"}  # fmt: skip
GENERIC = {
    "tools": {"listChanged": True},
    "prompts": {"listChanged": True},
    "resources": {"listChanged": True, "subscribe": True},
}
PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND = -32700, -32600, -32601
UNREACHABLE, MAYBE_RUN, REFUSED = -32010, -32011, -32012


class Request:
    """A request of the client that waits for its answer. `sent`: its last byte has left us."""

    def __init__(self, request_id: Any, method: str) -> None:
        self.id = request_id
        self.method = method
        self.sent = False
        self.since = time.monotonic()


class Link:
    """One connection to the gateway: lines in, lines out, never waited for."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.since = time.monotonic()
        self.greeted = False
        self.told = 0  # which of its messages the gateway knows that we have
        self._in = bytearray()
        self._out: list[tuple[int, memoryview]] = []

    @property
    def wants_to_write(self) -> bool:
        return bool(self._out)

    def put(self, number: int, line: bytes) -> None:
        """Send a line when there is room for it."""
        self._out.append((number, memoryview(line)))

    def flush(self) -> list[int]:
        """Write what goes; the numbers of the messages whose last byte has left."""
        left = []
        while self._out:
            number, rest = self._out[0]
            try:
                count = self.socket.send(rest)
            except BlockingIOError:
                break
            if count < len(rest):
                self._out[0] = (number, rest[count:])
                continue
            self._out.pop(0)
            left.append(number)
        return left

    def lines(self) -> list[bytes]:
        """The lines that are complete now. Raises OSError at the end."""
        data = self.socket.recv(READ)
        if not data:
            raise ConnectionResetError("the gateway has closed the connection")
        return cut(self._in, data)


class Bridge:
    """Everything between one client and one server."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.name = os.urandom(12).hex()  # of our session at the gateway
        self.instance = ""  # of the gateway
        self.refused = ""
        self.link: Link | None = None
        self.pause, self.knock_at, self.without_since = RETRY_FIRST, 0.0, time.monotonic()
        self.number = self.received = 0
        self.kept: dict[int, bytes] = {}  # messages by number until they are acknowledged
        self.requests: dict[int, Request] = {}
        self.client: Any = None  # parameters of the client's `initialize`, once it has come
        self.initialize: Request | None = None  # while it waits
        self.stale = False  # the client was told what may not be so
        self.input, self.output = bytearray(), bytearray()

    # -- the loop -----------------------------------------------------------------------------------------

    def run(self) -> None:
        """Serve until the client closes its end."""
        os.set_blocking(1, False)
        while self._turn():
            self._look_at_clock()
        self._say_goodbye()

    def _turn(self) -> bool:
        full = sum(map(len, self.kept.values())) > MOST_WAITING
        reading: list[Any] = [] if full else [0]
        writing: list[Any] = [1] if self.output else []
        link = self.link
        if link:
            reading += [link.socket] if len(self.output) < MOST_WAITING else []
            writing += [link.socket] if link.wants_to_write else []
        ready, writable, _ = select.select(reading, writing, [], self._until_next())
        if 1 in writable:
            del self.output[: os.write(1, self.output[:READ])]
        if link and link.socket in writable:
            self._guarded(self._flush)
        if link and link is self.link and link.socket in ready:
            self._guarded(self._hear_gateway)
        return 0 not in ready or self._hear_client()

    def _until_next(self) -> float | None:
        """Seconds until the clock matters; None: until something comes."""
        if self.initialize:
            return 0.02
        if self.client is None or (self.link and self.link.greeted):
            return None
        return min(max(0.005, self.knock_at - time.monotonic()), 0.2)

    def _look_at_clock(self) -> None:
        now = time.monotonic()
        if self.initialize and now - self.initialize.since > INITIALIZE_PATIENCE:
            self.stale = True
            self._answer_initialize(None)
        if self.link and not self.link.greeted and now - self.link.since > GREETING_PATIENCE:
            self._lose_link()
        if self.link is None and self.client is not None and now >= self.knock_at:
            self._knock()
        if self.link is None or not self.link.greeted:
            self._give_up_on_old(now)

    def _give_up_on_old(self, now: float) -> None:
        for number, request in list(self.requests.items()):
            waited = now - max(request.since, self.without_since)
            if request.method in LISTS and waited > LIST_PATIENCE and not request.sent:
                self.stale = True
                self._drop(number)
                self._tell({"id": request.id, "result": {LISTS[request.method]: []}})
            elif waited > GATEWAY_PATIENCE:
                self._fail(number)

    def _say_goodbye(self) -> None:
        if self.link is None or not self.link.greeted:
            return
        self.link.put(0, f"0 {self.received} bye\n".encode())
        until = time.monotonic() + FAREWELL_PATIENCE
        while self.link and self.link.wants_to_write and time.monotonic() < until:
            select.select([], [self.link.socket], [], FAREWELL_PATIENCE)
            self._guarded(self._flush)

    # -- the client ---------------------------------------------------------------------------------------

    def _hear_client(self) -> bool:
        data = os.read(0, READ)
        for line in cut(self.input, data):
            if line.strip():
                self._take(line.strip())
        if len(self.input) > LONGEST:
            self._tell_error(None, INVALID_REQUEST, f"a message of more than {LONGEST} bytes")
            return False
        return bool(data)

    def _take(self, line: bytes) -> None:
        try:
            message = decoded(line)
        except (ValueError, RecursionError) as error:
            self._tell_error(None, PARSE_ERROR, f"this is not JSON: {str(error)[:200]}")
            return
        if not isinstance(message, dict):
            self._tell_error(None, INVALID_REQUEST, "this is no JSON-RPC message")
        elif "method" in message and "id" in message and not is_id(message["id"]):
            self._tell_error(None, INVALID_REQUEST, "the id of a request is a string or a number")
        elif "method" in message and "id" in message:
            self._take_request(Request(message["id"], str(message["method"])), message.get("params"), line)
        elif message.get("method") == "notifications/cancelled":
            self._cancel(message.get("params"), line)
        elif message.get("method") != "notifications/initialized":  # the gateway says that itself
            self._post(line)

    def _take_request(self, request: Request, params: Any, line: bytes) -> None:
        if request.method == "initialize":
            self.client = params if isinstance(params, dict) else {}
            self.initialize = request
            if self.link and self.link.greeted:  # once more, for whatever reason
                self._answer_initialize(None)
        elif request.method == "ping":
            self._tell({"id": request.id, "result": {}})
        elif request.method == "server/discover":  # how protocols without `initialize` begin
            self._tell_error(request.id, METHOD_NOT_FOUND, "begin with initialize")
        elif self.refused:
            self._tell_error(request.id, REFUSED, self.refused)
        else:
            self.requests[self._post(line)] = request

    def _cancel(self, params: Any, line: bytes) -> None:
        """A request that never left us is forgotten; the gateway knows about others."""
        wanted = params.get("requestId") if isinstance(params, dict) else None
        for number, request in list(self.requests.items()):
            if is_id(wanted) and request.id == wanted and not request.sent and self.link is None:
                self._drop(number)
                return
        self._post(line)

    def _answer_initialize(self, result: Any) -> None:
        request, self.initialize = self.initialize, None
        assert request is not None
        if not isinstance(result, dict):
            result = {"capabilities": GENERIC, "serverInfo": {"name": self.server, "version": "unknown"}}
        asked, has = self.client.get("protocolVersion"), result.get("protocolVersion", LATEST)
        version = min(asked, has) if asked in VERSIONS and has in VERSIONS else has
        self._tell({"id": request.id, "result": {**result, "protocolVersion": version}})

    def _tell(self, message: dict[str, Any]) -> None:
        self.output += encoded({"jsonrpc": "2.0", **message}) + b"\n"

    def _tell_error(self, request_id: Any, code: int, text: str) -> None:
        self._tell({"id": request_id, "error": {"code": code, "message": f"{self.server}: {text}"}})

    # -- the gateway --------------------------------------------------------------------------------------

    def _post(self, line: bytes) -> int:
        """Have the gateway get a message, now or when it is there; its number."""
        self.number += 1
        self.kept[self.number] = line
        if self.link and self.link.greeted:
            self._send(self.link, self.number)
        return self.number

    def _send(self, link: Link, number: int) -> None:
        link.put(number, f"{number} {self.received} ".encode() + self.kept[number] + b"\n")

    def _drop(self, number: int) -> None:
        self.requests.pop(number, None)
        self.kept.pop(number, None)

    def _fail(self, number: int, reason: str = "the gateway went away") -> None:
        request = self.requests[number]
        self._drop(number)
        if request.sent:
            text = f"{reason} during {request.method}; it may have run, so it is not tried again"
            self._tell_error(request.id, MAYBE_RUN, text)
        else:
            text = f"{request.method} was not run: the gateway does not answer (on the host: qms-tui mcp)"
            self._tell_error(request.id, UNREACHABLE, text)

    def _knock(self) -> None:
        self.knock_at = time.monotonic() + self.pause
        self.pause = min(self.pause * 2, RETRY_MOST)
        try:
            self.link = over_tcp() if ADDRESS else over_socket()
        except (OSError, ValueError):  # not there (yet), or too many knock
            return
        hello = {"server": self.server, "session": self.name, "instance": self.instance,
                 "received": self.received, "client": self.client, "stale": self.stale}  # fmt: skip
        self.link.put(0, json.dumps(hello).encode() + b"\n")

    def _guarded(self, act: Callable[[], None]) -> None:
        try:
            act()
        except (OSError, ValueError, LookupError, TypeError):
            self._lose_link()

    def _flush(self) -> None:
        assert self.link is not None
        for number in self.link.flush():
            if number in self.requests:
                self.requests[number].sent = True

    def _hear_gateway(self) -> None:
        link = self.link
        assert link is not None
        for line in link.lines():
            if link.greeted:
                self._take_from_gateway(line)
            elif self.link is link:
                self._take_welcome(link, json.loads(line))
        if link.greeted and self.received > link.told:
            link.told = self.received
            link.put(0, f"0 {self.received}\n".encode())

    def _lose_link(self) -> None:
        if self.link is None:
            return
        self.link.socket.close()
        if self.link.greeted:
            self.without_since = time.monotonic()
        self.link = None

    def _take_welcome(self, link: Link, welcome: dict[str, Any]) -> None:
        if "refused" in welcome:
            self._be_refused(str(welcome["refused"]))
            return
        self.refused, self.pause = "", RETRY_FIRST
        if welcome["resumed"]:
            self._acknowledged(welcome["received"])
        else:
            self._begin_anew(welcome)
        self.instance, self.stale, link.greeted = welcome["instance"], False, True
        for number in self.kept:
            self._send(link, number)
        if self.initialize:
            self._answer_initialize(welcome.get("initialize"))

    def _be_refused(self, text: str) -> None:
        self.refused = text
        self._lose_link()
        self.knock_at = time.monotonic() + REFUSED_RETRY
        if self.initialize:
            self._tell_error(self.initialize.id, REFUSED, text)
            self.initialize = None
        for number, request in list(self.requests.items()):
            self._drop(number)
            self._tell_error(request.id, REFUSED, text)

    def _begin_anew(self, welcome: dict[str, Any]) -> None:
        """Another gateway, which knows nothing of us: what is safe goes there, under new numbers."""
        ended = welcome.get("ended")
        reason = f"the gateway ended our session ({ended})" if ended else "the gateway went away"
        for number, request in list(self.requests.items()):
            if request.sent and request.method not in HARMLESS:
                self._fail(number, reason)
        again = [(self.kept[number], request) for number, request in self.requests.items()]
        self.kept, self.requests, self.number, self.received = {}, {}, 0, 0
        for line, request in again:
            request.sent = False
            self.requests[self._post(line)] = request

    def _acknowledged(self, until: int) -> None:
        for number in [number for number in self.kept if number <= until]:
            request = self.requests.get(number)
            if request is not None:
                request.sent = True
            if request is None or request.method not in HARMLESS:  # those may be needed for another gateway
                del self.kept[number]

    def _take_from_gateway(self, line: bytes) -> None:
        number, acknowledged, *rest = line.split(b" ", 3)
        self._acknowledged(int(acknowledged))
        if int(number) <= self.received:
            return  # sent again, and not needed
        self.received = int(number)
        answered = int(rest[0])
        if answered and answered not in self.requests:
            return  # given up meanwhile
        self._drop(answered)
        if rest[1] != b"-":
            self.output += rest[1] + b"\n"


def is_id(value: Any) -> bool:
    """Whether a request may be called so: 1 is 1.0 then, and "1" is another."""
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)


def over_socket() -> Link:
    """A connection through the socket that is this agent's own. Raises OSError."""
    connecting = socket.socket(socket.AF_UNIX)
    connecting.setblocking(False)
    try:
        connecting.connect(SOCKET)
    except OSError:
        connecting.close()
        raise
    return Link(connecting)


def over_tcp() -> Link:
    """A connection that begins with who we are; it is still being made. Raises OSError, ValueError.

    IPv4 only: names that stand for the host have IPv6 addresses, too, where it does not listen.
    """
    with open(TOKEN, encoding="ascii") as stream:
        token = stream.read(256).strip()
    host, _, port = ADDRESS.rpartition(":")
    place = socket.getaddrinfo(host, int(port), socket.AF_INET, socket.SOCK_STREAM)[0][4]
    connecting = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    connecting.setblocking(False)
    connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connecting.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # a host that sleeps says no goodbye
    for option, value in KEEPALIVE:
        connecting.setsockopt(socket.IPPROTO_TCP, option, value)
    connecting.connect_ex(place)
    link = Link(connecting)
    link.put(0, json.dumps({"token": token}).encode() + b"\n")
    return link


def decoded(line: bytes) -> Any:
    """What a line says, as the gateway reads it. Raises ValueError, RecursionError."""
    if len(line) > MOST_VALUES:  # a value has a byte at least
        check_values(line)
    return json.loads(line.decode(), parse_constant=refuse, parse_float=finite)


def check_values(line: bytes) -> None:
    """Raise ValueError for more values than the gateway reads. Text does not count."""
    structure = bytes(set(range(256)) - set(b"[{,"))
    if len(line.translate(None, structure)) <= MOST_VALUES:
        return
    plain = line.replace(b"\\\\", b"").replace(b'\\"', b"")
    few = plain.count(b'"') <= 4 * MOST_VALUES
    if not few or len(b"".join(plain.split(b'"')[::2]).translate(None, structure)) > MOST_VALUES:
        raise ValueError(f"more than {MOST_VALUES} values in a message")


def refuse(text: str) -> float:
    raise ValueError(f"{text[:20]} is not a number in JSON")


def finite(text: str) -> float:
    found = float(text)
    return found if abs(found) != float("inf") else refuse(text)


def encoded(message: dict[str, Any]) -> bytes:
    """As valid UTF-8, whatever the client calls its request; half a surrogate pair is replaced."""
    text = json.dumps(message, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def cut(waiting: bytearray, data: bytes) -> list[bytes]:
    """Add to what waits, take the complete lines away."""
    begin = len(waiting)
    waiting += data
    if waiting.find(b"\n", begin) < 0:
        return []
    *lines, rest = bytes(waiting).split(b"\n")
    waiting[:] = rest
    return lines


def main(words: list[str]) -> int:
    """Be the bridge; the exit status."""
    if len(words) != 2:
        print("usage: mcp_bridge.py SERVER", file=sys.stderr)
        return 2
    try:
        Bridge(words[1]).run()
    except (KeyboardInterrupt, BrokenPipeError):
        pass
    finally:
        os.set_blocking(1, True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
