"""The allow-list of variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from qms_tui.config import AgentConfig
from qms_tui.errors import ConfigError
from qms_tui.runtime.environment import inherited, passed_on


def test_only_what_is_named_passes() -> None:
    host = {"LANG": "de_DE", "TOKEN": "secret", "EMPTY": ""}
    assert passed_on(AgentConfig(env=("LANG", "EMPTY", "NOT_SET")), host) == {"LANG": "de_DE", "EMPTY": ""}
    assert passed_on(AgentConfig(), host) == {}


def test_a_file_adds_and_goes_before_the_host(tmp_path: Path) -> None:
    file = tmp_path / "agent.env"
    file.write_text("# a comment\n\n  \nLANG=C\nKEY=a=b c \nQUOTED='x'\nEMPTY=\n")
    assert passed_on(AgentConfig(env=("LANG",), env_file=file), {"LANG": "de_DE"}) == {
        "LANG": "C",
        "KEY": "a=b c ",
        "QUOTED": "'x'",
        "EMPTY": "",
    }


@pytest.mark.parametrize(
    "line", ["no equals sign", "=value", "1ST=x", "with space=x", "export LANG=C", "a-b=c"]
)
def test_a_line_that_is_none_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "agent.env"
    file.write_text(f"LANG=C\n{line}\n")
    with pytest.raises(ConfigError, match=r"agent.env, line 2: not NAME=value"):
        passed_on(AgentConfig(env_file=file), {})


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"A=\xff\xfe")
    for name, reason in (("missing", "No such file"), (".", "directory"), ("binary", "not UTF-8")):
        with pytest.raises(ConfigError, match=reason):
            passed_on(AgentConfig(env_file=tmp_path / name), {})


def test_a_value_that_no_program_can_have(tmp_path: Path) -> None:
    (tmp_path / "agent.env").write_bytes(b"A=x\0y\n")
    with pytest.raises(ConfigError, match="line 1"):
        passed_on(AgentConfig(env_file=tmp_path / "agent.env"), {})


def test_a_file_that_is_too_large_is_not_cut_in_the_middle(tmp_path: Path) -> None:
    (tmp_path / "agent.env").write_text("A=1\n" * 20_000)
    with pytest.raises(ConfigError, match="larger than"):
        passed_on(AgentConfig(env_file=tmp_path / "agent.env"), {})


def test_programs_here_get_the_hosts_variables_and_our_terminal() -> None:
    host = {
        "PATH": "/bin",
        "TERM": "tmux-256color",
        "TMUX": "/tmp/x",
        "COLUMNS": "80",
        "KITTY_WINDOW_ID": "1",
    }
    assert inherited(host) == {"PATH": "/bin", "TERM": "xterm-256color", "COLORTERM": "truecolor"}
