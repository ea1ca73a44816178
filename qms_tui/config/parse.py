"""What may stand in a configuration file: one pure function per kind of value.

Each takes what tomllib made of the file and returns a checked value, or raises WrongValue with what is
wrong and how to write it. Who sets the value, and whether that is allowed, is not known here.
"""

from __future__ import annotations

import ipaddress
import re
import shlex
import warnings
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from qms_tui.config.text import WrongValue, a_string, matching, shown, strings
from qms_tui.project import AGENT_NAME

_Choice = TypeVar("_Choice", bound=StrEnum)


class Memory(int):
    """Bytes; as text in the largest unit that says it exactly, the way Docker writes sizes: 4g, 512m."""

    def __str__(self) -> str:
        for unit, size in reversed(_UNITS.items()):
            if self % size == 0:
                return f"{self // size}{unit}"
        raise AssertionError("every number is a multiple of a byte")


_UNITS = {"b": 1, "k": 2**10, "m": 2**20, "g": 2**30}
_SIZE = re.compile(r"([0-9]{1,12})([bkmg])", re.IGNORECASE | re.ASCII)
LONGEST_WAKE_TEXT = 200  # characters; docker/inside/announcement.py takes as many
LONGEST_WAKE_PROMPT = 100  # characters
# Rows of programs are matched: with these, the worst pattern takes 30 ms for the worst of 200 characters.
MOST_REPEATS, MOST_CHOICES = 3, 6  # `*`, `+` and `{`; those and `?`
_LITERAL = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]")  # what is no operator of a regular expression
LEAST_MEMORY = Memory(6 * 2**20)  # Docker refuses less
MOST_MEMORY = Memory(64 * 2**40)  # more than any machine; keeps the number inside the engine's int64

_PREFIX = re.compile(r"ctrl\+([a-z]|space|[\]\\^_])")
_TAKEN_KEYS = {
    "ctrl+c": "interrupts programs",
    "ctrl+h": "is the backspace of some terminals",
    "ctrl+i": "is the same key as Tab",
    "ctrl+j": "is the same key as a new line",
    "ctrl+m": "is the same key as Enter",
    "ctrl+q": "leaves qms-tui",
}

# what Textual knows by the same names; a test compares
COLORS = frozenset(
    """
    black red green yellow blue magenta cyan white gray silver orange gold pink hotpink purple violet indigo
    navy teal turquoise aqua lime olive brown maroon coral salmon tomato crimson orchid plum khaki tan beige
    skyblue steelblue slateblue royalblue dodgerblue seagreen limegreen springgreen forestgreen
    """.split()  # noqa: SIM905 a list of literals is one word per line
)
_HEX_COLOR = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE | re.ASCII)

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_OWN_VARIABLES = ("CLAUDE_CONFIG_DIR", "COLORTERM", "HOME", "QMS_USER", "TERM")
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]{0,254}", re.ASCII)
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@\[\]-]{0,127}", re.ASCII)
_TOOL = re.compile(r"[A-Za-z_*][A-Za-z0-9_*-]*(\([^,()]{1,200}\))?", re.ASCII)
_CLIENT_VERSION = re.compile(r"[0-9]{1,5}\.[0-9]{1,5}\.[0-9]{1,5}(-[A-Za-z0-9.]{1,20})?", re.ASCII)
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]{0,99}", re.ASCII)
_NETWORK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", re.ASCII)
_OCI_RUNTIME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", re.ASCII)
_SERVER = re.compile(r"[a-z][a-z0-9-]{0,31}", re.ASCII)
_URL = re.compile(r"https?://[!-~]{1,500}", re.ASCII)
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}: ?[ -~]{0,4000}", re.ASCII)
_OWN_HEADERS = ("accept", "content-type", "content-length", "host", "mcp-session-id", "mcp-protocol-version")
_REACHED = re.compile(r"[A-Za-z0-9._-]{1,253}:[0-9]{1,5}", re.ASCII)
# As runtime/docker/tunnel.py reads it; nothing in it can be an option of ssh.
_SSH = re.compile(
    r"ssh://(\w[\w.+@-]*@)?(\[[0-9a-f:.]+\]|\w[\w.-]*)(:(?P<port>[0-9]{1,5}))?(/[\w./@+-]*)?",
    re.IGNORECASE | re.ASCII,
)
_TCP = re.compile(
    r"tcp://(\[[0-9a-f:]+\]|[a-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?/?", re.IGNORECASE | re.ASCII
)


