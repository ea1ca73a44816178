"""Which agents share a login."""

from __future__ import annotations

from pathlib import Path

import pytest

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


@pytest.mark.parametrize("name", ["ANTHROPIC_AUTH_TOKEN", KEY, "CLAUDE_CODE_OAUTH_TOKEN"])
def test_the_same_login_from_two_places_is_shared(tmp_path: Path, name: str) -> None:
    """Of the environment, of an env_file and of another one; not one of the same name and another value."""
    same, also, other = (tmp_path / each for each in ("same", "also", "other"))
    for file, value in ((same, "hush"), (also, "hush"), (other, "silence")):
        file.write_text(f"{name}={value}\n")
    configs = [
        AgentConfig(name="claude", env=(name,)),
        AgentConfig(name="qa", env_file=same),
        AgentConfig(name="bu", env_file=also),
        AgentConfig(name="tu_ui", env_file=other),
    ]
    assert shared_logins(configs, {name: "hush"}) == [f"shared login of claude, qa, bu: {name}"]


@pytest.mark.parametrize("cloud", ["BEDROCK", "VERTEX", "FOUNDRY"])
def test_agents_of_a_cloud_share_what_it_logs_them_in_with(tmp_path: Path, cloud: str) -> None:
    account = {"BEDROCK": "AWS_PROFILE", "VERTEX": "GOOGLE_APPLICATION_CREDENTIALS"}.get(cloud, "AZURE_X")
    switch = f"CLAUDE_CODE_USE_{cloud}"
    configs = []
    for agent, value in (("claude", "one"), ("qa", "one"), ("bu", "two")):
        file = tmp_path / agent
        file.write_text(f"{switch}=1\n{account}={value}\n")
        configs.append(AgentConfig(name=agent, env_file=file))
    assert shared_logins(configs, {}) == [f"shared login of claude, qa: {switch}"]


def test_a_file_with_two_names_is_one_login(tmp_path: Path) -> None:
    token, link = tmp_path / "token", tmp_path / "link"
    token.write_text("hush")
    link.symlink_to(token)
    configs = [AgentConfig(name="claude", token_file=token), AgentConfig(name="qa", token_file=link)]
    assert shared_logins(configs, {}) == [f"shared login of claude, qa: {token}"]


def test_programs_of_this_machine_share_what_it_has() -> None:
    configs = [AgentConfig(name="claude"), AgentConfig(name="qa"), AgentConfig(name="bu", command=("sh",))]
    assert shared_logins(configs, {KEY: "hush"}, isolated=False) == [f"shared login of claude, qa: {KEY}"]
    assert shared_logins(configs, {KEY: "hush"}) == []


def test_the_way_that_the_client_takes() -> None:
    names = ("CLAUDE_CODE_OAUTH_TOKEN", KEY, "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_USE_BEDROCK")
    host = dict.fromkeys(names, "1")
    for count in range(1, len(names) + 1):
        assert login(AgentConfig(env=names[:count]), host, isolated=True) == names[count - 1]
    file = Path("/t")
    assert login(AgentConfig(env=(KEY,), token_file=file), host, isolated=True) == "its token_file"
    cloud = AgentConfig(env=(names[-1],), token_file=file)
    assert login(cloud, host, isolated=True) == names[-1]
