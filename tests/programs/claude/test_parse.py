"""Files of an agent that may say anything."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_tui.programs import parse as kit
from qms_tui.programs.claude import parse
from qms_tui.programs.parse import Garbled
from qms_tui.programs.values import Announced, Meter

PARSERS = (parse.session, kit.birth, kit.waiter, parse.meter, kit.announced)
REGISTRY = {
    "pid": 7, "sessionId": "728fdc29", "startedAt": 1795341254193, "version": "2.1.330",
    "status": "waiting", "waitingFor": "permission prompt", "statusUpdatedAt": 1795341255036,
}  # fmt: skip
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=6),
    max_leaves=10,
)


def test_a_registry() -> None:
    found = parse.session(json.dumps(REGISTRY).encode())
    assert (found.pid, found.status, found.waiting_for) == (7, "waiting", "permission prompt")
    assert (found.started, found.changed) == (1795341254.193, 1795341255.036)


@pytest.mark.parametrize("cut", [0, 1, 40, -1])
def test_a_torn_registry_is_no_registry(cut: int) -> None:
    text = json.dumps(REGISTRY).encode()
    with pytest.raises(Garbled):
        parse.session(text[:cut])
    with pytest.raises(Garbled):
        parse.session(text + b'"}')


@pytest.mark.parametrize("read", PARSERS)
@given(content=st.binary(max_size=200) | _JSON.map(lambda value: json.dumps(value).encode()))
def test_nothing_but_its_own_error(read: Callable[[bytes], object], content: bytes) -> None:
    with contextlib.suppress(Garbled):
        read(content)


@given(content=st.lists(_JSON.map(json.dumps) | st.text(max_size=30)).map("\n".join))
def test_hooks_never_raise(content: str) -> None:
    parse.hooks(content.encode(errors="replace"))


def test_hooks_keep_what_makes_sense() -> None:
    lines = [
        b'{"at": 5.5, "event": "PermissionRequest", "tool": "Bash", "detail": "ls\\u001b[2J"}',
        b'{"at": "soon", "event": "Stop"}',
        b"\xff\xfe",
        b'{"at": 6, "event": "UserPromptSubmit", "sub": true, "items": ["task-1.md", "../x", "a b"]}',
    ]
    first, second = parse.hooks(b"\n".join(lines))
    assert dict(first.facts) == {"tool": "Bash", "detail": "ls [2J"}
    assert (second.sub, second.items) == (True, ("task-1.md",))


def test_what_nothing_announces_again_by_itself() -> None:
    fine = {"id": "1-2-3", "announced": 1, "delivered": 2}
    ways = {
        "done.md": fine,
        "announced.md": fine | {"delivered": None},
        "open.md": fine | {"session": "s"},
        "failed.md": fine | {"session": "s", "tries": 2, "failed": 3},
    }
    found = kit.announced(json.dumps(ways).encode())
    assert [name for name, one in found.items() if one.done] == ["done.md"]


def test_figures_that_are_not_there_yet_are_none() -> None:
    """As a new container leaves them, over those of the one before."""
    assert parse.meter(b"{}") is None
    assert parse.meter(b'{"at": 1, "model": "Opus 5.5"}') == Meter(1, None, None, "Opus 5.5")


def test_receipts() -> None:
    """The usual one, one whose turn has failed, one that is nonsense."""
    fine = {"id": "1-2-3", "announced": 1, "delivered": 2}
    failed = fine | {"session": "s", "tries": 2, "failed": 3, "again": 303}
    found = kit.announced(json.dumps({"a.md": fine, "b.md": failed, "../c.md": fine}).encode())
    assert found == {"a.md": Announced(1, 2), "b.md": Announced(1, 2, failed=3, again=303)}
    with pytest.raises(Garbled):
        kit.announced(json.dumps({"a.md": fine | {"again": "soon"}}).encode())


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("linux::pid:[4026532462]", 4026532462),
        ("pid:[4026532462]", 4026532462),
        ("", 0),
        ("darwin", 0),
        ("pid:[4026532462", 0),
        (None, 0),
        (["pid:[1]"], 0),
    ],
)
def test_domains_of_processes(written: object, number: int) -> None:
    """As the client writes it, and as the kernel does."""
    assert parse.session(json.dumps(REGISTRY | {"pidDomain": written}).encode()).domain == number
    told = {"pid": 7, "program": "claude", "started": 999, "domain": written}
    assert kit.birth(json.dumps(told).encode()).domain == number


def test_a_waiter_that_never_waited() -> None:
    """As the entrypoint leaves it."""
    found = kit.waiter(b'{"armed": false}')
    assert (found.at, found.armed, found.inbox) == (0.0, False, None)


def test_deep_and_huge_values() -> None:
    with pytest.raises(Garbled):
        parse.session(b"[" * 60_000)
    with pytest.raises(Garbled):
        kit.birth(b'{"pid": 1e999, "program": "x", "started": 1}')
    with pytest.raises(Garbled):
        kit.birth(b'{"pid": 1, "program": "x", "started": NaN}')
