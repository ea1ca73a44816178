"""Crashes of the real program: what is on the screen, and what is in the report and what is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import qms_tui
from qms_tui.report import files, report_crash
from qms_tui.report.crash import crash_in_lines
from tests.tui import Tui

SECRETS = {
    "ANTHROPIC_API_KEY": "sk-ant-api03-not-a-real-one", "DEPLOY_TOKEN": "opensesame",
    "HTTPS_PROXY": "http://me:hunter2@proxy.invalid:3128", "ORDINARY": "some value of mine",
}  # fmt: skip
ABSENT = (*SECRETS.values(), "hunter2", "swordfish", "Our-Secret-Plan", "b-e-a-r-e-r-1", "in a local")
FAULT = """
import sys
from qms_tui.ui.app import QmsTuiApp
from qms_tui.cli import run

def fail(app):
    local = "in a local"
    import os
    raise ZeroDivisionError(f"with {os.environ['DEPLOY_TOKEN']} and swordfish and {os.environ['ORDINARY']}")

QmsTuiApp.action_zoom = fail
sys.exit(run(sys.argv[1:]))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / ".claude").mkdir(parents=True)
    (root / "qms-tui.toml").write_text('[mcp.x]\nurl = "http://x.invalid/"\nheaders = ["X-Key: swordfish"]\n')
    return root


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    home = tmp_path / "home"
    log = home / "state" / "qms-tui" / "log" / "qms-tui.log"
    log.parent.mkdir(parents=True)
    log.write_text("2026-11-30 02:15:17,123 7 ERROR x: Authorization: Bearer b-e-a-r-e-r-1\n")
    return {
        "PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "TERM": "xterm-256color",
        "XDG_CONFIG_HOME": str(home / "config"), "XDG_STATE_HOME": str(home / "state"),
        "DOCKER_HOST": f"unix://{home}/no-engine.sock",
        "PYTHONPATH": str(Path(qms_tui.__file__).parent.parent), **SECRETS,
    }  # fmt: skip


def report(environment: dict[str, str], kind: str = "crash") -> Path:
    (path,) = (Path(environment["XDG_STATE_HOME"]) / "qms-tui" / "reports").glob(f"{kind}-*.txt")
    return path


def check(path: Path) -> str:
    text = path.read_text()
    assert [secret for secret in ABSENT if secret in text] == []
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    for title in ("versions", "command", "terminal", "settings", "log"):
        assert f"\n== {title}\n" in text
        assert f"\n== {title}\n(this part failed" not in text
    assert f"qms-tui {qms_tui.__version__}\n" in text
    assert "\ntextual " in text
    return text


def test_the_screen_fails(project: Path, environment: dict[str, str]) -> None:
    command = ("--runtime", "local", "--command", "cat Our-Secret-Plan", "claude")
    with Tui(*command, cwd=project, env=environment, program=(sys.executable, "-c", FAULT)) as tui:
        tui.wait("opened for the first time")
        tui.type("o")
        tui.wait("1 claude")
        tui.type("\x1bOS")  # F4
        assert tui.end() == 1
        path = report(environment)
        said = " ".join(tui.text.split())
        assert "the screen failed; please read this report, and send it:" in said
        assert path.name in tui.text.replace("\n", "").replace(" ", "")
        assert "Traceback" not in tui.text
    text = check(path)
    assert "builtins.ZeroDivisionError: with [hidden] and [hidden] and [hidden]\n" in text
    assert " in fail\n" in text
    assert "--runtime" in text
    assert "TERM=xterm-256color" in text
    assert "a terminal of 140x36" in text
    assert "mcp.x.headers = (1, not shown)" in text


THREAD = """
import sys, threading
from qms_tui.ui.app import QmsTuiApp
from qms_tui.cli import run

def fail():
    raise ZeroDivisionError("in a thread, with swordfish")

QmsTuiApp.action_zoom = lambda app: threading.Thread(target=fail).start()
sys.exit(run(sys.argv[1:]))
"""


