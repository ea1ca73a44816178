"""Names, arguments and variables may hold any bytes: no command ends with a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .test_main import environment

__all__ = ["environment"]
BYTES = {"latin-1": b"caf\xe9", "half an emoji": b"\xed\xa0\xbd"}


@pytest.fixture(params=BYTES)
def word(request: pytest.FixtureRequest) -> str:
    return os.fsdecode(BYTES[request.param])


def run(root: Path, environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[bytes]:
    argv = [sys.executable, "-m", "qms_tui", *words]
    return subprocess.run(
        argv,
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )


def make_project(root: Path, word: str) -> Path:
    for folder in (".claude/agents", ".claude/users/qa/inbox", f".claude/users/{word}/inbox"):
        (root / folder).mkdir(parents=True)
    for name in ("qa", word):
        (root / f".claude/agents/{name}.md").write_text("You are an agent.\n")
    (root / f".claude/users/qa/inbox/{word}.md").write_text(
        "---\ntype: message\nfrom: bu\nsubject: hi\n---\n"
    )
    return root


@pytest.mark.parametrize(
    "words",
    [("ps",), ("inbox",), ("doctor",), ("mcp",), ("trust", "--show"), ("log", "qa"), ("stop", "--all")],
)
def test_a_project_may_be_called_anything(
    tmp_path: Path, environment: dict[str, str], word: str, words: tuple[str, ...]
) -> None:
    done = run(make_project(tmp_path / word, word), environment, *words)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode in (0, 1, 2), said
    assert "unexpected" not in said
    if words == ("doctor",):
        assert "the path is not UTF-8" in said


@pytest.mark.parametrize("name", ["DOCKER_HOST", "DOCKER_CONTEXT"])
def test_an_engine_is_called_by_text(
    tmp_path: Path, environment: dict[str, str], word: str, name: str
) -> None:
    del environment["DOCKER_HOST"]
    done = run(make_project(tmp_path / "project", word), environment | {name: word}, "mcp")
    assert done.returncode == 2
    assert f"{name} is not UTF-8" in done.stderr.decode()


def test_arguments_may_be_any_bytes(tmp_path: Path, environment: dict[str, str], word: str) -> None:
    root = make_project(tmp_path / "project", word)
    for words in (
        (word,),
        ("send", "qa", "--subject", word, "body"),
        ("--project", word, "ps"),
        ("log", word),
    ):
        done = run(root, environment, *words)
        assert (done.returncode, b"unexpected" in done.stderr) == (2, False)