def agent_name(value: object) -> str:
    """The name of one agent."""
    if not isinstance(value, str) or not AGENT_NAME.fullmatch(value):
        raise WrongValue(
            f"{shown(value)} is not an agent's name",
            "write it like 'qa' or 'tu_ui': small letters, digits and _, a letter first, at most 63",
        )
    return value


def agent_names(value: object) -> tuple[str, ...]:
    """Agents that the roster lacks."""
    hint = 'write it like agents = ["qa", "tu_ui"]; what one agent needs stands below [agent.qa]'
    return tuple(dict.fromkeys(agent_name(item) for item in strings(value, "a list of agents' names", hint)))


def prefix(value: object) -> str:
    """The key that opens the command menu, in small letters."""
    key = value.lower() if isinstance(value, str) else ""
    if not _PREFIX.fullmatch(key):
        raise WrongValue(
            f"{shown(value)} is not a key for the menu",
            "write it like 'ctrl+b': ctrl+ and a letter, space, ], \\, ^ or _",
        )
    if key in _TAKEN_KEYS:
        raise WrongValue(f"{shown(value)} {_TAKEN_KEYS[key]}", "take another key, like 'ctrl+b' or 'ctrl+a'")
    return key


def one_of(kind: type[_Choice]) -> Callable[[object], _Choice]:
    """A parser of one of the words of an enumeration."""
    words = " or ".join(f"'{member}'" for member in kind)

    def parse(value: object) -> _Choice:
        for member in kind:
            if value == member.value:
                return member
        raise WrongValue(f"{shown(value)} is not one of the choices", f"write {words}")

    return parse


def command(value: object) -> tuple[str, ...]:
    """A program and its arguments; a string is split as a shell would, and never given to one."""
    hint = 'write it like \'claude --verbose\' or ["claude", "--verbose"]'
    if isinstance(value, str):
        try:
            words = tuple(shlex.split(a_string(value, "a command", hint)))
        except ValueError as error:
            raise WrongValue(f"{shown(value)} cannot be split: {str(error).lower()}", hint) from None
    else:
        words = strings(value, "a command", hint)
    if not words or not words[0]:
        raise WrongValue(f"{shown(value)} names no program", hint)
    return words


def image(value: object) -> str:
    """The name of an image, as the engine takes it."""
    return matching(_IMAGE, value, "an image's name", "write it like 'name' or 'registry/name:tag'")


def model(value: object) -> str:
    """A model's alias or name, as the client takes it."""
    return matching(_MODEL, value, "a model's name", "write it like 'opus' or a model's full name")


def tools(value: object) -> tuple[str, ...]:
    """Tools of Claude Code, each with or without a rule in parentheses."""
    hint = 'write it like ["Edit", "Bash(git log:*)"]'
    found = strings(value, "a list of tools", hint)
    return tuple(dict.fromkeys(matching(_TOOL, item, "a tool", hint) for item in found))


def arguments(value: object) -> tuple[str, ...]:
    """Arguments for a command, as they are."""
    return strings(value, "a list of arguments", 'write it like ["--verbose"]')


def client_version(value: object) -> str:
    """A version of Claude Code, exactly one."""
    return matching(_CLIENT_VERSION, value, "a version", "write it like '2.1.330'")


