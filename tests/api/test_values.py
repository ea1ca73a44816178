"""What goes over the wire: the same comes out, nothing of another type, all as the schema says."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from qms_tui.api import wire
from qms_tui.api.agents import AgentState, AgentView
from qms_tui.api.commands import COMMANDS, Restart
from qms_tui.api.deltas import NAMES, AgentDelta
from qms_tui.api.errors import ApiError, ErrorCode
from qms_tui.api.schema import schema

from .values import JSON, KINDS, fits, paths, replaced, values

ANY_VALUE = st.sampled_from(KINDS).flatmap(values)
VALIDATOR = jsonschema.Draft202012Validator(schema())


def is_valid(line: bytes) -> bool:
    return bool(VALIDATOR.is_valid(json.loads(line)))


@given(ANY_VALUE)
def test_every_value_comes_out_as_it_went_in(value: Any) -> None:
    line = wire.encode(value)
    assert line.count(b"\n") == 1
    assert wire.decode(type(value), line) == value
    assert fits(value, type(value))


@given(ANY_VALUE)
def test_values_are_hashed_and_do_not_change(value: Any) -> None:
    same = wire.decode(type(value), wire.encode(value))
    assert hash(same) == hash(value)  # what could change within it would have no hash
    for each in structs.fields(value):
        with pytest.raises(AttributeError):
            setattr(value, each.name, None)
    assert same == value


@given(ANY_VALUE, st.data())
def test_nothing_of_another_type_gets_into_a_value(value: Any, data: st.DataObject) -> None:
    said = json.loads(wire.encode(value))
    places = list(paths(said))
    for path in [(), *([data.draw(st.sampled_from(places))] if places else [])]:
        odd = json.dumps(replaced(said, path, data.draw(JSON))).encode()
        with suppress(ApiError):
            assert fits(wire.decode(type(value), odd), type(value))


@given(ANY_VALUE, st.dictionaries(st.text(min_size=1, max_size=5), JSON, max_size=3))
def test_unknown_fields_are_ignored(value: Any, more: dict[str, Any]) -> None:
    said = json.loads(wire.encode(value))
    names = {each.name for each in structs.fields(value)}
    others = {key: each for key, each in more.items() if key not in names}
    assert wire.decode(type(value), json.dumps({**others, **said}).encode()) == value


def test_missing_fields_have_defaults_and_new_words_are_unknown() -> None:
    line = b'{"number": 7, "agent": {"name": "qa", "state": "hibernating", "wings": 2}}'
    assert wire.decode(AgentDelta, line) == AgentDelta(7, AgentView("qa", AgentState.UNKNOWN))
    with pytest.raises(ApiError, match="missing required field `name`"):
        wire.decode(AgentDelta, b'{"number": 7, "agent": {}}')


@given(ANY_VALUE)
def test_the_schema_holds_for_every_line(value: Any) -> None:
    kind = type(value)
    if kind in NAMES:
        assert is_valid(wire.notification(value))
    for command in COMMANDS.values():
        if kind is command.parameters:
            assert is_valid(wire.request(1, command.name, value))
        if kind is command.result:
            assert is_valid(wire.answer("a", value))
    definition = {**schema(), "oneOf": [{"$ref": f"#/$defs/{kind.__name__}"}]}
    jsonschema.Draft202012Validator(definition).validate(json.loads(wire.encode(value)))


def test_the_schema_is_one_and_refuses_what_is_not_said() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert is_valid(wire.refusal(None, ApiError(ErrorCode.BUSY, "busy", "wait")))
    assert is_valid(wire.request(1, "restart", Restart("qa", fresh=True)))
    for odd in (
        b"[]",
        b'{"jsonrpc": "1.0", "id": 1, "method": "restart", "params": {"agent": "qa"}}',
        b'{"jsonrpc": "2.0", "method": "restart", "params": {"agent": "qa"}}',
        b'{"jsonrpc": "2.0", "id": 1, "method": "restart", "params": {"agent": 7}}',
        b'{"jsonrpc": "2.0", "id": 1, "method": "restart", "params": {}}',
        b'{"jsonrpc": "2.0", "id": 1, "method": "explode", "params": {}}',
        b'{"jsonrpc": "2.0", "id": 1, "error": {"code": "busy", "message": ""}}',
    ):
        assert not is_valid(odd)


def test_half_characters_do_not_get_out() -> None:
    sent = wire.notification(AgentDelta(1, AgentView("qa", title="half \udc80 \N{GRINNING FACE}")))
    assert "half ? \N{GRINNING FACE}" in sent.decode()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"", ErrorCode.NOT_JSON),
        (b"\xff\xfe", ErrorCode.NOT_JSON),
        (b"GET / HTTP/1.1\r", ErrorCode.NOT_JSON),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "open"} {}', ErrorCode.NOT_JSON),
        (b'{"jsonrpc": "2.0", "id": NaN, "method": "open"}', ErrorCode.NOT_JSON),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "\\ud800"}', ErrorCode.NOT_JSON),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "open", "params": ' + b"[" * 100_000, ErrorCode.NOT_JSON),
        (b"[]", ErrorCode.NOT_A_REQUEST),
        (b"7", ErrorCode.NOT_A_REQUEST),
        (b"{}", ErrorCode.NOT_A_REQUEST),
        (b'{"jsonrpc": "1.0", "id": 1, "method": "open"}', ErrorCode.NOT_A_REQUEST),
        (b'{"jsonrpc": "2.0", "method": "open"}', ErrorCode.NOT_A_REQUEST),
        (b'{"jsonrpc": "2.0", "id": 1.5, "method": "open"}', ErrorCode.NOT_A_REQUEST),
        (b'{"jsonrpc": "2.0", "id": true, "method": "open"}', ErrorCode.NOT_A_REQUEST),
        (b'{"jsonrpc": "2.0", "id": 1, "result": {}}', ErrorCode.NOT_A_REQUEST),
    ],
)
def test_what_is_no_request_says_so(line: bytes, code: ErrorCode) -> None:
    with pytest.raises(ApiError) as raised:
        wire.read_request(line)
    assert raised.value.code == code


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(line: bytes) -> None:
    for read in (wire.read_request, wire.read_reply):
        with suppress(ApiError):
            read(line)
