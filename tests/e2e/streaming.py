"""Six agents that print numbered lines without end, shown as a screen shows them, while somebody types.

    async with streaming(street, window) as streams:
        ...  # what befalls the processes of ours
        await streams.types_on()
        await streams.stop()

Keys are numbers, typed one after the other, each once the one before it has been said by the program.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import docker

from qms_tui.keeper.local_processes import LocalProcesses
from qms_tui.keeper.paths import SOCKET, keeper_folder
from qms_tui.runtime import Size
from qms_tui.terminal import Terminal
from qms_tui.ui.terminals.events import LinkEvent
from qms_tui.ui.terminals.link import Link
from qms_tui.ui.terminals.terminals import Terminals
from qms_tui.ui.terminals.whereabouts import Whereabouts
from tests.daemon.household import Household

from . import steady
from .engine import PROJECT_LABEL

NAMES = ("claude", "qa", "tu_ui", "bu", "tu_scene", "tu_sketch")
PYTHON = "/usr/bin/python3 -SE"
HERE = f"{PYTHON} {steady.__file__}"
IN_CONTAINERS = f"sh -c 'exec {PYTHON} $PWD/steady.py $0'"  # nobody is asked to trust what is not named
SIZE = Size(80, 24)
BETWEEN = 0.02  # seconds between two keys: somebody who types fast
PATIENCE = 120.0  # seconds; what is waited for takes milliseconds, and many of them on a busy machine
SOME = 5  # keys that show that typing goes on
_LINE = re.compile(r"(\d{9}) x{38}")
_KEY = re.compile(r"key (\w+)")
_ASIDE = re.compile(r"\x1b\]2;[^\x07]*\x07|\x1b7.*?\x1b8")  # titles, and what is said in the first row


@dataclass(frozen=True)
class Key:
    """Typed at `at`, said by the program `took` seconds later, by the monotonic clock."""

    number: int
    at: float
    took: float


def prepare(root: Path) -> None:
    """Give a project the agents, and the program, which containers see there."""
    shutil.copy(steady.__file__, root / "steady.py")
    for name in NAMES:
        (root / f".claude/agents/{name}.md").write_text(f"---\nname: {name}\n---\n")
        (root / f".claude/users/{name}/inbox").mkdir(parents=True, exist_ok=True)


class Streams:
    """What they print and what is typed, through one keeper."""

    def __init__(self, household: Household, engine: str, terminals: Mapping[str, str]) -> None:
        """`engine` is the engine's address or `LOCAL`; `terminals` has by what name the keeper knows them."""
        self.household, self._engine = household, engine
        self._keeper = keeper_folder(household.root, engine) / SOCKET
        self._news = asyncio.Event()
        self.said: list[LinkEvent] = []
        self._terminals = Terminals(self._hear, size=SIZE)
        self._ids = terminals
        self.keys: list[Key] = []
        """Those that the program has said."""
        self.typed = 0
        """Numbers that have been typed, from 1."""
        self._typing: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Show all, have them print, and type into the first one."""
        for name in NAMES:
            self.link(name).follow(Whereabouts(self._ids[name], self._keeper, reachable=True))
        self.link(NAMES[0]).focus(True)
        for name in NAMES:
            await self.until(lambda name=name: self.link(name).attached, f"{name} to be shown")  # type: ignore[misc]
            self.link(name).send(b"g,")
        self._typing = asyncio.create_task(self._type())
        await self.types_on()

    def link(self, name: str) -> Link:
        return self._terminals.link(name)

    async def types_on(self, count: int = SOME) -> None:
        """Wait until so many more keys have been typed and said."""
        wanted = len(self.keys) + count
        await self.until(lambda: len(self.keys) >= wanted, f"{count} keys more than {wanted - count}")

    async def prints_on(self) -> None:
        """Wait until each one has printed more."""
        before = {name: self.shown(name) for name in NAMES}
        for name in NAMES:
            await self.until(
                lambda name=name: self.shown(name) > before[name],  # type: ignore[misc]
                f"{name} to print on",
            )

    def shown(self, name: str) -> int:
        """The newest number on the agent's screen."""
        found = (_LINE.match(row) for row in reversed(self.link(name).terminal.display))
        return next((int(match[1]) for match in found if match), -1)

    async def stop(self) -> None:
        """Have typing and printing end, and wait until all of it has been seen."""
        assert self._typing is not None
        if not self._typing.done():
            self._typing.cancel()
        (problem,) = await asyncio.gather(self._typing, return_exceptions=True)
        assert isinstance(problem, asyncio.CancelledError), problem
        for name in NAMES:
            self.link(name).send(b"stop,")
        for name in NAMES:
            await self.until(lambda name=name: self._title(name) == "key stop", f"the end of {name}")  # type: ignore[misc]

    def close(self) -> None:
        if self._typing is not None:
            self._typing.cancel()
        self._terminals.close()

    async def until(self, holds: Callable[[], object], what: str) -> None:
        """Wait for what a terminal shows."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not holds():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            shown = "\n".join(self.link(NAMES[0]).terminal.display)
            raise AssertionError(f"waited too long for {what}; the first one shows:\n{shown}") from None

    # -- what must hold ---------------------------------------------------------------------------------

    def faults(self, name: str) -> list[str]:
        """What is wrong with what the agent's journal has."""
        return faults(self.household.printed(name, self._engine), self.typed if name == NAMES[0] else 0)

    def differences(self, name: str) -> list[str]:
        """Where the agent's screen is not what its journal makes of a terminal."""
        shown, made = self.link(name).terminal, Terminal(SIZE.columns, SIZE.lines, scrollback=5000)
        made.muted = True
        made.feed(self.household.printed(name, self._engine).encode())
        rows = range(-min(shown.history_length, made.history_length), SIZE.lines)
        both = [(y, shown.styled(y), made.styled(y)) for y in rows]
        return [f"{y}: {ours!r}, not {theirs!r}" for y, ours, theirs in both if ours != theirs]

    # -- who types --------------------------------------------------------------------------------------

    async def _type(self) -> None:
        while True:
            self.typed += 1
            at = time.monotonic()
            self.link(NAMES[0]).send(b"%d," % self.typed)
            await self.until(lambda: self._title(NAMES[0]) == f"key {self.typed}", f"key {self.typed}")
            self.keys.append(Key(self.typed, at, time.monotonic() - at))
            self._news.set()
            await asyncio.sleep(BETWEEN)

    def _title(self, name: str) -> str:
        return self.link(name).terminal.title

    def _hear(self, event: LinkEvent) -> None:
        self.said.append(event)
        self._news.set()


