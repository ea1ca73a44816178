"""A stand-in for the model: enough of the messages API for a client to show a conversation.

What it answers depends on the last message, so that a script decides what is seen: `tool` runs a shell
command, `background` one that goes on, `ask` asks the human, `slow` streams, `fail` is refused, `markdown`
shows every kind of that, `echo TEXT` is the text, `call NAME JSON` calls that tool with that input, `status
529` is answered by that status, which clients try again, `refuse 529` by the same and the wish not to, and
anything else is one line.
"""

from __future__ import annotations

import collections
import itertools
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

MAX_BODY = 8_000_000  # bytes of one request; a client's tools and prompts take 200 kB
MAX_REQUESTS = 400  # kept and answered; a script needs a dozen
SLOW_PIECES = 60
PIECE_DELAY = 0.03  # seconds between the pieces of a slow answer
ERRORS = {
    "529": "overloaded_error",
    "429": "rate_limit_error",
    "500": "api_error",
    "401": "authentication_error",
}
_STATUSES = {"status ": {}, "refuse ": {"x_should_retry": "false"}}
SHELL_COMMAND = "touch made && echo made it"  # writes, so the client asks for permission
_TOOLS: dict[str, tuple[str, dict[str, Any]]] = {
    "tool": ("Bash", {"command": SHELL_COMMAND, "description": "Say something"}),
    "background": ("Bash", {"command": "sleep 600", "description": "Wait", "run_in_background": True}),
    "ask": (
        "AskUserQuestion",
        {
            "questions": [
                {
                    "question": "Which one?",
                    "header": "Choice",
                    "multiSelect": False,
                    "options": [{"label": name, "description": name} for name in ("first", "second")],
                }
            ]
        },
    ),
}
_ECHO = "echo "

_MARKDOWN = """# Heading

Some **bold**, *italic*, `code` and ~~struck~~ text, a [link](https://example.org/page), 日本語 and 👩‍👩‍👧 é.

| column | other |
|---|---|
| one | two |

```python
def answer() -> int:
    return 42
```

1. first
2. second
"""

_TEXTS = {"markdown": _MARKDOWN, "tool_result": "The tool has run."}
_WORDS = {*_TOOLS, *_TEXTS, "slow", "fail", "echo"}


class Model(ThreadingHTTPServer):
    """Listens on a port of its own; `url` is what ANTHROPIC_BASE_URL must be.

    `requests` is what was asked, `times` when (of the monotonic clock), `logins` what its clients authorized
    themselves with. `scripted` are words to answer by what conversations ask next, whatever that is. `rules`
    are pairs: what the last message has in it, and the word to answer it by; the first that fits counts.
    `pause` is how many seconds it thinks before the first byte of an answer to a conversation.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, address: str = "127.0.0.1") -> None:
        super().__init__((address, 0), _Handler)
        self.requests: list[dict[str, Any]] = []
        self.times: list[float] = []
        self.scripted: collections.deque[str] = collections.deque()
        self.rules: list[tuple[str, str]] = []
        self.logins: set[str] = set()
        self.numbers = itertools.count(1)
        self.pause = 0.0
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.server_address[0]!s}:{self.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: the screen belongs to the table, and clients that are killed do not say farewell."""

    def to_answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The request, with a scripted word in place of what it says if there is one for it."""
        if not request.get("tools"):
            return request
        word = self.scripted.popleft() if self.scripted else self._by_rule(request)
        return request | {"messages": [{"role": "user", "content": word}]} if word else request

    def _by_rule(self, request: dict[str, Any]) -> str:
        said = json.dumps([each["content"] for each in request["messages"] if each["role"] == "user"][-1])
        return next((word for text, word in self.rules if text in said), "")

    def asked(self, text: str) -> list[float]:
        """When it was asked with this in the last message of a conversation, by the monotonic clock."""
        pairs = zip(list(self.times), list(self.requests), strict=False)
        talks = ((at, request) for at, request in pairs if request.get("tools"))
        return [at for at, request in talks if any(text in said for said in _last_said(request))]

    def said(self) -> list[str]:
        """What was in the last message of each request for a conversation (those that offer tools)."""
        return [text for request in self.requests if request.get("tools") for text in _last_said(request)]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Model

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the screen belongs to the table."""

    def do_HEAD(self) -> None:
        self._json({})

    def do_GET(self) -> None:
        self._json({"data": [], "has_more": False})

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        if length > MAX_BODY or len(self.server.requests) >= MAX_REQUESTS:
            self.close_connection = True
            self.send_error(413)
            return
        try:
            request = json.loads(self.rfile.read(length))
        except ValueError:
            self.send_error(400)
            return
        if self.path.startswith("/v1/messages/count_tokens"):
            self._json({"input_tokens": 100})
        elif self.path.startswith("/v1/messages"):
            self.server.times.append(time.monotonic())
            self.server.requests.append(request)
            self.server.logins |= {self.headers.get(name) or "" for name in ("x-api-key", "authorization")}
            self._message(self.server.to_answer(request))
        else:
            self._json({})

    def _json(self, answer: dict[str, Any], code: int = 200, **headers: str) -> None:
        body = json.dumps(answer).encode()
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _message(self, request: dict[str, Any]) -> None:
        if request.get("tools"):
            time.sleep(self.server.pause)
        newest = _newest(_last_said(request))  # after an error, the prompt before comes again with the next
        if newest == "fail":
            self._json({"type": "error", "error": {"type": "invalid_request_error", "message": "No."}}, 400)
            return
        for word, headers in _STATUSES.items():
            if status := _word_after([newest], word):
                error = {"type": ERRORS[status], "message": "No."}
                self._json({"type": "error", "error": error}, int(status), **headers)
                return
        number = next(self.server.numbers)  # a client joins the messages that have one id
        blocks = list(_answer(request, number))
        if not request.get("stream"):
            self._json(_envelope(request, number, [block for block, _ in blocks]))
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.close_connection = True
        try:
            self.end_headers()
            for event in _events(request, number, blocks):
                data = f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
                self.wfile.write(data.encode())
                self.wfile.flush()
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client does not wait for the end of what it interrupts


