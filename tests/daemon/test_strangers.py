"""Clients of other versions, and whatever else may come over the socket."""

from __future__ import annotations

import asyncio
import json
import socket

import jsonschema
import pytest

from qms_tui.api import commands as api
from qms_tui.api import wire
from qms_tui.api.client import Client
from qms_tui.api.commands import COMMANDS, Command, OfAgent, Version
from qms_tui.api.errors import ApiError, ErrorCode
from qms_tui.api.schema import schema
from qms_tui.project import Project

from .served import House, served

# -- versions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("minor", [0, 1, 99])
async def test_another_minor_version_is_understood(project: Project, minor: int) -> None:
    async with served(project) as house:
        client = await house.visitor()
        welcome = await client.hello("test", Version(api.MAJOR, minor))
        assert (welcome.version, welcome.project) == (api.VERSION, str(project.root))


@pytest.mark.parametrize("major", [0, 2, -1])
async def test_another_major_version_is_refused_with_words(project: Project, major: int) -> None:
    async with served(project) as house:
        client = await house.visitor()
        with pytest.raises(ApiError, match=rf"the client speaks {major}\.0, the daemon 1\.1") as raised:
            await client.hello("test", Version(major, 0))
        assert raised.value.code == ErrorCode.OTHER_VERSION
        assert raised.value.hint
        with pytest.raises(ApiError) as raised:
            await client.subscribe()
        assert raised.value.code == ErrorCode.NO_HELLO


async def test_a_daemon_of_another_major_version_is_refused() -> None:
    ours, theirs = socket.socketpair()
    client = await Client.connect(ours)
    theirs.sendall(wire.answer(1, api.Welcome(Version(2, 0))))
    with pytest.raises(ApiError, match=r"the daemon speaks 2\.0") as raised:
        await client.hello("test")
    assert raised.value.code == ErrorCode.OTHER_VERSION
    theirs.close()
    await client.close()


async def test_fields_of_a_newer_client_are_ignored(project: Project) -> None:
    async with served(project, "qa") as house:
        said = await _talk(
            house,
            b'{"jsonrpc": "2.0", "id": "a", "method": "hello", "params": '
            b'{"version": {"major": 1, "minor": 9, "patch": 3}, "colors": 256}, "trace": []}\n',
            b'{"jsonrpc": "2.0", "id": 7, "method": "look_at", "params": {"agent": "qa", "for": 3}}\n',
        )
        assert [(each["id"], "result" in each) for each in said] == [("a", True), (7, True)]


async def test_nothing_is_answered_before_hello(project: Project) -> None:
    async with served(project, "qa") as house:
        client = await house.visitor()
        for command in COMMANDS.values():
            if command is api.HELLO:
                continue
            unknown: Command[object, object] = Command(command.name, object, object)
            with pytest.raises(ApiError) as raised:
                await client.request(unknown, {})
            assert raised.value.code == ErrorCode.NO_HELLO


# -- what makes no sense ------------------------------------------------------------------------------------

HELLO = wire.request(0, "hello", api.Hello(api.VERSION))


async def _talk(house: House, *said: bytes) -> list[dict[str, object]]:
    """What is answered to this, until the other side ends or nothing more is asked."""
    ours = house.socket()
    ours.setblocking(False)
    loop = asyncio.get_running_loop()

    async def read() -> bytes:
        answers = b""
        while data := await loop.sock_recv(ours, 65536):
            answers += data
        return answers

    reading = loop.create_task(read())
    try:
        for each in said:
            await loop.sock_sendall(ours, each)
        ours.shutdown(socket.SHUT_WR)
    except OSError:  # it has ended the connection
        pass
    async with asyncio.timeout(10):
        answers = await reading
    ours.close()
    validator = jsonschema.Draft202012Validator(schema())
    lines = [json.loads(line) for line in answers.splitlines()]
    for line in lines:
        validator.validate(line)
    return lines


def _codes(answers: list[dict[str, object]]) -> list[int]:
    errors = [each.get("error") for each in answers]
    return [error["code"] if isinstance(error, dict) else 0 for error in errors]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"GET / HTTP/1.1\r\n", ErrorCode.NOT_JSON),
        (b"\n", ErrorCode.NOT_JSON),
        (b"\x00\xff\xfe\n", ErrorCode.NOT_JSON),
        (b'{"jsonrpc": "2.0", "id": 1, "params": ' + b"[" * 100_000 + b"\n", ErrorCode.NOT_JSON),
        (b"x" * (wire.LONGEST_REQUEST + 10), ErrorCode.TOO_LONG),
        (b'"' + b"x" * 4 * wire.LONGEST_REQUEST, ErrorCode.TOO_LONG),
    ],
)
async def test_what_is_no_json_or_too_long_ends_the_connection(
    project: Project, line: bytes, code: ErrorCode, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(project, "qa") as house:
        other = await house.client()
        said = await _talk(house, HELLO, line, HELLO)
        assert _codes(said) == [0, code]
        assert said[1]["id"] is None
        await house.until(lambda: house.server.clients == 1)
        assert (await other.ask(api.EXPLAIN, OfAgent("qa"))).sources
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (b"[]", ErrorCode.NOT_A_REQUEST),
        (b'[{"jsonrpc": "2.0", "id": 1, "method": "subscribe"}]', ErrorCode.NOT_A_REQUEST),
        (b'{"jsonrpc": "2.0", "method": "stop", "params": {"agent": "qa"}}', ErrorCode.NOT_A_REQUEST),
        (b'{"jsonrpc": "2.0", "id": 1, "result": {}}', ErrorCode.NOT_A_REQUEST),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "explode"}', ErrorCode.UNKNOWN_METHOD),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "__init__"}', ErrorCode.UNKNOWN_METHOD),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "check", "params": {}}', ErrorCode.UNKNOWN_METHOD),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "' + b"x" * 100_000 + b'"}', ErrorCode.UNKNOWN_METHOD),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "stop"}', ErrorCode.WRONG_PARAMETERS),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "stop", "params": ["qa"]}', ErrorCode.WRONG_PARAMETERS),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "stop", "params": null}', ErrorCode.WRONG_PARAMETERS),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "stop", "params": {"agent": 1}}',
         ErrorCode.WRONG_PARAMETERS),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "wake", "params": {"agent": "qa", "items": "x"}}',
         ErrorCode.WRONG_PARAMETERS),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "hello", "params": {"version": "1.0"}}',
         ErrorCode.WRONG_PARAMETERS),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "find_items", "params": {"kind": "virus"}}', 0),
    ],
)  # fmt: skip
async def test_what_is_wrongly_asked_for_is_refused_and_it_goes_on(
    project: Project, request_: bytes, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(project, "qa") as house:
        explain = wire.request("last", "explain", OfAgent("qa"))
        said = await _talk(house, HELLO, request_ + b"\n", explain)
        assert _codes(said) == [0, code, 0]
        assert said[2]["id"] == "last"
        assert len(json.dumps(said[1])) < 1000
    assert not [record for record in caplog.records if record.exc_info]


async def test_requests_may_come_byte_by_byte_or_all_at_once(project: Project) -> None:
    async with served(project, "qa") as house:
        asked = HELLO + b"".join(wire.request(number, "explain", OfAgent("qa")) for number in range(1, 60))
        for said in ([asked], [asked[place : place + 1] for place in range(len(asked))]):
            answers = await _talk(house, *said)
            assert [each["id"] for each in answers] == list(range(60))
