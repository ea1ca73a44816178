"""Asking a running gateway how it stands. Blocking, and without the gateway's heavy imports."""

from __future__ import annotations

import errno
import json
import socket
from pathlib import Path
from typing import Any

from qms_tui.errors import GatewayError
from qms_tui.ipc import Connected, Gone, Stranger, check_own, reachable
from qms_tui.mcp.places import STATUS

PATIENCE = 3.0  # seconds; one that works takes milliseconds
LONGEST = 16 * 2**20  # bytes
_APART = "run this where the agents were started; qms-tui stop --all ends them and their gateway"
_HINT = "its log is beside that of qms-tui, named mcp-..."


def gateway_status(folder: Path) -> dict[str, Any] | None:
    """What the gateway says of itself; None if none runs. Raises GatewayError if it hangs."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE)
        try:
            with reachable(folder / STATUS) as path:
                connection.connect(str(path))
            check_gateway(connection)
        except TimeoutError:
            raise GatewayError("the MCP gateway does not answer", _HINT) from None
        except OSError:
            return None
        try:
            return _read(connection)
        except ConnectionResetError:
            return None  # it ends at this very moment


def check_gateway(connection: Connected) -> None:
    """See to it that our own gateway listens there.

    Raises GatewayError for another listener, ConnectionRefusedError for one that has ended.
    """
    try:
        check_own(connection)
    except Gone:
        raise ConnectionRefusedError(errno.ECONNREFUSED, "the gateway has ended") from None
    except Stranger as stranger:
        raise GatewayError(f"{STATUS} is not our MCP gateway's: it {stranger}", _APART) from None


def _read(connection: socket.socket) -> dict[str, Any]:
    said = bytearray()
    try:
        while data := connection.recv(65536):
            said += data
            if len(said) > LONGEST:
                raise GatewayError("the MCP gateway says too much", _HINT)
        found = json.loads(said)
    except ConnectionResetError:
        raise
    except (OSError, ValueError) as error:
        raise GatewayError(f"the MCP gateway does not answer: {error}", _HINT) from None
    if not isinstance(found, dict):
        raise GatewayError("the MCP gateway says what is no status", _HINT)
    return found
