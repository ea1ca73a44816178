"""The log file, set up in processes of their own: logging is global."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LOG = Path("state", "qms-tui", "log", "qms-tui.log")


def run(tmp_path: Path, code: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}
    prelude = "import logging; from qms_tui.log import setup_logging\n"
    return subprocess.run(
        [sys.executable, "-c", prelude + code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_it_goes_to_a_private_file_and_not_to_the_screen(tmp_path: Path) -> None:
    done = run(tmp_path, "print(setup_logging('info')); logging.getLogger('x').error('hello')")
    assert (done.stdout.strip(), done.stderr) == (str(tmp_path / LOG), "")
    assert (tmp_path / LOG).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / LOG).parent.stat().st_mode & 0o777 == 0o700
    assert "ERROR x: hello" in (tmp_path / LOG).read_text()


def test_libraries_are_quiet(tmp_path: Path) -> None:
    run(
        tmp_path,
        "setup_logging('debug')\n"
        "for name in ('docker.api', 'urllib3', 'asyncio', 'mine'): logging.getLogger(name).debug('d')",
    )
    (line,) = (tmp_path / LOG).read_text().splitlines()
    assert line.endswith("DEBUG mine: d")


def test_nothing_in_it_pretends_to_be_an_entry_or_moves_the_cursor(tmp_path: Path) -> None:
    run(tmp_path, "setup_logging('info'); logging.error('a\\x1b[2J\\n2026 ERROR forged\\udc80')")
    first, second = (tmp_path / LOG).read_text().splitlines()
    assert first.endswith("a\N{REPLACEMENT CHARACTER}[2J")
    assert second == "    2026 ERROR forged\\udc80"


def test_it_is_bounded(tmp_path: Path) -> None:
    run(tmp_path, "setup_logging('info')\nfor _ in range(100): logging.info('x' * 100_000)")
    files = sorted((tmp_path / LOG).parent.iterdir())
    assert [file.name for file in files] == ["qms-tui.log", "qms-tui.log.1", "qms-tui.log.2"]
    assert sum(file.stat().st_size for file in files) <= 3 * 2 * 2**20
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_no_folder_no_log_no_failure(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    done = run(tmp_path, "print(setup_logging('info')); logging.error('lost')")
    assert (done.stdout.strip(), done.stderr, done.returncode) == ("None", "", 0)


def test_a_planted_link_or_pipe_gets_nothing(tmp_path: Path) -> None:
    (tmp_path / LOG).parent.mkdir(parents=True)
    (tmp_path / LOG).symlink_to(tmp_path / "elsewhere")
    assert run(tmp_path, "print(setup_logging('info'))").stdout.strip() == "None"
    assert not (tmp_path / "elsewhere").exists()
    (tmp_path / LOG).unlink()
    os.mkfifo(tmp_path / LOG)
    assert run(tmp_path, "print(setup_logging('info'))").stdout.strip() == "None"
