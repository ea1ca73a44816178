"""Every key of the table: what it takes, and what it says to what it does not take."""

from __future__ import annotations

from pathlib import Path

import pytest

from qms_tui.config import (
    TABLE,
    Clipboard,
    Config,
    Launch,
    Memory,
    Mount,
    OuterNotification,
    PermissionMode,
    RuntimeKind,
    Shutdown,
    Theme,
    Wake,
)
from qms_tui.config.parse import COLORS
from qms_tui.errors import ConfigError

from .world import World

GOOD: list[tuple[str, str, object]] = [
    ("agents", '["bu", "tu_ui", "bu"]', ("bu", "tu_ui")),
    ("agents", "[]", ()),
    ("prefix", '"ctrl+a"', "ctrl+a"),
    ("prefix", '"Ctrl+Space"', "ctrl+space"),
    ("prefix", "'ctrl+\\'", "ctrl+\\"),
    ("theme", '"light"', Theme.LIGHT),
    ("agent.command", '["codex", "--full auto", ""]', ("codex", "--full auto", "")),
    ("agent.command", "\"sh -c 'echo $HOME; ls'\"", ("sh", "-c", "echo $HOME; ls")),
    ("agent.image", '"localhost:5000/a/b:1.2@sha256:ab"', "localhost:5000/a/b:1.2@sha256:ab"),
    ("agent.definition", '"docs//./agents/qa.md"', "docs/agents/qa.md"),
    ("agent.env", '["LANG", "_X1", "LANG"]', ("LANG", "_X1")),
    ("agent.env_file", '"/etc/agent.env"', Path("/etc/agent.env")),
    ("agent.color", '"Teal"', "teal"),
    ("agent.color", '"#20B2AA"', "#20b2aa"),
    ("agent.resume", "false", False),
    ("agent.wake", '"off"', Wake.OFF),
    ("agent.wake", '"auto"', Wake.AUTO),
    ("agent.wake_text", '" Look: é "', "Look: é"),
    ("agent.launch", '"auto_on_task"', Launch.AUTO_ON_TASK),
    ("agent.launch", '"always_on"', Launch.ALWAYS_ON),
    ("agent.shutdown", '"on_inbox_empty"', Shutdown.ON_INBOX_EMPTY),
    ("agent.shutdown", '"idle_timeout"', Shutdown.IDLE_TIMEOUT),
    ("agent.idle_timeout", "600", 600),
    ("agent.wake_prompt", r"'[\w.-]+:.* \$ '", r"[\w.-]+:.* \$ "),
    ("agent.wake_prompt", "'[*+{?)] [*]> '", "[*+{?)] [*]> "),
    ("agent.memory", '"4g"', 4 * 2**30),
    ("agent.memory", '"512M"', 512 * 2**20),
    ("agent.memory", '"6m"', 6 * 2**20),
    ("agent.cpus", "0.5", 0.5),
    ("agent.cpus", "8", 8),
    ("agent.pids", "16", 16),
    ("agent.open_files", "64", 64),
    ("agent.file_size", '"1g"', 2**30),
    ("agent.disk", '"512m"', 512 * 2**20),
    ("agent.read_only", "true", True),
    ("agent.oci_runtime", '"io.containerd.runc.v2"', "io.containerd.runc.v2"),
    ("agent.mounts", "[]", ()),
    (
        "agent.mounts",
        '["/a:/b", "/c d:/e/:rw", "/f:/g:ro"]',
        (Mount(Path("/a"), "/b"), Mount(Path("/c d"), "/e", read_only=False), Mount(Path("/f"), "/g")),
    ),
    ("agent.network", '"none"', "none"),
    ("agent.network", '"my-net_1.x"', "my-net_1.x"),
    ("agent.hide", '["secrets/", "a/./b", "secrets"]', ("secrets", "a/b")),
    ("agent.workdir", '"/srv/project/"', "/srv/project"),
    ("terminal.clipboard", '"ask"', Clipboard.ASK),
    ("terminal.clipboard", '"on"', Clipboard.ON),
    ("terminal.paste_paths", "false", False),
    ("terminal.scrollback", "0", 0),
    ("inbox.toasts", "false", False),
    ("inbox.bell", "true", True),
    ("inbox.rescan", "0.5", 0.5),
    ("notify.waits", "false", False),
    ("notify.finished", "false", False),
    ("notify.failed", "false", False),
    ("notify.focused", "true", True),
    ("notify.dwell", "0", 0.0),
    ("notify.cooldown", "60", 60.0),
    ("notify.command", '["/opt/phone", "--now", ""]', ("/opt/phone", "--now", "")),
    ("notify.command", "\"sh -c 'cat >> ~/notices'\"", ("sh", "-c", "cat >> ~/notices")),
    ("notify.outer", '"osc777"', OuterNotification.OSC777),
    ("notify.outer", '"off"', OuterNotification.OFF),
    ("notify.outer", '"status"', OuterNotification.STATUS),
    ("terminal.scrollback", "100000", 100_000),
    ("engine.host", '"unix:///run/docker.sock"', "unix:///run/docker.sock"),
    ("engine.host", '"ssh://me@build-box"', "ssh://me@build-box"),
    ("engine.host", '"ssh://[::1]:2222/run/docker.sock"', "ssh://[::1]:2222/run/docker.sock"),
    ("engine.host", '"tcp://[::1]:2376"', "tcp://[::1]:2376"),
    ("engine.host", '"tcp://build.example:2375/"', "tcp://build.example:2375/"),
    ("engine.runtime", '"local"', RuntimeKind.LOCAL),
    ("engine.mcp_listen", '"172.17.0.1:7325"', "172.17.0.1:7325"),
    ("engine.mcp_address", '"host.example:1"', "host.example:1"),
    ("agent.model", '"opus[1m]"', "opus[1m]"),
    ("agent.permission_mode", '"bypassPermissions"', PermissionMode.BYPASS),
    (
        "agent.tools",
        '["Edit", "Bash(git log:*)", "mcp__qms__*", "Edit"]',
        ("Edit", "Bash(git log:*)", "mcp__qms__*"),
    ),
    ("agent.args", '["--verbose", ""]', ("--verbose", "")),
    ("agent.token_file", '"/etc/token"', Path("/etc/token")),
    ("build.base", '"ubuntu:24.04"', "ubuntu:24.04"),
    ("build.client_version", '"2.1.300-beta.1"', "2.1.300-beta.1"),
    ("build.packages", '["g++", "nodejs", "g++"]', ("g++", "nodejs")),
]

