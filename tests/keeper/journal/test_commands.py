"""`qms-tui record` and `qms-tui log` as a person has them."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

import qms_tui
from tests.keeper.journal.tape import Tape

Run = Callable[..., subprocess.CompletedProcess[str]]
ENGINE = "unix:///nowhere/engine.sock"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with claude, qa and bu."""
    root = tmp_path / "project"
    (root / ".claude" / "agents").mkdir(parents=True)
    for name in ("qa", "bu"):
        (root / ".claude" / "agents" / f"{name}.md").write_text("")
    return root


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    home = tmp_path / "home"
    home.mkdir()
    return {
        "PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "TZ": "UTC", "DOCKER_HOST": ENGINE,
        "XDG_CONFIG_HOME": str(home / "config"), "XDG_STATE_HOME": str(home / "state"),
        "PYTHONPATH": str(Path(qms_tui.__file__).parent.parent),
    }  # fmt: skip


@pytest.fixture
def run(project: Path, environment: dict[str, str]) -> Run:
    def run(*args: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "qms_tui", *args], cwd=project, env=environment | more, text=True,
            capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False,
        )  # fmt: skip

    return run


@pytest.fixture
def tape(project: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Tape:
    """The journal of qa."""
    from qms_tui.keeper.paths import agent_folder

    monkeypatch.setenv("XDG_STATE_HOME", environment["XDG_STATE_HOME"])
    return Tape(agent_folder(project, ENGINE, "qa"))


def test_log_prints_what_was_shown(run: Run, tape: Tape) -> None:
    tape.say("one\r\ntwo\x1b[31m red\r\n")
    result = run("log", "qa")
    assert (result.returncode, result.stdout, result.stderr) == (0, "one\ntwo red\n", "")


def test_log_finds(run: Run, tape: Tape) -> None:
    tape.say("".join(f"CR-{number:03} approved\r\n" for number in range(100)))
    assert run("log", "qa", "--grep", r"CR-0[45]6").stdout == "CR-046 approved\nCR-056 approved\n"
    assert run("log", "qa", "--grep", "nothing like it").stdout == ""


def test_log_since(run: Run, tape: Tape) -> None:
    import time

    tape.wall = time.time() - 7200
    tape.writer.rotate(tape.terminal.save())
    tape.say("old\r\n" * 100)
    tape.wait(7000)
    tape.say("new\r\n" * 100)
    assert run("log", "qa").stdout.split().count("old") == 100
    assert run("log", "qa", "--since", "10m").stdout.split().count("old") < 10
    assert run("log", "qa", "--since", "3h").stdout.split().count("old") == 100


def test_nothing_since_then_is_not_nothing_at_all(run: Run, tape: Tape) -> None:
    tape.say("old\r\n\x1b[2J\x1b[H\x1b[3J")
    result = run("log", "qa", "--since", "2030-01-01T12:00:00")
    first, hint = result.stderr.splitlines()
    assert (result.returncode, result.stdout) == (2, "")
    assert first.endswith("nothing is recorded of 'qa' in project since 2030-01-01 12:00:00")
    assert hint.endswith(f"the last of it is from {datetime.fromtimestamp(tape.wall, UTC):%Y-%m-%d %H:%M:%S}")


def test_a_reader_that_has_seen_enough_is_no_fault(
    tape: Tape, environment: dict[str, str], project: Path
) -> None:
    tape.say("".join(f"line {number}\r\n" for number in range(20_000)))
    command = f"{sys.executable} -m qms_tui log qa | head -n 1"
    result = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], cwd=project, env=environment, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert (result.returncode, result.stdout, result.stderr) == (0, "line 0\n", "")


def test_an_expression_that_takes_for_ever_is_given_up(run: Run, tape: Tape) -> None:
    tape.say("a" * 39 + "\r\n")
    result = run("log", "qa", "--grep", "(a+)+b")
    assert result.returncode == 2
    assert "takes too long" in result.stderr


