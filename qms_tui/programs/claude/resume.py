"""Whether an agent's client can go on with an earlier conversation, and how it is told to.

What is said here of Claude Code was seen with its version 2.1.330:

- It keeps each conversation in $CLAUDE_CONFIG_DIR/projects/SLUG/SESSION.jsonl, made with the first prompt.
- `--continue` without any it could show ends at once: exit code 1, "No conversation found to continue". So do
  a file without a user's message of its own (subagents have some) and one whose name is no session's.
- A broken last line, a session that was killed and another `cwd` inside hinder nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from itertools import islice

from qms_tui.config import AgentConfig
from qms_tui.files import open_regular_file
from qms_tui.programs.config_folder import ConfigFolder

CONTINUE = "--continue"
MOST_FILES = 200  # looked at in the agent's folder
MOST_SLUGS, MOST_NAMES = 20, 1000  # folders that are counted in, and names in each
MOST_BYTES = 65536  # read of each; the first prompt stands within the first few kB
LONGEST_SLUG = 200  # characters, before the hash
_CHOOSES_ITSELF = frozenset(
    {"-c", "--continue", "-r", "--resume", "--session-id", "--from-pr", "-p", "--print"}
)
SESSION = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.jsonl", re.ASCII)
_PROMPT = re.compile(rb'^(?=[^\n]*"isSidechain":false)[^\n]*"type":"user"', re.MULTILINE)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def resuming(config: AgentConfig, folder: ConfigFolder, cwd: str) -> tuple[str, ...]:
    """The agent's command for a new container, or process, that works in `cwd`: with the word that resumes
    its last conversation where there is one, else as configured. `folder` is its own. Blocking."""
    if not config.resume or not _leaves_open(config.command) or not has_conversation(folder, cwd):
        return config.command
    # First, since behind `--` it would be a prompt.
    return (config.command[0], CONTINUE, *config.command[1:])


def _leaves_open(command: Sequence[str]) -> bool:
    """Whether the command itself does not say which conversation."""
    return not {word.partition("=")[0] for word in command[1:]} & _CHOOSES_ITSELF


def has_conversation(own: ConfigFolder, cwd: str) -> bool:
    """Whether an agent's own folder holds a conversation for `cwd`, as seen where its program runs.

    The agent can write there: no link is followed, nothing is waited for, everything is bounded.
    """
    try:
        with own.open("projects", slug(cwd)) as folder, os.scandir(folder) as entries:
            names = [entry.name for entry in islice(entries, MOST_FILES)]
            return any(_is_conversation(folder, name) for name in names)
    except (OSError, ValueError):  # ValueError: a NUL in the path
        return False


def conversations(own: ConfigFolder) -> int:
    """How many an agent's own folder holds, whatever is in them; of many only as far as is looked."""
    count = 0
    try:
        with own.open("projects") as folder:
            slugs = os.listdir(folder)[:MOST_SLUGS]
        for name in slugs:
            with own.open("projects", name) as folder:
                count += sum(each.endswith(".jsonl") for each in os.listdir(folder)[:MOST_NAMES])
    except OSError:
        return count
    return count


def slug(cwd: str) -> str:
    """Claude Code's name for a folder: what is no letter or digit becomes `-`, in UTF-16 as JavaScript has
    it; a long one is cut, and told apart by a hash."""
    units = cwd.encode("utf-16-le", "surrogatepass")
    codes = [units[i] | units[i + 1] << 8 for i in range(0, len(units), 2)]
    text = "".join(chr(c) if c < 128 and chr(c).isalnum() else "-" for c in codes)
    return text if len(text) <= LONGEST_SLUG else f"{text[:LONGEST_SLUG]}-{_hash(codes)}"


def _hash(codes: Sequence[int]) -> str:
    """Java's hash of a string, without its sign, in base 36."""
    value = 0
    for code in codes:
        value = (value * 31 + code) & 0xFFFFFFFF
    value = abs(value - (1 << 32) if value >> 31 else value)
    digits = ""
    while value or not digits:
        value, digit = divmod(value, 36)
        digits = _DIGITS[digit] + digits
    return digits


def _is_conversation(folder: int, name: str) -> bool:
    if not SESSION.fullmatch(name):
        return False
    try:
        descriptor = open_regular_file(name, folder)
    except OSError:
        return False
    with open(descriptor, "rb", buffering=0) as stream:
        # A long one may begin with something long.
        return (
            os.fstat(descriptor).st_size > MOST_BYTES
            or _PROMPT.search(stream.read(MOST_BYTES) or b"") is not None
        )
