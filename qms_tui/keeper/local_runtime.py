"""Agents as plain processes on this machine: for the demo, and for machines without an engine.

Nothing is isolated. The spawner has their processes and the keeper their terminals, so they go on when the
screen is left.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from qms_tui.errors import KeeperError, RuntimeFailure
from qms_tui.keeper.client import ANSWER_PATIENCE, KEEPER
from qms_tui.keeper.ending import forget_ending
from qms_tui.keeper.local_ending import ELSEWHERE, ending_of
from qms_tui.keeper.local_found import find_one
from qms_tui.keeper.local_processes import LocalProcesses
from qms_tui.keeper.protocol import Want
from qms_tui.keeper.replies import RGB, write_palette
from qms_tui.keeper.spawner.client import Refused
from qms_tui.keeper.spawner.request import Facts, Request
from qms_tui.keeper.spawner.watch import SpawnerWatch
from qms_tui.keeper.watching import Watching
from qms_tui.runtime import (
    Condition,
    Ending,
    Found,
    HeldTerminal,
    RunsAlready,
    RuntimeEvent,
    Size,
    Usage,
)
from qms_tui.runtime.caller import Caller
from qms_tui.runtime.processes import sample
from qms_tui.runtime.usage import Samples
from qms_tui.workers import Workers

T = TypeVar("T")

_ANY_SIZE = Size(80, 24)  # of a terminal that is known to the keeper
END_PATIENCE = 15.0  # seconds in which a session must have ended that is asked to


class LocalRuntime:
    """A Runtime: each agent's command in a pseudo-terminal of its own, in the project's folder."""

    name = "local"

    def __init__(
        self,
        folder: Path,
        command: Callable[[str], Sequence[str]],
        environment: Callable[[str], Mapping[str, str]],
        resuming: Callable[[str], Sequence[str]] | None = None,
        *,
        processes: LocalProcesses,
        caller: Callable[[str], Caller] | None = None,
    ) -> None:
        """`command` and `environment` give an agent's argv and variables; it runs in `folder`.

        `resuming` gives the argv with which it goes on where it left off; without, it always starts fresh.
        `caller` says who asks for an agent's start; without, it is this process.
        Takes over the processes. All agents but the demo's go on when the screen is left.
        """
        self._folder = folder
        self._command = command
        self._resuming = resuming or command
        self._environment = environment
        self.outlives = processes.outlive
        self._processes = processes
        self._spawner, self._keeper = processes.spawner, processes.keeper
        here = Caller.here()
        self._caller = caller or (lambda agent: here)
        self._workers = Workers(KEEPER)
        self._watching = Watching(self._keeper, self._workers)
        self._samples = Samples()

    def show_colors(self, colors: Mapping[int, RGB]) -> None:
        """The keeper answers with them when a program asks, from the next attachment on."""
        self._keeper.palette = write_palette(colors)

    def isolates(self, agent: str) -> bool:
        """It does not."""
        return False

    async def find(self, agent: str) -> Found:
        """What the spawner has of it, else how it ended under an earlier one."""
        return await self._call(lambda: find_one(self._processes, agent), f"look for {agent}")

    def keeper(self, agent: str) -> Path:
        """Where terminals are shown from."""
        return self._keeper.address

    async def start(self, agent: str, size: Size, *, fresh: bool = False) -> HeldTerminal:
        """Have the spawner start the agent's command, and the keeper hold it: its first byte waits there."""

        def launch() -> str:
            command = self._command(agent)
            argv = command if fresh else self._resuming(agent)
            facts = self._start(agent, argv, size, resumes=argv != command)
            self._keeper.open(Want.HOLD, agent, facts.id, size).close()
            return facts.id

        await self._watching.open()  # first: what a program says at once is heard
        return await self._watching.terminal(agent, await self._call(launch, f"start {agent}"))

    async def hold(self, agent: str) -> HeldTerminal:
        """Have the keeper hold the running program's terminal."""

        def take_up() -> str:
            facts = self._spawner.programs().get(agent)
            if facts is None or not facts.alive:
                raise RuntimeFailure(f"{agent} does not run", hint="r in its pane's menu starts it")
            self._keeper.open(Want.TAKE_UP, agent, facts.id, _ANY_SIZE).close()
            return facts.id

        await self._watching.open()
        return await self._watching.terminal(agent, await self._call(take_up, f"attach to {agent}"))

    async def recall(self, agent: str) -> None:
        """See to it that a keeper runs."""
        try:
            await self._call(self._keeper.ready, "ask the keeper")
        except KeeperError:
            return  # the screen stays empty

    async def ended(self, agent: str) -> Ending | None:
        """How it ended, once what is left of its session has."""
        facts = await self._call(lambda: self._spawner.wait(agent), f"wait for {agent}", END_PATIENCE)
        if facts is not None:
            return None if facts.alive else ending_of(facts)
        found = await self.find(agent)
        return ELSEWHERE if found.condition is Condition.ABSENT else found.ending

    async def unpause(self, agent: str) -> None:
        """Nothing is ever frozen here: whoever stops a program (SIGSTOP) lets it go on."""

    async def stop(self, agent: str) -> None:
        """Hang up the whole session, then kill what stays; and forget how it ended."""

        def stop() -> None:
            self._spawner.end(agent)
            forget_ending(self._processes.folder / agent)

        await self._call(stop, f"stop {agent}", END_PATIENCE)

    async def rebuild(self, agent: str, on_step: Callable[[str], None]) -> None:
        """There is nothing to build."""
        raise RuntimeFailure(f"{agent} has no image to build", hint="it runs as a program of this machine")

    async def wake(self, agent: str, files: Sequence[str]) -> None:
        """Not possible."""
        raise RuntimeFailure(
            f"{agent} cannot be woken: it is a plain program of this host",
            hint="type to it in its pane, or set agent.wake_prompt",
        )

    async def usage(self, agent: str) -> Usage | None:
        """What the session's processes use together; memory that they share counts for each."""
        facts = (await self._call(self._spawner.programs, f"look for {agent}")).get(agent)
        return self._samples.usage(agent, sample(facts.pid) if facts is not None and facts.alive else None)

    def watch(self, on_event: Callable[[RuntimeEvent], None]) -> Callable[[], None]:
        """Tell what other screens and commands start and end."""
        return SpawnerWatch(self._spawner, self._workers, on_event).close

    async def close(self) -> None:
        """Let go of spawner and keeper; both go on, and the agents."""
        self._watching.close()
        self._workers.close()
        self._processes.close()

    def _start(self, agent: str, argv: Sequence[str], size: Size, *, resumes: bool) -> Facts:
        environment, caller = dict(self._environment(agent)), self._caller(agent)
        if not self._folder.is_dir():
            raise RuntimeFailure(f"{agent}: {self._folder} is no longer there", hint="start qms-tui anew")
        try:
            # By the caller's PATH and folder: the spawner has its own of both.
            program = caller.find(argv[0], environment.get("PATH"))
            if program is None:
                raise Refused("the command was not found or was not executable", None)
            facts = self._spawner.start(
                Request(
                    agent, (os.path.abspath(program), *argv[1:]), environment, str(self._folder),
                    caller.umask, size.columns, size.lines, resumes,
                )
            )  # fmt: skip
        except Refused as refused:
            if refused.runs is not None:
                raise RunsAlready(f"{agent} runs already", hint="attach to it") from None
            raise RuntimeFailure(
                f"{agent}: cannot run {argv[0]!r}: {refused}",
                hint="install it, or say what to run with --command or agent.command",
            ) from refused
        forget_ending(self._processes.folder / agent)
        return facts

    async def _call(
        self,
        function: Callable[[], T],
        what: str,
        deadline: float = ANSWER_PATIENCE + 3.0,
        undo: Callable[[T], object] = lambda result: None,
    ) -> T:
        return await self._workers.call(function, what=what, deadline=deadline, undo=undo)