AGENTS = 'write it like agents = ["qa", "tu_ui"]; what one agent needs stands below [agent.qa]'
NAME = "write it like 'qa' or 'tu_ui': small letters, digits and _, a letter first, at most 63"
KEY = "write it like 'ctrl+b': ctrl+ and a letter, space, ], \\, ^ or _"
OTHER_KEY = "take another key, like 'ctrl+b' or 'ctrl+a'"
COMMAND = 'write it like \'claude --verbose\' or ["claude", "--verbose"]'
IMAGE = "write it like 'name' or 'registry/name:tag'"
DEFINITION = "write it like 'docs/agents/qa.md': a Markdown file inside the project"
VARIABLES = 'write it like ["LANG", "HTTPS_PROXY"]: names only, their values come from your environment'
COLOR = "write it like 'teal' or '#20b2aa'"
SIZE = "write it like '4g' or '512m'"
CPUS = "write it like 2 or 1.5"
PIDS = "write it like 512"
OCI_RUNTIME = "write it like 'runsc' or 'kata'"
MOUNTS = 'write it like ["~/data:/data", "/srv/cache:/cache:rw"]: HOST:CONTAINER, read-only unless :rw'
WAKE_PROMPT = r"write it like '> ' or '\$ ': what stands in the cursor's row up to the cursor, as a whole"
WAKE_TEXT = "write one line of at most 200 characters, like 'Check your QMS inbox.'"
NETWORK = "write 'project' (one of its own), 'none', or the name of an existing network"
HIDE = 'write it like ["secrets", "build/keys.txt"]: paths inside the project'
WORKDIR = "write it like '/pipe-dream'"
MODEL = "write it like 'opus' or a model's full name"
TOOLS = 'write it like ["Edit", "Bash(git log:*)"]'
ARGS = 'write it like ["--verbose"]'
VERSION = "write it like '2.1.330'"
PACKAGES = 'write it like ["nodejs", "make"]'
LISTEN = "write it like '127.0.0.1:7325' or '172.17.0.1:7325'"
REACHED = "write it like '10.0.0.5:7325'"
SSH = "write it like 'ssh://me@host', 'ssh://me@host:2222' or 'ssh://host/run/user/1000/docker.sock'"
OUTER = "write 'auto' or 'status' or 'off' or 'osc9' or 'osc777'"
HOST = "write it like 'unix:///var/run/docker.sock' or 'tcp://10.0.0.5:2376'"

