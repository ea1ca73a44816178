"""The configuration as values, and the one table behind it.

Every setting is a field of a frozen dataclass; its default is the field's, and the rest of its row (how it
is read, who may set it, an example, what it means) is the field's metadata. Files, messages, the README's
table and `qms-tui config` are all made from these fields.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from pathlib import Path
from types import MappingProxyType

from qms_tui.config import parse, paths
from qms_tui.config.parse import Memory
from qms_tui.config.paths import Mount
from qms_tui.config.programs import Program


class Theme(StrEnum):
    """How the screen looks."""

    DARK = "dark"
    LIGHT = "light"


class Clipboard(StrEnum):
    """What becomes of an agent's wish to write the human's clipboard."""

    OFF = "off"
    ASK = "ask"
    ON = "on"


class OuterNotification(StrEnum):
    """How the terminal that the screen runs in is told of news."""

    AUTO = "auto"
    """By status reports, if it takes them."""
    STATUS = "status"
    """The same; it is a fault if it takes none."""
    OFF = "off"
    OSC9 = "osc9"
    OSC777 = "osc777"


class RuntimeKind(StrEnum):
    """Where agents run."""

    DOCKER = "docker"
    LOCAL = "local"


class PermissionMode(StrEnum):
    """What Claude Code does without asking, in its own words."""

    MANUAL = "manual"
    ACCEPT_EDITS = "acceptEdits"
    PLAN = "plan"
    AUTO = "auto"
    DONT_ASK = "dontAsk"
    BYPASS = "bypassPermissions"


class Wake(StrEnum):
    """How an agent learns what came into its inbox."""

    AUTO = "auto"
    OFF = "off"


class Launch(StrEnum):
    """When an agent is started."""

    MANUAL = "manual"
    """By the human, who opens its pane or asks for it."""
    AUTO_ON_TASK = "auto_on_task"
    ALWAYS_ON = "always_on"


class Shutdown(StrEnum):
    """When an agent is stopped."""

    MANUAL = "manual"
    ON_INBOX_EMPTY = "on_inbox_empty"
    IDLE_TIMEOUT = "idle_timeout"


class Need(Enum):
    """When a project's file must be trusted to set something."""

    NOTHING = "yes"
    TO_RAISE = "up to the default; more when trusted"
    TRUST = "when trusted"


@dataclass(frozen=True, slots=True)
class Laid:
    """A file that an agent's container gets before its start; a secret one only the agent may read."""

    path: str
    text: str = field(repr=False)
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """A file of a trusted project as it was judged: containers get this copy, whatever it is by then."""

    path: str
    content: bytes = field(repr=False)
    program: bool


class Source(Enum):
    """Who set a value."""

    DEFAULT = "default"
    USER = "user"
    PROJECT = "project"
    COMMAND_LINE = "command line"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from; `where` names it to a person: a file or an option."""

    source: Source = Source.DEFAULT
    where: str = "default"
    path: Path | None = None

    def __str__(self) -> str:
        return self.where


DEFAULT = Origin()


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table, as a field's metadata."""

    parse: Callable[[object], object]
    example: str
    meaning: str
    need: Need
    adds: bool
    default_text: str


