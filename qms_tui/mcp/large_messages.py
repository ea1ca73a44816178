"""Reading a large message, and the process that does it: `python -m qms_tui.mcp.large_messages`.

Whoever reads JSON does nothing else meanwhile: 30 ms for 6 MB, in which nobody's call would go on. So the
gateway has this process read what is large. It gets back the little that it looks at, and the rest as text
that is checked and written by us.

On standard input: REQUEST, the line. On standard output: ANSWER, a JSON object, text. `refused` in the object
says why there is no message.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Mapping
from typing import Any, BinaryIO

from qms_tui.mcp.jsonrpc import (
    MOST_AT_ONCE,
    OURS,
    Message,
    decoded,
    encoded,
    mended,
    progress_token,
    weight,
)
from qms_tui.mcp.replies import check_form, reason_of

REQUEST = struct.Struct(">Q?")  # bytes of the line; whether it is a client's
ANSWER = struct.Struct(">QQ")  # bytes of the object, of the text
NICE = 3  # below the gateway, which others wait for
LOOKED_AT = ("uri", "cursor", "requestId", "progressToken", "level", "task")  # in parameters, by the gateway
LONGEST_FIELD = 4096  # characters; longer ones are cut, and are refused as too long then


def read(line: bytes, *, strict: bool) -> tuple[Message, bytes]:
    """What the gateway looks at of a line, and its large part. Raises ValueError.

    `strict` for a client's: its parameters end where the gateway adds to `_meta`.
    """
    weight(line)
    message = (decoded if strict else mended)(line)
    if not strict and "method" not in message:
        check_form(message)
    failed = message.get("error") is not None or "result" not in message
    key = "params" if "method" in message else "error" if failed else "result"
    if key not in message:
        raise ValueError("neither parameters nor an answer")
    value = message[key]
    head: Message = {name: message[name] for name in ("jsonrpc", "id", "method") if name in message}
    head |= {"large": key, "fields": _fields(value), "token": progress_token(value)}
    if len(encoded(head)) > MOST_AT_ONCE:
        raise ValueError("its id or method is too long")
    return head, _open_params(value) if strict and key == "params" else _text(value)


def _fields(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        return {}
    found = {name: value[name] for name in LOOKED_AT if isinstance(value.get(name), str | int)}
    if isinstance(value.get("task"), dict):
        found["task"] = True  # there is one
    return {name: each[:LONGEST_FIELD] if isinstance(each, str) else each for name, each in found.items()}


def _open_params(value: object) -> bytes:
    """As text until where our members of `_meta` come, which is last."""
    params = dict(value) if isinstance(value, dict) else {}
    meta = params.pop("_meta", None)
    kept = meta if isinstance(meta, dict) else {}
    kept = {
        name: each for name, each in kept.items() if not name.startswith(OURS) and name != "progressToken"
    }
    text = encoded({**params, "_meta": kept})[:-2]
    return text + b"," if kept else text


def _text(value: object) -> bytes:
    return encoded({"": value})[len('{"":') : -1]


def main() -> None:
    """Read until standard input ends."""
    os.nice(NICE)
    while serve(sys.stdin.buffer, sys.stdout.buffer):
        pass


def serve(source: BinaryIO, target: BinaryIO) -> bool:
    """Read one message; whether there was one."""
    request = source.read(REQUEST.size)
    if len(request) < REQUEST.size:
        return False
    size, strict = REQUEST.unpack(request)
    try:
        head, text = read(source.read(size), strict=strict)
    except ValueError as problem:
        head, text = {"refused": reason_of(problem)[:200]}, b""
    except MemoryError:
        head, text = {"refused": "too large"}, b""
    said = encoded(head)
    target.write(ANSWER.pack(len(said), len(text)))
    target.write(said)
    target.write(text)
    target.flush()
    return True


if __name__ == "__main__":
    main()
