"""What has been announced to the agent, and what of that has reached it.

`seen.json` is the memory: `changed`, the inbox folder's time of change when it was last written, and `files`,
{file name: {"id", "announced", "delivered"}}, times in seconds since 1970, delivered None until the client
has taken it up. From then on a receipt is open, and has the `session` that it is in, until a turn there ends
well: the model has read the line by then. A turn that ends with an error makes it `failed`, at that time, and
announced `again` at another; never, after too many `tries`. Esc ends a turn without a word: the receipt stays
open, and the next turn decides, which is the human's. What is open in a session that is left for another, or
in a container that has ended, is as if it had never been announced.

`announced.json` are the newest of these, as many as the host reads. `pending.json` says when each line was
announced that the client has not taken up yet. The waiter and the client's hooks write them, under a lock.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager

import kept

MOST = 10_000  # items that are remembered: as many files as the waiter looks at
MOST_TOLD = 2000
MOST_PENDING = 50  # lines
LARGEST = 32 * 2**20  # bytes of the memory: that many of the longest names
MEMORY, PENDING = "seen.json", "pending.json"
SEPARATORS = 4  # bytes around an entry
# Seconds from a turn's error to the next announcement. The client itself has tried for minutes by then, and
# limits end and logins are mended within hours. Each try is a turn that may cost, so there is a last one.
BACK_OFF = (60, 300, 900, 3600, 3600)
ALONG = 60  # seconds by which others are announced early, in one line with what is due


class Receipt:
    """One file: which one it was, when it was announced, when that reached the agent, what came of it."""

    def __init__(self, identity: str, announced: float) -> None:
        self.identity, self.announced = identity, announced
        self.delivered: float | None = None
        self.session, self.tries = "", 0
        self.failed: float | None = None
        self.again: float | None = None

    def told(self) -> dict[str, object]:
        """As it is written: what is usual is left out."""
        told = {"id": self.identity, "announced": self.announced, "delivered": self.delivered}
        more = {"session": self.session, "tries": self.tries, "failed": self.failed, "again": self.again}
        return told | {name: value for name, value in more.items() if value}

    def deliver(self, session: str, now: float) -> None:
        """The client has taken it up."""
        self.delivered, self.session = now, session

    def fail(self, now: float) -> None:
        """The turn that had it has ended with an error."""
        self.failed = now
        self.again = now + BACK_OFF[self.tries] if self.tries < len(BACK_OFF) else None
        self.tries += 1

    def end(self) -> None:
        """A turn that had it has ended well."""
        self.session, self.tries, self.failed, self.again = "", 0, None, None


class Memory:
    """Receipts by the names of their files, and the folder's time of change in nanoseconds."""

    def __init__(self, changed: int, receipts: dict[str, Receipt]) -> None:
        self.changed, self.receipts = changed, receipts

    def next(self) -> float:
        """When something is to be announced again."""
        return min((one.again for one in self.receipts.values() if one.again is not None), default=math.inf)

    def due(self, now: float) -> list[str]:
        """The files to announce again, if it is time for any of them."""
        if self.next() > now:
            return []
        waiting = ((name, receipt.again) for name, receipt in self.receipts.items())
        return [name for name, again in waiting if again is not None and again <= now + ALONG]


@contextmanager
def held(folder: str) -> Iterator[None]:
    """Nobody else of us writes meanwhile. Raises OSError."""
    with kept.locked(os.path.join(folder, "announced.lock")):
        yield


def load(folder: str) -> Memory:
    """What is remembered, as far as it makes sense."""
    found = kept.read_object(os.path.join(folder, MEMORY), LARGEST)
    changed, files = found.get("changed"), found.get("files")
    known = {name: _receipt(value) for name, value in files.items()} if isinstance(files, dict) else {}
    return Memory(
        changed if isinstance(changed, int) else 0,
        {name: receipt for name, receipt in known.items() if receipt},
    )


def _receipt(value: object) -> Receipt | None:
    if not isinstance(value, dict):
        return None
    identity, announced, tries = value.get("id"), _number(value.get("announced")), value.get("tries")
    if not isinstance(identity, str) or announced is None:
        return None
    receipt = Receipt(identity, announced)
    receipt.delivered, receipt.session = _number(value.get("delivered")), str(value.get("session", ""))
    receipt.failed, receipt.again = _number(value.get("failed")), _number(value.get("again"))
    receipt.tries = max(0, tries) if isinstance(tries, int) else 0
    return receipt


def _number(value: object) -> float | None:
    return value if isinstance(value, (int, float)) else None


def save(folder: str, memory: Memory) -> None:
    """Remember this and nothing else, and tell the host of the newest. Raises OSError."""
    newest = sorted(memory.receipts.items(), key=lambda pair: pair[1].announced, reverse=True)[:MOST]
    files = {name: receipt.told() for name, receipt in newest}
    kept.write_object(os.path.join(folder, MEMORY), {"changed": memory.changed, "files": files})
    told: dict[str, object] = {}
    size = 0
    for name, receipt in list(files.items())[:MOST_TOLD]:
        size += len(json.dumps(name)) + len(json.dumps(receipt)) + SEPARATORS
        if size > kept.LARGEST:
            break
        told[name] = receipt
    kept.write_object(os.path.join(folder, "announced.json"), told)


def announce(folder: str, memory: Memory, new: dict[str, Receipt], line: str, now: float) -> None:
    """Remember that this line announces these files. Raises OSError."""
    memory.receipts.update(new)
    save(folder, memory)
    pending = _pending(folder)
    pending[line] = [*pending.pop(line, []), now][-MOST_PENDING:]
    kept.write_object(os.path.join(folder, PENDING), dict(list(pending.items())[-MOST_PENDING:]))


def deliver(folder: str, prompt: str, session: str, now: float) -> list[str]:
    """The client takes up a prompt: the names of the files that it announces. Raises OSError."""
    pending = _pending(folder)
    lines = [line for line in pending if line in prompt]
    if not lines:
        return []
    times = {at for line in lines for at in pending.pop(line)}
    memory = load(folder)
    names = [name for name, receipt in memory.receipts.items() if receipt.announced in times]
    for name in names:
        memory.receipts[name].deliver(session, now)
    save(folder, memory)
    kept.write_object(os.path.join(folder, PENDING), pending)
    return names


def end_turn(folder: str, session: str, now: float, *, well: bool) -> None:
    """A turn is over; after an error the model may have read nothing that was delivered. Raises OSError."""
    memory = load(folder)
    ended = [one for one in memory.receipts.values() if one.session and one.session == session]
    if not well:  # the human's own attempts put off nothing that waits for its time
        ended = [one for one in ended if one.failed is None]
    for receipt in ended:
        receipt.end() if well else receipt.fail(now)
    if ended:
        save(folder, memory)


def enter(folder: str, session: str) -> None:
    """The client goes on in this session; what is open in another is not in its sight. Raises OSError."""
    memory = load(folder)
    left = [name for name, receipt in memory.receipts.items() if receipt.session not in ("", session)]
    for name in left:
        del memory.receipts[name]
    if left:
        save(folder, memory)


def _pending(folder: str) -> dict[str, list[object]]:
    found = kept.read_object(os.path.join(folder, PENDING))
    return {line: times for line, times in found.items() if isinstance(times, list)}
