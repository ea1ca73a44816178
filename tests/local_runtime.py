"""Agents as plain processes of this process: for tests of what has nothing to do with who holds them.

What people use is `keeper/local_runtime.py`. Nothing is isolated, and the agents end with the interface.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import psutil
from ptyprocess import PtyProcess

from qms_tui.errors import RuntimeFailure
from qms_tui.ipc.stream import PtyChannel, Stream
from qms_tui.runtime.events import RuntimeEvent
from qms_tui.runtime.facts import Closed, Fact, Received, Resized
from qms_tui.runtime.processes import sample, session, signal_name
from qms_tui.runtime.runtime import SOON, Condition, Ending, Found
from qms_tui.runtime.size import Size
from qms_tui.runtime.supervised import leave_supervisor
from qms_tui.runtime.usage import Samples, Usage

HANGUP_GRACE = 2.0  # seconds between SIGHUP and SIGKILL when an agent is stopped
_POLL = 0.02  # seconds between looks at a process that is ending
_LOOK = 0.2  # seconds between looks whether a process has ended, on systems that do not tell


class LocalAttachment:
    """The terminal of a process of ours."""

    def __init__(self, process: PtyProcess) -> None:
        self._process = process
        # A copy of the descriptor, so that closing the attachment leaves ptyprocess its own.
        self._exit = _open_exit(process.pid)
        self._stream = Stream(PtyChannel(os.dup(process.fd)), on_close=self._forget_exit)
        self._on_fact: Callable[[Fact], None] = lambda fact: None

    def listen(self, on_fact: Callable[[Fact], None]) -> None:
        """Begin to read, and to watch for the program's end."""
        self._on_fact = on_fact
        self._stream.listen(lambda data: on_fact(Received(data)), lambda: on_fact(Closed()))
        if self._exit >= 0:
            asyncio.get_running_loop().add_reader(self._exit, self._stream.finish)
        else:
            self._look_for_exit()

    def pause(self) -> None:
        """Read no more for now."""
        self._stream.pause()

    def resume(self) -> None:
        """Read on."""
        self._stream.resume()

    def write(self, data: bytes, *, urgent: bool = False) -> bool:
        """Queue bytes for the program."""
        return self._stream.write(data, urgent=urgent)

    def resize(self, size: Size) -> None:
        """Set the terminal's size; the kernel sends SIGWINCH."""
        if not self._stream.closed and not self._process.closed:
            self._on_fact(Resized(size))
            self._process.setwinsize(size.lines, size.columns)

    def close(self) -> None:
        """Let go of the terminal."""
        self._stream.close()

    def _look_for_exit(self) -> None:
        if self._stream.closed:
            return
        if _alive(self._process):
            asyncio.get_running_loop().call_later(_LOOK, self._look_for_exit)
        else:
            self._stream.finish()

    def _forget_exit(self) -> None:
        descriptor, self._exit = self._exit, -1
        if descriptor >= 0:
            asyncio.get_running_loop().remove_reader(descriptor)
            os.close(descriptor)


