"""A stand-in for models that are asked as OpenAI's are: by Responses (Codex) or Chat Completions (Vibe).

It answers by what the human said last: `call NAME JSON` calls that tool, `slow` thinks for long, `fail`
fails, anything else is one line. The result of a tool gets that line, too.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

SLOW_SECONDS = 30.0
_LINE = "Understood."
_USAGE = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
_Event = dict[str, Any]


class Responses(ThreadingHTTPServer):
    """Listens on a port of its own; `url` is what programs call the base URL."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.numbers = itertools.count(1)
        self.closing = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()
        self._thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: programs that are interrupted do not wait for the end of an answer."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Responses

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the screen belongs to the tests."""

    def do_GET(self) -> None:
        body = b'{"object": "list", "data": [], "models": []}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)))
        is_chat = "messages" in request
        said, is_result = _last(request["messages"] if is_chat else request["input"])
        if said == "slow":
            self.server.closing.wait(SLOW_SECONDS)
        number = next(self.server.numbers)
        call = said.split(" ", 2)[1:] if said.startswith("call ") and not is_result else []
        self.send_response(200 if said != "fail" or not is_chat else 400)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.close_connection = True
        self.end_headers()
        answer = _chat(number, call, request) if is_chat else _response(number, said == "fail", call)
        for event in answer:
            name = f"event: {event['type']}\n" if "type" in event else ""
            self.wfile.write(f"{name}data: {json.dumps(event)}\n\n".encode())
        if is_chat:
            self.wfile.write(b"data: [DONE]\n\n")


def _last(entries: list[_Event]) -> tuple[str, bool]:
    """What the human said last, and whether a tool's result came after it."""
    said = [text for entry in entries if entry.get("role") == "user" for text in _texts(entry["content"])]
    # What programs add is in angle brackets.
    newest = next((text for text in reversed(said) if not text.startswith("<")), "")
    last = entries[-1]
    return newest, last.get("role") == "tool" or str(last.get("type", "")).endswith("_output")


def _texts(content: str | list[_Event]) -> list[str]:
    parts = [{"text": content}] if isinstance(content, str) else content
    return [str(part.get("text", "")).strip() for part in parts]


def _response(number: int, is_failure: bool, call: list[str]) -> Iterator[_Event]:
    """The events of Responses."""
    name = {"id": f"resp_{number}"}
    yield {"type": "response.created", "response": name}
    if is_failure:
        error = {"code": "invalid_prompt", "message": "No."}
        yield {"type": "response.failed", "response": name | {"error": error}}
        return
    item: _Event = {"id": f"item_{number}"}
    if call:
        item |= {"type": "function_call", "call_id": f"call_{number}", "name": call[0], "arguments": call[1]}
    else:
        text = {"type": "output_text", "text": _LINE}
        item |= {"type": "message", "role": "assistant", "content": [text]}
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}
    yield {"type": "response.completed", "response": name | {"usage": _USAGE}}


def _chat(number: int, call: list[str], request: _Event) -> Iterator[_Event]:
    """The chunks of Chat Completions."""
    if call:
        function = {"name": call[0], "arguments": call[1]}
        tool = {"index": 0, "id": f"call{number:05d}", "type": "function", "function": function}
        yield _chunk(request, {"role": "assistant", "content": "", "tool_calls": [tool]})
    else:
        yield _chunk(request, {"role": "assistant", "content": _LINE})
    yield _chunk(request, {}, "tool_calls" if call else "stop")


def _chunk(request: _Event, delta: _Event, reason: str | None = None) -> _Event:
    return {
        "id": "chunk", "object": "chat.completion.chunk", "created": 1, "model": request["model"],
        "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }  # fmt: skip
