"""When reports are written to the terminal around us, and what they say of agents."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from qms_tui.api.agents import AgentView
from qms_tui.core import AgentState
from qms_tui.core import AgentView as CoreView
from qms_tui.daemon import mapping
from qms_tui.errors import EngineError
from qms_tui.programs.values import Activity, Word
from qms_tui.runtime import Ending
from qms_tui.terminal import STATUS_QUERY, ProgramState, StatusRecord, Terminal
from qms_tui.ui.outer_reports import MOST_CHILDREN, PERIOD, OuterReports
from qms_tui.ui.outer_status import agent_record, outer_records, record_id

FENCE = b"\x1b[?62;22c"


@dataclass
class Clock:
    """Time that passes when the test says so."""

    now: float = 100.0
    due: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[[], None], /) -> asyncio.TimerHandle:
        entry = self.now + delay, callback
        self.due.append(entry)
        return cast(asyncio.TimerHandle, SimpleNamespace(cancel=lambda: self.due.remove(entry)))

    def pass_by(self, seconds: float) -> None:
        self.now += seconds
        for entry in [entry for entry in self.due if entry[0] <= self.now]:
            self.due.remove(entry)
            entry[1]()


class Outer:
    """A terminal that takes reports, and what is reported to it."""

    def __init__(self, demanded: bool = False) -> None:
        self.clock, self.terminal, self.written = Clock(), Terminal(80, 24), bytearray()
        self.records = [StatusRecord("", ProgramState.IDLE), StatusRecord("qa", ProgramState.IDLE)]
        self.reports = OuterReports(self._write, lambda: self.records, self.clock, demanded=demanded)

    def _write(self, text: str) -> None:
        self.written += text.encode()
        self.terminal.feed(text.encode())

    def is_(self, state: ProgramState) -> None:
        self.records[1] = StatusRecord("qa", state)
        self.reports.changed()

    def open(self) -> None:
        self.reports.ask()
        self.reports.take_answer(STATUS_QUERY)
        self.reports.take_answer(FENCE)
        self.clock.pass_by(0)
        self.written.clear()

    @property
    def qa(self) -> str:
        return next((child.state.value for child in self.terminal.status.children), "")


def test_nothing_is_written_before_the_answer() -> None:
    outer = Outer()
    outer.is_(ProgramState.WORKING)
    outer.clock.pass_by(10)
    assert not outer.written
    outer.reports.ask()
    assert outer.written == STATUS_QUERY + b"\x1b[c"
    for answer in (b"\x1b]7501;?", b"\x1b]7501;?x\x1b\\", b"\x1b]7501;state=idle\x1b\\", b"\x1b[?1u", FENCE):
        outer.reports.take_answer(answer)
        outer.clock.pass_by(10)
    outer.reports.withdraw()
    assert outer.written == STATUS_QUERY + b"\x1b[c"


@pytest.mark.parametrize(
    "answer", [STATUS_QUERY, b"\x1b]7501;?\x07", b"\x1b]7501;?:states=idle,blocked:kinds=auth\x1b\\"]
)
def test_a_late_answer_counts(answer: bytes) -> None:
    outer = Outer()
    outer.reports.ask()
    outer.reports.take_answer(FENCE)
    outer.reports.take_answer(answer)
    outer.clock.pass_by(0)
    assert outer.qa == "idle"
    outer.written.clear()
    outer.reports.take_answer(answer)  # once more, unasked
    outer.clock.pass_by(10)
    assert not outer.written


def test_what_changes_is_written_at_once_and_then_in_rounds() -> None:
    outer = Outer()
    outer.open()
    outer.clock.pass_by(10)
    outer.is_(ProgramState.WORKING)
    outer.clock.pass_by(0)
    assert outer.qa == "working"
    assert outer.written.count(b"7501") == 1  # the root has not changed
    outer.written.clear()
    for _ in range(100):
        for state in (ProgramState.IDLE, ProgramState.BLOCKED, ProgramState.WORKING, ProgramState.ERROR):
            outer.is_(state)
            outer.clock.pass_by(0.01)
    assert outer.written.count(b"7501") <= 4 / PERIOD
    outer.clock.pass_by(PERIOD)
    assert outer.qa == "error"
    outer.written.clear()
    outer.is_(ProgramState.IDLE)
    outer.is_(ProgramState.ERROR)
    outer.clock.pass_by(10)
    assert not outer.written


def test_what_is_gone_is_cleared_and_all_is_when_it_is_given_back() -> None:
    outer = Outer()
    outer.records.append(StatusRecord("bu", ProgramState.WORKING))
    outer.open()
    del outer.records[1]
    outer.reports.changed()
    outer.clock.pass_by(PERIOD)
    assert [child.id for child in outer.terminal.status.children] == ["bu"]
    outer.reports.changed()
    outer.reports.withdraw()
    assert (outer.terminal.status.root, outer.terminal.status.children) == (None, ())
    outer.written.clear()
    outer.clock.pass_by(10)
    outer.reports.changed()
    outer.clock.pass_by(10)
    assert not outer.written
    outer.open()
    assert len(outer.terminal.status.children) == 1


def test_the_root_stays_among_more_agents_than_a_terminal_keeps() -> None:
    outer = Outer()
    outer.records += [StatusRecord(f"tu_{n}", ProgramState.IDLE) for n in range(400)]
    outer.open()
    assert outer.terminal.status.root is not None
    assert len(outer.terminal.status.children) == MOST_CHILDREN


def test_who_demands_reports_is_warned(caplog: pytest.LogCaptureFixture) -> None:
    for demanded, level in ((True, "WARNING"), (False, "INFO")):
        caplog.clear()
        with caplog.at_level("INFO"):
            outer = Outer(demanded)
            outer.reports.ask()
            outer.reports.take_answer(FENCE)
            outer.reports.take_answer(FENCE)
        assert [(each.levelname, "OSC 7501" in each.message) for each in caplog.records] == [(level, True)]


def agent(name: str = "qa", activity: Activity | None = None, **facts: Any) -> AgentView:
    """What the daemon says of one."""
    return mapping.agent(CoreView(name, activity=activity, **{"state": AgentState.RUNNING} | facts))


def does(word: Word, detail: str = "", since: float = 0.0) -> Activity:
    return Activity(word, detail, since)


@pytest.mark.parametrize(
    ("activity", "state", "kind", "message"),
    [
        (does(Word.STARTING), "working", "", "starting"),
        (does(Word.BUSY), "working", "", ""),
        (does(Word.BACKGROUND), "working", "", "background job"),
        (does(Word.IDLE), "idle", "", ""),
        (does(Word.IDLE, "finished, not looked at yet"), "done", "", "finished, not looked at yet"),
        (does(Word.IDLE, "leaving"), "idle", "", "leaving"),
        (does(Word.RUNNING), "idle", "", ""),
        (does(Word.RUNNING, "it rang"), "done", "", "it rang"),
        (does(Word.ERROR, "rate limit"), "error", "", "rate limit"),
        (does(Word.NEEDS_YOU, "permission: Bash ls"), "blocked", "permission", "permission: Bash ls"),
        (does(Word.NEEDS_YOU, "permission prompt"), "blocked", "permission", "permission prompt"),
        (does(Word.NEEDS_YOU, "question: Which?"), "blocked", "question", "question: Which?"),
        (does(Word.NEEDS_YOU, "question"), "blocked", "question", "question"),
        (does(Word.NEEDS_YOU, "input needed"), "blocked", "question", "input needed"),
        (does(Word.NEEDS_YOU, "permission, in tests"), "blocked", "permission", "permission, in tests"),
        (does(Word.NEEDS_YOU, "login"), "blocked", "auth", "login"),
        (does(Word.NEEDS_YOU, "dialog open"), "blocked", "", "dialog open"),
        (does(Word.NEEDS_YOU), "blocked", "", "needs you"),
    ],
)
def test_a_word_is_a_state(activity: Activity, state: str, kind: str, message: str) -> None:
    record = agent_record(agent(activity=activity))
    assert record is not None
    assert (record.id, record.title) == ("qa", "qa")
    assert (record.state.value, record.kind, record.message) == (state, kind, message)


def test_an_agent_whose_program_does_not_run() -> None:
    wrong = agent(wrong="another image", activity=does(Word.BUSY))
    killed = agent(state=AgentState.ENDED, ending=Ending(137, "out of memory"))
    failed = agent(state=AgentState.FAILED, trouble=EngineError("no image", hint=""))
    for each, message in (
        (wrong, "another image"),
        (killed, "exit code 137 (out of memory)"),
        (failed, "no image"),
    ):
        record = agent_record(each)
        assert record is not None
        assert (record.state, record.message) == (ProgramState.ERROR, message)
    assert agent_record(agent(activity=does(Word.UNKNOWN, "sources disagree"))) is None
    assert agent_record(agent(state=AgentState.ENDED, ending=Ending(0))) is None
    assert agent_record(agent(state=AgentState.ENDED, ending=Ending(137, asked=True))) is None
    assert agent_record(agent(state=AgentState.ABSENT)) is None


def test_the_root_says_what_matters_most_and_who_has_waited_longest() -> None:
    agents = [agent("a", does(Word.IDLE)), agent("b", does(Word.RUNNING, "it rang"))]
    wanted = [("done", "b: it rang")]
    for more, said in (
        (agent("c", does(Word.BUSY)), ("working", "")),
        (agent("d", does(Word.ERROR, "billing", 5)), ("error", "d: billing")),
        (agent("e", does(Word.NEEDS_YOU, "question: x", 7)), ("blocked", "e: question: x")),
        (agent("f", does(Word.NEEDS_YOU, "login", 6)), ("blocked", "f: login (and 1 more)")),
    ):
        agents.append(more)
        wanted.append(said)
    for count, said in enumerate(wanted, 2):
        root, *children = outer_records("project", agents[:count])
        assert (root.id, root.app, root.title) == ("", "qms-tui", "project")
        assert (root.state.value, root.message) == said
        assert [child.title for child in children] == [each.name for each in agents[:count]]
    assert outer_records("project", []) == [
        StatusRecord("", ProgramState.IDLE, app="qms-tui", title="project")
    ]


def test_names_become_different_ids() -> None:
    names = ["qa", "a" * 32, "a" * 33, "a" * 34, "a" * 63, "a" * 62 + "b", "tu_1"]
    ids = [record_id(name) for name in names]
    assert ids[:2] == names[:2]
    assert len(set(ids)) == len(names)
    outer = Outer()
    outer.records = outer_records("p", [agent(name, does(Word.IDLE)) for name in names])
    outer.open()
    assert [child.title for child in outer.terminal.status.children] == names