class LocalRuntime:
    """Runs each agent's command in a pseudo-terminal of its own, in the project's folder."""

    name = "local"
    outlives = False

    def __init__(
        self,
        folder: Path,
        command: Callable[[str], Sequence[str]],
        environment: Callable[[str], Mapping[str, str]],
        resuming: Callable[[str], Sequence[str]] | None = None,
    ) -> None:
        """`command` and `environment` give an agent's argv and variables; it runs in `folder`.

        `resuming` gives the argv with which it goes on where it left off; without, it always starts fresh.
        """
        self._folder = folder
        self._command = command
        self._resuming = resuming or command
        self._environment = environment
        self._processes: dict[str, PtyProcess] = {}
        self._endings: dict[str, Ending] = {}
        self._resumed: dict[str, float] = {}  # when programs began that go on with a conversation
        self._samples = Samples()
        # For the ways out that skip close(): an exception on the way, sys.exit in a signal handler.
        atexit.register(self._kill_all)

    def show_colors(self, colors: Mapping[int, tuple[int, int, int]]) -> None:
        """The screen itself answers: it has them."""

    def isolates(self, agent: str) -> bool:
        """It does not."""
        return False

    async def find(self, agent: str) -> Found:
        """Whether our process of the agent lives."""
        process = self._processes.get(agent)
        if process is None:
            ending = self._endings.get(agent)
            return Found(Condition.EXITED, ending) if ending else Found(Condition.ABSENT)
        if _alive(process):
            return Found(Condition.RUNNING)
        return Found(Condition.EXITED, self._ending(agent, process))

    async def start(self, agent: str, size: Size, *, fresh: bool = False) -> LocalAttachment:
        """Spawn the agent's command, and hold its terminal."""
        return LocalAttachment(await self.launch(agent, size, fresh=fresh))

    async def launch(self, agent: str, size: Size, *, fresh: bool = False) -> PtyProcess:
        """Spawn the agent's command."""
        await self.stop(agent)
        self._endings.pop(agent, None)
        command = self._command(agent)
        argv = command if fresh else self._resuming(agent)
        self._resumed.pop(agent, None)
        process = self._spawn(argv, agent, size)
        if argv != command:
            self._resumed[agent] = time.monotonic()
        self._processes[agent] = process
        return process

    async def attach(self, agent: str, size: Size) -> LocalAttachment:
        """Hold the terminal of a process that this interface started."""
        attachment = LocalAttachment(self._processes[agent])
        attachment.resize(size)
        return attachment

    async def ended(self, agent: str) -> Ending | None:
        """Wait for the process whose terminal closed; ends what is left of its session."""
        process = self._processes.get(agent)
        if process is None:
            return self._endings.get(agent, Ending(None))
        await self.stop(agent)
        return self._endings[agent]

    async def unpause(self, agent: str) -> None:
        """Nothing is ever frozen here: whoever stops a program (SIGSTOP) lets it go on."""

    async def stop(self, agent: str) -> None:
        """Hang up the whole session, then kill what stays, and reap it."""
        process = self._processes.get(agent)
        if process is None:
            return
        members = session(process.pid)
        _signal(members, signal.SIGHUP)
        _signal(members, signal.SIGCONT)  # a stopped process would never see the hang-up
        loop = asyncio.get_running_loop()
        patience = loop.time() + HANGUP_GRACE
        # Nothing tells of the end of a process that is no child of ours, so this looks again and again.
        while loop.time() < patience and (_alive(process) or _living(members)):  # noqa: ASYNC110
            await asyncio.sleep(_POLL)
        self._bury(agent, process)

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
        process = self._processes.get(agent)
        alive = process is not None and _alive(process)
        return self._samples.usage(agent, sample(process.pid) if process and alive else None)

    def watch(self, on_event: Callable[[RuntimeEvent], None]) -> Callable[[], None]:
        """Nothing happens from outside that the attachments do not tell."""
        return lambda: None

    async def close(self) -> None:
        """End every agent."""
        await asyncio.gather(*(self.stop(agent) for agent in list(self._processes)))
        atexit.unregister(self._kill_all)

    def _spawn(self, argv: Sequence[str], agent: str, size: Size) -> PtyProcess:
        env = dict(self._environment(agent))
        if not self._folder.is_dir():
            raise RuntimeFailure(f"{agent}: {self._folder} is no longer there", hint="start qms-tui anew")
        parent, children = os.getpid(), _children()
        try:
            if any("\0" in text for text in (*argv, *env.values())):
                raise ValueError("an argument or a variable has a NUL character")
            with warnings.catch_warnings():
                # Python 3.12+ warns of fork in a process with threads. ptyprocess execs at once and runs
                # no Python in the child that takes a lock, which is the case the warning is about.
                warnings.simplefilter("ignore", DeprecationWarning)
                process = PtyProcess.spawn(
                    list(argv),
                    cwd=str(self._folder),
                    env=env,
                    preexec_fn=leave_supervisor,
                    dimensions=(size.lines, size.columns),
                )
            process.delayafterclose = process.delayafterterminate = 0  # it would sleep in our event loop
            return process
        except (OSError, ValueError) as error:
            for pid in _children() - children:  # ptyprocess does not reap what could not exec
                os.waitpid(pid, 0)
            raise RuntimeFailure(
                f"{agent}: cannot run {argv[0]!r}: {error}",
                hint="install it, or say what to run with --command or agent.command",
            ) from error
        finally:
            if os.getpid() != parent:  # what ptyprocess raises in the child would go on here as a second us
                os._exit(126)

    def _bury(self, agent: str, process: PtyProcess) -> None:
        # The session's leader may be gone while others of its session live on: ask again.
        _signal(session(process.pid), signal.SIGKILL)
        process.wait()
        process.close()
        self._endings[agent] = self._ending(agent, process)
        self._processes.pop(agent, None)

    def _ending(self, agent: str, process: PtyProcess) -> Ending:
        """How it ended; one that fails right after its start is taken to have failed at going on."""
        ending, began = _ending(process), self._resumed.get(agent)
        failed = began is not None and bool(ending.exit_code) and time.monotonic() - began <= SOON
        return replace(ending, resuming=failed)

    def _kill_all(self) -> None:
        for agent, process in list(self._processes.items()):
            self._bury(agent, process)


def _open_exit(pid: int) -> int:
    """A descriptor that becomes readable when the process ends; -1 where the system has none, as on macOS."""
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError, OSError):  # a Python or a kernel that is too old
            return os.pidfd_open(pid)
    return -1


def _alive(process: PtyProcess) -> bool:
    return bool(process.isalive())


def _ending(process: PtyProcess) -> Ending:
    if process.signalstatus is not None:
        return Ending(128 + process.signalstatus, f"killed by {signal_name(process.signalstatus)}")
    return Ending(process.exitstatus)


def _children() -> set[int]:
    return {child.pid for child in psutil.Process().children()}


def _living(members: list[psutil.Process]) -> bool:
    return any(m.is_running() and m.status() != psutil.STATUS_ZOMBIE for m in members if _there(m))


def _there(member: psutil.Process) -> bool:
    try:
        member.status()
    except psutil.NoSuchProcess:
        return False
    return True


def _signal(members: list[psutil.Process], number: signal.Signals) -> None:
    for member in members:
        try:
            member.send_signal(number)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
