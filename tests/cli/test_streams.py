"""Closed, full and abandoned streams: one line and what to do, never a traceback, never silence."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import qms_tui
from tests.tui import Tui
from tests.ui.local_screen import LocalScreen, leave

Shell = Callable[..., tuple[int, str, str]]
QMS_TUI = (sys.executable, "-m", "qms_tui")
CLOSED = "qms-tui: standard output cannot be written to: it is closed\n  open it; >/dev/null drops"
FULL = "qms-tui: standard output cannot be written to: No space left on device\n  make room there"
NO_TERMINAL = "qms-tui: standard input is no terminal\n  run qms-tui in a terminal"


@pytest.fixture
def screen(tmp_path: Path) -> LocalScreen:
    return LocalScreen(tmp_path)


@pytest.fixture
def shell(screen: LocalScreen) -> Shell:
    """`shell("config >&-")`: status, standard output and standard error of qms-tui in a shell."""
    own = {"DOCKER_HOST": f"unix://{screen.home}/none", "PYTHONPATH": str(Path(qms_tui.__file__).parents[1])}

    def run(line: str, buffered: bool = True) -> tuple[int, str, str]:
        env = os.environ | screen.environment | own | {"PYTHONUNBUFFERED": "" if buffered else "1"}
        command = f"set -o pipefail; {shlex.join(QMS_TUI)} {line}"
        done = subprocess.run(
            ["bash", "-c", command], cwd=screen.root, env=env, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stdout + done.stderr
        assert "Exception ignored" not in done.stderr
        assert "unexpected" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.mark.parametrize("words", ["--version", "--help", "config", "inbox"])
def test_output_that_takes_nothing(shell: Shell, words: str) -> None:
    status, _, said = shell(f"{words} >&-")
    assert (status, said.startswith(CLOSED)) == (2, True)
    for buffered in (True, False) if words == "config" else (True,):
        status, _, said = shell(f"{words} >/dev/full", buffered)
        assert (status, said.startswith(FULL)) == (2, True)
    assert shell(f"{words} | true")[::2] == (0, "")


@pytest.mark.parametrize("errors", ["2>&-", "2>/dev/full"])
def test_complaints_go_where_somebody_may_read_them(shell: Shell, errors: str) -> None:
    status, shown, _ = shell(f"nobody {errors}")
    assert status == 2
    assert shown.startswith("qms-tui: no agent 'nobody' in project\n")
    assert shell(f"ps {errors}")[1].startswith("qms-tui: cannot reach the engine")
    assert shell(f"--version {errors}")[:2] == (0, f"qms-tui {qms_tui.__version__}\n")


def test_the_place_of_a_closed_stream_is_nobody_elses(shell: Shell, screen: LocalScreen) -> None:
    """The log was opened as standard error, and complaints stood in it."""
    shell("nobody 2>&- <&-")
    shell("ps 2>&-")
    logs = [path.read_text() for path in screen.home.rglob("*.log")]
    assert not [text for text in logs if text.startswith("qms-tui:") or "\nqms-tui:" in text]


def test_a_closed_input_is_no_empty_message(shell: Shell, screen: LocalScreen) -> None:
    status, _, said = shell("send qa --subject x - <&-")
    assert (status, said.startswith("qms-tui: standard input: ")) == (2, True)
    assert not list(screen.root.rglob("inbox/*.md"))


def test_a_reader_that_leaves_early_ends_no_work(shell: Shell, screen: LocalScreen) -> None:
    recipients = "qa bu tu_1 tu_2 tu_3"
    assert shell(f"send {recipients} --subject x 'some words' | true")[::2] == (0, "")
    assert len(list(screen.root.rglob("inbox/*.md"))) == 5


@pytest.mark.parametrize("wrong", ["<&-", "</dev/null", "< <(echo x)"])
def test_the_screen_without_a_keyboard(shell: Shell, wrong: str) -> None:
    for words in ("demo", "--runtime local --command cat qa"):
        status, _, said = shell(f"{words} {wrong}")
        assert (status, said.startswith(NO_TERMINAL)) == (2, True)


def on_terminal(screen: LocalScreen, redirection: str, **env: str) -> Tui:
    """The screen in a terminal, but for one of its streams."""
    line = f'exec "$@" {redirection}'
    words = ("--runtime", "local", "--command", "cat", "qa")
    environment = screen.environment | env
    return Tui(*words, cwd=screen.root, env=environment, program=("sh", "-c", line, "sh", *QMS_TUI))


@pytest.mark.parametrize("redirection", ["2>errors", "2>&-", "2>/dev/full"])
def test_the_screen_is_painted_on_the_terminal(screen: LocalScreen, redirection: str) -> None:
    with on_terminal(screen, redirection) as tui:
        tui.wait("1 of 1 running", "● running")
        tui.type("hello\r")
        tui.wait("┃hello ")
        leave(tui)
    assert [path.read_text() for path in screen.root.glob("errors")] in ([], [""])


@pytest.mark.parametrize(
    ("redirection", "line", "remedy"),
    [
        ("<&-", "standard input is no terminal", "run qms-tui in a terminal"),
        ("</dev/null", "standard input is no terminal", "run qms-tui in a terminal"),
        (">/dev/full", "standard output is no terminal", "run qms-tui in a terminal"),
        (">&-", "standard output cannot be written to: it is closed", "open it"),
    ],
)
def test_a_terminal_without_one_stream(screen: LocalScreen, redirection: str, line: str, remedy: str) -> None:
    with on_terminal(screen, redirection) as tui:
        assert tui.end() == 2
        assert f"qms-tui: {line}\n  {remedy}" in squeezed(tui)


@pytest.mark.parametrize(("term", "said"), [("dumb", "TERM is 'dumb'"), ("", "TERM is not set")])
def test_a_terminal_that_cannot_show_a_screen(screen: LocalScreen, term: str, said: str) -> None:
    with on_terminal(screen, "", TERM=term) as tui:
        assert tui.end() == 2
        assert f"qms-tui: {said}: that terminal cannot show the screen\n  run qms-tui in another" in squeezed(
            tui
        )


def squeezed(tui: Tui) -> str:
    return "\n".join(row.rstrip() for row in tui.terminal.display)
