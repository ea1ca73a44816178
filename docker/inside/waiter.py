"""Wakes the agent for what comes into its inbox: a hook that the client lets run beside it (asyncRewake).

It waits, prints one line on standard error and ends with 2, which is what wakes the client. Each client has
only one: every other ends at once with 0. The next one is begun by the client's next event, at the latest by
the prompt that the line becomes. Where there are several clients, only that of the agent's session is woken
(sessions.py): the others' waiters stand by, as the human may come back from the background.

`waiter.py poke [FILE]...` is the human's wake, for some files or for all: whoever waits announces them again.

It looks ten times a second, which works on every file system, needs nothing but the standard library of
Python 3.9 or newer, and takes less than 0.5 % of a processor.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import sys
import time

# Isolated Python does not look beside the program.
sys.path.append(os.path.dirname(os.path.abspath(__file__)))
import announcement
import kept
import receipts
import sessions
from inbox_folder import Inbox
from item_reader import AGENT_NAME

WAKE = 2  # the exit status that wakes the client
POLL = 0.1  # seconds between looks
POLL_SETTLING = 0.03
TROUBLE_SECONDS = 1.0  # before the next attempt, when what is announced cannot be remembered
BEAT_SECONDS = 4.0  # between heartbeats; the host takes 15 s of silence for the end
TURN_SECONDS = 0.5  # between looks whether it is this client that is to be woken
FIRST = 0  # the byte of the lock's file that whoever wakes has; each client's waiter has that of its number
MOST_POKED = 2000
LONGEST_PID = 10  # digits
# Files of the inbox, with their inodes, that came with an untrusted project: they wait for the human's word.
HELD = "/run/qms-tui/held.json"
LARGEST_HELD = 4 * 1024 * 1024  # bytes: as many files as are looked at, with the longest names


class Waiter:
    """One wait for something to announce. `folder` is ours, in the agent's configuration.

    `since` is when this client became the one to wake, 0 if it always was: of what was announced to another
    before, and not dealt with, it has not heard.
    """

    def __init__(self, folder: str, project: str, agent: str, since: float = 0.0) -> None:
        self.folder, self.project = folder, project
        started = kept.read_object(os.path.join(folder, "identity.json")).get("started")
        self.container = started if isinstance(started, (int, float)) else 0.0
        self.started = max(self.container, since)
        self._held = kept.read_object(HELD, LARGEST_HELD)
        self._mark: object = ""  # of the memory's file when it was read; None if there was none
        self._next = math.inf  # when something is to be announced again
        self.refresh()
        self.inbox = Inbox(os.path.join(project, ".claude/users", agent, "inbox"), self.memory.changed)
        self.since = round(time.time(), 3)

    def wait(self) -> str:
        """The line that announces what has come; empty if this client is not to be woken, or gone."""
        due = turn = 0.0
        while True:
            now = time.monotonic()
            if now >= turn:
                turn = now + TURN_SECONDS
                if not is_its_turn():
                    return ""
            remembered, looked = self.refresh(), self.inbox.look(now)
            if now >= due:
                due = now + BEAT_SECONDS
                self.beat(armed=True)
                if not is_alive(os.environ.get("CLAUDE_PID", "")):
                    return ""
            poked = self.poked()
            is_due = time.time() >= self._next
            try:
                line = self.line(now, poked) if looked or remembered or poked or is_due else ""
            except OSError:  # unremembered it would be announced for ever
                time.sleep(TROUBLE_SECONDS)
                continue
            if line:
                return line
            time.sleep(POLL_SETTLING if self.inbox.is_unsettled(now) else POLL)

    def refresh(self) -> bool:
        """Read the memory if somebody else has written it."""
        try:
            status = os.stat(os.path.join(self.folder, receipts.MEMORY), follow_symlinks=False)
            mark = status.st_ino, status.st_mtime_ns, status.st_size
        except OSError:
            mark = None
        if mark == self._mark:
            return False
        self._mark = mark
        self.memory = self._remembered()
        self._next = self.memory.next()
        return True

    def line(self, now: float, poked: list[str]) -> str:
        """What is to be said now, and is remembered as said; empty for nothing. Raises OSError."""
        gone, rewritten, new = self.compare()
        names = self.inbox.settled(new, now)
        names += [name for name in poked if name not in names]
        if not (gone or rewritten or names or self.again()):
            return ""
        with receipts.held(self.folder):
            self.memory = self._remembered()
            self.memory.changed = self.inbox.changed
            for name in gone:
                self.memory.receipts.pop(name, None)
            for name in rewritten:
                if name in self.memory.receipts:
                    self.memory.receipts[name].identity = self.inbox.files[name].identity
            again = self.again()  # a turn may just have ended well
            names += [name for name in again if name not in names]
            if names and is_its_turn():
                return self.announce(names, again)
            receipts.save(self.folder, self.memory)
            return ""

    def compare(self) -> tuple[list[str], list[str], list[str]]:
        """Names of what is no more, of what was only written to since, and of what is new."""
        files, known = self.inbox.files, self.memory.receipts
        gone = [name for name in known if name not in files] if self.inbox.is_there else []
        rewritten: list[str] = []
        new: list[str] = []
        for name, file in files.items():
            receipt = known.get(name)
            if receipt is None:
                if self._held.get(name) != file.inode:
                    new.append(name)
            elif receipt.identity != file.identity:
                # A file that was made anew may have got the old one's number, but not without the folder.
                touched = receipt.identity.partition("-")[0] == file.inode and not self.inbox.relisted
                (rewritten if touched else gone).append(name)
        return gone, rewritten, new

    def announce(self, names: list[str], again: list[str]) -> str:
        """The line for these files; its like is remembered. Raises OSError."""
        instruction = os.environ.get("QMS_TUI_WAKE_TEXT", "")
        line = announcement.announcement(self.project, self.inbox.path, names, instruction)
        now = round(time.time(), 3)
        new = {name: receipts.Receipt(self.inbox.files[name].identity, now) for name in names}
        for name in again:
            new[name].tries = self.memory.receipts[name].tries
        receipts.announce(self.folder, self.memory, new, line, now)
        return line

    def again(self) -> list[str]:
        """The files whose time has come to be announced again."""
        return [name for name in self.memory.due(time.time()) if name in self.inbox.files]

    def poked(self) -> list[str]:
        """The files that the human wants announced again; asked for only once."""
        path = os.path.join(self.folder, "poke.json")
        if not os.path.lexists(path):
            return []
        poke = kept.read_object(path)
        with contextlib.suppress(OSError):
            os.unlink(path)
        at, items = poke.get("at"), poke.get("items")
        if not isinstance(at, (int, float)) or at < self.container:
            return []
        wanted = self.inbox.files if items is None else items
        return [name for name in self.inbox.files if isinstance(wanted, (dict, list)) and name in wanted]

    def beat(self, *, armed: bool) -> None:
        """Tell the host that there is somebody who waits, or that there is nobody any more."""
        told = {
            "at": round(time.time(), 3),
            "armed": armed,
            "since": self.since,
            "pid": os.getpid(),
            "inbox": self.inbox.folder,
        }
        with contextlib.suppress(OSError):
            kept.write_object(os.path.join(self.folder, "waiter.json"), told)

    def _remembered(self) -> receipts.Memory:
        """Without what a client that has died did not come to the end of: that is announced anew."""
        memory = receipts.load(self.folder)
        for name, receipt in list(memory.receipts.items()):
            if (receipt.delivered is None or receipt.session) and receipt.announced < self.started:
                del memory.receipts[name]
        return memory


def client() -> str:
    """The process of the client that has begun us; empty if nobody says."""
    return os.environ.get("CLAUDE_PID", "")


def is_its_turn() -> bool:
    """Whether it is our client that is to be woken."""
    return sessions.is_client_agents(client())


def is_alive(pid: str) -> bool:
    """Whether there is such a process; a number that is none counts as one."""
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except (ValueError, OverflowError, OSError):
        return True
    return True


def take_turn(lock: int) -> bool:
    """Wait until our client is to be woken and nobody else wakes; False if it has ended by then."""
    while is_alive(client()):
        if is_its_turn() and kept.lock_byte(lock, FIRST):
            return True
        time.sleep(TURN_SECONDS)
    return False


def wait() -> int:
    """Wait as the client's only one, if that can be; the exit status."""
    folder, agent = kept.folder(), os.environ.get("QMS_USER", "")
    if os.environ.get("QMS_TUI_WAKE", "auto") == "off" or not AGENT_NAME.fullmatch(agent):
        return 0
    lock = os.open(os.path.join(folder, "waiter.lock"), os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    if not kept.lock_byte(lock, own_byte(client())):
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # the client's timeout: `armed` becomes false
    since = sessions.moved(sessions.of_process(client()))
    while take_turn(lock):
        line = announced(Waiter(folder, os.environ.get("CLAUDE_PROJECT_DIR") or os.getcwd(), agent, since))
        if line:
            print(line, file=sys.stderr, flush=True)
            return WAKE
        kept.unlock_byte(lock, FIRST)
        since = time.time()
    return 0


def announced(waiter: Waiter) -> str:
    """The line that the waiter waits for; whatever becomes of it, it is armed no more then."""
    try:
        return waiter.wait()
    finally:
        waiter.beat(armed=False)


def own_byte(pid: str) -> int:
    """The byte of the lock's file that stands for a client; another for one that has no number."""
    return int(pid) if pid.isascii() and pid.isdigit() and len(pid) <= LONGEST_PID else FIRST + 1


def poke(names: list[str]) -> int:
    """Have these files announced again, all if there are none; the exit status."""
    path = os.path.join(kept.folder(), "poke.json")
    with receipts.held(kept.folder()):
        others = kept.read_object(path).get("items", [])  # of a poke that nobody has seen yet
        wanted = [*others, *names][:MOST_POKED] if names and isinstance(others, list) else None
        kept.write_object(path, {"at": round(time.time(), 3), "items": wanted})
    return 0


if __name__ == "__main__":
    try:
        sys.exit(poke(sys.argv[2:]) if sys.argv[1:2] == ["poke"] else wait())
    except (OSError, KeyError) as error:
        if sys.argv[1:2] == ["poke"]:
            sys.exit(f"the agent cannot be woken: {error}")
        sys.exit(0)
