"""What the scripted agent reports of itself, as a real terminal at the other end reads it."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from qms_tui.demo.qms import Qms
from qms_tui.demo.status import APP
from qms_tui.terminal import STATUS_QUERY, ProgramState, StatusRecord

from .conftest import AgentOnPty

Start = Callable[..., AgentOnPty]
IDLE, WORKING, DONE = ProgramState.IDLE, ProgramState.WORKING, ProgramState.DONE
BLOCKED, ERROR = ProgramState.BLOCKED, ProgramState.ERROR
QUERY = STATUS_QUERY.decode()
REPORT = "\x1b]7501;state="


def _root(agent: AgentOnPty) -> StatusRecord:
    root = agent.terminal.status.root
    assert root is not None
    return root


def _wait(agent: AgentOnPty, state: ProgramState) -> StatusRecord:
    agent.wait(
        lambda: (root := agent.terminal.status.root) is not None and root.state is state,
        f"{state} to be reported",
    )
    return _root(agent)


def _passing(agent: AgentOnPty, state: ProgramState, progress: int = 0) -> StatusRecord:
    """The first report of that state, which may have been followed by another one by now."""

    def found() -> StatusRecord | None:
        fitting = (each for each in agent.reports if each.state is state and (each.progress or 0) >= progress)
        return next(fitting, None)

    agent.wait(lambda: found() is not None, f"{state} to be reported")
    record = found()
    assert record is not None
    return record


def _ask(agent: AgentOnPty, line: str) -> StatusRecord:
    """Type a line that makes the agent ask something; what it reports while it waits."""
    agent.type(f"{line}\r")
    agent.expect("answer> ")
    return _wait(agent, BLOCKED)


def test_it_asks_and_is_idle_at_its_first_prompt(start: Start) -> None:
    agent = start()
    assert _wait(agent, IDLE) == StatusRecord("", IDLE, app=APP)
    assert agent.raw.index(QUERY) < agent.raw.index("\x1b[c") < agent.raw.index(REPORT)


def test_a_terminal_that_does_not_answer_gets_no_report(start: Start) -> None:
    agent = start(is_mute=True)
    agent.command("work 0.1")
    agent.command("work 0.1 &")
    agent.command("xyzzy")
    agent.type("exit\r")
    agent.ended()
    assert agent.raw.count("\x1b]7501") == 1


def test_a_terminal_without_the_protocol_is_asked_and_not_waited_for(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = AgentOnPty._answer

    def old_terminal(agent: AgentOnPty, output: bytes) -> None:
        answer(agent, output.replace(STATUS_QUERY, b""))

    monkeypatch.setattr(AgentOnPty, "_answer", old_terminal)
    agent = start()
    agent.command("work 0.1")
    assert REPORT not in agent.raw


def test_what_is_typed_before_the_answer_is_kept(start: Start, project: Path) -> None:
    agent = AgentOnPty("qa", project, is_mute=True)
    try:
        agent.wait(lambda: "\x1b[c" in agent.raw, "the question")
        agent.type("whoami\rsi\x1b[A")
        agent.type(STATUS_QUERY + b"\x1b[?62;22c" + b"ze\r")
        agent.expect("Quality assurance")
        agent.expect("80 x 24")
        assert _wait(agent, IDLE)
        assert "there is no command" not in agent.text
    finally:
        agent.process.close(force=True)


def test_work_is_working_with_its_progress_then_done(start: Start) -> None:
    agent = start()
    agent.type("work 1\r")
    record = _passing(agent, WORKING)
    assert (record.message, record.app) == ("work 1", APP)
    _passing(agent, WORKING, progress=50)
    agent.expect("done in 1 s")
    assert _wait(agent, DONE) == StatusRecord("", DONE, app=APP)
    assert agent.raw.count(REPORT) < 30  # of a hundred drawings


@pytest.mark.parametrize("line", ["route CR-001 to qa", "message qa it is ready"])
def test_work_for_the_qms_is_a_turn(start: Start, line: str) -> None:
    agent = start("claude")
    agent.command(line)
    _wait(agent, DONE)
    assert f"{REPORT}working" in agent.raw


def test_what_only_shows_something_is_no_turn(start: Start) -> None:
    agent = start()
    for line in ("", "help", "inbox", "documents", "colours", "size", "whoami", "clear"):
        agent.command("message lead hello")
        _wait(agent, DONE)
        agent.command(line)
        _wait(agent, IDLE)
    assert agent.raw.count(f"{REPORT}done") == 8


def test_a_page_is_no_work(start: Start) -> None:
    agent = start()
    agent.type("page\r")
    agent.wait(lambda: "lines 1-" in agent.rows[-1], "the page")
    assert _root(agent).state is IDLE


def test_a_question_blocks_until_it_is_answered(start: Start) -> None:
    agent = start()
    for line, kind, message, answer, shown in (
        ("ask", "question", "Which document comes next?", "CR-056 né", "your answer: CR-056 né"),
        ("ask Is it  ready?", "question", "Is it ready?", "", "no answer"),
        ("permission", "permission", "run git push", "yes", "allowed"),
        ("permission", "permission", "run git push", "", "denied"),
        ("permission rm -r build", "permission", "run rm -r build", "Y", "allowed"),
        ("permission rm -r build", "permission", "run rm -r build", "no", "denied"),
        ("login", "auth", "sample account", "", "logged in"),
    ):
        assert _ask(agent, line) == StatusRecord("", BLOCKED, kind, app=APP, message=message)
        agent.type(f"{answer}\r")
        agent.expect(shown)
        agent.expect("qa> ")
        _wait(agent, DONE)


@pytest.mark.parametrize("key", ["\x03", "\x04"])
def test_a_question_can_be_left(start: Start, key: str) -> None:
    agent = start()
    _ask(agent, "ask")
    agent.type(key)
    agent.expect("stopped")
    agent.expect("qa> ")
    _wait(agent, IDLE)
    assert "80 x 24" in agent.command("size")


def test_interrupted_work_is_idle(start: Start) -> None:
    agent = start()
    agent.type("work 60\r")
    agent.expect("reading documents")
    agent.type("\x03")
    agent.expect("stopped")
    _wait(agent, IDLE)
    assert f"{REPORT}done" not in agent.raw


def test_a_command_that_fails_is_an_error_until_the_next(start: Start) -> None:
    agent = start()
    for line, message in (
        ("fail", "this failed, as you asked"),
        ("fail no network", "no network"),
    ):
        agent.command(line)
        assert _wait(agent, ERROR).message == message
        agent.command("size")
        _wait(agent, IDLE)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("colurs", "there is no command colurs"),
        ("route CR-777 to lead", "there is no document CR-777"),
        ("message nobody hello", "there is no agent nobody"),
        ("read 7", "there is no item 7"),
        ("work 601", "that is not a number of seconds"),
        ("work x &", "that is not a number of seconds"),
        ("page CR-777", "there is no document CR-777"),
    ],
)
def test_what_is_mistyped_is_no_failure(start: Start, line: str, complaint: str) -> None:
    agent = start()
    agent.command(line)
    assert complaint in agent.text
    _wait(agent, IDLE)


def test_something_can_come_after_a_while(start: Start) -> None:
    agent = start()
    agent.type("after 0.3 ask Is it ready?\r")
    assert _passing(agent, WORKING).message == "after 0.3 ask Is it ready?"
    assert _wait(agent, BLOCKED).message == "Is it ready?"
    agent.type("yes\r")
    agent.expect("your answer: yes")
    agent.expect("qa> ")
    _wait(agent, DONE)
    agent.command("after 0.1 fail no network")
    assert _wait(agent, ERROR).message == "no network"
    for line in (
        "after",
        "after 5",
        "after x ask",
        "after 1 after 1 size",
        "after 1 xyzzy",
        "after 999 size",
    ):
        assert "reading documents" not in agent.command(line)
        _wait(agent, IDLE)
    agent.type("after 60 ask\r")
    agent.expect("reading documents")
    agent.type("\x03")
    agent.expect("stopped")
    agent.expect("qa> ")
    _wait(agent, IDLE)
    assert "80 x 24" in agent.command("size")


def test_a_file_that_cannot_be_written_is_an_error(start: Start, project: Path) -> None:
    inbox = project / ".claude" / "users" / "qa" / "inbox"
    inbox.rmdir()
    inbox.write_text("a file")
    agent = start("claude")
    agent.command("message qa hello")
    assert _wait(agent, ERROR).message


def test_jobs_in_the_background_are_children(start: Start) -> None:
    agent = start()
    agent.command("work 60 &")
    agent.command("work 0.8 &")
    agent.wait(lambda: len(agent.terminal.status.children) == 2, "both jobs")
    job = next(each for each in agent.terminal.status.children if each.id == "job1")
    assert (job.state, job.title, job.app) == (WORKING, "work 60", APP)
    assert _wait(agent, DONE)  # the agent itself is free
    # the second one ends while nobody types
    agent.wait(lambda: [each.id for each in agent.terminal.status.children] == ["job1"], "its end")
    assert "✓ work 0.8 is done" in agent.command("")


@pytest.mark.parametrize("line", ["page", "ask", "work 60"])
def test_jobs_go_on_behind_other_commands(start: Start, line: str) -> None:
    agent = start()
    agent.command("work 0.5 &")
    agent.type(f"{line}\r")
    agent.wait(lambda: f"{REPORT}clear:id=job1" in agent.raw, "the job's end")
    assert agent.terminal.status.children == ()


@pytest.mark.parametrize("typed", ["\x04", "exit\r", "exit 3\r"])
def test_leaving_clears(start: Start, typed: str) -> None:
    agent = start()
    agent.command("work 60 &")
    agent.type(typed)
    agent.ended()
    assert agent.terminal.status.root is None
    assert agent.terminal.status.children == ()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize(
    ("line", "shown"),
    [("size", "80 x 24"), ("page", "lines 1-"), ("work 60", "reading documents"), ("ask", "answer> ")],
)
def test_signals_clear(start: Start, number: int, line: str, shown: str) -> None:
    agent = start()
    agent.command("work 60 &")
    agent.type(f"{line}\r")
    agent.expect(shown)
    agent.process.kill(number)
    assert agent.ended() == 128 + number
    assert agent.terminal.status.root is None
    assert agent.terminal.status.children == ()


def test_hostile_text_is_one_inert_line(start: Start, qms: Qms) -> None:
    agent = start()
    record = _ask(agent, "ask \x16\x1b]7501;state=clear\x16\x07 \u202e[red]x[/red]")
    assert record.message == "]7501;state=clear [red]x[/red]"
    assert agent.terminal.title == "qa"
