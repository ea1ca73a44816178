"""What has been announced to the agent, and what of that has reached it.

`seen.json` is the memory: `changed`, the inbox folder's time of change when it was last written, and `files`,
{file name: {"id", "announced", "delivered"}}, times in seconds since 1970, delivered None until the client
has taken it up. `announced.json` are the newest of these, as many as the host reads. `pending.json` says when
each line was announced that the client has not taken up yet. The waiter and the hook of the client's prompts
write them, under a lock.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager

import kept

MOST = 10_000  # items that are remembered: as many files as the waiter looks at
MOST_TOLD = 2000
MOST_PENDING = 50  # lines
LARGEST = 32 * 2**20  # bytes of the memory: that many of the longest names
PENDING = "pending.json"
SEPARATORS = 4  # bytes around an entry


class Receipt:
    """One file: which one it was, when it was announced, and when that reached the agent."""

    def __init__(self, identity: str, announced: float, delivered: float | None = None) -> None:
        self.identity, self.announced, self.delivered = identity, announced, delivered

    def told(self) -> dict[str, object]:
        """As it is written."""
        return {"id": self.identity, "announced": self.announced, "delivered": self.delivered}


class Memory:
    """Receipts by the names of their files, and the folder's time of change in nanoseconds."""

    def __init__(self, changed: int, receipts: dict[str, Receipt]) -> None:
        self.changed, self.receipts = changed, receipts


@contextmanager
def held(folder: str) -> Iterator[None]:
    """Nobody else of us writes meanwhile. Raises OSError."""
    with kept.locked(os.path.join(folder, "announced.lock")):
        yield


def load(folder: str) -> Memory:
    """What is remembered, as far as it makes sense."""
    found = kept.read_object(os.path.join(folder, "seen.json"), LARGEST)
    changed, files = found.get("changed"), found.get("files")
    known = {name: _receipt(value) for name, value in files.items()} if isinstance(files, dict) else {}
    return Memory(
        changed if isinstance(changed, int) else 0,
        {name: receipt for name, receipt in known.items() if receipt},
    )


def _receipt(value: object) -> Receipt | None:
    if not isinstance(value, dict):
        return None
    identity, announced, delivered = (value.get(name) for name in ("id", "announced", "delivered"))
    if not isinstance(identity, str) or not isinstance(announced, (int, float)):
        return None
    return Receipt(identity, announced, delivered if isinstance(delivered, (int, float)) else None)


def save(folder: str, memory: Memory) -> None:
    """Remember this and nothing else, and tell the host of the newest. Raises OSError."""
    newest = sorted(memory.receipts.items(), key=lambda pair: pair[1].announced, reverse=True)[:MOST]
    files = {name: receipt.told() for name, receipt in newest}
    kept.write_object(os.path.join(folder, "seen.json"), {"changed": memory.changed, "files": files})
    told: dict[str, object] = {}
    size = 0
    for name, receipt in list(files.items())[:MOST_TOLD]:
        size += len(json.dumps(name)) + len(json.dumps(receipt)) + SEPARATORS
        if size > kept.LARGEST:
            break
        told[name] = receipt
    kept.write_object(os.path.join(folder, "announced.json"), told)


def announce(folder: str, memory: Memory, new: dict[str, str], line: str, now: float) -> None:
    """Remember that this line announces these files, {name: identity}. Raises OSError."""
    memory.receipts.update((name, Receipt(identity, now)) for name, identity in new.items())
    save(folder, memory)
    pending = _pending(folder)
    pending[line] = [*pending.pop(line, []), now][-MOST_PENDING:]
    kept.write_object(os.path.join(folder, PENDING), dict(list(pending.items())[-MOST_PENDING:]))


def deliver(folder: str, prompt: str, now: float) -> list[str]:
    """The client takes up a prompt: the names of the files that it announces. Raises OSError."""
    pending = _pending(folder)
    lines = [line for line in pending if line in prompt]
    if not lines:
        return []
    times = {at for line in lines for at in pending.pop(line)}
    memory = load(folder)
    names = [name for name, receipt in memory.receipts.items() if receipt.announced in times]
    for name in names:
        memory.receipts[name].delivered = now
    save(folder, memory)
    kept.write_object(os.path.join(folder, PENDING), pending)
    return names


def _pending(folder: str) -> dict[str, list[object]]:
    found = kept.read_object(os.path.join(folder, PENDING))
    return {line: times for line, times in found.items() if isinstance(times, list)}
