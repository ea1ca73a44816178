"""The Program Status Protocol (OSC 7501) in the terminal: the answer, reports, how long records stand."""

from __future__ import annotations

import base64
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_tui.terminal import (
    NO_STATUS,
    ProgramState,
    ProgramStatus,
    PromptMark,
    StatusChanged,
    StatusRecord,
    Terminal,
)
from qms_tui.terminal.program_status import MOST_BYTES, MOST_RECORDS
from tests.terminal.test_properties import fresh, quick, streams
from tests.terminal.test_state import check_equal, seen, take_all

NOW = 1_790_000_000.5
IDLE, WORKING, DONE, BLOCKED, ERROR = ProgramState
QUERY = b"\x1b]7501;?\x1b\\"
ENDS = ("\x07", "\x1b\\", "\x9c")


def encoded(text: str | bytes) -> str:
    """As titles and messages are."""
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def report(pairs: str, end: str = "\x07") -> bytes:
    return f"\x1b]7501;{pairs}{end}".encode()


def shown(*reports: str) -> Terminal:
    """A terminal whose program has reported this."""
    terminal = Terminal(40, 5)
    terminal.clock = lambda: NOW
    for each in reports:
        terminal.feed(report(each))
    return terminal


def ids(terminal: Terminal) -> list[str]:
    """Which records stand; "/" is the root."""
    status = terminal.status
    return [*["/"] * (status.root is not None), *(child.id for child in status.children)]


# -- the query ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        (QUERY, QUERY),
        (b"\x1b]7501;?\x07", b"\x1b]7501;?\x07"),
        (b"\x1b]7501;?\xc2\x9c", QUERY),  # C1 as UTF-8; answers are 7-bit unless S8C1T asks for others
        (b"\x1b G\x1b]7501;?\x1b\\", b"\x9d7501;?\x9c"),
        (b"\x1b G\x9d7501;?\x9c", b"\x9d7501;?\x9c"),
        (b"\x1b G\x9d7501;?\x07", b"\x9d7501;?\x07"),
        (b"\x1b G\x1b F\x1b]7501;?\x1b\\", QUERY),
    ],
)
def test_the_query_is_answered_with_itself(query: bytes, answer: bytes) -> None:
    terminal = shown()
    terminal.feed(query)
    assert terminal.take_replies() == answer
    assert terminal.status == NO_STATUS
    assert not terminal.take_events()


def test_answers_come_in_the_order_of_the_questions() -> None:
    questions = {
        QUERY: QUERY,
        b"\x1b[c": b"\x1b[?64;1;6;21;22;28c",
        b"\x1b[?u": b"\x1b[?0u",
        b"\x1b[6n": b"\x1b[1;1R",
    }
    for order in product(questions, repeat=3):
        terminal = shown()
        terminal.feed(b"".join(order))
        assert terminal.take_replies() == b"".join(questions[question] for question in order)


@pytest.mark.parametrize(
    "data",
    [report(pairs) for pairs in ("", "??", "?:state=idle", "state=idle", "state=?", "id=?:state=idle")]
    + [b"\x1b]7501\x07", b"\x1b]75010;?\x07", b"\x1bP7501;?\x1b\\"],
)
def test_nothing_else_is_answered(data: bytes) -> None:
    terminal = shown()
    terminal.feed(data)
    assert not terminal.take_replies()


def test_a_muted_terminal_answers_nothing_and_takes_reports() -> None:
    terminal = shown()
    terminal.muted = True
    terminal.feed(QUERY + report("state=idle"))
    terminal.muted = False
    assert not terminal.take_replies()
    assert terminal.status.root == StatusRecord("", IDLE, at=NOW)


# -- reports ------------------------------------------------------------------------------------------------

