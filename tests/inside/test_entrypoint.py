"""The program that runs first in a container, run here as it is run there: by its path, isolated."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ENTRYPOINT = Path(__file__).parents[2] / "docker/inside/entrypoint.py"
OUR_SETTINGS = str(ENTRYPOINT.with_name("settings.json"))
KEY = "sk-ant-api03-0123456789abcdefghijklmnopqrstuvwxyz"
CLIENT = """#!/bin/sh
echo "client [$*]"
"""
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """As it is before the first start of all."""
    folder = tmp_path / "config"
    folder.mkdir()
    return folder


@pytest.fixture
def run(tmp_path: Path, config: Path) -> Run:
    """`run("claude", ..., NAME=value)`: in a project's folder, with a stand-in for the client."""
    for name in ("bin", "project"):
        (tmp_path / name).mkdir()
    client = tmp_path / "bin/claude"
    client.write_text(CLIENT)
    client.chmod(0o755)

    def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        own = {"PATH": f"{tmp_path}/bin:/usr/bin:/bin", "CLAUDE_CONFIG_DIR": str(config), "QMS_USER": "qa"}
        return subprocess.run(
            [sys.executable, "-I", ENTRYPOINT, *command],
            env=own | environment,
            cwd=tmp_path / "project",
            capture_output=True,
            text=True,
            timeout=30,
        )

    return run


def read(file: Path) -> dict[str, Any]:
    found = json.loads(file.read_text())
    assert isinstance(found, dict)
    return found


def test_it_becomes_the_command(run: Run) -> None:
    ran = run("claude", "--model", "opus", "two words")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "client [--model opus two words]\n", "")


def test_without_a_command_it_is_the_client(run: Run) -> None:
    assert run().stdout == "client []\n"


@pytest.mark.parametrize(("command", "code"), [("no-such-program", 127), ("/etc", 126)])
def test_a_command_that_cannot_run(run: Run, command: str, code: int) -> None:
    ran = run(command)
    assert ran.returncode == code
    assert command in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_first_run_is_answered(run: Run, config: Path, tmp_path: Path) -> None:
    run("claude", QMS_TUI_THEME="light")
    known = read(config / ".claude.json")
    assert known["hasCompletedOnboarding"] is True
    assert known["theme"] == "light"
    assert known["projects"] == {str(tmp_path / "project"): {"hasTrustDialogAccepted": True}}
    assert "customApiKeyResponses" not in known
    assert read(config / "settings.json")["permissions"] == {
        "defaultMode": "default",
        "disableAutoMode": "disable",
    }
    assert (config / ".claude.json").stat().st_mode & 0o777 == 0o600


def test_what_is_known_stays(run: Run, config: Path, tmp_path: Path) -> None:
    here = str(tmp_path / "project")
    (config / ".claude.json").write_text(
        json.dumps(
            {
                "theme": "dark-daltonized",
                "oauthAccount": {"emailAddress": "x"},
                "projects": {
                    here: {"history": ["\ud83d\ude00"]},
                    "/other": {"hasTrustDialogAccepted": False},
                },
            }
        )
    )
    (config / "settings.json").write_text(
        '{"permissions": {"allow": ["Edit"], "defaultMode": "plan"}, "model": "opus"}'
    )
    run("claude", QMS_TUI_THEME="light")
    known = read(config / ".claude.json")
    assert known["theme"] == "dark-daltonized"
    assert known["oauthAccount"] == {"emailAddress": "x"}
    assert known["projects"][here] == {"history": ["\U0001f600"], "hasTrustDialogAccepted": True}
    assert known["projects"]["/other"] == {"hasTrustDialogAccepted": False}
    settings = read(config / "settings.json")
    assert settings["permissions"]["allow"] == ["Edit"]
    assert settings["permissions"]["defaultMode"] == "plan"
    assert settings["model"] == "opus"


def test_a_second_run_writes_nothing(run: Run, config: Path) -> None:
    run("claude")
    files = [config / ".claude.json", config / "settings.json"]
    before = [(file.read_bytes(), file.stat().st_ino) for file in files]
    run("claude")
    assert [(file.read_bytes(), file.stat().st_ino) for file in files] == before


@pytest.mark.parametrize("broken", [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 200_000])
def test_a_broken_file_is_set_aside(run: Run, config: Path, broken: bytes) -> None:
    (config / ".claude.json").write_bytes(broken)
    ran = run("claude")
    assert ran.stdout == "client []\n"
    (aside,) = config.glob(".claude.json.broken-*")
    assert aside.read_bytes() == broken
    assert f"is set aside as {aside.name}" in ran.stderr
    assert read(config / ".claude.json")["hasCompletedOnboarding"] is True
    assert read(config / "qms-tui/identity.json")["notes"] == [ran.stderr.removeprefix("qms-tui: ").strip()]


