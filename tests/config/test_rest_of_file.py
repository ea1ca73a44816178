"""What is wrong in a file, and what of the rest holds for those who do not start agents."""

from __future__ import annotations

import pytest

from qms_tui.config import NO_TRUST, Config, Faults, load_config, read_files, unknown_agents
from qms_tui.errors import ConfigError

from .world import World


def whole(world: World) -> str:
    """What is said to those who want a whole file."""
    with pytest.raises(ConfigError) as caught:
        world.load()
    return f"{caught.value.message}\n{caught.value.hint}"


def rest(world: World) -> tuple[Config, list[str]]:
    """What holds all the same, and what is wrong."""
    faults = Faults()
    files = read_files(world.project, on_fault=faults)
    config = load_config(files, trust=NO_TRUST, on_fault=faults)
    return config, [f"{fault.message}\n{fault.hint}" for fault in faults]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("future_key = true", "future_key: no such key"),
        ("prefix = 3", "prefix: 3 is not a key for the menu"),
        ("them = 'dark'", "did you mean theme?"),
        ("[future]\nkey = 1", "future: no such key"),
        ("[terminal]\nfuture = 1", "terminal.future: no such key"),
        ("[agent.QA]\nmemory = '1g'", "agent.QA: 'QA' is not an agent's name"),
        ("[agent.bu]\nfuture = 1", "agent.bu.future: no such key"),
        ("terminal = 3", "terminal: 3 is not a table"),
        ("mcp = 3", "mcp: 3 is not a table"),
        ("[[agent]]\nmemory = '1g'", "write [agent], and its keys below: one pair of brackets"),
        ("[[agent.qa]]\nmemory = '1g'", "write [agent.qa] with one pair of brackets"),
        ("[[mcp.notes]]\nurl = 'http://h/'", "write [mcp.notes] with one pair of brackets"),
        ("[[terminal]]\nscrollback = 1", "write [terminal], and its keys below: one pair of brackets"),
        ("[mcp.notes]\ncommand = 'a'\nargs = ['b']", "[program, arguments]"),
        ("[mcp.notes]\ncommand = 'a'\nenv = { T = 'x' }", "a server has the environment that qms-tui is started in"),
        ("[mcp.notes]\ncommand = 'a'\ntype = 'stdio'", "leave it out"),
        ("[mcp.notes]\nhttpUrl = 'http://h/'", "write url"),
        ("[mcpServers.notes]\ncommand = 'a'", "write [mcp.NAME] for each server"),
        ("[agent.bu]\nhide = ['a']\ndefinition = 'a/b.md'", "is hidden from agents"),
    ],
)  # fmt: skip
def test_the_rest_of_a_file_holds(world: World, wrong: str, said: str) -> None:
    world.project_file.write_text(f"agents = ['tu_ui']\n{wrong}\n[agent.tu_ui]\nmemory = '1g'\n")
    assert said in whole(world)
    config, faults = rest(world)
    assert [said in fault for fault in faults] == [True]
    assert config.agents == ("tu_ui",)
    assert str(config.agent("tu_ui").memory) == "1g" or wrong.startswith("[[agent]]")


@pytest.mark.parametrize("content", [b"theme = ", b"\xff\xfet\0", b"x = '" + b"y" * 70_000 + b"'"])
def test_a_file_that_cannot_be_read_counts_as_missing(world: World, content: bytes) -> None:
    world.project_file.write_bytes(content)
    world.user_file.write_text("theme = 'light'\n")
    whole(world)
    faults = Faults()
    files = read_files(world.project, world.user_file, faults)
    assert load_config(files, trust=NO_TRUST, on_fault=faults).theme == "light"
    assert len(list(faults)) == 1


def test_a_file_full_of_faults_is_left_soon(world: World) -> None:
    world.project_file.write_text("".join(f"key_{n} = 1\n" for n in range(3000)) + "theme = 'light'\n")
    config, faults = rest(world)
    assert (config.theme, len(faults)) == ("dark", 21)
    assert "more is wrong in it" in faults[-1]


def test_a_missing_file_of_the_command_line_is_no_fault_of_a_file(world: World) -> None:
    with pytest.raises(ConfigError):
        read_files(world.project, world.home / "missing.toml", Faults())


def test_a_byte_order_mark_is_as_if_it_were_not_there(world: World) -> None:
    world.project_file.write_bytes(b"\xef\xbb\xbftheme = 'light'\r\n")
    assert world.load().theme == "light"


def test_a_server_that_is_nowhere_is_left_out(world: World) -> None:
    world.user_file.write_text("[mcp.notes]\nagents = []\n[mcp.git]\nurl = 'http://h/'\n")
    assert "mcp.notes: neither command nor url" in whole(world)
    faults = Faults()
    files = read_files(world.project, world.user_file, faults)
    config = load_config(files, trust=NO_TRUST, on_fault=faults)
    assert [server.name for server in config.servers] == ["git"]
    assert len(list(faults)) == 1


def test_agents_that_nobody_knows_are_named(world: World) -> None:
    roster = ("claude", "qa", "bu")
    text = "[agent.qaa]\nmemory = '1g'\n[agent.writer]\nmemory = '1g'\n[agent.qa]\nmemory = '1g'\n"
    assert unknown_agents(world.load_project(text), roster) == (
        "qms-tui.toml: agent.qaa: there is no agent qaa, did you mean qa?",
        "qms-tui.toml: agent.writer: there is no agent writer",
    )
    world.project_file.unlink()
    found = unknown_agents(world.load_user(text), roster)  # which is for all projects
    assert [line.partition(": ")[2] for line in found] == [
        "agent.qaa: there is no agent qaa, did you mean qa?"
    ]
    servers = "[mcp.notes]\nurl = 'http://h/'\nagents = ['qaa', 'qa']\n"
    assert (
        "mcp.notes.agents: there is no agent qaa, did you mean qa?"
        in unknown_agents(world.load_user(servers), roster)[0]
    )


def test_a_project_says_what_it_names_in_vain(world: World) -> None:
    world.project_file.write_text("[agent.claud]\nmemory = '1g'\n")
    assert world.standing().config().notices == (
        "qms-tui.toml: agent.claud: there is no agent claud, did you mean claude?",
    )