def rule(
    parse: Callable[[object], object],
    example: str,
    meaning: str,
    *,
    need: Need = Need.NOTHING,
    adds: bool = False,
    default_text: str = "",
) -> Mapping[str, Rule]:
    """Metadata that makes a dataclass field a row of the table.

    `example` is TOML; `adds`: files add to a list instead of replacing it; `default_text` says what None
    stands for.
    """
    return {"rule": Rule(parse, example, meaning, need, adds, default_text)}


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """What one agent gets: [agent], with [agent.NAME] over it; `laid` comes from no file."""

    name: str = ""
    laid: tuple[Laid, ...] = ()
    command: tuple[str, ...] = field(
        default=("claude",),
        metadata=rule(
            parse.command,
            '["claude", "--verbose"]',
            "what the agent runs; a string is split as a shell would, never given to one",
            need=Need.TRUST,
        ),
    )
    image: str = field(
        default="qms-tui-agent",
        metadata=rule(parse.image, '"registry/agent:1"', "the image of its container", need=Need.TRUST),
    )
    definition: str | None = field(
        default=None,
        metadata=rule(
            paths.definition,
            '"docs/agents/qa.md"',
            "its definition, a Markdown file inside the project",
            default_text=".claude/agents/NAME.md",
        ),
    )
    model: str | None = field(
        default=None,
        metadata=rule(
            parse.model,
            '"opus"',
            "the model that Claude Code begins with: an alias or a full name",
            default_text="the client's choice",
        ),
    )
    permission_mode: PermissionMode | None = field(
        default=None,
        metadata=rule(
            parse.one_of(PermissionMode),
            '"acceptEdits"',
            "what Claude Code does unasked: manual, acceptEdits, plan, auto, dontAsk, bypassPermissions",
            need=Need.TRUST,
            default_text="the agent's own settings, at first manual",
        ),
    )
    tools: tuple[str, ...] = field(
        default=(),
        metadata=rule(
            parse.tools,
            '["Edit", "Bash(git log:*)"]',
            "tools that Claude Code uses without asking",
            need=Need.TRUST,
        ),
    )
    args: tuple[str, ...] = field(
        default=(),
        metadata=rule(
            parse.arguments,
            '["--verbose"]',
            "more arguments for its command, whatever that is; they come last",
            need=Need.TRUST,
        ),
    )
    token_file: Path | None = field(
        default=None,
        metadata=rule(
            paths.path,
            '"~/.secrets/claude-token"',
            "a file with its login for Claude Code (of claude setup-token) or an API key; mounted read-only",
            need=Need.TRUST,
            default_text="none: log in with /login",
        ),
    )
    env: tuple[str, ...] = field(
        default=(),
        metadata=rule(
            parse.variables,
            '["LANG", "HTTPS_PROXY"]',
            "names of variables to pass on from your environment",
            need=Need.TRUST,
        ),
    )
    env_file: Path | None = field(
        default=None,
        metadata=rule(
            paths.path,
            '"~/agent.env"',
            "a file of NAME=value lines for its environment; relative to the file that says so",
            need=Need.TRUST,
            default_text="none",
        ),
    )
    color: str | None = field(
        default=None,
        metadata=rule(parse.color, '"teal"', "of its title: a name or #rrggbb", default_text="one per agent"),
    )
    resume: bool = field(
        default=True,
        metadata=rule(
            parse.boolean,
            "false",
            "whether Claude Code in a new container goes on with its last conversation",
        ),
    )
    wake: Wake = field(
        default=Wake.AUTO,
        metadata=rule(
            parse.one_of(Wake),
            '"off"',
            "whether what comes into its inbox wakes it: "
            "auto (Claude Code in our image; what has a wake_prompt by typing), off",
        ),
    )
    wake_text: str = field(
        default="Check your QMS inbox.",
        metadata=rule(
            # typed, it could be a shell's command
            parse.wake_text,
            '"Check your inbox, reviews first."',
            "what it is asked to do then, one line",
            need=Need.TRUST,
        ),
    )
    wake_prompt: str | None = field(
        default=None,
        metadata=rule(
            parse.wake_prompt,
            '"> "',
            "a regular expression for the free prompt of a program that nothing else wakes: "
            "what comes into its inbox is typed there",
            need=Need.TRUST,
            default_text="none: nothing is ever typed",
        ),
    )
    launch: Launch = field(
        default=Launch.MANUAL,
        metadata=rule(
            parse.one_of(Launch),
            '"auto_on_task"',
            "when it is started: manual (by opening its pane), auto_on_task (by a review or approval), "
            "always_on (also when it has ended)",
        ),
    )
    shutdown: Shutdown = field(
        default=Shutdown.MANUAL,
        metadata=rule(
            parse.one_of(Shutdown),
            '"on_inbox_empty"',
            "when an agent that says it is idle is stopped: manual, on_inbox_empty, idle_timeout",
        ),
    )
    idle_timeout: float = field(
        default=1800,
        metadata=rule(
            parse.number(10, 7 * 86_400, "1800 or 600"),
            "600",
            "seconds without a turn and without a key after which `idle_timeout` stops it",
        ),
    )
    memory: Memory = field(
        default=Memory(4 * 2**30),
        metadata=rule(parse.memory, '"512m"', "the most memory it may use, at least 6m", need=Need.TO_RAISE),
    )
    cpus: float = field(
        default=2,
        metadata=rule(
            parse.number(0.01, 1024, "2 or 1.5"), "1.5", "the most processors it may use", need=Need.TO_RAISE
        ),
    )
    pids: int = field(
        default=512,
        metadata=rule(
            parse.whole_number(16, 2**22, "512"), "256", "the most processes it may have", need=Need.TO_RAISE
        ),
    )
    open_files: int = field(
        default=4096,
        metadata=rule(
            parse.whole_number(64, 2**20, "4096"),
            "16384",
            "the most files that one of its processes may have open",
            need=Need.TO_RAISE,
        ),
    )
    file_size: Memory = field(
        default=Memory(8 * 2**30),
        metadata=rule(parse.memory, '"1g"', "the largest file it may write", need=Need.TO_RAISE),
    )
    disk: Memory = field(
        default=Memory(20 * 2**30),
        metadata=rule(
            parse.memory,
            '"5g"',
            "the most that its own folders and its container may take on disk: "
            "said from 80 % on, and at 100 % it is paused",
            need=Need.TO_RAISE,
        ),
    )
    read_only: bool = field(
        default=False,
        metadata=rule(
            parse.boolean,
            "true",
            "whether its container is read-only but for its own folders, with home, /tmp and /run in memory",
        ),
    )
    oci_runtime: str | None = field(
        default=None,
        metadata=rule(
            parse.oci_runtime,
            '"runsc"',
            "what the engine runs its container with, by the engine's name for it",
            need=Need.TRUST,
            default_text="the engine's default",
        ),
    )
    mounts: tuple[Mount, ...] = field(
        default=(),
        metadata=rule(
            paths.mounts,
            '["~/data:/data", "/srv/cache:/cache:rw"]',
            "host paths to show it, HOST:CONTAINER, read-only unless :rw",
            need=Need.TRUST,
        ),
    )
    network: str = field(
        default="project",
        metadata=rule(
            parse.network,
            '"none"',
            "project (a network of its own, no traffic between agents), none, or an existing one's name",
            need=Need.TRUST,
        ),
    )
    hide: tuple[str, ...] = field(
        default=(),
        metadata=rule(
            paths.hidden,
            '["secrets"]',
            "project paths that it must not see, besides .env* and .mcp.json; files add to each other",
            adds=True,
        ),
    )
    workdir: str = field(
        default="/pipe-dream",
        # over a folder of the image it would replace the image's programs, and so decide what runs
        metadata=rule(
            paths.workdir, '"/project"', "where the project stands inside its container", need=Need.TRUST
        ),
    )


