"""What an agent is told of the files in its inbox: kinds, documents and senders, and never a word more.

Whoever may write into an inbox could else speak to the agent in the system's name. So what comes from a file
is matched against narrow patterns; the rest of its content, and its name, are not said. Which file is what
follows qms_tui/inbox/parse.py, in small.
"""

from __future__ import annotations

import os
import re
import stat

LARGEST = 4096  # bytes that are read of a file
MOST_NAMED = 5  # items that are named one by one; of more there is only the number
INSTRUCTION = "Check your QMS inbox."
LONGEST_INSTRUCTION = 200
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_FIELD = re.compile(r"([a-z_]{1,32}): *[\"']?([A-Za-z0-9_-]{1,64})[\"']? *")
# CR-056, CR-056-VAR-001-TP-1, SDLC-QMS-RTM: nothing in which a sentence could stand.
_DOCUMENT = re.compile(r"[A-Z]{2,6}-[0-9]{1,5}(-[A-Z]{1,5}-[0-9]{1,5}){0,4}|SDLC(-[A-Z]{2,6}){2}")
AGENT = re.compile(r"[a-z][a-z0-9_]{0,62}")
_ALWAYS_THERE = ("claude", "lead")  # people of a project who need no definition
_NAMES = (
    ("task", re.compile(r"task-(?P<document>[A-Z0-9-]{1,64})-(?:pre_|post_)?(?P<type>review|approval)-v.*")),
    ("message", re.compile(r"msg-(?P<sender>[a-z0-9_]{1,63})-[0-9]{4}-.*")),
    ("notice", re.compile(r"notif-(?P<document>[A-Z0-9-]{1,64})-[A-Za-z_]{1,40}-[0-9]{4}-.*")),
)
_TASKS = ("review", "approval")
_TYPES = {"message": "message", "notification": "notice"}


def is_item(name: str) -> bool:
    """Whether a file called so is an item: no hidden, temporary, backup or swap file."""
    return name.endswith(".md") and not name.startswith((".", "#"))


def announcement(project: str, inbox: str, names: list[str], instruction: str) -> str:
    """One line for all of them."""
    if len(names) > MOST_NAMED:
        what = f"{len(names)} new items"
    else:
        what = "; ".join(described(project, inbox, name) for name in sorted(names))
    return f"New in your QMS inbox: {what}. {checked(instruction)}"


def checked(instruction: str) -> str:
    """The instruction if it is one line of text, else the usual one."""
    fine = instruction.isprintable() and instruction.strip() and len(instruction) <= LONGEST_INSTRUCTION
    return instruction if fine else INSTRUCTION


def described(project: str, inbox: str, name: str) -> str:
    """An item as far as it can be trusted: `review task CR-056 from claude`, `notice on CR-057`, `item`."""
    fields = front_matter(read_start(os.path.join(inbox, name)))
    kind, by_name = named(name)
    kind = _TYPES.get(fields.get("type", ""), kind)
    task = fields.get("task_type", "").lower()
    if task not in _TASKS:
        task = by_name["type"] if kind == "task" else ""
    documents = fields.get("doc_id", ""), by_name.get("document", "")
    document = next(filter(_DOCUMENT.fullmatch, documents), "")
    senders = fields.get("from", ""), fields.get("assigned_by", ""), by_name.get("sender", "")
    sender = next((f" from {one}" for one in senders if is_agent(project, one)), "")
    if task:
        return f"{task} task {document}".strip() + sender
    if kind == "message":
        return kind + sender
    return f"{kind} on {document}" if document else kind


def named(name: str) -> tuple[str, dict[str, str]]:
    """Kind, and what else a file's name says."""
    for kind, pattern in _NAMES:
        match = pattern.fullmatch(name)
        if match:
            return kind, {key: value for key, value in match.groupdict().items() if value}
    return "item", {}


def is_agent(project: str, name: str) -> bool:
    """Whether the project has an agent of that name."""
    if not AGENT.fullmatch(name):
        return False
    return name in _ALWAYS_THERE or os.path.isfile(os.path.join(project, ".claude/agents", f"{name}.md"))


def read_start(path: str) -> str:
    """The first bytes of a regular file; nothing of any other."""
    try:
        with open(os.open(path, _FILE), "rb", buffering=0) as stream:
            regular = stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
            return stream.read(LARGEST).decode("utf-8", "replace") if regular else ""
    except OSError:
        return ""


def front_matter(text: str) -> dict[str, str]:
    """The plain words among the values at the top; whatever is written otherwise is not there."""
    lines = text.lstrip("\ufeff").split("\n")
    if lines[0].rstrip() != "---":
        return {}
    found: dict[str, str] = {}
    for line in lines[1:]:
        if line.rstrip() == "---":
            return found
        match = _FIELD.fullmatch(line.rstrip("\r"))
        if match:
            found[match[1]] = match[2]
    return {}
