"""The command line: what is typed wrong gets one line, a hint and exit status 2, never a traceback."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ptyprocess import PtyProcess

import qms_tui

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with claude, qa and tu_ui."""
    root = tmp_path / "project"
    (root / ".claude" / "agents").mkdir(parents=True)
    for name in ("qa", "tu_ui"):
        (root / ".claude" / "agents" / f"{name}.md").write_text(f"You are {name}.\n")
    return root


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A home of its own, and no engine anywhere."""
    home = tmp_path / "home"
    home.mkdir()
    own = {name: str(home / name) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME")}
    code = str(Path(qms_tui.__file__).parent.parent)
    return {
        "PATH": os.environ["PATH"], "HOME": str(home), "TERM": "xterm-256color", "LANG": "C.UTF-8",
        "DOCKER_HOST": f"unix://{home}/no-engine.sock", "PYTHONPATH": code, **own,
    }  # fmt: skip


@pytest.fixture
def run(project: Path, environment: dict[str, str]) -> Run:
    """`run(*args, cwd=...)`: qms-tui as its own process, without a terminal."""

    def run(*args: str, cwd: Path = project, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "qms_tui", *args], cwd=cwd, env=environment | more, text=True,
            capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False,
        )  # fmt: skip

    return run


@pytest.mark.parametrize(
    ("args", "message", "hint"),
    [
        (["qaa"], "no agent 'qaa' in project", "did you mean qa?"),
        (["nobody"], "no agent 'nobody' in project", "The roster: claude, qa, tu_ui"),
        (["qa", "qa"], "agent 'qa' is named twice", "name each agent once"),
        (["QA"], "'QA' cannot be an agent's name", "small letters"),
        (["qa", "ps"], "'ps' is a command of qms-tui, not an agent", "write: qms-tui ps"),
        (["--", "ps"], "'ps' is a command of qms-tui, not an agent", "write: qms-tui ps"),
        (["--project", "nowhere"], "no QMS project at", "--project"),
        (["--config", "missing.toml"], "missing.toml", ""),
        (["--runtime", "podman"], "'podman' is not one of", "see: qms-tui --help"),
        (["--command", "a 'b"], "--command", ""),
        (["--no-such-option"], "No such option", "see: qms-tui --help"),
        ([], "cannot reach the engine at unix://", "start Docker, or --runtime local, or try: qms-tui demo"),
        (["ps"], "cannot reach the engine", "qms-tui demo"),
        (["ps", "--all-projects"], "cannot reach the engine", "qms-tui demo"),
        (["ps", "--all-projects", "--usage"], "--usage is of one project's agents", "leave out"),
        (["prune", "--yes"], "cannot reach the engine", "qms-tui demo"),
        (["stop"], "stop which agents?", "--all"),
        (["trust", "--show", "--revoke"], "these options do not go together", "qms-tui trust --help"),
        (["trust", "--adopt", "qa"], "no config folder of qa was set aside", "nothing to take back"),
        (["--runtime", "local"], "standard input is no terminal", "in a terminal"),
        (["demo"], "standard input is no terminal", "in a terminal"),
        (["demo", "--keep", "."], "", ""),
    ],
)
def test_wrong_input(run: Run, args: list[str], message: str, hint: str) -> None:
    result = run(*args)
    first, *rest = result.stderr.splitlines()
    assert result.returncode == 2
    assert first.startswith("qms-tui: ")
    assert message in first
    assert hint in " ".join(rest)
    assert "Traceback" not in result.stderr
    assert len(rest) <= 1


def test_outside_a_project(run: Run, tmp_path: Path) -> None:
    result = run(cwd=tmp_path / "home")
    assert result.returncode == 2
    assert "no QMS project here" in result.stderr
    assert "qms-tui demo" in result.stderr


def test_invalid_configuration_names_file_key_and_remedy(run: Run, project: Path) -> None:
    (project / "qms-tui.toml").write_text("[agent.qa]\nmemory = '4 gigs'\n")
    result = run()
    assert result.returncode == 2
    assert "qms-tui.toml: agent.qa.memory: '4 gigs' is not a size" in result.stderr
    assert "'4g'" in result.stderr


def test_untrusted_project_file_is_said_and_trust_ends_it(run: Run, project: Path) -> None:
    (project / "qms-tui.toml").write_text("[agent]\ncommand = 'evil'\n[terminal]\nscrollback = 77\n")
    before = run("config")
    assert "qms-tui trust" in before.stderr
    assert "evil" not in before.stdout
    assert re.search(r"scrollback += 77", before.stdout)
    trusting = run("trust")
    assert trusting.returncode == 0
    assert "agent.command" in trusting.stdout
    after = run("config")
    assert after.stderr == ""
    assert "evil" in after.stdout


def test_version(run: Run) -> None:
    assert run("--version").stdout == f"qms-tui {qms_tui.__version__}\n"


def test_options_may_stand_before_a_command(run: Run, project: Path, tmp_path: Path) -> None:
    assert "no QMS project at" in run("--project", "/nowhere", "config").stderr
    result = run("--project", str(project), "config", cwd=tmp_path)
    assert result.returncode == 0
    assert "scrollback" in result.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(run: Run, shell: str) -> None:
    assert "_QMS_TUI_COMPLETE" in run("completion", shell).stdout


def test_completion_offers_agents_and_commands(run: Run) -> None:
    words = run(_QMS_TUI_COMPLETE="bash_complete", COMP_WORDS="qms-tui ", COMP_CWORD="1").stdout
    offered = {line.partition(",")[2] for line in words.splitlines()}
    assert {"claude", "qa", "tu_ui", "demo", "ps", "stop"} <= offered


def test_help_names_every_command(run: Run) -> None:
    text = run("--help").stdout
    for command in ("demo", "ps", "prune", "stop", "trust", "config", "completion"):
        assert f"\n  {command} " in text


def test_small_terminal_is_refused(project: Path, environment: dict[str, str]) -> None:
    argv = [sys.executable, "-m", "qms_tui", "--runtime", "local", "--command", "cat"]
    process = PtyProcess.spawn(argv, cwd=str(project), env=environment, dimensions=(9, 80))
    said = b""
    while True:
        try:
            said += process.read()
        except EOFError:
            break
    process.close()
    assert b"too small: 80x9" in said
    assert process.exitstatus == 2


_BROKEN = """
import sys
from qms_tui.cli import loading, run

def fail(*_):
    raise ZeroDivisionError("a fault of ours")

loading.find_project = fail
sys.exit(run(["ps"]))
"""


def test_a_fault_of_ours_goes_to_the_log(environment: dict[str, str], tmp_path: Path) -> None:
    """Also one from before the log was opened."""
    done = subprocess.run(
        [sys.executable, "-c", _BROKEN], cwd=tmp_path, env=environment, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    (report,) = tmp_path.rglob("reports/crash-*.txt")
    assert done.stderr.splitlines() == [
        "qms-tui: something unexpected went wrong: ZeroDivisionError: a fault of ours",
        f"  agents in containers are not affected; please read this report, and send it: {report}",
    ]
    (log,) = tmp_path.rglob("qms-tui.log")
    assert "Traceback" in log.read_text()


def test_a_demo_that_cannot_be_shown_makes_nothing(run: Run, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    result = run("demo", "--keep", str(kept))
    assert (result.returncode, "standard input is no terminal" in result.stderr) == (2, True)
    assert not kept.exists()


def test_help_is_made_of_sentences(run: Run) -> None:
    text = " ".join(run("inbox", "--help").stdout.split())
    assert "answers one of yours. Ends with status 2" in text
