"""What runs first in an agent's container, as the agent: `entrypoint.py COMMAND [ARGUMENT]...`.

Answers beforehand what Claude Code asks on a first run, tells who it is, and becomes the command, beneath a
parent that continues it when it stops (supervisor.py). It runs with the standard library only, of Python 3.9
or newer, isolated (-I) from everything that an agent can write.

The folder of the configuration belongs to the agent, and so does this process: whatever is planted there can
harm nobody else. Files there are merged into, written anew beside and renamed, never deleted; one that cannot
be read is set aside. None of it stops the command from running.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import time
from typing import Any

# Isolated Python does not look beside the program.
sys.path.append(os.path.dirname(os.path.abspath(__file__)))
import supervisor

CLIENT = "claude"
OURS = "qms-tui"  # our folder within the configuration: what the host reads
PRIVATE = "/run/qms-tui"  # what the engine must not show: laid there before the start
LARGEST = 64 * 1024 * 1024  # bytes of a configuration file; the client's own grows to a few
LARGEST_PRIVATE = 256 * 1024
KEY_TAIL = 20  # characters of an API key by which the client remembers that it may use it
# What the container before has left, and what stands there until this one's programs write.
EMPTIED = {
    "instructions.jsonl": "",
    "hooks.jsonl": "",
    "status.json": "{}",
    "waiter.json": '{"armed": false}',
}
OUR_SETTINGS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "settings.json")
BYPASS = ("--dangerously-skip-permissions", "--permission-mode=bypassPermissions")
API_KEYS = "sk-ant-api"  # how they begin; everything else is a token of `claude setup-token`


def main(argv: list[str]) -> int:
    """Prepare, then become the command; its exit status as a shell has it."""
    program = supervisor.fork()
    if program:
        return supervisor.supervise(program)
    command = argv[1:] or [CLIENT]
    notes: list[str] = []
    os.environ.update(private_environment(notes))
    config = os.environ.setdefault("CLAUDE_CONFIG_DIR", "/claude-config")
    if os.path.basename(command[0]) == CLIENT:
        prepare(config, command, notes)
    tell_identity(config, command, notes)
    for note in notes:
        print(f"qms-tui: {note}", file=sys.stderr, flush=True)
    try:
        os.execvp(command[0], command)
    except FileNotFoundError:
        print(f"qms-tui: there is no {command[0]!r} in this image", file=sys.stderr)
        return 127
    except OSError as error:
        print(f"qms-tui: cannot run {command[0]!r}: {error.strerror}", file=sys.stderr)
        return 126


def private_environment(notes: list[str]) -> dict[str, str]:
    """Variables that the engine is not told of, and the login of the token's file."""
    found: dict[str, str] = {}
    text = _read_private("environment.json", notes)
    if text:
        found.update(json.loads(text))
    token = _read_private("token", notes).strip()
    if token:
        found["ANTHROPIC_API_KEY" if token.startswith(API_KEYS) else "CLAUDE_CODE_OAUTH_TOKEN"] = token
    return found


def _read_private(name: str, notes: list[str]) -> str:
    path = os.path.join(PRIVATE, name)
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read(LARGEST_PRIVATE)
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        notes.append(f"{path} cannot be read by user {os.getuid()}: {reason}")
        return ""


def prepare(config: str, command: list[str], notes: list[str]) -> None:
    """Merge what a first run would ask for into the client's own files."""
    merged = (
        (".claude.json", lambda known: answer_dialogs(known, os.getcwd(), os.environ)),
        ("settings.json", lambda known: allow(known, command)),
    )
    for name, change in merged:
        try:
            merge(os.path.join(config, name), change, notes)
        except OSError as error:
            notes.append(f"{name} cannot be written: {error.strerror}; the client may ask what it asks first")