def packages(value: object) -> tuple[str, ...]:
    """Names of the distribution's packages; they become words of a shell's command."""
    hint = 'write it like ["nodejs", "make"]'
    found = strings(value, "a list of packages", hint)
    return tuple(dict.fromkeys(matching(_PACKAGE, item, "a package's name", hint) for item in found))


def variables(value: object) -> tuple[str, ...]:
    """Names of the host's environment variables that an agent gets."""
    hint = 'write it like ["LANG", "HTTPS_PROXY"]: names only, their values come from your environment'
    names = strings(value, "a list of variables' names", hint)
    for name in names:
        if not _VARIABLE.fullmatch(name):
            raise WrongValue(f"{shown(name)} is not a variable's name", hint)
        if is_own_variable(name):
            raise WrongValue(f"{name} is set by qms-tui itself", "leave it out")
    return tuple(dict.fromkeys(names))


def is_own_variable(name: str) -> bool:
    """Whether qms-tui itself sets it for agents, whatever anybody wants to pass on."""
    return name in _OWN_VARIABLES or name.startswith("QMS_TUI_")


def wake_text(value: object) -> str:
    """One line for an agent to read."""
    hint = f"write one line of at most {LONGEST_WAKE_TEXT} characters, like 'Check your QMS inbox.'"
    text = a_string(value, "a line of text", hint).strip()
    if not text or not text.isprintable() or len(text) > LONGEST_WAKE_TEXT:
        raise WrongValue(f"{shown(text)} is not a line of text", hint)
    return text


def wake_prompt(value: object) -> str:
    """A regular expression for a prompt, which takes neither nothing nor any text, and no row for long."""
    hint = r"write it like '> ' or '\$ ': what stands in the cursor's row up to the cursor, as a whole"
    text = a_string(value, "a regular expression", hint)
    if len(text) > LONGEST_WAKE_PROMPT:
        raise WrongValue(f"{shown(text)} is longer than {LONGEST_WAKE_PROMPT} characters", hint)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what a later Python may read in another way
            pattern = re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise WrongValue(f"{shown(text)} is not a regular expression: {error}", hint) from None
    operators = _LITERAL.sub("x", text)
    repeats, choices = (sum(operators.count(sign) for sign in signs) for signs in ("*+{", "*+{?"))
    if re.search(r"\)[*+{]", operators) or repeats > MOST_REPEATS or choices > MOST_CHOICES:
        raise WrongValue(f"{shown(text)} repeats too much: a row could keep qms-tui busy", hint)
    if any(pattern.fullmatch(row) for row in ("", " ", "words that somebody has begun to type")):
        raise WrongValue(f"{shown(text)} matches what is no prompt", hint)
    return text


def color(value: object) -> str:
    """A colour's name or #rrggbb, in small letters."""
    name = value.lower() if isinstance(value, str) else ""
    if name not in COLORS and not _HEX_COLOR.fullmatch(name):
        raise WrongValue(f"{shown(value)} is not a color", "write it like 'teal' or '#20b2aa'")
    return name


def memory(value: object) -> Memory:
    """A size, in bytes."""
    hint = "write it like '4g' or '512m'"
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise WrongValue(f"{shown(value)} is not a size", hint)
    size = Memory(int(match[1]) * _UNITS[match[2].lower()])
    if not LEAST_MEMORY <= size <= MOST_MEMORY:
        raise WrongValue(f"{shown(value)} is not between {LEAST_MEMORY} and {MOST_MEMORY}", hint)
    return size


def boolean(value: object) -> bool:
    """Yes or no."""
    if not isinstance(value, bool):
        raise WrongValue(f"{shown(value)} is neither true nor false", "write true or false, without quotes")
    return value


def number(least: float, most: float, example: str) -> Callable[[object], float]:
    """A parser of a number within bounds, whole or not."""

    def parse(value: object) -> float:
        hint = f"write it like {example}"
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise WrongValue(f"{shown(value)} is not a number", hint)
        if not least <= value <= most:
            raise WrongValue(f"{shown(value)} is not between {least:g} and {most:g}", hint)
        return value

    return parse


