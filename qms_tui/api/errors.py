"""Why a request was refused, or the connection is lost."""

from __future__ import annotations

from enum import IntEnum

from qms_tui.errors import QmsTuiError


class ErrorCode(IntEnum):
    """Those below zero are JSON-RPC's own. A newer version may have more."""

    NOT_JSON = -32700
    NOT_A_REQUEST = -32600
    UNKNOWN_METHOD = -32601
    WRONG_PARAMETERS = -32602
    UNEXPECTED = -32603
    OTHER_VERSION = 1
    NO_HELLO = 2
    TOO_LONG = 3
    BUSY = 4
    UNKNOWN_AGENT = 10
    UNKNOWN_ITEM = 11
    WRONG_STATE = 12
    NOT_ALLOWED = 13
    FAILED = 14
    """It was tried: the message says what went wrong."""


class ApiError(QmsTuiError):
    """What the other side answers in place of a result; `code` is an ErrorCode, or a newer version's."""

    def __init__(self, code: int, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.code = code


class ConnectionLost(QmsTuiError):
    """There is nobody at the other end, or what comes from there makes no sense."""