@dataclass(frozen=True, slots=True)
class TerminalConfig:
    """What every agent's terminal keeps."""

    scrollback: int = field(
        default=5000,
        metadata=rule(
            parse.whole_number(0, 100_000, "5000"),
            "20000",
            "rows of history to keep per agent; fewer where they are very long",
        ),
    )
    clipboard: Clipboard = field(
        default=Clipboard.OFF,
        metadata=rule(
            parse.one_of(Clipboard),
            '"ask"',
            "whether agents may write your clipboard (OSC 52): off, ask, on; none may ever read it",
            need=Need.TRUST,
        ),
    )
    paste_paths: bool = field(
        default=True,
        metadata=rule(
            parse.boolean,
            "false",
            "whether a pasted path of the project, or of a mount, becomes that in the agent's container",
        ),
    )


@dataclass(frozen=True, slots=True)
class InboxConfig:
    """How arriving items make themselves felt."""

    toasts: bool = field(
        default=True, metadata=rule(parse.boolean, "false", "whether what arrives is told in a corner")
    )
    bell: bool = field(
        default=False, metadata=rule(parse.boolean, "true", "whether your terminal's bell rings for it")
    )
    rescan: float = field(
        default=3,
        metadata=rule(
            parse.number(0.5, 3600, "3 or 0.5"),
            "10",
            "seconds between looks at all inboxes, besides what the file system tells at once",
        ),
    )


