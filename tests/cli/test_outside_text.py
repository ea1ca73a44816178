"""A project, files and an engine with hostile names, through every command: none is printed raw."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import qms_tui
from qms_tui.keeper.journal import JournalWriter
from qms_tui.keeper.paths import agent_folder
from qms_tui.terminal import Terminal
from qms_tui.text.printable import plain

EVIL = "evil\x1b]0;taken over\x07\x1b[31m\x9b2J\x7f\u202egnp\u2066\u2028\U000e0061\nqms-tui: forged"
SHOWN = "evil?]0;taken over??[31m?2J??gnp????qms-tui: forged".replace("?", "\ufffd")
RAW = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)

OWN_WORDS_ONLY = {"completion.py", "building.py", "streams.py", "trust_question.py"}  # by `plain`, the second
PRINTS = re.compile(r"\bclick\.(?:echo|secho)\(|\bprint\(|\bsys\.std(?:out|err)\.(?:write|buffer)")

Run = Callable[..., str]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a folder with a hostile name, and an item with one in claude's inbox."""
    root = tmp_path / EVIL
    definitions = root / ".claude" / "agents"
    definitions.mkdir(parents=True)
    (definitions / "qa.md").write_text("You are qa.\n")
    inbox = root / ".claude" / "users" / "claude" / "inbox"
    inbox.mkdir(parents=True)
    (inbox / f"{EVIL}.md").write_text("hello\n")
    (root / "qms-tui.toml").write_text('[agent]\ncommand = "true"\n')
    return root


@pytest.fixture
def run(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run(*args)`: qms-tui in the project, with no engine; all that it prints."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{home}/{EVIL}.sock")
    monkeypatch.setenv("PYTHONPATH", str(Path(qms_tui.__file__).parent.parent))
    monkeypatch.setenv("LANG", "C.UTF-8")

    def run(*args: str, only_result: bool = False) -> str:
        result = subprocess.run(
            [sys.executable, "-m", "qms_tui", *args], cwd=project, capture_output=True, encoding="utf-8",
            stdin=subprocess.DEVNULL, timeout=60, check=False,
        )  # fmt: skip
        assert "Traceback" not in result.stderr
        return result.stdout if only_result else result.stdout + result.stderr

    return run


@pytest.mark.parametrize(
    ("args", "named"),
    [
        (["ps"], True),
        (["ps", "--json"], True),
        (["ps", "--all-projects"], True),
        (["prune", "--yes"], True),
        (["stop", "--all"], True),
        (["stop", "nobody"], True),
        (["nobody"], True),
        (["log", "qa"], True),
        (["log", "qa", "--since", EVIL], False),
        (["log", EVIL], True),
        (["record", "qa", "-o", "-"], True),
        (["record", "qa", "-o", f"/{EVIL}"], True),
        (["trust"], True),
        (["trust", f"/{EVIL}"], True),
        (["doctor"], True),
        (["inbox"], True),
        (["inbox", "nobody"], True),
        (["config"], False),
        (["mcp"], False),
        (["build", "--base", EVIL], False),
        (["send", "qa", "--subject", "x", "--file", EVIL], True),
        (["send", EVIL, "--subject", EVIL, "a message"], False),
        (["--project", f"/{EVIL}", "ps"], True),
        (["--config", f"/{EVIL}", "ps"], True),
        ([f"--{EVIL}"], True),
    ],
    ids=lambda value: " ".join(plain(word)[:12] for word in value) if isinstance(value, list) else "",
)
def test_nothing_is_printed_raw(run: Run, args: list[str], named: bool) -> None:
    printed = run(*args)
    assert printed
    assert not RAW.search(printed)
    assert "\nqms-tui: forged" not in printed
    assert ("evil" in printed) >= named


def test_commands_print_in_one_place() -> None:
    folder = Path(qms_tui.__file__).with_name("cli")
    printing = {path.name for path in folder.glob("*.py") if PRINTS.search(path.read_text())}
    assert printing == {"printing.py", *OWN_WORDS_ONLY}


def test_what_was_not_safe_can_be_seen(run: Run) -> None:
    assert f"/{SHOWN}\n" in run("trust")


@pytest.mark.parametrize("args", [["doctor", "--json"], ["inbox", "--json"], ["mcp", "--json"]], ids=str)
def test_json_is_exact_and_not_raw(run: Run, args: list[str]) -> None:
    printed = run(*args, only_result=True)
    assert not RAW.search(printed)
    document = json.loads(printed)
    if args[0] == "inbox":
        assert [item["file"] for item in document] == [f"{EVIL}.md"]


def test_a_log_and_a_recording_are_not_raw(run: Run, project: Path) -> None:
    folder = agent_folder(project, os.environ["DOCKER_HOST"], "qa")
    writer = JournalWriter(folder)
    writer.open(Terminal(80, 24).save())
    writer.start(EVIL, EVIL, time.time())
    writer.output("left\u202eright\u061c\U000e0061 👩‍👩‍👧\u2028 \x1b G\x9b1m end\r\n".encode())
    writer.end(1, EVIL)
    writer.close()
    log = run("log", "qa")
    assert "leftright 👩‍👩‍👧" in log
    assert "gnp" in log
    assert not RAW.search(log)
    recorded = run("record", "qa", "-o", "-", only_result=True)
    assert not RAW.search(recorded)
    assert "left\u202eright" in "".join(json.loads(line)[2] for line in recorded.splitlines()[1:])
