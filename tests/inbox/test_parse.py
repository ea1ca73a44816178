"""Any bytes under any name become an item that shows only what can be trusted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_tui.demo.items import Message
from qms_tui.inbox import Identity, Item, Kind, parse
from qms_tui.inbox.front_matter import LARGEST, body, front_matter
from qms_tui.text.printable import plain
from tests.inbox.samples import MESSAGE, NOTICE, task

WHO = Identity(1, 2)


def item(name: str, content: bytes | None) -> Item:
    return parse("qa", name, content, 12.0, WHO)


def test_a_task_to_review() -> None:
    found = item("task-CR-056-pre_review-v0-1.md", task("CR-056", "REVIEW"))
    assert (found.kind, found.headline) == (Kind.REVIEW, "New task: Review CR-056")
    assert (found.document, found.sender, found.arrived) == ("CR-056", "claude", 12.0)


def test_a_task_to_approve() -> None:
    found = item("task-CR-056-pre_approval-v0-1.md", task("CR-056", "APPROVAL"))
    assert (found.kind, found.headline) == (Kind.APPROVAL, "New task: Approve CR-056")


def test_a_message() -> None:
    found = item("msg-claude-2026-02-04-143022.md", MESSAGE)
    assert (found.kind, found.headline) == (Kind.MESSAGE, "Message from claude: Note on CR-056")
    assert found.sender == "claude"


def test_a_notice() -> None:
    found = item("notif-CR-056-approved-2026-02-04.md", NOTICE)
    assert (found.kind, found.headline, found.document) == (Kind.NOTICE, "Notice: CR-056 approved", "CR-056")


def test_anything_else_is_shown_by_its_name() -> None:
    found = item("shopping list.md", b"# Milk\n")
    assert (found.kind, found.headline) == (Kind.UNKNOWN, "New inbox item: shopping list.md")


@pytest.mark.parametrize(
    ("name", "headline"),
    [
        ("task-CR-056-VAR-001-pre_review-v0-1.md", "New task: Review CR-056-VAR-001"),
        ("task-SDLC-QMS-RTM-approval-v3-0.md", "New task: Approve SDLC-QMS-RTM"),
        ("task-SOP-002-review-v2-1.md", "New task: Review SOP-002"),
        ("msg-tu_ui-2026-02-04-143022.md", "Message from tu_ui: (no subject)"),
        ("notif-CR-056-approved-2026-02-04.md", "Notice: CR-056 approved"),
        ("task-CR-001.md", "New inbox item: task-CR-001.md"),
    ],
)
@pytest.mark.parametrize("content", [b"", b"---\ndoc_id: [\n---\n", b"\x00\xff" * 99, None])
def test_without_readable_front_matter_the_name_says_what_it_says(
    name: str, headline: str, content: bytes | None
) -> None:
    assert item(name, content).headline == headline


def test_the_front_matter_goes_over_the_name() -> None:
    assert item("task-CR-001-review-v1-0.md", task("CR-002", "APPROVAL")).headline == (
        "New task: Approve CR-002"
    )


@pytest.mark.parametrize(
    ("front", "headline"),
    [
        (
            b'type: message\nfrom: qa\nsubject: "[@click=app.quit]x[/]"',
            "Message from qa: [@click=app.quit]x[/]",
        ),
        (b'type: message\nfrom: qa\nsubject: "a\\nb\\r\\n\\tc"', "Message from qa: a b c"),
        (b'type: message\nfrom: qa\nsubject: "\\e[2J\\x9b1m"', "Message from qa: \ufffd[2J\ufffd1m"),
        (b'type: message\nfrom: qa\nsubject: "\\u202egnp.exe"', "Message from qa: \ufffdgnp.exe"),
        (b"type: message\nfrom: ../../etc\nsubject: hi", "Message from somebody: hi"),
        (b"type: message\nfrom: qa\nsubject: [a, b]", "Message from qa: (no subject)"),
        (b"task_type: REVIEW\ndoc_id: ../CR-1", "New task: Review (no document named)"),
        (b"type: notification\nevent: '[b]x'\ndoc_id: CR-1", "Notice: CR-1"),
        (b"type: message\nfrom: qa\nsubject: long\n  and folded", "Message from qa: long and folded"),
    ],
)
def test_hostile_fields(front: bytes, headline: str) -> None:
    assert item("x.md", b"---\n" + front + b"\n---\n").headline == headline


@pytest.mark.parametrize(
    "front",
    [
        b"a: &a [x,x]\nb: &b [*a,*a,*a]\nsubject: hi\ntype: message",
        b"<<: *x\ntype: message",
        b"type: &t message",
        b"type: !!python/object/apply:os.system [id]\nx: *y",
        b"[" * 3000,
        b"{a: " * 900,
        b"- type\n- message",
        b"a: b\n" * 600,
        b"type: message\n" + b"x" * LARGEST,
        b"a: &a [x,x]\nb: x: y\ntype: message",
        b"b: x: y\na: [&a x, *a]\ntype: message",
        b"b: x: y\n" * 200 + b"type: message",
        b"@\n" * 300 + b"type: message",
    ],
)
def test_yaml_bombs_say_nothing(front: bytes) -> None:
    found = item("x.md", b"---\n" + front + b"\n---\nbody\n")
    assert (found.kind, found.headline) == (Kind.UNKNOWN, "New inbox item: x.md")


@pytest.mark.parametrize(
    ("line", "subject"),
    [
        (b"Re: CR-041: second page is ready", "Re: CR-041: second page is ready"),
        (b"*today* please", "*today* please"),
        (b"*today", "*today"),
        (b"[CR-041] question on page 2", "[CR-041] question on page 2"),
        (b"{draft} of page 2", "{draft} of page 2"),
        (b"@qa can you confirm?", "@qa can you confirm?"),
        (b"`make test` fails since monday", "`make test` fails since monday"),
        (b"!important read before you approve", "!important read before you approve"),
        (b"!!important read", "!!important read"),
        (b"!!! now", "!!! now"),
        (b'"Approved" is not the final word', '"Approved" is not the final word'),
        (b"'tis late", "'tis late"),
        (b'"half a quotation', '"half a quotation'),
        (b"&co agree", "&co agree"),
        (b"> see below", "> see below"),
        (b"| a bar", "| a bar"),
        (b"%done", "%done"),
        (b"- a dash", "- a dash"),
        (b"#12 is ready", "#12 is ready"),
        (b"fixes #12", "fixes #12"),
        (b"Re:", "Re:"),
        (b"Caf\xe9 list", "Caf\ufffd list"),
        (b'"\\ud83d\\ude00 done"', "\N{GRINNING FACE} done"),
        (b'"half \\ud83d"', "half \ufffd"),
        (b'"\\UFFFFFFFF"', '"\\UFFFFFFFF"'),
        (b"a\x00b\xc2\x85c\xe2\x80\xa8task_type: REVIEW", "a\ufffdb\ufffdc\ufffdtask_type: REVIEW"),
    ],
)
def test_a_subject_is_as_it_is_written(line: bytes, subject: str) -> None:
    front = b"type: message\nfrom: bu\nsubject: " + line + b"\nto: qa"
    found = item("x.md", b"---\n" + front + b"\n---\n")
    assert (found.kind, found.sender, found.headline) == (Kind.MESSAGE, "bu", f"Message from bu: {subject}")


@pytest.mark.parametrize(
    "line",
    [
        b"title: Rework: approval page",
        b"  title: set in",
        b"\ttitle: set in by a tab",
        b"a line without a key",
        b"**Title:** of a heading",
        b"title:without a space",
        b"title: [a list: that, goes on",
        b"- title",
        b"@@@",
        b"? what",
        b"x: *y",
        b'title: "half a quotation',
        b"title: \xe9\xff",
        b"\xe9: \x00",
    ],
)
@pytest.mark.parametrize("place", range(4))
def test_a_broken_line_costs_that_line_at_most(line: bytes, place: int) -> None:
    lines = [b"task_type: APPROVAL", b"doc_id: CR-041", b"assigned_by: bu"]
    lines.insert(place, line)
    found = item("x.md", b"---\n" + b"\n".join(lines) + b"\n---\n")
    assert (found.kind, found.document, found.sender) == (Kind.APPROVAL, "CR-041", "bu")


@pytest.mark.parametrize(
    "front",
    [
        b'description: "of\ntask_type: APPROVAL\nmany lines"',
        b"description: [of,\n  task_type: APPROVAL,\n  many lines]",
        b"description: |\n  task_type: APPROVAL",
        b"description:\n  task_type: APPROVAL",
    ],
)
@pytest.mark.parametrize("broken", [b"", b"title: a: b\n", b"@@\n"])
def test_what_a_value_goes_on_with_is_no_key(front: bytes, broken: bytes) -> None:
    for text in (broken + front, front + b"\n" + broken):
        assert "task_type" not in front_matter(b"---\n" + text + b"\n---\n")


def test_keys_and_kinds_take_any_case() -> None:
    assert item("x.md", b"---\nType: Message\nFrom: bu\nSUBJECT: Hi\n---\n").headline == "Message from bu: Hi"
    assert item("x.md", b"---\nTask_Type: review\nDoc_Id: CR-1\n---\n").headline == "New task: Review CR-1"
    assert item("x.md", b"---\nTYPE: NOTIFICATION\nEvent: CLOSED\n---\n").headline == "Notice: closed"


def test_a_document_may_end_with_dots() -> None:
    content = b"---\ntype: message\nfrom: bu\n...\n\nbody\n"
    assert item("x.md", content).sender == "bu"
    assert body(content).strip() == b"body"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_what_windows_calls_unicode_is_read(encoding: str) -> None:
    content = "\ufeff---\r\ntype: message\r\nfrom: bu\r\nsubject: grün\r\n---\r\nbody\r\n".encode(encoding)
    assert item("x.md", content).headline == "Message from bu: grün"
    assert body(content) == b"body\n"


def test_no_tag_is_obeyed_and_no_number_is_made() -> None:
    assert front_matter(b"---\nversion: 0.10\nday: 2026-11-22\nyes: no\nn: !!int 7\n---\n") == {
        "version": "0.10",
        "day": "2026-11-22",
        "yes": "no",
        "n": "7",
    }


def test_windows_line_ends_and_a_byte_order_mark() -> None:
    assert front_matter(b"\xef\xbb\xbf---\r\na: 1\r\n---\r\n") == {"a": "1"}


def test_what_our_own_demo_writes_is_read() -> None:
    from datetime import UTC, datetime

    sent = Message("claude", "qa", datetime(2026, 2, 4, tzinfo=UTC), 'quote " and: colon', "body")
    assert item(sent.file_name, sent.text().encode()).headline == 'Message from claude: quote " and: colon'


_NAMES = st.one_of(
    st.text(min_size=1, max_size=300),
    st.binary(min_size=1, max_size=255).map(lambda raw: raw.decode("utf-8", "surrogateescape")),
)
_FRONT = st.lists(
    st.tuples(
        st.sampled_from(["type", "task_type", "doc_id", "from", "subject", "event", "assigned_by", "x"]),
        st.one_of(st.sampled_from(["message", "notification", "REVIEW", "&a *a"]), st.text(max_size=400)),
    )
).map(lambda pairs: "---\n" + "".join(f"{key}: {value}\n" for key, value in pairs) + "---\n")


@given(_NAMES, st.one_of(st.none(), st.binary(), _FRONT.map(lambda t: t.encode("utf-8", "surrogatepass"))))
def test_no_bytes_break_it_and_all_it_says_can_be_shown(name: str, content: bytes | None) -> None:
    found = item(name, content)
    for text in (found.name, found.headline, found.document, found.sender):
        assert len(text) <= 400
        assert plain(text) == text
    assert found.file == name