@dataclass(frozen=True, slots=True)
class NotifyConfig:
    """What is told of agents' doings, in a corner of the screen and outside."""

    waits: bool = field(
        default=True, metadata=rule(parse.boolean, "false", "whether it is told that an agent waits for you")
    )
    finished: bool = field(
        default=True, metadata=rule(parse.boolean, "false", "whether it is told that an agent ended its turn")
    )
    failed: bool = field(
        default=True, metadata=rule(parse.boolean, "false", "whether it is told that a turn failed")
    )
    focused: bool = field(
        default=False, metadata=rule(parse.boolean, "true", "whether also of the agent whose pane you are in")
    )
    dwell: float = field(
        default=1,
        metadata=rule(parse.number(0, 3600, "1 or 0.5"), "5", "seconds that it must hold before it is told"),
    )
    cooldown: float = field(
        default=10,
        metadata=rule(
            parse.number(0, 86_400, "10 or 60"),
            "60",
            "seconds before the same of the same agent is told again",
        ),
    )
    outer: OuterNotification = field(
        default=OuterNotification.AUTO,
        metadata=rule(
            parse.one_of(OuterNotification),
            '"osc9"',
            "how the terminal you run qms-tui in hears of agents: auto (status reports, OSC 7501, if it "
            "takes them), status (the same, and doctor warns if not), off, osc9, osc777 (notifications)",
        ),
    )
    command: tuple[str, ...] | None = field(
        default=None,
        metadata=rule(
            parse.command,
            '["./tell-me", "--phone"]',
            "a program of this host that gets each notice as a line of JSON on its standard input; "
            "a relative path is meant from the file that says so",
            need=Need.TRUST,
            default_text="none",
        ),
    )


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """Which engine, and whether one at all."""

    host: str | None = field(
        default=None,
        metadata=rule(
            parse.engine_host,
            '"unix:///run/user/1000/docker.sock"',
            "the engine's address, unix://, ssh:// or tcp://",
            need=Need.TRUST,
            default_text="DOCKER_HOST, else Docker's context",
        ),
    )
    runtime: RuntimeKind = field(
        default=RuntimeKind.DOCKER,
        metadata=rule(
            parse.one_of(RuntimeKind),
            '"local"',
            "docker, or local: agents as programs of this host, not isolated",
            need=Need.TRUST,
        ),
    )
    mcp_listen: str | None = field(
        default=None,
        metadata=rule(
            parse.listening,
            '"127.0.0.1:7325"',
            "where MCP servers are offered over TCP, if the engine cannot mount sockets of this host",
            need=Need.TRUST,
            default_text="nowhere: each agent has a socket",
        ),
    )
    mcp_address: str | None = field(
        default=None,
        metadata=rule(
            parse.reached,
            '"10.0.0.5:7325"',
            "how agents reach that",
            need=Need.TRUST,
            default_text="the same, or host.docker.internal for 127.0.0.1",
        ),
    )

    @property
    def mcp_reached(self) -> str:
        """How agents reach the gateway over TCP."""
        host, _, port = (self.mcp_listen or "").rpartition(":")
        return self.mcp_address or f"{'host.docker.internal' if host.startswith('127.') else host}:{port}"


@dataclass(frozen=True, slots=True)
class McpServer:
    """A server of tools for agents, [mcp.NAME]: started here by a command, or found at a URL, or both."""

    name: str = ""
    command: tuple[str, ...] | None = field(
        default=None,
        metadata=rule(
            parse.command,
            '["uvx", "git-server"]',
            "a program of this host to start once for all agents; without `url` it speaks on stdio; "
            "a relative path is meant from the file that says so",
            need=Need.TRUST,
            default_text="none",
        ),
    )
    url: str | None = field(
        default=None,
        metadata=rule(
            parse.server_url,
            '"http://127.0.0.1:8000/mcp"',
            "where it speaks streamable HTTP",
            need=Need.TRUST,
            default_text="none",
        ),
    )
    headers: tuple[str, ...] = field(
        default=("X-QMS-Agent: {agent}",),
        metadata=rule(
            parse.headers,
            '["X-QMS-Agent: {agent}", "Authorization: Bearer secret"]',
            "what it is told over HTTP with every request; {agent} is who asks",
            need=Need.TRUST,
        ),
    )
    agents: tuple[str, ...] | None = field(
        default=None,
        metadata=rule(
            parse.agent_names,
            '["qa", "tu_ui"]',
            "who may use it",
            need=Need.TRUST,
            default_text="every agent",
        ),
    )

    cwd: Path | None = field(
        default=None,
        metadata=rule(
            paths.path,
            '"~/servers/git"',
            "the folder that its program starts in; relative to the file that says so",
            need=Need.TRUST,
            default_text="an empty one; the project's root if that is trusted",
        ),
    )

    def serves(self, agent: str) -> bool:
        """Whether the agent may use it."""
        return self.agents is None or agent in self.agents


