"""What programs report of themselves, as the keeper says it to `qms-tui ps`: JSON, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from qms_tui.errors import KeeperError
from qms_tui.keeper.protocol import PROTOCOL, Want
from qms_tui.terminal import ProgramState, ProgramStatus, StatusRecord
from qms_tui.terminal.shapes import checked

if TYPE_CHECKING:
    from qms_tui.keeper.client import KeeperClient

_TEXTS = dict.fromkeys(("id", "state", "kind", "app", "title", "message"), str)
_RECORD = {**_TEXTS, "progress": int | None, "at": float}
_STATUS = {"root": dict | None, "children": [dict]}
Programs = Mapping[str, ProgramStatus]
"""By the ids of their containers."""
PATIENCE = 3.0  # seconds until a keeper must have said it; one that works takes milliseconds
MOST_MESSAGE = 201  # characters of a child's message, one more than is shown: many records must fit a frame


def reported(keeper: KeeperClient) -> Programs:
    """What the programs of running agents report; nothing without a keeper, which is not started.

    Raises:
        KeeperError: it does not answer, or says what makes no sense.
    """
    welcome = keeper.status(Want.PROGRAMS, PATIENCE) or {}
    if welcome.get("protocol") != PROTOCOL:
        return {}
    try:
        programs = checked(welcome.get("programs"), {str: _STATUS})
        return {container: decoded(content) for container, content in programs.items()}
    except ValueError as error:
        raise KeeperError(
            "the keeper's answer is damaged", "try again; its log is beside that of qms-tui"
        ) from error


def encoded(status: ProgramStatus) -> dict[str, Any]:
    """As a JSON object; of children's messages as much as is ever shown, and whether there is more."""
    children = (replace(child, message=_start(child.message)) for child in status.children)
    return {
        "root": _encoded(status.root) if status.root else None,
        "children": [_encoded(child) for child in children],
    }


def decoded(content: Mapping[str, Any]) -> ProgramStatus:
    """The way back, from a keeper of this version.

    Raises:
        ValueError: it is damaged.
    """
    root = _decoded(content["root"]) if content["root"] is not None else None
    return ProgramStatus(root, tuple(_decoded(child) for child in content["children"]))


def _start(message: str) -> str:
    return message if len(message) < MOST_MESSAGE else " ".join(message.split())[:MOST_MESSAGE]


def _encoded(record: StatusRecord) -> dict[str, Any]:
    return asdict(record) | {"state": record.state.value}


def _decoded(content: Mapping[str, Any]) -> StatusRecord:
    checked(content, _RECORD)
    if not math.isfinite(content["at"]):
        raise ValueError("a record of no time")
    return StatusRecord(**{**content, "state": ProgramState(content["state"])})