def answer_dialogs(known: dict[str, Any], cwd: str, environment: Any) -> None:
    """What the client has asked once and for all: welcome, theme, trust, an API key in its environment."""
    for seen in ("hasCompletedOnboarding", "hasSeenAutoDefaultNudge", "hasSeenAutoDefaultNotice"):
        known[seen] = True
    known.setdefault("theme", environment.get("QMS_TUI_THEME") or "dark")
    project = _table(_table(known, "projects"), cwd)
    project["hasTrustDialogAccepted"] = True
    key = environment.get("ANTHROPIC_API_KEY", "")[-KEY_TAIL:]
    if key:
        answers = _table(known, "customApiKeyResponses")
        answers["approved"] = [*_others(answers.get("approved"), key), key]
        answers["rejected"] = _others(answers.get("rejected"), key)


def allow(known: dict[str, Any], command: list[str]) -> None:
    """Permissions as they are without a word of the human's, and MCP servers without a question."""
    permissions = _table(known, "permissions")
    permissions.setdefault("defaultMode", "default")
    permissions.setdefault("disableAutoMode", "disable")
    known.setdefault("enableAllProjectMcpServers", True)
    if asks_to_bypass(command):
        known["skipDangerousModePermissionPrompt"] = True


def asks_to_bypass(command: list[str]) -> bool:
    """Whether the human wants no questions about permissions at all."""
    joined = [" ".join(command[i : i + 2]).replace(" ", "=", 1) for i in range(len(command))]
    return any(word in BYPASS for word in (*command, *joined))


def _table(parent: dict[str, Any], name: str) -> dict[str, Any]:
    """The object of that name, made where there is none."""
    if not isinstance(parent.get(name), dict):
        parent[name] = {}
    found: dict[str, Any] = parent[name]
    return found


def _others(values: object, value: str) -> list[object]:
    return [other for other in values if other != value] if isinstance(values, list) else []


def merge(path: str, change: Any, notes: list[str]) -> None:
    """Change the object in a file; what is not changed stays as it is. Raises OSError."""
    before = _read_object(path, notes)
    known = json.loads(json.dumps(before))
    change(known)
    if known != before:
        replace(path, json.dumps(known, indent=2, ensure_ascii=False))


def _read_object(path: str, notes: list[str]) -> dict[str, Any]:
    """What the file holds; nothing, and the file set aside, if that is no object in JSON."""
    try:
        text = _read_regular(path)
        found = json.loads(text)
        if not isinstance(found, dict):
            raise ValueError("no object")
        return found
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError):
        aside = f"{path}.broken-{int(time.time())}"
        os.rename(path, aside)
        notes.append(f"{os.path.basename(path)} was broken and is set aside as {os.path.basename(aside)}")
        return {}


def _read_regular(path: str) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
        os.close(descriptor)
        raise ValueError("no file of a sensible size")
    with open(descriptor, "rb") as stream:
        return stream.read(LARGEST).decode()


def replace(path: str, text: str) -> None:
    """Write a file whole: whoever reads it sees the old one or the new one. Raises OSError."""
    beside = f"{path}.{os.getpid()}.qms-tui"
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "w", encoding="utf-8", errors="surrogatepass") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(descriptor)
    os.rename(beside, path)


def tell_identity(config: str, command: list[str], notes: list[str]) -> None:
    """Say who runs here, for the host to read, and forget what the container before said."""
    folder = os.path.join(config, OURS)
    told = {
        "agent": os.environ.get("QMS_USER", ""),
        "uid": os.getuid(),
        "gid": os.getgid(),
        "project": os.getcwd(),
        "program": os.path.basename(command[0]),
        "pid": os.getpid(),  # the command's too, which this process becomes
        "domain": domain(),
        "wake": is_woken(command, os.environ),
        "started": time.time(),
        "notes": notes,
    }
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        for name, empty in EMPTIED.items():
            replace(os.path.join(folder, name), empty)
        replace(os.path.join(folder, "identity.json"), json.dumps(told))
    except OSError as error:
        notes.append(f"who runs here cannot be told: {error.strerror}")


def domain() -> str:
    """The PID namespace, `pid:[4026532462]`: the client's registry has it too, and so tells whose it is."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def is_woken(command: list[str], environment: Any) -> bool:
    """Whether the waiter of our settings will wake this client for what comes into its inbox."""
    return OUR_SETTINGS in command and environment.get("QMS_TUI_WAKE", "auto") != "off"


if __name__ == "__main__":
    sys.exit(main(sys.argv))
