"""Whether an agent is logged in: the doctor and the lights give one answer, whatever the way."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from qms_tui.activity import Facts, Health, Light, Lights, Sight, shine
from qms_tui.activity.given import given
from qms_tui.config import AgentConfig, Config, Judged
from qms_tui.doctor import agents
from qms_tui.doctor.finding import Finding, Verdict
from qms_tui.programs.claude.reader import ClaudeReader
from qms_tui.programs.claude.rules import judge
from qms_tui.project import Project
from qms_tui.runtime.logins import project_login

CLOUDS = ("CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY")
KEYS = ("ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN")
HUSH = {"accessToken": "hush", "refreshToken": "hush"}
LATER, EARLIER = 4e12, 1.7e12  # milliseconds since 1970


class Agent:
    """qa of a project, with the files of an idle client."""

    def __init__(self, root: Path) -> None:
        self.folder, self.project = root / ".claude/users/qa/container", Project(root)
        self.env_file, self.began = root / "agent.env", time.time() - 60
        self.write("qms-tui/identity.json", {"pid": 7, "program": "claude", "started": self.began})
        at = (self.began + 1) * 1000
        session = {"pid": 7, "status": "idle", "startedAt": at, "statusUpdatedAt": at}
        self.write("sessions/7.json", session)

    def write(self, name: str, *documents: object) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(map(json.dumps, documents)))

    def light(self, config: Config, host: dict[str, str]) -> Light:
        reader, now, sight = ClaudeReader(self.project, "qa"), time.time(), Sight(self.began)
        report = reader.read(0.0)
        reader.close()
        gets = given(config, "qa", host, isolated=True, served=False)
        activity = judge(report, sight, now)[0]
        lights: Lights = shine(Facts(Light(Health.FINE, ""), activity, report, sight, gets), now)[0]
        return lights.login

    def finding(self, config: Config, host: dict[str, str]) -> Finding:
        said = agents.login(
            self.project, "qa", config.agent("qa"), host, time.time(), began=self.began,
            projects=project_login(config, "qa"),
        )  # fmt: skip
        return next(iter(said))


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    return Agent(tmp_path)


def config(trusted: bool = True, judged: tuple[Judged, ...] = (), **agent: Any) -> Config:
    return Config(every_agent=AgentConfig(**agent), trusted=trusted, judged=judged)


def assert_both(agent: Agent, config: Config, host: dict[str, str], health: Health) -> None:
    light, finding = agent.light(config, host), agent.finding(config, host)
    assert light.health is health, light
    wanted = {Health.FINE: Verdict.OK, Health.WRONG: Verdict.WARNING, Health.UNKNOWN: Verdict.OK}
    assert finding.verdict is wanted[health], finding
    assert "hush" not in f"{light} {finding}"


@pytest.mark.parametrize("name", [*CLOUDS, *KEYS])
@pytest.mark.parametrize("place", ["env", "env_file", "settings", "project"])
def test_every_variable_wherever_it_is_from(agent: Agent, name: str, place: str) -> None:
    value = "1" if name in CLOUDS else "hush"
    settings = json.dumps({"env": {name: value}}).encode()
    wanted, host = config(), {}
    match place:
        case "env":
            wanted, host = config(env=(name,)), {name: value}
        case "env_file":
            agent.env_file.write_text(f"# logs in\n{name}={value}\n")
            wanted = config(env_file=agent.env_file)
        case "settings":
            (agent.folder / "settings.json").write_bytes(settings)
        case "project":
            judged = Judged(".claude/settings.local.json", settings, program=False)
            wanted = config(judged=(judged,))
    assert_both(agent, wanted, host, Health.FINE)
    assert name in agent.light(wanted, host).why
    assert name in agent.finding(wanted, host).text


@pytest.mark.parametrize("name", CLOUDS)
@pytest.mark.parametrize("value", ["0", "false", "", "No"])
def test_a_cloud_that_is_switched_off_is_no_login(agent: Agent, name: str, value: str) -> None:
    assert_both(agent, config(env=(name, "X")), {name: value}, Health.WRONG if value else Health.UNKNOWN)


def test_a_helper_of_the_clients_settings(agent: Agent) -> None:
    agent.write("settings.json", {"apiKeyHelper": "/bin/hush"})
    assert_both(agent, config(), {}, Health.FINE)
    assert agent.finding(config(), {}).text == "logs in with apiKeyHelper of its settings"
    agent.write("settings.json", {"apiKeyHelper": " "})
    assert_both(agent, config(), {}, Health.WRONG)


def test_the_settings_of_a_project_that_is_not_trusted_are_not_read(agent: Agent) -> None:
    judged = (Judged(".claude/settings.json", b'{"apiKeyHelper": "/bin/hush"}', program=False),)
    assert_both(agent, config(trusted=True, judged=judged), {}, Health.FINE)
    assert_both(agent, config(trusted=False, judged=judged), {}, Health.WRONG)


@pytest.mark.parametrize(
    ("document", "health"),
    [
        (
            {"claudeAiOauth": {"accessToken": "hush", "refreshToken": "hush", "expiresAt": EARLIER}},
            Health.FINE,
        ),
        ({"claudeAiOauth": {"accessToken": "hush", "expiresAt": LATER}}, Health.FINE),
        ({"claudeAiOauth": {"accessToken": "hush", "expiresAt": EARLIER}}, Health.WRONG),
        ({"claudeAiOauth": {"accessToken": "hush", "expiresAt": "soon"}}, Health.WRONG),
        ({"claudeAiOauth": {"accessToken": ""}}, Health.WRONG),
        ({"claudeAiOauth": None}, Health.WRONG),
        ({"mcpOAuth": {"qms": {"accessToken": "hush"}}}, Health.WRONG),  # a server's, after /logout
    ],
)
def test_what_the_client_keeps(agent: Agent, document: object, health: Health) -> None:
    agent.write(".credentials.json", document)
    assert_both(agent, config(), {}, health)


def test_a_token_in_a_file(agent: Agent, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hush")
    assert_both(agent, config(token_file=tmp_path / "token"), {}, Health.FINE)


def test_what_turns_have_shown(agent: Agent) -> None:
    """A login in an image of one's own, say; and one that the model's maker refuses."""
    hook: dict[str, object] = {"at": agent.began + 10, "event": "Stop", "sub": False}
    agent.write("qms-tui/hooks.jsonl", hook)
    assert_both(agent, config(), {}, Health.FINE)
    refusal = {**hook, "event": "StopFailure", "error": "authentication_failed", "at": agent.began + 20}
    agent.write("qms-tui/hooks.jsonl", hook, refusal)
    key = config(env=("ANTHROPIC_API_KEY",))
    assert_both(agent, key, {"ANTHROPIC_API_KEY": "hush"}, Health.WRONG)
    agent.write("qms-tui/hooks.jsonl", {**hook, "at": agent.began - 10})  # of a program before
    assert_both(agent, config(), {}, Health.WRONG)


def test_a_variable_that_is_not_set_here(agent: Agent) -> None:
    assert_both(agent, config(env=("ANTHROPIC_AUTH_TOKEN",)), {}, Health.UNKNOWN)


def test_another_program_needs_no_login(agent: Agent) -> None:
    os.unlink(agent.folder / "sessions/7.json")
    agent.write("qms-tui/identity.json", {"pid": 7, "program": "bash", "started": agent.began})
    bash = config(command=("bash",))
    assert agent.light(bash, {}) == Light(Health.ABSENT, "none in this program")
    assert agent.finding(bash, {}).text == "needs no login: its program is not Claude Code"


def test_what_another_program_gets_is_no_login_of_its_own(agent: Agent) -> None:
    os.unlink(agent.folder / "sessions/7.json")
    agent.write("qms-tui/identity.json", {"pid": 7, "program": "bash", "started": agent.began})
    bash, host = config(command=("bash",), env=("ANTHROPIC_API_KEY",)), {"ANTHROPIC_API_KEY": "hush"}
    assert agent.light(bash, host) == Light(Health.ABSENT, "none in this program")
    assert agent.finding(bash, host).text == (
        "needs no login: its program is not Claude Code, and gets ANTHROPIC_API_KEY of your environment"
    )
