"""A broken or newer configuration file does not keep anybody from looking."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .test_main import Run, environment, project, run

__all__ = ["environment", "project", "run"]
FAULT = "qms-tui.toml: future_key: no such key"
NO_ENGINE = "cannot reach the engine"


@pytest.fixture
def broken(project: Path) -> Path:
    (project / "qms-tui.toml").write_text("theme = 'light'\nfuture_key = true\n[agent.qa]\nmemory = '1g'\n")
    return project


@pytest.mark.parametrize(
    "words", ["inbox", "mcp", "send qa --subject x a-message", "trust --show", "trust --revoke"]
)
def test_what_only_looks_works_and_says_it(run: Run, broken: Path, words: str) -> None:
    done = run(*words.split())
    assert (done.returncode, done.stderr.count(FAULT)) == (0, 1)


@pytest.mark.parametrize("words", ["ps", "stop --all", "prune --yes", "unpause qa"])
def test_what_asks_the_engine_gets_as_far(run: Run, broken: Path, words: str) -> None:
    done = run(*words.split())
    assert FAULT in done.stderr
    assert NO_ENGINE in done.stderr


def test_doctor_has_a_line_for_it(run: Run, broken: Path) -> None:
    done = run("doctor")
    assert done.returncode == 1
    assert FAULT in done.stdout
    assert str(broken) in done.stdout


def test_what_starts_agents_wants_a_whole_file(run: Run, broken: Path) -> None:
    for words in ([], ["local"]):
        done = run(*words)
        assert (done.returncode, FAULT in done.stderr) == (2, True)


def test_config_prints_the_rest_of_a_file(run: Run, broken: Path) -> None:
    done = run("config")
    assert (done.returncode, done.stderr.count(FAULT)) == (2, 1)
    assert re.search(r'^theme += "light"', done.stdout, re.MULTILINE)


def test_what_nobody_has_read_is_not_trusted(run: Run, broken: Path) -> None:
    done = run("trust")
    assert done.returncode == 2
    assert f"cannot be trusted: {FAULT}" in done.stderr
    assert done.stderr.splitlines()[-1] == "  mend that, then: qms-tui trust"


@pytest.mark.parametrize("content", [b"\xff\xfe", b"theme = \n", b"\xef\xbb\xbf\xef\xbb\xbf"])
@pytest.mark.parametrize("whose", ["project", "user"])
def test_neither_does_a_file_that_is_no_configuration(
    run: Run, project: Path, environment: dict[str, str], content: bytes, whose: str
) -> None:
    own = Path(environment["XDG_CONFIG_HOME"], "qms-tui")
    own.mkdir(parents=True)
    (project / "qms-tui.toml" if whose == "project" else own / "config.toml").write_bytes(content)
    done = run("inbox")
    assert (done.returncode, done.stdout) == (0, "nothing is waiting\n")
    assert "line 1" in done.stderr