BAD: list[tuple[str, str, str, str]] = [
    ("agents", '"qa"', "'qa' is not a list of agents' names", AGENTS),
    ("agents", "[1]", "1 is not a string", AGENTS),
    ("agents", '["QA"]', "'QA' is not an agent's name", NAME),
    ("agents", '["../x"]', "'../x' is not an agent's name", NAME),
    ("agents", '["q\\n"]', "'q\\n' has control characters in it", AGENTS),
    ("agents", str(["a"] * 101), "101 items are too many", "name at most 100"),
    ("prefix", '"b"', "'b' is not a key for the menu", KEY),
    ("prefix", '"ctrl+f1"', "'ctrl+f1' is not a key for the menu", KEY),
    ("prefix", "2", "2 is not a key for the menu", KEY),
    ("prefix", '"ctrl+c"', "'ctrl+c' interrupts programs", OTHER_KEY),
    ("prefix", '"Ctrl+M"', "'Ctrl+M' is the same key as Enter", OTHER_KEY),
    ("theme", '"blue"', "'blue' is not one of the choices", "write 'dark' or 'light'"),
    ("theme", "true", "true is not one of the choices", "write 'dark' or 'light'"),
    ("agent.command", '""', "'' is not a command", COMMAND),
    ("agent.command", '"  "', "'  ' names no program", COMMAND),
    ("agent.command", "[]", "[] names no program", COMMAND),
    ("agent.command", '["", "x"]', "['', 'x'] names no program", COMMAND),
    ("agent.command", '"a \'b"', '"a \'b" cannot be split: no closing quotation', COMMAND),
    ("agent.command", '["a\\u001b[2J"]', "'a\\x1b[2J' has control characters in it", COMMAND),
    ("agent.command", "3", "3 is not a command", COMMAND),
    ("agent.image", '"-x"', "'-x' is not an image's name", IMAGE),
    ("agent.image", '"a b"', "'a b' is not an image's name", IMAGE),
    ("agent.definition", '"/etc/x.md"', "'/etc/x.md' is not inside the project", DEFINITION),
    ("agent.definition", '"~/x.md"', "'~/x.md' is not inside the project", DEFINITION),
    ("agent.definition", '"a/../../x.md"', "'a/../../x.md' is not a file in the project", DEFINITION),
    ("agent.definition", '"notes.txt"', "'notes.txt' is not a Markdown file", DEFINITION),
    (
        "agent.definition",
        '".claude/users/qa/x.md"',
        "'.claude/users/qa/x.md' is hidden from agents",
        DEFINITION,
    ),
    ("agent.definition", '".env.md"', "'.env.md' is hidden from agents", DEFINITION),
    ("agent.definition", "1979-05-27", "datetime.date(1979, 5, 27) is not a file in the project", DEFINITION),
    ("agent.env", '["A=1"]', "'A=1' is not a variable's name", VARIABLES),
    ("agent.env", '{ A = "1" }', "a table is not a list of variables' names", VARIABLES),
    ("agent.env", '["QMS_USER"]', "QMS_USER is set by qms-tui itself", "leave it out"),
    ("agent.env", '["LANG", "TERM"]', "TERM is set by qms-tui itself", "leave it out"),
    ("agent.env", '["COLORTERM"]', "COLORTERM is set by qms-tui itself", "leave it out"),
    ("agent.env", '["QMS_TUI_WAKE"]', "QMS_TUI_WAKE is set by qms-tui itself", "leave it out"),
    ("agent.env_file", '""', "'' is not a path", "write it like '~/agent.env'"),
    (
        "agent.env_file",
        '"~no-such-user/x"',
        "'~no-such-user/x' names a home folder that is not known",
        "write it like '~/agent.env'",
    ),
    ("agent.color", '"reddish"', "'reddish' is not a color", COLOR),
    ("agent.color", '"#12345"', "'#12345' is not a color", COLOR),
    ("agent.memory", '"4 gigs"', "'4 gigs' is not a size", SIZE),
    ("agent.memory", "4", "4 is not a size", SIZE),
    ("agent.memory", '"5m"', "'5m' is not between 6m and 65536g", SIZE),
    ("agent.memory", '"65537g"', "'65537g' is not between 6m and 65536g", SIZE),
    ("agent.cpus", '"2"', "'2' is not a number", CPUS),
    ("agent.cpus", "true", "true is not a number", CPUS),
    ("agent.cpus", "nan", "nan is not between 0.01 and 1024", CPUS),
    ("agent.cpus", "-inf", "-inf is not between 0.01 and 1024", CPUS),
    ("agent.cpus", "0", "0 is not between 0.01 and 1024", CPUS),
    ("agent.cpus", "-1", "-1 is not between 0.01 and 1024", CPUS),
    ("agent.open_files", "63", "63 is not between 64 and 1048576", "write it like 4096"),
    ("agent.file_size", "8", "8 is not a size", SIZE),
    ("agent.disk", '"5m"', "'5m' is not between 6m and 65536g", SIZE),
    ("agent.read_only", '"yes"', "'yes' is neither true nor false", "write true or false, without quotes"),
    ("agent.oci_runtime", '"/bin/runsc"', "'/bin/runsc' is not a runtime's name", OCI_RUNTIME),
    ("agent.oci_runtime", '"-x"', "'-x' is not a runtime's name", OCI_RUNTIME),
    ("agent.pids", "1.5", "1.5 is not a whole number", PIDS),
    ("agent.pids", "-1", "-1 is not between 16 and 4194304", PIDS),
    ("agent.mounts", '["a:/b"]', "'a:/b' does not start with an absolute path of this host", MOUNTS),
    ("agent.mounts", '["/a"]', "'/a' is not a mount", MOUNTS),
    ("agent.mounts", '["/a:/b:rx"]', "'/a:/b:rx' is not a mount", MOUNTS),
    ("agent.mounts", '["/a:b"]', "'b' is not an absolute path inside the container", MOUNTS),
    ("agent.mounts", '["/a:/"]', "'/' is the whole container", MOUNTS),
    ("agent.mounts", '["/a:/c/../b"]', "'/c/../b' is not an absolute path inside the container", MOUNTS),
    (
        "agent.mounts",
        '["/a:/b", "/c:/b/"]',
        "'/b' is mounted twice",
        "give each mount a place of its own",
    ),
    (
        "agent.network",
        '"host"',
        "'host' would put agents on this host's own network, where they reach every service",
        NETWORK,
    ),
    ("agent.network", '"container:x"', "'container:x' is not a network", NETWORK),
    ("agent.resume", '"no"', "'no' is neither true nor false", "write true or false, without quotes"),
    ("agent.wake", '"on"', "'on' is not one of the choices", "write 'auto' or 'off'"),
    (
        "agent.launch",
        '"always"',
        "'always' is not one of the choices",
        "write 'manual' or 'auto_on_task' or 'always_on'",
    ),
    (
        "agent.shutdown",
        '"never"',
        "'never' is not one of the choices",
        "write 'manual' or 'on_inbox_empty' or 'idle_timeout'",
    ),
    ("agent.idle_timeout", "9", "9 is not between 10 and 604800", "write it like 1800 or 600"),
    ("agent.wake", "1", "1 is not one of the choices", "write 'auto' or 'off'"),
    ("agent.wake_text", '" "', "'' is not a line of text", WAKE_TEXT),
    ("agent.wake_text", "3", "3 is not a line of text", WAKE_TEXT),
    ("agent.wake_text", r'"a\nb"', r"'a\nb' has control characters in it", WAKE_TEXT),
    ("agent.wake_text", '"' + 201 * "x" + '"', f"'{59 * 'x'}... is not a line of text", WAKE_TEXT),
    ("agent.wake_prompt", "true", "true is not a regular expression", WAKE_PROMPT),
    (
        "agent.wake_prompt",
        '"> ("',
        "'> (' is not a regular expression: missing ), unterminated subpattern at position 2",
        WAKE_PROMPT,
    ),
    (
        "agent.wake_prompt",
        '"a{99999999999}"',
        "'a{99999999999}' is not a regular expression: the repetition number is too large",
        WAKE_PROMPT,
    ),
    (
        "agent.wake_prompt",
        '"' + 101 * "x" + '"',
        f"'{59 * 'x'}... is longer than 100 characters",
        WAKE_PROMPT,
    ),
    (
        "agent.wake_prompt",
        r"'(\S+\s*)*> '",
        r"'(\\S+\\s*)*> ' repeats too much: a row could keep qms-tui busy",
        WAKE_PROMPT,
    ),
    (
        "agent.wake_prompt",
        "'.*.*.*.*> '",
        "'.*.*.*.*> ' repeats too much: a row could keep qms-tui busy",
        WAKE_PROMPT,
    ),
    ("agent.wake_prompt", r"'\s*'", r"'\\s*' matches what is no prompt", WAKE_PROMPT),
    ("agent.wake_prompt", "'.+'", "'.+' matches what is no prompt", WAKE_PROMPT),
    ("agent.resume", "1", "1 is neither true nor false", "write true or false, without quotes"),
    ("inbox.toasts", "1", "1 is neither true nor false", "write true or false, without quotes"),
    ("inbox.bell", "1", "1 is neither true nor false", "write true or false, without quotes"),
    ("agent.hide", '"secrets"', "'secrets' is not a list of paths", HIDE),
    ("agent.hide", '["/etc"]', "'/etc' is not inside the project", HIDE),
    ("agent.hide", '["."]', "'.' is not a path in the project", HIDE),
    ("agent.hide", '["a/.."]', "'a/..' is not a path in the project", HIDE),
    (
        "agent.hide",
        '[".claude"]',
        "'.claude' holds the agents' own folders",
        "leave it out: an agent only ever sees its own folders there",
    ),
    ("agent.workdir", '"project"', "'project' is not an absolute path inside the container", WORKDIR),
    ("agent.workdir", '"/"', "'/' is the whole container", WORKDIR),
    ("agent.workdir", '"/etc/x"', "'/etc/x' belongs to the container itself", WORKDIR),
    ("terminal.scrollback", "100001", "100001 is not between 0 and 100000", "write it like 5000"),
    ("inbox.rescan", "0", "0 is not between 0.5 and 3600", "write it like 3 or 0.5"),
    ("notify.waits", "1", "1 is neither true nor false", "write true or false, without quotes"),
    ("notify.finished", "1", "1 is neither true nor false", "write true or false, without quotes"),
    ("notify.failed", "1", "1 is neither true nor false", "write true or false, without quotes"),
    ("notify.focused", "1", "1 is neither true nor false", "write true or false, without quotes"),
    ("notify.dwell", "-1", "-1 is not between 0 and 3600", "write it like 1 or 0.5"),
    ("notify.cooldown", "-1", "-1 is not between 0 and 86400", "write it like 10 or 60"),
    ("notify.command", "[]", "[] names no program", COMMAND),
    ("notify.command", "true", "true is not a command", COMMAND),
    ("notify.outer", '"osc1"', "'osc1' is not one of the choices", OUTER),
    ("terminal.scrollback", '"many"', "'many' is not a whole number", "write it like 5000"),
    ("engine.host", '"npipe:////./pipe/x"', "'npipe:////./pipe/x' is a Windows pipe", HOST),
    ("engine.host", '"ssh://-oProxyCommand=x"', "'ssh://-oProxyCommand=x' is not an engine's address", SSH),
    ("engine.host", '"ssh://me@there:0"', "'ssh://me@there:0' is not an engine's address", SSH),
    ("engine.host", '"ssh://"', "'ssh://' is not an engine's address", SSH),
    ("engine.host", '"tcp://a:70000"', "'tcp://a:70000' is not an engine's address", HOST),
    ("engine.host", '"tcp://me:pw@a:1"', "'tcp://me:pw@a:1' is not an engine's address", HOST),
    ("engine.host", '"unix://run/x"', "'unix://run/x' is not an engine's address", HOST),
    (
        "engine.mcp_listen",
        '"0.0.0.0:7325"',
        "'0.0.0.0' would let every machine of your networks knock",
        LISTEN,
    ),
    ("engine.mcp_listen", '"localhost:7325"', "'localhost' is no IPv4 address", LISTEN),
    ("engine.mcp_listen", '"127.0.0.1"', "'127.0.0.1' is not an address", REACHED),
    ("engine.mcp_address", '"10.0.0.5:70000"', "'10.0.0.5:70000' has no such port", REACHED),
    ("engine.mcp_address", '"a b:1"', "'a b:1' is not an address", REACHED),
    ("engine.runtime", '"podman"', "'podman' is not one of the choices", "write 'docker' or 'local'"),
    ("agent.model", '"--opus"', "'--opus' is not a model's name", MODEL),
    (
        "agent.permission_mode",
        '"yolo"',
        "'yolo' is not one of the choices",
        "write 'manual' or 'acceptEdits' or 'plan' or 'auto' or 'dontAsk' or 'bypassPermissions'",
    ),
    ("agent.tools", '"Edit"', "'Edit' is not a list of tools", TOOLS),
    ("agent.tools", '["--settings"]', "'--settings' is not a tool", TOOLS),
    ("agent.tools", '["Bash(a), Edit"]', "'Bash(a), Edit' is not a tool", TOOLS),
    ("agent.args", '"--verbose"', "'--verbose' is not a list of arguments", ARGS),
    ("agent.token_file", '""', "'' is not a path", "write it like '~/agent.env'"),
    ("build.base", '"a b"', "'a b' is not an image's name", IMAGE),
    ("build.client_version", '"latest"', "'latest' is not a version", VERSION),
    ("build.client_version", '"2.1.1; id"', "'2.1.1; id' is not a version", VERSION),
    ("build.packages", '["make; id"]', "'make; id' is not a package's name", PACKAGES),
    ("build.packages", '["--yes"]', "'--yes' is not a package's name", PACKAGES),
    ("terminal.paste_paths", '"no"', "'no' is neither true nor false", "write true or false, without quotes"),
    ("terminal.clipboard", '"maybe"', "'maybe' is not one of the choices", "write 'off' or 'ask' or 'on'"),
]