@dataclass(frozen=True, slots=True)
class BuildConfig:
    """What `qms-tui build` makes the agents' image of."""

    base: str = field(
        default="debian:bookworm-slim",
        metadata=rule(
            parse.image, '"ubuntu:24.04"', "the image to build on, with apt and Python", need=Need.TRUST
        ),
    )
    client_version: str | None = field(
        default=None,
        metadata=rule(
            parse.client_version,
            '"2.1.300"',
            "the version of Claude Code in it",
            need=Need.TRUST,
            default_text="the one that this qms-tui was tested with",
        ),
    )
    packages: tuple[str, ...] = field(
        default=(),
        metadata=rule(
            parse.packages,
            '["nodejs", "make"]',
            "more packages of the base's distribution; files add to each other",
            need=Need.TRUST,
            adds=True,
        ),
    )


@dataclass(frozen=True, slots=True)
class Config:
    """Everything in force. `Config()` is what holds without any file."""

    agents: tuple[str, ...] = field(
        default=(),
        metadata=rule(
            parse.agent_names,
            '["tu_ui", "bu"]',
            "agents besides claude and those with a definition; files add to each other",
            adds=True,
        ),
    )
    prefix: str = field(
        default="ctrl+b", metadata=rule(parse.prefix, '"ctrl+a"', "the key that opens the command menu")
    )
    theme: Theme = field(default=Theme.DARK, metadata=rule(parse.one_of(Theme), '"light"', "dark or light"))
    terminal: TerminalConfig = TerminalConfig()
    inbox: InboxConfig = InboxConfig()
    notify: NotifyConfig = NotifyConfig()
    engine: EngineConfig = EngineConfig()
    servers: tuple[McpServer, ...] = ()
    build: BuildConfig = BuildConfig()
    every_agent: AgentConfig = AgentConfig()
    overrides: Mapping[str, AgentConfig] = field(default_factory=lambda: MappingProxyType({}))
    origins: Mapping[str, tuple[Origin, ...]] = field(default_factory=lambda: MappingProxyType({}))
    notices: tuple[str, ...] = ()
    trusted: bool = True
    """Whether what the project brings may have an effect; in one that is looked at only, nothing does."""
    judged: tuple[Judged, ...] = ()
    programs: tuple[Program, ...] = ()
    held: frozenset[tuple[str, str, int]] = frozenset()
    """Items that came with a project that is looked at only, by agent, file and inode: nobody is told of them
    until the human says so."""

    def agent(self, name: str) -> AgentConfig:
        """What the agent gets, all keys resolved; agents without a table of their own get [agent]."""
        return self.overrides.get(name) or dataclasses.replace(self.every_agent, name=name)

    def origin(self, key: str) -> tuple[Origin, ...]:
        """Where a key's value comes from, as in `theme` or `agent.qa.memory`; several if files add up.

        Of `agent.qa`: which files have that table.
        """
        section, _, name = key.rpartition(".")
        if section.startswith("agent."):
            return self.origins.get(key) or self.origin(f"agent.{name}")
        return self.origins.get(key) or (DEFAULT,)

    def servers_of(self, agent: str) -> tuple[McpServer, ...]:
        """The servers that an agent may use."""
        return tuple(server for server in self.servers if server.serves(agent))


@dataclass(frozen=True, slots=True)
class Setting:
    """A row of the table: which key, its default, and its rule."""

    section: str
    name: str
    default: object
    rule: Rule

    @property
    def key(self) -> str:
        """Its full name: `theme`, `agent.memory`."""
        return f"{self.section}.{self.name}" if self.section else self.name

    @property
    def shown(self) -> str:
        """The same for people who look for where to write it."""
        return f"mcp.NAME.{self.name}" if self.section == "mcp" else self.key


def _rows(
    section: str,
    kind: type[
        Config
        | AgentConfig
        | TerminalConfig
        | InboxConfig
        | NotifyConfig
        | EngineConfig
        | McpServer
        | BuildConfig
    ],
) -> tuple[Setting, ...]:
    return tuple(
        Setting(section, f.name, f.default, f.metadata["rule"])
        for f in dataclasses.fields(kind)
        if "rule" in f.metadata
    )


TABLE: Mapping[str, tuple[Setting, ...]] = MappingProxyType(
    {
        "": _rows("", Config),
        "agent": _rows("agent", AgentConfig),
        "terminal": _rows("terminal", TerminalConfig),
        "inbox": _rows("inbox", InboxConfig),
        "notify": _rows("notify", NotifyConfig),
        "engine": _rows("engine", EngineConfig),
        "mcp": _rows("mcp", McpServer),
        "build": _rows("build", BuildConfig),
    }
)
"""Every setting by section, in the order in which they are shown; the section of top-level keys is ''."""