def test_record_writes_a_file_of_the_owners_alone(run: Run, tape: Tape, project: Path) -> None:
    tape.say("hello\r\n", 1)
    result = run("record", "qa", "--output", "f.cast")
    assert result.returncode == 0
    assert "asciinema play f.cast" in result.stderr
    head, event = map(json.loads, (project / "f.cast").read_text().splitlines())
    assert head["title"] == "qa in project"
    assert event == [1.0, "o", "hello\r\n"]
    assert stat.S_IMODE((project / "f.cast").stat().st_mode) == 0o600
    assert sorted(path.name for path in project.iterdir()) == [".claude", "f.cast"]


def test_record_writes_over_nothing_unasked(run: Run, tape: Tape, project: Path) -> None:
    tape.say("hello\r\n")
    (project / "f.cast").write_text("precious")
    result = run("record", "qa", "-o", "f.cast")
    assert result.returncode == 2
    assert "--force" in result.stderr
    assert (project / "f.cast").read_text() == "precious"
    assert run("record", "qa", "-o", "f.cast", "--force").returncode == 0
    assert "hello" in (project / "f.cast").read_text()


def test_record_to_standard_output(run: Run, tape: Tape) -> None:
    tape.say("漢字\r\n", 1)
    head, event = map(json.loads, run("record", "qa", "-o", "-").stdout.splitlines())
    assert head["version"] == 2
    assert event[2] == "漢字\r\n"


@pytest.mark.parametrize(
    ("args", "message", "hint"),
    [
        (["log", "qaa"], "no agent 'qaa' in project", "did you mean qa?"),
        (["log", "../qa"], "'../qa' cannot be an agent's name", "small letters"),
        (["log", "bu"], "nothing is recorded of 'bu' in project", "from its start"),
        (["record", "bu", "-o", "f.cast"], "nothing is recorded of 'bu' in project", "from its start"),
        (["record", "qa", "-o", "nowhere/f.cast"], "No such file or directory", "another place"),
        (["record", "qa", "-o", "."], "exists", "--force"),
        (["record", "qa", "-o", ".", "--force"], "is no file", "standard output"),
        (["record", "qa"], "Missing option", "--help"),
        (["log", "qa", "--since", "yesterday"], "--since: 'yesterday' is no time", "10m, 2h, 1d, 14:30"),
        (["log", "qa", "--since", "25:00"], "--since: '25:00' is no time", ""),
        (["log", "qa", "--grep", "a(b"], "'a(b' is no regular expression", "backslash"),
        (["log"], "Missing argument", "--help"),
    ],
)
def test_wrong_input(run: Run, tape: Tape, project: Path, args: list[str], message: str, hint: str) -> None:
    tape.say("x")
    result = run(*args)
    first, *rest = result.stderr.splitlines()
    assert result.returncode == 2
    assert message in first
    assert hint in " ".join(rest)
    assert len(rest) <= 1
    assert [path.name for path in project.iterdir()] == [".claude"]


def test_a_journal_of_an_agent_that_is_no_more_is_still_there(run: Run, tape: Tape, project: Path) -> None:
    tape.say("farewell\r\n")
    (project / ".claude" / "agents" / "qa.md").unlink()
    assert run("log", "qa").stdout == "farewell\n"


def test_engines_do_not_mix(run: Run, tape: Tape) -> None:
    tape.say("x\r\n")
    assert "nothing is recorded" in run("log", "qa", DOCKER_HOST="unix:///another.sock").stderr


def test_damage_is_said_beside_what_is_left(run: Run, tape: Tape) -> None:
    tape.say("one\r\n")
    tape.say("two\r\n")
    [path] = tape.folder.iterdir()
    content = bytearray(path.read_bytes())
    content[-6] ^= 1
    path.write_bytes(content)
    result = run("log", "qa")
    assert (result.returncode, result.stdout) == (0, "one\n")
    assert "00000001.journal: a record whose checksum is wrong" in result.stderr


def test_a_linked_folder_is_refused(run: Run, tape: Tape, tmp_path: Path) -> None:
    tape.folder.rename(tmp_path / "moved")
    tape.folder.symlink_to(tmp_path / "moved")
    result = run("log", "qa")
    assert result.returncode == 2
    assert "is a link" in result.stderr
