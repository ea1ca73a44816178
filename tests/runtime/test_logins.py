"""Which agents share a login."""

from __future__ import annotations

from pathlib import Path

from qms_tui.config import AgentConfig
from qms_tui.runtime.logins import login, shared_logins, source, unset

KEY = "ANTHROPIC_API_KEY"


def test_where_a_login_comes_from() -> None:
    assert source(AgentConfig(), {KEY: "hush"}) == ""
    assert source(AgentConfig(env=(KEY,)), {}) == ""
    assert source(AgentConfig(env=(KEY,)), {KEY: "hush"}) == KEY
    assert source(AgentConfig(env=(KEY,), token_file=Path("/t")), {KEY: "hush"}) == "/t"


def test_shared_logins_are_named_and_never_shown() -> None:
    configs = [
        AgentConfig(name="claude", token_file=Path("/t")),
        AgentConfig(name="qa", token_file=Path("/t")),
        AgentConfig(name="bu", env=(KEY,)),
        AgentConfig(name="one"),
        AgentConfig(name="two"),
    ]
    assert shared_logins(configs, {KEY: "hush"}) == ["shared login of claude, qa: /t"]


def test_a_login_in_words(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text(f"{KEY}=hush\n")
    assert login(AgentConfig(token_file=Path("/t")), {}, isolated=True) == "its token_file"
    assert login(AgentConfig(env=(KEY,)), {KEY: "hush"}, isolated=True) == KEY
    assert login(AgentConfig(env_file=file), {}, isolated=True) == KEY
    assert login(AgentConfig(), {KEY: "hush"}, isolated=True) == ""
    assert login(AgentConfig(), {KEY: "hush"}, isolated=False) == KEY
    assert login(AgentConfig(env_file=tmp_path), {}, isolated=True) == ""
    assert unset(AgentConfig(env=(KEY,)), {}) == KEY
    assert unset(AgentConfig(env=(KEY,)), {KEY: "hush"}) == ""
