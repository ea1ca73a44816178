"""How screens and commands of the first edition greet its keeper: their frames, byte by byte."""

from __future__ import annotations

_REST = (
    b'"agent": "%s", "container": "%s", "interface": "5f2b8c1e9d3a4f60b7c8d9e0f1a2b3c4", "name": "pts/3", '
    b'"columns": 78, "lines": 42, "protocol": %d}'
)


def _frame(want: int, agent: bytes = b"", container: bytes = b"", protocol: int = 202) -> bytes:
    body = b'{"want": %d, ' % want + _REST % (agent, container, protocol)
    return b"\x01" + len(body).to_bytes(4, "big") + body


HELLOS = {
    "attach": _frame(1, b"qa", b"c0ffee"),
    "hold": _frame(2, b"qa", b"c0ffee"),
    "last": _frame(3, b"qa"),
    "status": _frame(4),
    "programs": _frame(6),
    "an older screen": _frame(1, b"qa", b"c0ffee", 201),
}
STOP = _frame(5)
