"""A server on stdio that answers a call with the very bytes that its arguments say, or not at all.

ID stands for the call's number, KEPT for that of the last one that was not answered; END ends it.

`python -m tests.mcp.broken_server [BEGIN]`: with BEGIN these bytes answer `initialize`, too. No SDK.
"""

from __future__ import annotations

import json
import sys

RESULT = {
    "protocolVersion": "2025-06-18",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "broken", "version": "1"},
}


def main() -> None:
    kept = ""
    for line in sys.stdin:
        said = json.loads(line)
        number = str(said.get("id"))
        if said.get("method") == "initialize" and len(sys.argv) > 1:
            raw = sys.argv[1]
        elif said.get("method") == "initialize":
            raw = json.dumps({"jsonrpc": "2.0", "id": said["id"], "result": RESULT})
        elif said.get("method") == "tools/call":
            raw = said["params"]["arguments"]["line"]
        elif "id" in said:
            raw = json.dumps({"jsonrpc": "2.0", "id": said["id"], "result": {}})
        else:
            continue
        if raw == "END":
            print("first\nsecond\nlast words", file=sys.stderr)
            sys.exit(7)
        if not raw:
            kept = number
            continue
        sys.stdout.buffer.write(raw.replace("ID", number).replace("KEPT", kept).encode("latin-1") + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