@pytest.mark.parametrize("plant", ["fifo", "folder"])
def test_what_is_no_file_is_set_aside_too(run: Run, config: Path, plant: str) -> None:
    place = config / "settings.json"
    os.mkfifo(place) if plant == "fifo" else place.mkdir()
    assert run("claude").stdout == "client []\n"
    assert len(list(config.glob("settings.json.broken-*"))) == 1
    assert read(place)["permissions"]


def test_a_folder_that_cannot_be_written_stops_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = run("claude", CLAUDE_CONFIG_DIR=str(tmp_path / "file"))
    assert ran.stdout == "client []\n"
    assert "cannot be written" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_an_api_key_is_approved_once(run: Run, config: Path) -> None:
    (config / ".claude.json").write_text(
        json.dumps({"customApiKeyResponses": {"approved": ["a"], "rejected": ["b", KEY[-20:]]}})
    )
    for _ in range(2):
        run("claude", ANTHROPIC_API_KEY=KEY)
    answers = read(config / ".claude.json")["customApiKeyResponses"]
    assert answers == {"approved": ["a", KEY[-20:]], "rejected": ["b"]}
    assert KEY not in "".join(file.read_text() for file in config.rglob("*") if file.is_file())


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (("--permission-mode", "bypassPermissions"), True),
        (("--permission-mode=bypassPermissions",), True),
        (("--dangerously-skip-permissions",), True),
        (("--permission-mode", "plan"), False),
    ],
)
def test_bypassing_is_only_for_who_asks(
    run: Run, config: Path, arguments: tuple[str, ...], asked: bool
) -> None:
    run("claude", *arguments)
    assert read(config / "settings.json").get("skipDangerousModePermissionPrompt", False) is asked


def test_another_program_gets_no_client_files(run: Run, config: Path) -> None:
    assert run("sh", "-c", "echo $QMS_USER").stdout == "qa\n"
    assert not (config / ".claude.json").exists()
    assert read(config / "qms-tui/identity.json")["program"] == "sh"


def test_it_tells_who_runs(run: Run, config: Path, tmp_path: Path) -> None:
    run("claude")
    told = read(config / "qms-tui/identity.json")
    assert (told["agent"], told["uid"], told["gid"]) == ("qa", os.getuid(), os.getgid())
    assert (told["project"], told["program"]) == (str(tmp_path / "project"), "claude")
    assert told["domain"] == os.readlink("/proc/self/ns/pid")
    assert abs(told["started"] - time.time()) < 30
    assert (config / "qms-tui").stat().st_mode & 0o777 == 0o700


def test_its_number_is_the_commands(run: Run, config: Path) -> None:
    ran = run("sh", "-c", "echo $$")
    assert read(config / "qms-tui/identity.json")["pid"] == int(ran.stdout)


@pytest.mark.parametrize(
    ("arguments", "environment", "woken"),
    [
        (("--settings", OUR_SETTINGS), {}, True),
        (("--settings", OUR_SETTINGS), {"QMS_TUI_WAKE": "auto"}, True),
        (("--settings", OUR_SETTINGS), {"QMS_TUI_WAKE": "off"}, False),
        (("--settings", "/other.json"), {}, False),
        ((), {}, False),
    ],
)
def test_it_tells_whether_it_will_be_woken(
    run: Run, config: Path, arguments: tuple[str, ...], environment: dict[str, str], woken: bool
) -> None:
    run("claude", *arguments, **environment)
    assert read(config / "qms-tui/identity.json")["wake"] is woken


@pytest.mark.parametrize(
    ("name", "empty"),
    [
        ("instructions.jsonl", ""),
        ("hooks.jsonl", ""),
        ("status.json", "{}"),
        ("waiter.json", '{"armed": false}'),
    ],
)
def test_what_the_container_before_said_is_forgotten(run: Run, config: Path, name: str, empty: str) -> None:
    (config / "qms-tui").mkdir()
    (config / "qms-tui" / name).write_text("of the container before\n")
    run("claude")
    assert (config / "qms-tui" / name).read_text() == empty


def test_what_was_announced_is_not_forgotten(run: Run, config: Path) -> None:
    (config / "qms-tui").mkdir()
    (config / "qms-tui/announced.json").write_text("{}")
    run("claude")
    assert (config / "qms-tui/announced.json").read_text() == "{}"
