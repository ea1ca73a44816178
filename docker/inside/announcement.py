"""What the agent is told of the files in its inbox: one line, in the words of item_reader.py."""

from __future__ import annotations

import os
import stat

from front_matter import front_matter
from item_reader import MOST_READ, is_sender, read_item, wake_line, words

INSTRUCTION = "Check your QMS inbox."
LONGEST_INSTRUCTION = 200
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def announcement(project: str, inbox: str, names: list[str], instruction: str) -> str:
    """One line for all of them."""
    items = (described(project, inbox, name) for name in sorted(names))
    return wake_line(items, len(names), checked(instruction), "; ")


def checked(instruction: str) -> str:
    """The instruction if it is one line of text, else the usual one."""
    fine = instruction.isprintable() and instruction.strip() and len(instruction) <= LONGEST_INSTRUCTION
    return instruction if fine else INSTRUCTION


def described(project: str, inbox: str, name: str) -> str:
    """An item as far as it can be trusted."""
    item = read_item(name, front_matter(read_start(os.path.join(inbox, name))))
    senders = (item.sender,) if is_sender(project, item.sender) else ()
    return words(item.kind, item.document, item.sender, senders)


def read_start(path: str) -> bytes:
    """The first bytes of a regular file; nothing of any other."""
    try:
        with open(os.open(path, _FILE), "rb", buffering=0) as stream:
            return stream.read(MOST_READ) if stat.S_ISREG(os.fstat(stream.fileno()).st_mode) else b""
    except OSError:
        return b""