def faults(printed: str, typed: int, begin: tuple[str, ...] = ("g",)) -> list[str]:
    """What is missing, there twice or out of order: lines, and keys, which are the numbers 1 to `typed`.

    They come after what the program began with, and before `stop`.
    """
    first, *lines, last = _ASIDE.sub("", printed).split("\r\n")
    found = [] if first.startswith("begun by ") and not last else [f"the ends: {first!r} {last!r}"]
    odd = [line for line in lines if not _LINE.fullmatch(line) and not _KEY.fullmatch(line)]
    numbers = [int(match[1]) for match in map(_LINE.fullmatch, lines) if match]
    keys = [match[1] for match in map(_KEY.fullmatch, lines) if match]
    found += [f"odd: {line!r}" for line in odd]
    found += [f"{a} before {b}" for a, b in pairwise([-1, *numbers]) if b != a + 1]
    wanted = [*begin, *(str(number) for number in range(1, typed + 1)), "stop"]
    if keys != wanted:
        found.append(f"keys: {keys}, not {wanted}")
    return found


@asynccontextmanager
async def streaming(
    household: Household, engine: str, terminals: Mapping[str, str]
) -> AsyncIterator[Streams]:
    """Six that print and one that is typed into."""
    streams = Streams(household, engine, terminals)
    try:
        await streams.begin()
        yield streams
    finally:
        streams.close()


def local_processes_of(household: Household) -> dict[str, int]:
    """Each local agent's process."""
    return {name: facts.pid for name, facts in LocalProcesses(household.root).spawner.programs().items()}


def contained_processes_of(household: Household, engine: docker.APIClient) -> dict[str, int]:
    """Each container's first process, as this machine counts them."""
    rows = engine.containers(filters={"label": f"{PROJECT_LABEL}={household.root}"})
    found = {}
    for row in rows:
        state = engine.inspect_container(row["Id"])["State"]
        found[str(row["Names"][0])] = int(state["Pid"])
    return found
