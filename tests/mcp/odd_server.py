"""A server on stdio that does what others do wrong: `python -m tests.mcp.odd_server LOG`. LOG has its input.

It needs no SDK, so it answers as fast as it is asked; a tool's name says how.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

INITIALIZED = {
    "capabilities": {"tools": {}, "resources": {"subscribe": True}},
    "serverInfo": {"name": "odd", "version": "1"},
}


def result_of(said: dict[str, Any]) -> str:
    """The JSON of what to answer."""
    params = said.get("params") or {}
    if said["method"] == "initialize":
        return json.dumps({**INITIALIZED, "protocolVersion": params["protocolVersion"]})
    if said["method"] != "tools/call":
        return "{}"
    name, arguments = params["name"], params.get("arguments") or {}
    text = {
        "half": '"a page \\ud83d cut here"',
        "nan": '"", "found": [NaN, -Infinity, 1e999]',
        "big": json.dumps("x" * int(arguments.get("size", 0))),
        "values": '"", "found": [' + "{}," * int(arguments.get("size", 0)) + "0]",
    }.get(name, '"yes"')
    return '{"content": [{"type": "text", "text": ' + text + "}]}"


def main() -> None:
    log = Path(sys.argv[1])
    for line in sys.stdin:
        said = json.loads(line)
        params = said.get("params") or {}
        with log.open("a") as stream:
            stream.write(f"{said.get('method')} {params.get('uri') or params.get('name') or ''}\n")
        if params.get("name") == "deaf":
            signal.pause()  # reads no more
        if said.get("id") is not None and "method" in said:
            answer = f'{{"jsonrpc": "2.0", "id": {json.dumps(said["id"])}, "result": {result_of(said)}}}'
            print(answer, flush=True)


if __name__ == "__main__":
    main()
