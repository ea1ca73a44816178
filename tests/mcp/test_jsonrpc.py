"""Messages, orders and what clients are told: pure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_tui.config import McpServer
from qms_tui.mcp.jsonrpc import (
    IDENTITY,
    MOST_VALUES,
    answered_by,
    decoded,
    encoded,
    identified,
    key_of,
    mended,
    progress_token,
    weight,
)
from qms_tui.mcp.orders import Order, agent_line, read_order, servers_line
from qms_tui.programs.claude.mcp_servers import server_list

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(_JSON)
def test_whatever_an_agent_says_the_identity_is_ours(params: object) -> None:
    found = identified(params, "qa")
    assert found["_meta"][IDENTITY] == "qa"
    if isinstance(params, dict):
        assert {**found, "_meta": 0} == {**params, "_meta": 0}


def test_claims_of_identity_go_and_the_rest_of_meta_stays() -> None:
    claimed = {
        "_meta": {IDENTITY: "claude", "qms-tui/other": 1, "theirs": 2, "progressToken": "t"},
        "name": "x",
    }
    assert identified(claimed, "qa", 7) == {
        "_meta": {IDENTITY: "qa", "theirs": 2, "progressToken": 7},
        "name": "x",
    }


def test_ids_that_differ_give_keys_that_differ() -> None:
    assert len({key_of(each) for each in (1, "1", 1.5, None, "a")}) == 5


def test_a_progress_token_is_text_or_a_number() -> None:
    assert progress_token({"_meta": {"progressToken": 0}}) == 0
    odd: list[object] = [None, [], {"_meta": 1}, {"_meta": {"progressToken": [1]}}]
    assert [progress_token(each) for each in odd] == [None] * 4


@given(st.dictionaries(st.text(), _JSON))
def test_messages_are_one_line(message: dict[str, object]) -> None:
    line = encoded(message)
    assert b"\n" not in line
    assert decoded(line) == message


@pytest.mark.parametrize("line", [b"", b"[]", b"{", b"[" * 10**6, b"1" * 10_000, b"\xff", b"null"])
def test_what_is_no_message_is_a_value_error(line: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 whatever it says
        decoded(line)


@pytest.mark.parametrize(
    "value", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b'"\xed\xa0\xbd"', b'"\xc0\xaf"']
)
def test_what_json_does_not_have_is_refused(value: bytes) -> None:
    with pytest.raises(ValueError, match=r"not a number|can't decode"):
        decoded(b'{"a": ' + value + b"}")


def test_another_encoding_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="can't decode"):
        decoded('{"a": "\u00fc"}'.encode("utf-16"))


def test_a_servers_numbers_that_json_does_not_have_become_null() -> None:
    assert mended(b'{"a": [NaN, -Infinity, 1e999, 1.5]}') == {"a": [None, None, None, 1.5]}


@pytest.mark.parametrize("half", [chr(0xD83D), chr(0xDE00), "\ude00\ud83d"])
def test_half_a_character_is_replaced(half: str) -> None:
    whole = "\N{GRINNING FACE}"
    found = encoded({"a" + half: half + whole}).decode()
    assert json.loads(found) == {"a" + "\ufffd" * len(half): "\ufffd" * len(half) + whole}


@given(
    st.recursive(
        st.none() | st.text(st.characters(exclude_categories=())), lambda inner: st.lists(inner), max_leaves=9
    )
)
def test_whatever_is_encoded_is_utf_8(value: object) -> None:
    assert json.loads(encoded({"a": value}).decode()).keys() == {"a"}


def test_values_are_counted_and_text_is_not() -> None:
    assert weight(b'{"a": [1, 2, {}]}') > weight(b'{"a": "1, 2, {"}')
    code = json.dumps({"a": 'f({"x": [1]}),\\\n' * MOST_VALUES}).encode()
    assert weight(code) < 2 * len(code)
    for many in (b"{}," * MOST_VALUES, b'"",' * MOST_VALUES, b'"a\\"",' * MOST_VALUES):
        with pytest.raises(ValueError, match="values in a message"):
            weight(b"[" + many + b"0]")


@pytest.mark.parametrize(
    ("line", "number"),
    [
        (b'{"jsonrpc":"2.0","id":7,"result":{"id":8}}\n', 7),
        (b'{"jsonrpc": "2.0", "id": 7, "error": {}}\n', 7),
        (b'{"result":{"id":8},"jsonrpc":"2.0","id":7}\n', 7),
        (b'{"result":{"id":8}}\n', None),
        (b'{"result":"\\"id\\":8}","jsonrpc":"2.0"}\n', None),
        (b'{"jsonrpc":"2.0","id":7,"method":"ping"}\n', None),
        (b'{"method":"ping","jsonrpc":"2.0","id":7}\n', None),
    ],
)
def test_which_request_a_line_answers_is_known_only_where_it_is_certain(
    line: bytes, number: int | None
) -> None:
    assert answered_by(line) == number


def test_orders_come_out_as_they_went_in() -> None:
    servers = (
        McpServer("git", command=("uvx", "git server"), agents=("qa",)),
        McpServer("web", url="http://x/mcp", headers=("A: b",)),
        McpServer("here", command=("x",), cwd=Path("/here")),
    )
    assert read_order(servers_line(servers)) == Order(servers, trusted=True)
    assert read_order(servers_line(servers, trusted=False)) == Order(servers)
    assert read_order(agent_line("qa")).agent == "qa"
    with pytest.raises(ValueError, match="no agent's name"):
        read_order(agent_line("../qa"))


def test_a_client_is_told_of_the_servers_that_its_agent_may_use() -> None:
    servers = (McpServer("git", agents=("claude",)), McpServer("qms"))
    bridge = ("python3", "bridge.py")
    assert json.loads(server_list("qa", servers, bridge)) == {
        "mcpServers": {
            "qms": {"type": "stdio", "command": "python3", "args": ["bridge.py", "qms"], "alwaysLoad": True}
        }
    }
    assert list(json.loads(server_list("claude", servers, bridge))["mcpServers"]) == ["git", "qms"]
