"""Which file wins, where a value came from, and what an untrusted project may do."""

from __future__ import annotations

import pytest

from qms_tui.config import Overrides, RuntimeKind, Source, read_files, settings_needing_trust, toml
from qms_tui.errors import ConfigError, UsageError

from .test_keys import GOOD, in_file, value_of
from .world import World

NEEDS_TRUST = {
    "agent.command",
    "agent.image",
    "agent.env",
    "agent.env_file",
    "agent.mounts",
    "agent.network",
    "agent.workdir",
    "terminal.clipboard",
    "engine.host",
    "engine.mcp_address",
    "engine.mcp_listen",
    "engine.runtime",
    "notify.command",
    "agent.permission_mode",
    "agent.tools",
    "agent.args",
    "agent.token_file",
    "agent.wake_prompt",
    "agent.wake_text",
    "agent.oci_runtime",
    "build.base",
    "build.client_version",
    "build.packages",
}
LIMITS = ("agent.memory", "agent.cpus", "agent.pids", "agent.open_files", "agent.file_size", "agent.disk")


@pytest.mark.parametrize(("key", "written", "value"), [case for case in GOOD if case[0] not in LIMITS])
def test_an_untrusted_project_sets_only_what_is_harmless(
    world: World, key: str, written: str, value: object
) -> None:
    before = value_of(world.load(), key)
    config = world.load_project(in_file(key, written))
    if key not in NEEDS_TRUST:
        assert value_of(config, key) == value
        assert config.notices == ()
        return
    assert value_of(config, key) == before
    assert config.notices == (
        f"qms-tui.toml is not trusted, ignored in it: {key} (qms-tui trust allows them)",
    )
    trusted = world.load_project(in_file(key, written), trusted=True)
    assert value_of(trusted, key) == value
    assert trusted.notices == ()


@pytest.mark.parametrize(
    ("key", "lower", "higher", "default"),
    [
        ("agent.memory", '"1g"', '"5g"', 4 * 2**30),
        ("agent.qa.memory", '"1g"', '"5g"', 4 * 2**30),
        ("agent.cpus", "1", "2.5", 2),
        ("agent.pids", "100", "513", 512),
        ("agent.open_files", "100", "4097", 4096),
        ("agent.file_size", '"1g"', '"9g"', 8 * 2**30),
        ("agent.disk", '"1g"', '"21g"', 20 * 2**30),
    ],
)
def test_an_untrusted_project_only_lowers_limits(
    world: World, key: str, lower: str, higher: str, default: int
) -> None:
    assert toml(value_of(world.load_project(in_file(key, lower)), key)) == lower
    config = world.load_project(in_file(key, higher))
    assert value_of(config, key) == default
    assert key in config.notices[0]
    assert toml(value_of(world.load_project(in_file(key, higher), trusted=True), key)) == higher


def test_one_notice_names_a_few_keys(world: World) -> None:
    text = "".join(f'[agent.a{n}]\nimage = "x"\n' for n in range(9))
    (notice,) = world.load_project(text).notices
    assert notice == (
        "qms-tui.toml is not trusted, ignored in it: agent.a0.image, agent.a1.image, agent.a2.image, "
        "agent.a3.image, agent.a4.image, agent.a5.image and 3 more (qms-tui trust allows them)"
    )


def test_trust_ends_when_the_file_changes(world: World) -> None:
    assert world.load_project('[agent]\nimage = "a"\n', trusted=True).agent("qa").image == "a"
    config = world.load_project('[agent]\nimage = "b"\n')
    assert config.agent("qa").image == "qms-tui-agent"
    assert config.notices[0].startswith(
        "qms-tui.toml has changed since you trusted it, ignored in it: agent.image"
    )


def test_a_wrong_value_is_said_even_where_it_would_be_ignored(world: World) -> None:
    with pytest.raises(ConfigError):
        world.load_project("[engine]\nruntime = 'podman'\n")


def test_what_trust_would_allow_is_listed(world: World) -> None:
    world.project_file.write_text(
        'theme = "light"\n[agent]\npids = 100\nmemory = "8g"\n'
        '[agent.qa]\nmounts = ["/a:/b:rw"]\n[engine]\nruntime = "local"\n'
    )
    file = read_files(world.project).project
    assert file is not None
    assert [(item.key, toml(item.value)) for item in settings_needing_trust(file)] == [
        ("agent.memory", '"8g"'),
        ("agent.qa.mounts", '["/a:/b:rw"]'),
        ("engine.runtime", '"local"'),
    ]


def test_an_agents_table_goes_over_the_general_one(world: World) -> None:
    config = world.load_user('[agent]\nmemory = "1g"\ncpus = 1\n[agent.qa]\nmemory = "2g"\n')
    assert (str(config.agent("qa").memory), config.agent("qa").cpus) == ("2g", 1)
    assert (str(config.agent("bu").memory), config.agent("bu").name) == ("1g", "bu")


