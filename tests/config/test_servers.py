"""[mcp.NAME]: who may write it, what may stand in it."""

from __future__ import annotations

import pytest

from qms_tui.config import McpServer, Row, describe, format_config
from qms_tui.errors import ConfigError

from .world import World

SERVERS = """
[mcp.git]
command = "uvx 'git server'"
agents = ["claude"]
[mcp.qms]
url = "http://127.0.0.1:8000/mcp"
headers = ["X-QMS-Agent: {agent}", "Authorization: Bearer x"]
"""


def test_servers_are_read(world: World) -> None:
    config = world.load_user(SERVERS)
    git, qms = config.servers
    assert git == McpServer("git", command=("uvx", "git server"), agents=("claude",))
    assert qms.headers == ("X-QMS-Agent: {agent}", "Authorization: Bearer x")
    assert config.servers_of("claude") == (git, qms)
    assert config.servers_of("qa") == (qms,)


def test_a_project_may_set_them_only_when_trusted(world: World) -> None:
    config = world.load_project(SERVERS)
    assert config.servers == ()
    assert "mcp.git.command" in config.notices[0]
    assert len(world.load_project(SERVERS, trusted=True).servers) == 2


def test_a_trusted_project_adds_to_the_users(world: World) -> None:
    world.user_file.write_text("[mcp.git]\ncommand = 'git-mcp'\nagents = ['qa']\n")
    config = world.load_project("[mcp.git]\nagents = ['bu']\n[mcp.b]\nurl = 'http://b/'\n", trusted=True)
    assert [server.name for server in config.servers] == ["b", "git"]
    assert config.servers[1] == McpServer("git", command=("git-mcp",), agents=("bu",))


def test_paths_are_meant_from_the_file_that_says_so(world: World) -> None:
    said = "[mcp.git]\ncommand = ['./bin/git-mcp', './data']\ncwd = 'servers'\n"
    mine, theirs = world.user_file.parent, world.project
    (git,) = world.load_user(said).servers
    assert git == McpServer("git", command=(f"{mine}/bin/git-mcp", "./data"), cwd=mine / "servers")
    world.user_file.unlink()
    (git,) = world.load_project(said, trusted=True).servers
    assert git == McpServer("git", command=(f"{theirs}/bin/git-mcp", "./data"), cwd=theirs / "servers")


def test_a_path_may_begin_at_home(world: World) -> None:
    (git,) = world.load_user("[mcp.git]\ncommand = '~/bin/git-mcp'\ncwd = '~'\n").servers
    assert git == McpServer("git", command=(f"{world.home}/bin/git-mcp",), cwd=world.home)


def test_a_project_that_is_not_trusted_says_nothing_of_the_users_servers(world: World) -> None:
    world.user_file.parent.mkdir(parents=True, exist_ok=True)
    world.user_file.write_text("[mcp.git]\ncommand = 'git-mcp'\n")
    config = world.load_project("[mcp.git]\ncwd = '.'\ncommand = './git-mcp'\n")
    assert config.servers == (McpServer("git", command=("git-mcp",)),)
    assert "mcp.git.cwd" in config.notices[0]


def test_they_are_shown(world: World) -> None:
    config = world.load_user(SERVERS)
    mine = "~/.config/qms-tui/config.toml"
    assert Row("mcp.git.command", '["uvx", "git server"]', mine) in describe(config)
    assert Row("mcp.git.url", "", "default: none") in describe(config)
    assert "[mcp.qms]" in format_config(config)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[mcp.Git]\nurl = 'http://x/'", "mcp.Git: 'Git' is not a server's name"),
        ("[mcp]\ngit = 1", "mcp.git: 1 is not a table"),
        ("mcp = 1", "mcp: 1 is not a table"),
        ("[mcp.git]\nagents = ['qa']", "mcp.git: neither command nor url says where it is"),
        ("[mcp.git]\ncommand = ''", "mcp.git.command: '' is not a command"),
        ("[mcp.git]\nurl = 'ftp://x/'", "mcp.git.url: 'ftp://x/' is not a server's address"),
        ("[mcp.git]\nurl = 'http://a b/'", "mcp.git.url: 'http://a b/' is not a server's address"),
        ("[mcp.git]\nheaders = ['a b: c']", "mcp.git.headers: 'a b: c' is not a header"),
        ("[mcp.git]\nheaders = ['Host: c']", "mcp.git.headers: 'host' is set by qms-tui itself"),
        ("[mcp.git]\nagents = ['../x']", "mcp.git.agents: '../x' is not an agent's name"),
        ("[mcp.git]\nport = 1", "mcp.git.port: no such key"),
    ],
)
def test_what_is_wrong_is_said(world: World, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        world.load_user(text)
    assert caught.value.message == f"~/.config/qms-tui/config.toml: {message}"
    assert caught.value.hint


_ENVIRONMENT = "environment that qms-tui is started in"


@pytest.mark.parametrize(
    ("text", "key", "hint"),
    [
        (
            "[mcp.notes]\ncommand = 'notes'\nargs = ['-f']",
            "mcp.notes.args",
            "command = [program, arguments]",
        ),
        ("[mcp.notes]\ncommand = ['notes']\nenv = { TOKEN = 'x' }", "mcp.notes.env", _ENVIRONMENT),
        ("[mcp.notes.env]\nTOKEN = 'x'\n[mcp.notes]\ncommand = 'notes'", "mcp.notes.env", _ENVIRONMENT),
        ("[mcp.notes]\ncommand = 'notes'\nenv_vars = ['TOKEN']", "mcp.notes.env_vars", _ENVIRONMENT),
        ("[mcp.notes]\ntype = 'stdio'\ncommand = 'notes'", "mcp.notes.type", "leave it out"),
        ("[mcp.notes]\nurl = 'http://x/sse'\ntransport = 'sse'", "mcp.notes.transport", "old SSE transport"),
        ("[mcp.notes]\nhttpUrl = 'http://x/mcp'", "mcp.notes.httpUrl", "write url = "),
        (
            "[mcp.notes]\nurl = 'http://x/'\noauth = 'T'",
            "mcp.notes.oauth",
            "headers",
        ),
        ("[mcp.notes]\ncommand = 'notes'\ndisabled = true", "mcp.notes.disabled", "agents"),
        ("[mcp.notes]\ncommand = 'notes'\nautoApprove = ['x']", "mcp.notes.autoApprove", "tools = "),
        ("[mcpServers.notes]\ncommand = 'notes'", "mcpServers", "write [mcp.NAME]"),
        ("[mcp_servers.notes]\ncommand = 'notes'", "mcp_servers", "write [mcp.NAME]"),
    ],
)
def test_who_writes_a_server_as_other_tools_have_it_hears_how_it_is_written_here(
    world: World, text: str, key: str, hint: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        world.load_user(text)
    assert caught.value.message.endswith(f": {key}: no such key")
    assert hint in caught.value.hint


def test_json_is_recognized(world: World) -> None:
    with pytest.raises(ConfigError) as caught:
        world.load_user('{"mcpServers": {"notes": {"command": "notes"}}}')
    assert "this is JSON" in caught.value.hint
    assert "[mcp.NAME]" in caught.value.hint


def test_a_server_may_be_named_as_the_tables_of_other_tools(world: World) -> None:
    (server,) = world.load_user("[mcp.servers]\ncommand = 'notes'\n").servers
    assert server == McpServer("servers", command=("notes",))
