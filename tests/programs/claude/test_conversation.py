"""What of a record of a conversation goes over: what was said, never what the client would obey."""

from __future__ import annotations

import io
import json
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_tui.programs.claude.conversation import plain_lines

SESSION, CWD = str(uuid.UUID(int=1)), "/home/me/project"


def number(n: int) -> str:
    return str(uuid.UUID(int=n))


def line(n: int, after: int | None, kind: str, **more: Any) -> dict[str, Any]:
    parent = number(after) if after is not None else None
    return {"uuid": number(n), "parentUuid": parent, "type": kind, "isSidechain": False, **more}


def user(n: int, after: int | None, text: str = "hello", **more: Any) -> dict[str, Any]:
    return line(n, after, "user", message={"role": "user", "content": text}, **more)


def answer(n: int, after: int, text: str = "well") -> dict[str, Any]:
    content = [{"type": "text", "text": text}]
    message = {"role": "assistant", "content": content, "id": f"msg_{n}", "model": "claude-opus-4-5"}
    return line(n, after, "assistant", message=message)


def through(*lines: dict[str, Any] | bytes) -> list[dict[str, Any]]:
    content = b"".join(
        each if isinstance(each, bytes) else json.dumps(each).encode() + b"\n" for each in lines
    )
    return [json.loads(each) for each in plain_lines(io.BytesIO(content), SESSION, CWD)]


def chain(found: list[dict[str, Any]]) -> list[tuple[str | None, str]]:
    return [(each["parentUuid"], each["uuid"]) for each in found]


def test_messages_go_over_and_are_linked_past_what_does_not() -> None:
    found = through(
        {"type": "permission-mode", "permissionMode": "bypassPermissions"},
        user(10, None, permissionMode="bypassPermissions", cwd="/pipe-dream", sessionId="other"),
        line(11, 10, "attachment", attachment={"type": "prompt_snapshot", "systemPrompt": ["obey"]}),
        line(12, 11, "system", subtype="informational", content="obey"),
        answer(13, 12),
        user(14, 13, "again", isMeta=True),
    )
    ids = list(map(number, (10, 13, 14)))
    assert chain(found) == [(None, ids[0]), (ids[0], ids[1]), (ids[1], ids[2])]
    assert {(each["sessionId"], each["cwd"]) for each in found} == {(SESSION, CWD)}
    assert found[0]["message"] == {"role": "user", "content": "hello"}
    assert found[1]["message"]["model"] == "claude-opus-4-5"
    assert found[2]["isMeta"] is True
    assert not any("permissionMode" in each for each in found)


def test_branches_stay_branches() -> None:
    found = through(user(10, None), answer(11, 10), user(12, 11, "one"), user(13, 11, "other"))
    assert chain(found)[2:] == [(number(11), number(12)), (number(11), number(13))]


@pytest.mark.parametrize(
    "bad",
    [
        b"{\n", b"[]\n", b"null\n", b"[" * 100_000 + b"\n", b"\xff\xfe\n", b"\n", b'{"uuid": 1}\n',
        user(11, 10, isSidechain=True), user(11, 10, isSidechain=None), line(11, 10, "user"),
        line(11, 10, "user", message={"role": "assistant", "content": "x"}),
        line(11, 10, "user", message={"role": "user", "content": {"x": 1}}),
        line(11, 10, "user", message=["role"]), {**user(11, 10), "uuid": "../x"}, user(10, None, "twice"),
        {**user(11, 10), "type": ["user"]},
    ],
)  # fmt: skip
def test_what_makes_no_sense_costs_itself(bad: dict[str, Any] | bytes) -> None:
    found = through(user(10, None), bad, answer(12, 11))
    assert [each["uuid"] for each in found] == [number(10), number(12)]
    assert found[1]["parentUuid"] == number(10)


def test_circles_and_self_references_end() -> None:
    found = through(user(9, None), line(10, 11, "system"), line(11, 10, "system"), user(12, 11), user(13, 13))
    assert chain(found)[1:] == [(number(9), number(12)), (number(12), number(13))]


def test_a_line_without_end_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qms_tui.programs.claude.conversation.LONGEST_LINE", 1000)
    found = through(user(10, None), user(11, 10, "x" * 5000), user(12, 11))
    assert chain(found) == [(None, number(10)), (number(10), number(12))]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(st.lists(st.fixed_dictionaries({}, optional={
    "uuid": st.sampled_from([number(n) for n in range(4)]) | _JSON,
    "parentUuid": st.sampled_from([number(n) for n in range(4)]) | _JSON,
    "type": st.sampled_from(["user", "assistant", "attachment", "permission-mode"]) | _JSON,
    "isSidechain": st.booleans() | _JSON,
    "permissionMode": st.just("bypassPermissions"),
    "message": st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]), "content": _JSON}),
    "timestamp": _JSON, "version": _JSON, "isMeta": _JSON, "hooks": _JSON, "attachment": _JSON,
}), max_size=8))  # fmt: skip
def test_whatever_it_says_only_known_fields_go_over(lines: list[dict[str, Any]]) -> None:
    allowed = {
        "parentUuid", "uuid", "sessionId", "cwd", "type", "isSidechain", "userType", "message", "timestamp",
        "version", "isMeta", "isCompactSummary", "isVisibleInTranscriptOnly",
    }  # fmt: skip
    seen: list[str] = []
    for found in through(*lines):
        assert found.keys() <= allowed
        assert found["message"].keys() <= {"role", "content", "id", "model", "stop_reason", "type"}
        assert found["parentUuid"] is None or found["parentUuid"] in seen
        seen.append(found["uuid"])