def in_file(key: str, value: str) -> str:
    """A file that sets one key."""
    section, _, name = key.rpartition(".")
    return f"[{section}]\n{name} = {value}\n" if section else f"{name} = {value}\n"


def value_of(config: Config, key: str) -> object:
    """The value in force of a key: `theme`, `agent.memory`, `agent.qa.memory`."""
    match key.split("."):
        case ["agent", agent, name]:
            return getattr(config.agent(agent), name)
        case ["agent", name]:
            return getattr(config.agent("anybody"), name)
        case [section, name]:
            return getattr(getattr(config, section), name)
    return getattr(config, key)


@pytest.mark.parametrize(("key", "written", "value"), GOOD)
def test_takes(world: World, key: str, written: str, value: object) -> None:
    assert value_of(world.load_user(in_file(key, written)), key) == value


@pytest.mark.parametrize(("key", "written", "what", "hint"), BAD)
def test_refuses(world: World, key: str, written: str, what: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        world.load_project(in_file(key, written))
    assert (caught.value.message, caught.value.hint) == (f"qms-tui.toml: {key}: {what}", hint)


@pytest.mark.parametrize(
    "key", [row.key for section, rows in TABLE.items() for row in rows if section != "mcp"]
)  # [mcp.NAME] has names of its own: test_servers
def test_every_key_has_cases_and_its_example_holds(world: World, key: str) -> None:
    assert key in {case[0] for case in GOOD}
    assert key in {case[0] for case in BAD}
    row = next(row for rows in TABLE.values() for row in rows if row.key == key)
    assert value_of(world.load_user(in_file(key, row.rule.example)), key) != row.default


def test_defaults_are_what_the_readme_promises(world: World) -> None:
    config = world.load()
    assert config == Config(origins=config.origins)
    qa = config.agent("qa")
    assert (qa.name, qa.command, qa.memory, str(qa.memory)) == ("qa", ("claude",), 4 * 2**30, "4g")
    assert (qa.cpus, qa.pids, qa.network, qa.workdir) == (2, 512, "project", "/pipe-dream")
    assert (config.prefix, config.theme, config.terminal.scrollback) == ("ctrl+b", Theme.DARK, 5000)
    assert (config.engine.runtime, config.engine.host) == (RuntimeKind.DOCKER, None)


def test_home_is_expanded_and_paths_are_relative_to_their_file(world: World) -> None:
    config = world.load_user('[agent]\nmounts = ["~/data:/data"]\nenv_file = "agent.env"\n')
    assert config.agent("qa").mounts == (Mount(world.home / "data", "/data"),)
    assert config.agent("qa").env_file == world.user_file.parent / "agent.env"


def test_colors_are_known_to_the_screen() -> None:
    from textual.color import Color

    for name in COLORS:
        Color.parse(name)


@pytest.mark.parametrize(
    ("size", "text"), [(2**30, "1g"), (1536 * 2**20, "1536m"), (7 * 2**10, "7k"), (2**20 + 1, "1048577b")]
)
def test_memory_is_written_exactly(size: int, text: str) -> None:
    assert str(Memory(size)) == text
