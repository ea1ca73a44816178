"""The API as JSON Schema (draft 2020-12): every line that goes over the wire is valid against it."""

from __future__ import annotations

from typing import Any

import msgspec

from qms_tui.api.commands import COMMANDS, VERSION
from qms_tui.api.deltas import TYPES

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ID: Schema = {"type": ["integer", "string"]}


def schema() -> Schema:
    """What a line may be: a request, an answer or a notification."""
    commands = COMMANDS.values()
    kinds = [
        *(kind for each in commands for kind in (each.parameters, each.result)),
        *TYPES.values(),
    ]
    kinds = list(dict.fromkeys(kinds))
    references, definitions = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    reference = dict(zip(kinds, references, strict=True))
    results = list(dict.fromkeys(each.result for each in commands))
    return {
        "$schema": DIALECT,
        "title": f"qms-tui API {VERSION}",
        "oneOf": [
            *(_request(each.name, reference[each.parameters]) for each in commands),
            *(_notification(name, reference[kind]) for name, kind in TYPES.items()),
            _line(id=_ID, result={"anyOf": [reference[each] for each in results]}),
            _line(id={"type": ["integer", "string", "null"]}, error=_ERROR),
        ],
        "$defs": definitions,
    }


_ERROR: Schema = {
    "type": "object",
    "properties": {
        "code": {"type": "integer"},
        "message": {"type": "string"},
        "data": {"type": "object", "properties": {"hint": {"type": "string"}}},
    },
    "required": ["code", "message"],
}


def _request(method: str, parameters: Schema) -> Schema:
    return _line(id=_ID, method={"const": method}, params=parameters)


def _notification(method: str, parameters: Schema) -> Schema:
    return {**_line(method={"const": method}, params=parameters), "not": {"required": ["id"]}}


def _line(**properties: Schema) -> Schema:
    every = {"jsonrpc": {"const": "2.0"}, **properties}
    return {"type": "object", "properties": every, "required": list(every)}