@pytest.mark.parametrize(
    ("user", "project", "untrusted", "trusted"),
    [
        ("[agent]\npids = 300", "[agent]\npids = 200", 300, 200),
        ("[agent]\npids = 300", "[agent.qa]\npids = 400", 300, 400),
        ("[agent.qa]\npids = 300", "[agent]\npids = 200", 300, 200),
        ("[agent.qa]\npids = 300", "[agent.bu]\npids = 200", 300, 300),
        ("[agent]\ncpus = 1", "[agent]\npids = 200", 200, 200),
        ("[agent]\npids = 700", "[agent]\npids = 600", 700, 600),
    ],
)
def test_a_project_goes_over_the_user_only_when_trusted(
    world: World, user: str, project: str, untrusted: int, trusted: int
) -> None:
    world.user_file.write_text(user)
    assert world.load_project(project).agent("qa").pids == untrusted
    assert world.load_project(project, trusted=True).agent("qa").pids == trusted


@pytest.mark.parametrize("trusted", [False, True])
def test_agents_and_hidden_paths_add_up(world: World, trusted: bool) -> None:
    world.user_file.write_text('agents = ["a", "b"]\n[agent]\nhide = ["x"]\n[agent.qa]\nhide = []\n')
    config = world.load_project(
        'agents = ["b", "c"]\n[agent]\nhide = ["y"]\n[agent.claude]\nhide = ["z"]\n', trusted=trusted
    )
    assert set(config.agents) == {"a", "b", "c"}
    assert len(config.agents) == 3
    assert set(config.agent("bu").hide) == {"x", "y"}
    assert set(config.agent("claude").hide) == {"x", "z"}
    assert config.agent("qa").hide == ("y",)
    assert {origin.source for origin in config.origin("agents")} == {Source.USER, Source.PROJECT}


def test_the_command_line_goes_over_all(world: World) -> None:
    world.user_file.write_text('[agent]\nimage = "user"\n[agent.qa]\ncommand = "sh"\nimage = "special"\n')
    config = world.load(overrides=Overrides(runtime="local", command="sh -c 'a b'", image="given"))
    for agent in ("claude", "qa"):
        assert config.agent(agent).command == ("sh", "-c", "a b")
        assert config.agent(agent).image == "given"
    assert config.engine.runtime is RuntimeKind.LOCAL
    assert str(config.origin("agent.qa.image")[0]) == "--image"
    assert config.origin("engine.runtime")[0].source is Source.COMMAND_LINE


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (Overrides(runtime="podman"), "--runtime: 'podman' is not one of the choices"),
        (Overrides(command="'x"), '--command: "\'x" cannot be split: no closing quotation'),
        (Overrides(command=""), "--command: '' is not a command"),
        (Overrides(image="a b"), "--image: 'a b' is not an image's name"),
    ],
)
def test_wrong_options_are_told_like_wrong_keys(world: World, overrides: Overrides, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        world.load(overrides=overrides)
    assert caught.value.message == message
    assert caught.value.hint


def test_each_value_knows_where_it_comes_from(world: World) -> None:
    world.user_file.write_text('prefix = "ctrl+a"\n[agent]\npids = 300\n')
    config = world.load_project('theme = "light"\n[agent]\ncpus = 1\n[agent.qa]\npids = 100\ncolor = "red"\n')
    told = {
        "prefix": ("~/.config/qms-tui/config.toml", Source.USER, world.user_file),
        "theme": ("qms-tui.toml", Source.PROJECT, world.project_file),
        "terminal.scrollback": ("default", Source.DEFAULT, None),
        "agent.qa.pids": ("~/.config/qms-tui/config.toml", Source.USER, world.user_file),
        "agent.qa.color": ("qms-tui.toml", Source.PROJECT, world.project_file),
        "agent.qa.cpus": ("qms-tui.toml", Source.PROJECT, world.project_file),
        "agent.nobody.cpus": ("qms-tui.toml", Source.PROJECT, world.project_file),
    }
    for key, expected in told.items():
        (origin,) = config.origin(key)
        assert (str(origin), origin.source, origin.path) == expected


def test_a_hidden_file_does_not_come_back_as_a_definition(world: World) -> None:
    world.user_file.write_text('[agent]\nhide = ["secret"]\n')
    with pytest.raises(ConfigError) as caught:
        world.load_project('[agent.qa]\ndefinition = "secret/plan.md"\n')
    assert caught.value.message == (
        "qms-tui.toml: agent.qa.definition: 'secret/plan.md' is hidden from agents by hide = ['secret']"
    )