LONG_TITLE, LONG_MESSAGE = "x" * 192, "m" * 2048
REPORTS = {
    "state=idle": StatusRecord("", IDLE, at=NOW),
    "state=working:app=claude-code": StatusRecord("", WORKING, app="claude-code", at=NOW),
    "app=x:state=done": StatusRecord("", DONE, app="x", at=NOW),
    "state=blocked:kind=permission": StatusRecord("", BLOCKED, "permission", at=NOW),
    "state=blocked:kind=question": StatusRecord("", BLOCKED, "question", at=NOW),
    "state=blocked:kind=auth": StatusRecord("", BLOCKED, "auth", at=NOW),
    "state=blocked:kind=other": StatusRecord("", BLOCKED, at=NOW),
    "state=error:kind=permission": StatusRecord("", ERROR, at=NOW),
    # blanks, pairs that are not well-formed, pairs that nobody knows
    " state = idle : app =\ta.b_c,d+e/f=g-1\t": StatusRecord("", IDLE, app="a.b_c,d+e/f=g-1", at=NOW),
    "state=idle:::=x:app:app=:Title=eA==:x=1:a_b=2:future=yes": StatusRecord("", IDLE, at=NOW),
    "state=idle:app=a b": StatusRecord("", IDLE, at=NOW),
    "state=idle:app=a;b": StatusRecord("", IDLE, at=NOW),
    "state=idle:app=é:ä=1": StatusRecord("", IDLE, at=NOW),
    "state=idle:stateisnotakeyofmine=working": StatusRecord("", IDLE, at=NOW),
    "state=working\n:state=idle": StatusRecord("", IDLE, at=NOW),
    # the last duplicate counts
    "state=idle:state=working:app=a:app=b": StatusRecord("", WORKING, app="b", at=NOW),
    "state=idle:state=": StatusRecord("", IDLE, at=NOW),
    "id=a:state=idle:id=b": StatusRecord("b", IDLE, at=NOW),
    # progress
    "state=working:progress=0": StatusRecord("", WORKING, progress=0, at=NOW),
    "state=blocked:progress=100": StatusRecord("", BLOCKED, progress=100, at=NOW),
    "state=working:progress=101": StatusRecord("", WORKING, at=NOW),
    "state=working:progress=-1": StatusRecord("", WORKING, at=NOW),
    "state=working:progress=1.5": StatusRecord("", WORKING, at=NOW),
    "state=working:progress=" + "9" * 3000: StatusRecord("", WORKING, at=NOW),
    "state=idle:progress=50": StatusRecord("", IDLE, at=NOW),
    # texts
    f"state=blocked:msg={encoded('approve Bash: touch x')}": StatusRecord(
        "", BLOCKED, message="approve Bash: touch x", at=NOW
    ),
    f"state=idle:title={encoded('a').rstrip('=')}": StatusRecord("", IDLE, title="a", at=NOW),
    f"state=idle:title={encoded('a')[:-1]}": StatusRecord("", IDLE, title="a", at=NOW),
    f"state=idle:title={encoded('Zug 漢 😀')}": StatusRecord("", IDLE, title="Zug 漢 😀", at=NOW),
    f"state=idle:title={encoded(LONG_TITLE)}": StatusRecord("", IDLE, title=LONG_TITLE, at=NOW),
    f"state=idle:msg={encoded(LONG_MESSAGE)}": StatusRecord("", IDLE, message=LONG_MESSAGE, at=NOW),
    "state=idle:title=": StatusRecord("", IDLE, at=NOW),
    # names
    "state=idle:id=be0hnf17y": StatusRecord("be0hnf17y", IDLE, at=NOW),
    "state=idle:id=a/b/c.d_e+f-g": StatusRecord("a/b/c.d_e+f-g", IDLE, at=NOW),
    f"state=idle:id={'/'.join('abcdefgh')}": StatusRecord("/".join("abcdefgh"), IDLE, at=NOW),
    f"state=idle:id={'a' * 32}": StatusRecord("a" * 32, IDLE, at=NOW),
    f"state=idle:id={'/'.join(['a' * 31] * 4)}": StatusRecord("/".join(["a" * 31] * 4), IDLE, at=NOW),
    f"state=idle:app={'a' * 32}": StatusRecord("", IDLE, app="a" * 32, at=NOW),
    f"state=idle:app={'a' * 33}": StatusRecord("", IDLE, at=NOW),
}
DROPPED = [
    *("", ":", "=", "state", "state=", "state=Idle", "state=busy", "app=claude-code", "State=idle"),
    "state=idle:state=busy",
    # a wrong name is not the root's
    *("state=idle:id", "state=idle:id=", "state=idle:id=/a", "state=idle:id=a/", "state=idle:id=a//b"),
    *(
        "state=idle:id=a b",
        "state=idle:id=é",
        "state=idle:id=a=b",
        "state=idle:id=a,b",
        "id=a:state=idle:id=",
    ),
    f"state=idle:id={'a' * 33}",
    f"state=idle:id={'/'.join('abcdefghi')}",
    f"state=idle:id={'/'.join(['a' * 32] * 4)}",  # 131 bytes
    # texts that cannot be read
    f"state=idle:title={encoded('x' * 193)}",
    f"state=idle:msg={encoded('x' * 2049)}",
    f"state=idle:msg={encoded('é' * 1024 + 'x')}",
    *("state=idle:msg=a", "state=idle:msg=_-__", "state=idle:msg=YQ=Q", "state=idle:title=eA==eA=="),
    *("state=idle:title==", "state=idle:msg=YWI="[:-2] + "===="),
    *(f"state=idle:msg={encoded(text)}" for text in (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80")),
    *(f"state=idle:title={encoded(text)}" for text in ("a\nb", "\x1b[2J", "\x00", "\x7f", "a\x9bb", "\t")),
]


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("pairs", REPORTS, ids=lambda pairs: pairs[:40])
def test_a_report_becomes_a_record(pairs: str, end: str) -> None:
    terminal = shown()
    terminal.feed(report(pairs, end))
    record, status = REPORTS[pairs], terminal.status
    assert status == (ProgramStatus(None, (record,)) if record.id else ProgramStatus(record))
    assert terminal.take_events() == [StatusChanged()]
    assert not terminal.take_replies()
    assert not "".join(terminal.display).strip()


@pytest.mark.parametrize("pairs", DROPPED, ids=lambda pairs: pairs[:40])
def test_a_report_that_is_wrong_changes_nothing(pairs: str) -> None:
    terminal = shown("state=done:app=before", "state=working:id=a")
    terminal.take_events()
    before = terminal.status
    terminal.feed(report(pairs))
    assert terminal.status == before
    assert not terminal.take_events()


@pytest.mark.parametrize("end", ["\x07", "\x1b\\"])
def test_a_report_has_at_most_its_bytes_with_all_around_them(end: str) -> None:
    start = "state=idle:x="
    room = MOST_BYTES - len(report(start, end))
    terminal = shown()
    terminal.feed(report(start + "a" * (room + 1), end))
    assert terminal.status == NO_STATUS
    terminal.feed(report(start + "é" * (room // 2 + 1), end))  # bytes, not characters
    assert terminal.status == NO_STATUS
    terminal.feed(report(start + "a" * room, end))
    assert ids(terminal) == ["/"]


@pytest.mark.parametrize(
    ("text", "shown_text"),
    [
        ("abc\u202edef\u2066g\u2069", "abcdefg"),
        ("\u200e\u200fa\u061cb", "ab"),
        ("a\u200bb\u2060c\ufeffd\u00ade\u034ff", "abcdef"),
        ("a\u2028b\u2029c", "abc"),
        ("a\U000e0041\U000e007fb\U000e01efc\ufe0f", "abc"),
        ("a\u115f\u1160\u3164\uffa0b\u17b4\u180ec", "abc"),
        ("\ue0a0 main \U0010fffd", "\ue0a0 main \U0010fffd"),  # icons of private use are to be seen
        ("שש\u05b8 \u0628\u0651", "שש\u05b8 \u0628\u0651"),
        ("a\u00a0b e\u0301", "a\u00a0b e\u0301"),
    ],
)
def test_what_is_invisible_is_taken_out(text: str, shown_text: str) -> None:
    terminal = shown(f"state=idle:title={encoded(text)}:msg={encoded(text)}")
    root = terminal.status.root
    assert root is not None
    assert (root.title, root.message) == (shown_text, shown_text)


def test_a_report_replaces_its_record_whole() -> None:
    terminal = shown(f"state=blocked:kind=auth:progress=5:app=a:msg={encoded('m')}", "state=blocked")
    assert terminal.status == ProgramStatus(StatusRecord("", BLOCKED, at=NOW))


def test_a_child_has_the_application_of_the_nearest_record_above_it() -> None:
    terminal = shown(
        *("state=working:id=a/b/c", "state=working:id=a:app=one", "state=idle:id=a/b", "state=idle:id=x"),
        *("state=idle:id=own:app=two", "state=idle:app=root"),
    )
    apps = {child.id: child.app for child in terminal.status.children}
    assert apps == {"a/b/c": "one", "a": "one", "a/b": "one", "x": "root", "own": "two"}
    terminal.feed(report("state=clear:id=a") + report("state=idle:id=a/b/c"))
    assert {child.id: child.app for child in terminal.status.children}["a/b/c"] == "root"


def test_children_stand_in_the_order_of_their_last_reports() -> None:
    terminal = shown("state=idle:id=a", "state=idle:id=b", "state=idle", "state=working:id=a")
    assert ids(terminal) == ["/", "b", "a"]


def test_of_too_many_records_the_one_reported_least_recently_goes() -> None:
    terminal = shown("state=idle", *(f"state=idle:id=a{number}" for number in range(MOST_RECORDS - 1)))
    assert len(ids(terminal)) == MOST_RECORDS
    terminal.feed(report("state=working"))  # the root is not the oldest any more
    terminal.feed(report("state=idle:id=more"))
    assert len(ids(terminal)) == MOST_RECORDS
    assert {"/", "more", "a1"} <= {*ids(terminal)}
    assert "a0" not in ids(terminal)


# -- how long they stand ------------------------------------------------------------------------------------

RECORDS = ("state=working", "state=idle:id=a", "state=blocked:id=a/b", "state=error:id=ab", "state=done:id=c")


@pytest.mark.parametrize(
    ("data", "left"),
    [
        (report("state=clear"), []),
        (report("state=clear:id=a"), ["/", "ab", "c"]),
        (report("state=clear:id=a/b"), ["/", "a", "ab", "c"]),
        (report("state=clear:id=z"), ["/", "a", "a/b", "ab", "c"]),
        (report("state=clear:id=a/"), ["/", "a", "a/b", "ab", "c"]),
        (report("state=clear:msg=a"), ["/", "a", "a/b", "ab", "c"]),
        (b"\x1bc", []),
        (b"\x1b]133;A\x07", ["a", "ab", "c"]),
        (b"\x1b]133;A;cl=m;aid=7\x1b\\", ["a", "ab", "c"]),
        (b"\x1b]133;B\x07\x1b]133;C\x07\x1b]133;D;0\x07", ["/", "a", "a/b", "ab", "c"]),
        (b"\x1b[!p\x1b[2J\x1b[?1049h\x1b[?1049l\x1b[3J", ["/", "a", "a/b", "ab", "c"]),
    ],
)
def test_records_end(data: bytes, left: list[str]) -> None:
    terminal = shown(*RECORDS)
    take_all(terminal)
    terminal.feed(data)
    assert ids(terminal) == left
    events = [event for event in terminal.take_events() if not isinstance(event, PromptMark)]
    assert events == ([StatusChanged()] if len(left) < len(RECORDS) else [])


def test_what_is_under_way_ends_with_the_program() -> None:
    terminal = shown(*RECORDS)
    terminal.take_events()
    terminal.end_program()
    assert ids(terminal) == ["a", "ab", "c"]
    assert terminal.take_events() == [StatusChanged()]
    terminal.end_program()
    assert not terminal.take_events()
    terminal.feed(report("state=working:id=late"))
    terminal.end_program()
    assert "late" not in ids(terminal)


def test_another_program_begins_without_records() -> None:
    terminal = shown(*RECORDS)
    terminal.take_events()
    terminal.forget_status()
    assert terminal.status == NO_STATUS
    assert terminal.take_events() == [StatusChanged()]


# -- many, broken, split, saved -----------------------------------------------------------------------------


def test_many_reports_are_one_event_and_one_view() -> None:
    terminal = shown(*(f"state=working:id=a{number % 300}" for number in range(10_000)))
    assert terminal.take_events() == [StatusChanged()]
    assert terminal.status is terminal.status
    terminal.feed(report("state=nonsense") + report("state=clear:id=unknown"))
    assert not terminal.take_events()


def test_other_events_do_not_crowd_out_that_reports_came() -> None:
    terminal = shown("state=blocked")
    terminal.feed(b"\x07" * 5000)
    assert terminal.take_events()[-1] == StatusChanged()


def test_each_record_has_the_time_of_its_report() -> None:
    terminal = shown("state=idle:id=a")
    terminal.clock = lambda: NOW + 5
    terminal.feed(report("state=idle:id=b"))
    assert [child.at for child in terminal.status.children] == [NOW, NOW + 5]


_names = st.sampled_from(["", ":id=a", ":id=a/b", ":id=a/b/c", ":id=b", ":id=", ":id=ü"])
_states = st.sampled_from(["idle", "working", "done", "blocked", "error", "clear", "busy", ""])
_extras = st.sampled_from(
    ["", ":app=x", ":progress=7", ":kind=question", f":msg={encoded('wörd')}", ":title=a", ":::", ": x = y "]
)
_reports = st.builds(
    "\x1b]7501;state={}{}{}{}".format, _states, _names, _extras, st.sampled_from([*ENDS, "\x18", "", "\x1b"])
).map(str.encode)
_others = st.sampled_from([QUERY, b"\x1b]133;A\x07", b"\x1bc", b"\x1b[c", b"text", b"\x1b G", b"\x9d7501;"])
reports = st.lists(_reports | _others | streams, max_size=12).map(b"".join)


@quick
@given(reports, st.data())
def test_splitting_changes_nothing(data: bytes, draw: st.DataObject) -> None:
    whole, split = fresh(), fresh()
    whole.feed(data)
    start = 0
    while start < len(data):
        end = draw.draw(st.integers(start + 1, len(data)))
        split.feed(data[start:end])
        start = end
    assert seen(whole) == seen(split)


@pytest.mark.parametrize("end", ENDS)
def test_a_report_may_be_split_at_every_byte(end: str) -> None:
    data = QUERY + report(f"state=blocked:kind=question:id=a/b:msg={encoded('wörd')}", end) + b"\x1b[c"
    whole = fresh()
    whole.feed(data)
    for at in range(1, len(data)):
        split = fresh()
        split.feed(data[:at])
        split.feed(data[at:])
        assert split.status == whole.status
        assert split.take_replies() == QUERY + b"\x1b[?64;1;6;21;22;28c"


@quick
@given(reports, reports, st.data())
def test_a_saved_terminal_goes_on_alike(before: bytes, after: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(before)))
    terminal = fresh()
    terminal.clock = lambda: NOW
    terminal.feed(before[:at])
    restored = Terminal.restored(terminal.save())
    assert restored.status == terminal.status
    assert not restored.take_events()
    restored.clock = terminal.clock
    take_all(terminal)
    for step in (before[at:], after):
        for each in (terminal, restored):
            each.feed(step)
        check_equal(terminal, restored)
    for each in (terminal, restored):
        each.end_program()
    check_equal(terminal, restored)


@quick
@given(reports)
def test_bounds_hold_and_a_view_is_what_stands(data: bytes) -> None:
    terminal = fresh()
    terminal.feed(data)
    status = terminal.status
    assert len(status.children) + (status.root is not None) <= MOST_RECORDS
    assert all(child.id for child in status.children)
    assert Terminal.restored(terminal.save()).status == status


def test_records_are_not_drawn_for_other_terminals() -> None:
    assert shown(*RECORDS).drawn() == shown().drawn()
