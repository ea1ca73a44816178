"""A server on stdio that does what others do wrong: `python -m tests.mcp.odd_server LOG`. LOG has its input.

It needs no SDK, so it answers as fast as it is asked; a tool's name says how.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

INITIALIZED = {
    "capabilities": {"tools": {}, "resources": {"subscribe": True}, "logging": {}, "tasks": {"list": {}}},
    "serverInfo": {"name": "odd", "version": "1"},
}
LEVELS = ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")
THING = "test://thing"
UNANSWERED = ("linger", "elicit", "roots")
level = "warning"  # of everybody, as the last one wanted it


def result_of(said: dict[str, Any]) -> str:
    """The JSON of what to answer."""
    params = said.get("params") or {}
    if said["method"] == "initialize":
        return json.dumps({**INITIALIZED, "protocolVersion": params["protocolVersion"]})
    if said["method"] == "completion/complete":
        return json.dumps({"completion": {"values": [params["_meta"]["qms-tui/agent"]]}})
    if said["method"] != "tools/call":
        return "{}"
    name, arguments = params["name"], params.get("arguments") or {}
    size = int(arguments.get("size", 0))
    text = {
        "half": '"a page \\ud83d cut here"',
        "nan": '"", "found": [NaN, -Infinity, 1e999]',
        "big": json.dumps("x" * size),
        "values": '"", "found": [' + "{}," * size + "0]",
        "costly": '"' + "\\ud83d\\n" * (size // 8) + '", "found": [' + "1e999," * 150_000 + "0]",
        "meta": json.dumps(json.dumps(params.get("_meta"))),
        "length": json.dumps(str(len(arguments.get("text", "")))),
    }.get(name, '"yes"')
    return '{"content": [{"type": "text", "text": ' + text + "}]}"


def words_of(params: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What a tool says before it answers, or instead of that."""
    name, count = params["name"], int((params.get("arguments") or {}).get("count", 0))
    token = (params.get("_meta") or {}).get("progressToken")
    for at in range(count):
        said = {"progressToken": token, "progress": at, "level": "error", "data": "x" * 200}
        yield {"method": f"notifications/{'progress' if name == 'progress' else 'message'}", "params": said}
    if name == "log":
        for each in LEVELS[LEVELS.index(level) :]:
            yield {"method": "notifications/message", "params": {"level": each, "data": each}}
    if name == "update":
        yield {"method": "notifications/resources/updated", "params": {"uri": THING}}
    if name == "elicit":
        yield {"id": "asked", "method": "elicitation/create", "params": {"message": "which word?"}}
    if name == "roots":
        yield {"id": "roots", "method": "roots/list"}
    if name == "task":
        yield {"method": "notifications/tasks/status", "params": {"taskId": "t"}}


def main() -> None:
    global level
    log = Path(sys.argv[1])
    for line in sys.stdin:
        said = json.loads(line)
        params, method = said.get("params") or {}, said.get("method")
        what = params.get("uri") or params.get("name") or params.get("level") or said.get("result") or ""
        with log.open("a") as stream:
            stream.write(f"{method or 'answer ' + str(said['id'])} {what}\n")
        level = params.get("level", level) if method == "logging/setLevel" else level
        if params.get("name") == "deaf":
            signal.pause()  # reads no more
        for each in words_of(params) if method == "tools/call" else ():
            print(json.dumps({"jsonrpc": "2.0", **each}), flush=True)
        if said.get("id") is not None and method and params.get("name") not in UNANSWERED:
            answer = f'{{"jsonrpc": "2.0", "id": {json.dumps(said["id"])}, "result": {result_of(said)}}}'
            print(answer, flush=True)


if __name__ == "__main__":
    main()