def _last_said(request: dict[str, Any]) -> list[str]:
    """The texts of the user's last message, which a client adds some to; of what is no text, its type."""
    content = [each["content"] for each in request["messages"] if each["role"] == "user"][-1]
    if isinstance(content, str):
        return [content.strip()]
    return [str(block.get("text", block.get("type", ""))).strip() for block in content]


def _newest(said: list[str]) -> str:
    """What the human wrote last; what a client adds is in angle brackets."""
    return next((text for text in reversed(said) if not text.startswith("<")), "")


def _word_after(said: list[str], start: str) -> str:
    return next((text.removeprefix(start) for text in said if text.startswith(start)), "")


def _word(request: dict[str, Any]) -> str:
    """The last word that decides; what got an error stands before what is said next."""
    said = (text.partition(" ")[0] if text.startswith(_ECHO) else text for text in _last_said(request))
    return next(iter([text for text in said if text in _WORDS][::-1]), "")


def _answer(request: dict[str, Any], number: int) -> Iterator[tuple[dict[str, Any], float]]:
    """The blocks of the answer, each with the seconds between its pieces."""
    word = _word(request)
    if not request.get("tools"):
        yield {"type": "text", "text": '{"title": "A talk"}'}, 0
    elif call := _word_after([_newest(_last_said(request))], "call "):
        name, _, input_ = call.partition(" ")
        yield {"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": json.loads(input_)}, 0
    elif word in _TOOLS:
        name, given = _TOOLS[word]
        yield {"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": given}, 0
    elif word == "slow":
        words = " ".join(f"word{number}" for number in range(SLOW_PIECES))
        yield {"type": "text", "text": f"Slowly: {words}. The end."}, PIECE_DELAY
    elif word == "echo":
        told = [text for text in _last_said(request) if text.startswith(_ECHO)][-1]
        yield {"type": "text", "text": told.removeprefix(_ECHO)}, 0
    else:
        yield {"type": "text", "text": _TEXTS.get(word, "Understood.")}, 0


def _envelope(request: dict[str, Any], number: int, content: list[dict[str, Any]]) -> dict[str, Any]:
    reason = "tool_use" if any(block["type"] == "tool_use" for block in content) else "end_turn"
    return {
        "id": f"msg_{number}", "type": "message", "role": "assistant",
        "model": request.get("model", "stand-in"),
        "content": content, "stop_reason": reason, "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 10},
    }  # fmt: skip


def _events(
    request: dict[str, Any], number: int, blocks: list[tuple[dict[str, Any], float]]
) -> Iterator[dict[str, Any]]:
    whole = _envelope(request, number, [block for block, _ in blocks])
    yield {"type": "message_start", "message": whole | {"content": [], "stop_reason": None}}
    for index, (block, delay) in enumerate(blocks):
        if block["type"] == "text":
            start, kind, text = {"type": "text", "text": ""}, "text", block["text"]
        else:
            start, kind, text = block | {"input": {}}, "input_json", json.dumps(block["input"])
        yield {"type": "content_block_start", "index": index, "content_block": start}
        size = max(1, len(text) // SLOW_PIECES) if delay else len(text)
        field = "text" if kind == "text" else "partial_json"
        for at in range(0, len(text), size):
            time.sleep(delay)
            delta = {"type": f"{kind}_delta", field: text[at : at + size]}
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    yield {"type": "message_delta", "delta": {"stop_reason": whole["stop_reason"], "stop_sequence": None},
           "usage": {"output_tokens": 10}}  # fmt: skip
    yield {"type": "message_stop"}
