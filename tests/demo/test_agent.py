"""The scripted agent on a real PTY, driven as somebody at a pane would."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from qms_tui.demo import agent_command, agent_environment
from qms_tui.demo.qms import Qms

from .conftest import NOON, AgentOnPty

Start = Callable[..., AgentOnPty]


def _run(project: Path, typed: bytes, **env: str) -> subprocess.CompletedProcess[bytes]:
    """The agent without a terminal: its input from a pipe."""
    return subprocess.run(
        agent_command(),
        cwd=project,
        env=agent_environment("qa", {"PATH": os.environ["PATH"]}) | env,
        input=typed,
        capture_output=True,
        timeout=60,
        check=False,
    )


def _inbox(project: Path, agent: str) -> Path:
    return project / ".claude" / "users" / agent / "inbox"


def test_it_says_who_it_is_and_asks(start: Start) -> None:
    agent = start("qa", columns=60)
    assert "Quality assurance" in agent.text
    assert "\x1b]0;qa\x07" in agent.raw
    assert "\x1b[1;38;5;" in agent.raw
    agent.wait(lambda: "qa>" in agent.rows, "the prompt")


def test_a_name_with_an_m_in_it_has_a_whole_prompt(start: Start) -> None:
    agent = start("tu_ui")
    agent.type("whoami\r")
    agent.expect("tu_ui  Technical unit")


def test_every_command_is_in_the_help_and_no_line_is_wider_than_60(start: Start) -> None:
    agent = start(columns=60, lines=50)
    text = agent.command("help")
    for name in ("route DOC to AGENT", "review", "approve", "message", "work", "page", "exit"):
        assert name in text
    assert all(len(line) <= 60 for line in text.split("\r\n"))


@pytest.mark.parametrize("word", ["colours", "colors", "COLOURS"])
def test_colours(start: Start, word: str) -> None:
    agent = start(columns=60)
    text = agent.command(word)
    for name in ("bold", "faint", "italic", "underline", "strike", "inverse"):
        assert name in text
    for code in ("\x1b[31m", "\x1b[107m", "\x1b[48;5;231m", "\x1b[38;2;255;0;0;", "\x1b[3m", "\x1b[9m"):
        assert code in agent.raw


def test_unicode_and_size_and_whoami(start: Start) -> None:
    agent = start(columns=71, lines=19)
    assert "こんにちは世界" in agent.command("unicode")
    assert "71 x 19" in agent.command("size")
    assert "Quality assurance" in agent.command("whoami")


def test_size_follows_a_resize(start: Start) -> None:
    agent = start()
    agent.resize(101, 33)
    assert "101 x 33" in agent.command("size")


def test_clear_leaves_the_prompt_only(start: Start) -> None:
    agent = start()
    agent.command("clear")
    agent.wait(lambda: agent.rows == ["qa>"] + [""] * 23, "an empty screen")


def test_work_ends_with_a_bell(start: Start) -> None:
    agent = start()
    text = agent.command("work 0.3")
    assert "reading documents" in text
    assert "done in 0.3 s\a" in text
    assert "\x1b]0;qa: working\x07" in agent.raw
    assert agent.raw.rindex("\x1b]0;qa\x07") > agent.raw.rindex("\x1b]0;qa: working\x07")


def test_ctrl_c_stops_work_and_keeps_the_agent(start: Start) -> None:
    agent = start()
    agent.type("work 60\r")
    agent.expect("reading documents")
    agent.type("\x03")
    agent.expect("stopped")
    agent.expect("qa> ")
    assert agent.raw.rindex("\x1b[?25h") > agent.raw.rindex("\x1b[?25l")
    assert "80 x 24" in agent.command("size")


def test_what_is_typed_during_work_comes_after_it(start: Start) -> None:
    agent = start()
    agent.type("work 0.5\r")
    agent.expect("reading documents")
    agent.type("size\r")
    assert "size" not in agent.expect("done in 0.5 s")
    agent.expect("80 x 24")


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "1e3", "601", "9" * 5000, "abc"])
def test_work_wants_a_number_of_seconds(start: Start, seconds: str) -> None:
    assert "not a number of seconds" in start().command(f"work {seconds}")


def test_routing_puts_a_task_into_the_other_inbox(start: Start, project: Path) -> None:
    claude, qa = start("claude"), start("qa")
    text = claude.command("route CR-001 to qa")
    assert "IN_PRE_REVIEW" in text
    assert (_inbox(project, "qa") / "task-CR-001-pre_review-v0-1.md").is_file()
    assert "1 item in your inbox" in qa.command("")
    assert "pre-review" in qa.command("inbox")
    assert "REVIEW REQUEST: CR-001" in qa.command("read 1")
    assert "claude has been told" in qa.command("review CR-001 recommend")
    assert "Your inbox is empty" in qa.text
    assert "1 item in your inbox" in claude.command("")
    assert "CR-001 REVIEW_RECOMMENDED" in claude.command("inbox")
    assert "is put away" in claude.command("done 1")
    assert "IN_PRE_APPROVAL" in claude.command("route cr-001 qa")
    assert "PRE_APPROVED, version 1.0" in qa.command("approve CR-001")
    assert "PRE_APPROVED" in claude.command("documents")


def test_rejecting(start: Start, qms: Qms) -> None:
    qms.route("SOP-002", to="qa", by="claude", now=NOON)
    agent = start()
    assert "recommend or reject?" in agent.command("review SOP-002 perhaps")
    assert "SOP-002 is DRAFT" in agent.command("review SOP-002 reject")


def test_a_message_arrives_as_it_was_typed(start: Start) -> None:
    claude, qa = start("claude"), start("qa")
    claude.command("message qa Grüße,   'it' \"is\" ready 🚀")
    text = qa.command("read 1")
    assert "Grüße,   'it' \"is\" ready 🚀" in text


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("colurs", "did you mean colours?"),
        ("xyzzy", "'help' lists the commands"),
        ("route", "write it like: route CR-001 to"),
        ("route CR-001 to nobody", "there is no agent nobody"),
        ("route ../../x to lead", "is not a document"),
        ("route CR-777 to lead", "there is no document CR-777"),
        ("review CR-001", "you have no review of CR-001"),
        ("approve", "approve which document?"),
        ("message", "to whom"),
        ("message ../x hello", "is not an agent's name"),
        ("read", "which item?"),
        ("read 7", "there is no item 7"),
        ("read ../../../../etc/passwd", "there is no such item"),
        ("done x.md", "there is no such item"),
        ("page CR-777", "there is no document CR-777"),
        ("exit 256", "0 to 255"),
        ("exit now", "0 to 255"),
    ],
)
def test_wrong_input_gets_a_line_and_a_hint(start: Start, line: str, answer: str) -> None:
    text = start(columns=100).command(line)
    assert answer in text


@pytest.mark.parametrize(
    "typed",
    [
        b"\xff\xfe\xc3(\r",
        b"x" * 20_000 + b"\r",
        b"   \r",
        b"\x1b[99;99Z\x1b\r",
        b"\x00\x01\x02\r",
        b"'\"`$(\\\r",
    ],
)
def test_whatever_is_typed_it_asks_again(start: Start, typed: bytes) -> None:
    agent = start()
    for start_of in range(0, len(typed), 1000):
        agent.type(typed[start_of : start_of + 1000])
        agent.read_some()  # its echo must not fill the PTY
    agent.type(b"\x15size\r")
    agent.expect("80 x 24")
    assert "Traceback" not in agent.text


def test_ctrl_c_at_the_prompt_drops_the_line(start: Start) -> None:
    agent = start()
    agent.type("half a li")
    agent.expect("half a li")
    agent.type("\x03")
    agent.expect("qa> ")
    assert "80 x 24" in agent.command("size")
    assert "there is no command" not in agent.text


@pytest.mark.parametrize(
    ("typed", "code"), [("\x04", 0), ("exit\r", 0), ("exit 3\r", 3), ("quit 255\r", 255)]
)
def test_exit_codes(start: Start, typed: str, code: int) -> None:
    agent = start()
    agent.type(typed)
    assert agent.ended() == code
    assert "Traceback" not in agent.text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("line", ["", "page\r", "work 60\r"])
def test_signals_end_it_silently_and_restore_the_screen(start: Start, number: int, line: str) -> None:
    agent = start()
    agent.type(line)
    if line:
        agent.wait(lambda: "\x1b[?25l" in agent.raw, "the command to run")
    agent.process.kill(number)
    assert agent.ended() == 128 + number
    assert "Traceback" not in agent.text
    assert "Exception" not in agent.text
    assert agent.raw.count("\x1b[?25l") == agent.raw.count("\x1b[?25h")
    assert agent.raw.count("\x1b[?1049h") == agent.raw.count("\x1b[?1049l")


def test_ctrl_c_held_down_ends_nothing(start: Start) -> None:
    agent = start()
    for line in ("", "page\r", "work 60\r"):
        agent.type(line)
        for _ in range(200):
            agent.type("\x03")
            agent.read_some(0)
        agent.insist("size\r", "80 x 24")
    assert "Traceback" not in agent.text


def test_a_terminal_that_goes_away_ends_it(start: Start) -> None:
    agent = start()
    agent.process.fileobj.close()
    agent.process.wait()
    assert agent.process.exitstatus == 128 + signal.SIGHUP


def test_the_page_scrolls_and_restores_the_screen(start: Start) -> None:
    agent = start(lines=12)
    agent.type("page\r")
    agent.wait(lambda: "lines 1-11 of" in agent.rows[-1], "the page")
    assert "\x1b[?1049h" in agent.raw
    for keys, status in (
        ("j", "lines 2-"),
        ("\x1b[B\x1bOB", "lines 4-"),
        ("k", "lines 3-"),
        ("g", "lines 1-"),
    ):
        agent.type(keys)
        agent.wait(lambda status=status: status in agent.rows[-1], status)  # type: ignore[misc]
    agent.type("q")
    agent.expect("qa> ")
    for mode in ("1049", "1000", "1006", "1"):
        assert f"\x1b[?{mode}l" in agent.raw
    assert "80 x 12" in agent.command("size")


def test_the_page_follows_the_size(start: Start) -> None:
    agent = start()
    agent.type("page sop-002\r")
    agent.wait(lambda: "SOP-002  lines 1-23 of" in agent.rows[-1], "the page")
    agent.resize(60, 10)
    agent.wait(lambda: "lines 1-9 of" in agent.rows[-1], "the smaller page")
    agent.resize(100, 40)
    agent.wait(lambda: "lines 1-39 of" in agent.rows[-1], "the larger page")
    agent.type("\x03")
    agent.expect("qa> ")


def test_the_prompt_knows_a_size_that_changed_during_a_page(start: Start) -> None:
    agent = start()
    agent.type("page\r")
    agent.wait(lambda: "lines 1-23 of" in agent.rows[-1], "the page")
    agent.resize(40, 10)
    agent.wait(lambda: "lines 1-9 of" in agent.rows[-1], "the smaller page")
    agent.type("q")
    agent.expect("qa> ")
    assert "40 x 10" in agent.command("size")


def test_history_and_completion(start: Start) -> None:
    pytest.importorskip("readline")
    agent = start()
    agent.command("size")
    agent.type("\x1b[A\r")
    agent.expect("80 x 24")
    agent.expect("qa> ")
    agent.type("whoa\t\r")
    agent.expect("Quality assurance")
    agent.expect("qa> ")
    agent.type("route cr-001 to cl\t\r")
    agent.expect("claude has a task")


def test_hostile_items_are_shown_without_what_a_terminal_obeys(start: Start, project: Path) -> None:
    inbox = _inbox(project, "qa")
    (inbox / "a\x1b[2J\n[@click=app.quit]x.md").write_bytes(
        b"\x1b]0;owned\x07\x9b31m\xc2\x9b31m\xff\r\x08evil"
    )
    (inbox / "b.md").write_bytes(bytes(range(256)) * 100)
    (inbox / "c.md").symlink_to("/etc/passwd")
    os.mkfifo(inbox / "d.md")
    with open(inbox / "e.md", "wb") as big:
        big.truncate(50_000_000)
    (inbox / "f.md").write_text('---\ntype: message\nfrom: "\x1b[5m"\nsubject: "x\\u001b[2J\\ny"\n---\n')
    agent = start(lines=60)
    before = len(agent.raw)
    text = agent.command("inbox")
    assert "6 items in your inbox" in text
    assert text.count("\r\n") == 7
    for number in range(1, 7):
        agent.command(f"read {number}")
    printed = agent.raw[before:]
    for bad in ("owned\x07", "\x1b[2J", "\x1b[5m", "\x9b", "\x08", "root:"):
        assert bad not in printed
    assert "cannot be read" in agent.text
    assert "Traceback" not in agent.text


def test_an_inbox_that_is_gone_is_empty(start: Start, project: Path) -> None:
    agent = start()
    _inbox(project, "qa").rmdir()
    assert "Your inbox is empty" in agent.command("inbox")
    _inbox(project, "qa").write_text("a file")
    assert "Your inbox is empty" in agent.command("inbox")


def test_a_project_that_is_read_only_or_gone_is_a_line(start: Start, project: Path) -> None:
    agent = start("claude")
    _inbox(project, "qa").rmdir()
    _inbox(project, "qa").write_text("a file")
    text = agent.command("route CR-001 to qa")
    assert "that did not work" in text or "not a plain file" in text
    assert "80 x 24" in agent.command("size")


@pytest.mark.parametrize(
    ("env", "words"), [({"QMS_USER": ""}, "QMS_USER"), ({"QMS_USER": "../x"}, "not an agent's")]
)
def test_it_does_not_start_as_nobody(project: Path, env: dict[str, str], words: str) -> None:
    done = _run(project, b"", **env)
    assert done.returncode == 2
    assert words in done.stdout.decode()
    assert done.stderr == b""


def test_it_does_not_start_outside_a_project(tmp_path: Path) -> None:
    done = _run(tmp_path, b"")
    assert done.returncode == 2
    assert b"no QMS project" in done.stdout


def test_it_works_from_a_pipe(project: Path) -> None:
    done = _run(project, b"size\npage\nwork 0.1\n\xff\xff\nexit 4\n")
    assert done.returncode == 4
    assert b"Document control" in done.stdout
    assert done.stderr == b""


def test_no_color_is_respected(project: Path) -> None:
    done = _run(project, b"help\ninbox\n", NO_COLOR="1")
    assert b"\x1b" not in done.stdout
    assert done.returncode == 0


def test_it_runs_without_readline(project: Path, start: Start, tmp_path: Path) -> None:
    (tmp_path / "readline.py").write_text("raise ImportError('no readline here')")
    agent = start(PYTHONPATH=str(tmp_path))
    assert "80 x 24" in agent.command("size")
    agent.type("abc\x03")
    agent.expect("qa> ")
    agent.type("\x04")
    assert agent.ended() == 0


def test_only_the_standard_library_is_imported(project: Path) -> None:
    code = "import sys, qms_tui.demo.agent; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env=agent_environment("qa", {"PATH": os.environ["PATH"]}),
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    )
    ours = [name for name in done.stdout.split() if name.startswith("qms_tui.")]
    allowed = ("qms_tui.demo", "qms_tui.errors", "qms_tui.files", "qms_tui.status_report")
    assert all(name.startswith(allowed) for name in ours)
    assert not {"textual", "rich", "yaml", "click", "pyte", "docker", "wcwidth"} & set(done.stdout.split())