def whole_number(least: int, most: int, example: str) -> Callable[[object], int]:
    """A parser of a whole number within bounds."""

    def parse(value: object) -> int:
        hint = f"write it like {example}"
        if isinstance(value, bool) or not isinstance(value, int):
            raise WrongValue(f"{shown(value)} is not a whole number", hint)
        if not least <= value <= most:
            raise WrongValue(f"{shown(value)} is not between {least} and {most}", hint)
        return value

    return parse


def server_name(value: object) -> str:
    """The name of an MCP server: the client makes the names of its tools from it."""
    hint = "write it like [mcp.git]: small letters, digits and -, a letter first, at most 32"
    return matching(_SERVER, value, "a server's name", hint)


def server_url(value: object) -> str:
    """Where a server speaks streamable HTTP."""
    hint = "write it like 'http://127.0.0.1:8000/mcp'"
    return matching(_URL, a_string(value, "a server's address", hint), "a server's address", hint)


def listening(value: object) -> str:
    """One address of this machine and a port."""
    hint = "write it like '127.0.0.1:7325' or '172.17.0.1:7325'"
    found = reached(value)
    host = found.rpartition(":")[0]
    try:
        address = ipaddress.IPv4Address(host)
    except ValueError:
        raise WrongValue(f"{shown(host)} is no IPv4 address", hint) from None
    if address.is_unspecified:
        raise WrongValue(f"{shown(host)} would let every machine of your networks knock", hint)
    return found


def reached(value: object) -> str:
    """A host and a port."""
    hint = "write it like '10.0.0.5:7325'"
    found = matching(_REACHED, a_string(value, "an address", hint), "an address", hint)
    if not 0 < int(found.rpartition(":")[2]) < 2**16:
        raise WrongValue(f"{shown(found)} has no such port", hint)
    return found


def headers(value: object) -> tuple[str, ...]:
    """Headers as HTTP writes them."""
    hint = 'write it like ["X-QMS-Agent: {agent}", "Authorization: Bearer secret"]'
    found = strings(value, "a list of headers", hint)
    for header in found:
        name = matching(_HEADER, header, "a header", hint).partition(":")[0].lower()
        if name in _OWN_HEADERS:
            raise WrongValue(f"{name!r} is set by qms-tui itself", "leave it out")
    return found


def oci_runtime(value: object) -> str:
    """The name of a program that runs containers, as the engine knows it; never a path."""
    return matching(_OCI_RUNTIME, value, "a runtime's name", "write it like 'runsc' or 'kata'")


def network(value: object) -> str:
    """`project`, `none`, or the name of a network that the engine has."""
    hint = "write 'project' (one of its own), 'none', or the name of an existing network"
    name = matching(_NETWORK, value, "a network", hint)
    if name == "host":
        raise WrongValue(
            "'host' would put agents on this host's own network, where they reach every service", hint
        )
    return name


def engine_host(value: object) -> str:
    """The address of a Docker engine."""
    hint = "write it like 'unix:///var/run/docker.sock' or 'tcp://10.0.0.5:2376'"
    host = a_string(value, "an engine's address", hint)
    if host.startswith("npipe:"):
        raise WrongValue(f"{shown(host)} is a Windows pipe", hint)
    if host.startswith("unix:///") and len(host) > len("unix:///"):
        return host
    network, default = _TCP.fullmatch(host), 2375
    if host.startswith("ssh:"):
        hint = "write it like 'ssh://me@host', 'ssh://me@host:2222' or 'ssh://host/run/user/1000/docker.sock'"
        network, default = _SSH.fullmatch(host), 22
    if network and 0 < int(network["port"] or default) < 2**16:
        return host
    raise WrongValue(f"{shown(host)} is not an engine's address", hint)