def test_a_thread_fails_behind_the_screen(project: Path, environment: dict[str, str]) -> None:
    command = ("--runtime", "local", "--command", "cat", "claude")
    folder = Path(environment["XDG_STATE_HOME"]) / "qms-tui" / "reports"
    with Tui(*command, cwd=project, env=environment, program=(sys.executable, "-c", THREAD)) as tui:
        tui.wait("opened for the first time")
        tui.type("o")
        tui.wait("1 of 1 running")
        tui.type("\x1bOS")
        tui.until(lambda: any(path.read_text() for path in folder.glob("crash-*.txt")))  # once it is written
        assert "ZeroDivisionError" not in tui.text
        tui.type("\x11")
    assert "in a thread, with [hidden]" in check(report(environment))


def test_a_keeper_fails(environment: dict[str, str]) -> None:
    code = (
        "import sys, os; os.fork = lambda: 0; os.setsid = lambda: None\n"
        "import qms_tui.keeper.process as process\n"
        "def fail(words): raise ZeroDivisionError('swordfish')\n"
        "process.serve = fail; from qms_tui.keeper.__main__ import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, timeout=60)
    assert done.returncode == 1
    assert "== command\n" in report(environment).read_text()


def test_a_broken_installation(project: Path, environment: dict[str, str], tmp_path: Path) -> None:
    for name in ("click", "platformdirs"):
        (tmp_path / "broken" / name).mkdir(parents=True)
        (tmp_path / "broken" / name / "__init__.py").write_text("raise ImportError('broken swordfish')\n")
    environment["PYTHONPATH"] = f"{tmp_path / 'broken'}:{environment['PYTHONPATH']}"
    done = subprocess.run(
        [sys.executable, "-m", "qms_tui", "ps"], cwd=project, env=environment, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    path = report(environment)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "qms-tui: something unexpected went wrong: ImportError: broken swordfish",
        f"  agents in containers are not affected; please read this report, and send it: {path}",
    ]
    assert "builtins.ImportError: broken [hidden]" in check(path)


def test_doctor_writes_one(project: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "qms_tui", "doctor", "--report"], cwd=project, env=environment,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    path = report(environment, "doctor")
    assert done.stdout == f"{path}\n"
    text = check(path)
    assert "cannot reach the engine" in text
    assert str(environment["HOME"]) not in text


def test_nobody_else_reads_or_plants_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path = report_crash(ValueError("x" * 10**6), ["ps"])
    assert path is not None
    assert path.stat().st_size <= files.LARGEST
    assert report_crash(ValueError(), []) is None  # a file of that name is there: never over it
    outside = tmp_path / "outside"
    outside.mkdir()
    monkeypatch.setattr(files, "state_folder", lambda: Path("/proc/nowhere"))
    assert report_crash(ValueError(), []) is None


def test_only_the_newest_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = files.state_folder() / "reports"
    folder.mkdir(parents=True)
    for second in range(files.MOST + 5):
        (folder / f"crash-20200101-0000{second:02}-1.txt").touch()
    (folder / "mine.txt").touch()
    path = files.write("doctor", "x" * (2 * files.LARGEST))
    names = sorted(os.listdir(folder))
    assert len(names) == files.MOST + 1
    assert {"mine.txt", path.name} <= set(names)
    assert path.stat().st_size <= files.LARGEST
    assert path.read_text().endswith("the rest is left out\n")


def test_an_error_that_cannot_be_shown_and_one_for_ever() -> None:
    class Odd(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    first, second = Odd(), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert "\n".join(crash_in_lines(first)).count("\nafter\n") <= 8

    def deeper(left: int) -> None:
        if not left:
            raise ValueError("deep")
        deeper(left - 1)

    with pytest.raises(ValueError, match="deep") as caught:
        deeper(300)
    assert len(list(crash_in_lines(caught.value))) < 70
