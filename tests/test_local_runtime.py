"""Agents as processes of this machine, on real pseudo-terminals: nothing of them may stay."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import psutil
import pytest

from qms_tui.errors import RuntimeFailure
from qms_tui.runtime import Condition, Ending, Found, Size
from qms_tui.runtime.environment import inherited
from tests import local_runtime as module
from tests.e2e.held import SIZE, Held, attached, started
from tests.local_runtime import LocalRuntime

PATIENCE = 20.0
ROOT = Path(__file__).parent.parent  # where the tests are imported from
Make = Callable[..., LocalRuntime]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """`make(argv...)` or `make(script=...)`: a runtime whose agents run that; nothing may stay of it."""
    made: list[LocalRuntime] = []
    before = set(psutil.Process().children())  # of tests that ran before

    def make(*argv: str, script: str = "", env: Mapping[str, str] | None = None) -> LocalRuntime:
        command = argv or ("/bin/sh", "-c", script)
        environment = inherited(os.environ) | dict(env or {})
        runtime = LocalRuntime(tmp_path, lambda agent: command, lambda agent: environment | {"AGENT": agent})
        made.append(runtime)
        return runtime

    yield make
    for runtime in made:
        await runtime.close()
    assert set(psutil.Process().children()) <= before


async def pid_of(held: Held) -> psutil.Process:
    """The process that says `pid NUMBER`."""
    return psutil.Process(int((await held.expect(rb"pid (\d+)\r\n")).group(1)))


def gone(*processes: psutil.Process) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=PATIENCE)
    return not [p for p in alive if p.status() != psutil.STATUS_ZOMBIE]  # another parent's to reap


async def test_an_agent_runs_in_the_project_with_its_terminal(make: Make, tmp_path: Path) -> None:
    runtime = make(script='echo "$AGENT in $PWD, $TERM"; stty size; read line; echo "got $line"')
    assert await runtime.find("qa") == Found(Condition.ABSENT)
    async with started(runtime, "qa") as qa:
        await qa.expect(rf"qa in {tmp_path}, xterm-256color\r\n24 80\r\n".encode())
        assert await runtime.find("qa") == Found(Condition.RUNNING)
        qa.type(b"hello\r")
        await qa.expect(rb"got hello\r\n")
        await qa.end()
        assert await runtime.ended("qa") == Ending(0)
    assert await runtime.find("qa") == Found(Condition.EXITED, Ending(0))


async def test_no_first_byte_is_missed(make: Make) -> None:
    runtime = make(script="echo first")
    for _ in range(20):
        async with started(runtime, "qa") as qa:
            assert await qa.end() == b"first\r\n"
            assert await runtime.ended("qa") == Ending(0)


@pytest.mark.parametrize(
    ("script", "ending", "words"),
    [
        ("exit 7", Ending(7), "exit code 7"),
        ("kill -9 $$", Ending(137, "killed by SIGKILL"), "exit code 137 (killed by SIGKILL)"),
        ("kill -SEGV $$", Ending(139, "killed by SIGSEGV"), "exit code 139 (killed by SIGSEGV)"),
        ("kill -40 $$", Ending(168, "killed by signal 40"), "exit code 168 (killed by signal 40)"),
    ],
)
async def test_how_it_ended(make: Make, script: str, ending: Ending, words: str) -> None:
    runtime = make(script=script)
    async with started(runtime, "qa") as qa:
        await qa.end()
        assert await runtime.ended("qa") == ending
    assert str(ending) == words


async def test_a_new_size_arrives(make: Make) -> None:
    runtime = make(script="trap 'stty size' WINCH; echo ready; while :; do sleep 0.05; done")
    async with started(runtime, "qa") as qa:
        await qa.expect(rb"ready\r\n")
        qa.attachment.resize(Size(100, 30))
        await qa.expect(rb"30 100\r\n")


async def test_leaving_and_coming_back(make: Make) -> None:
    runtime = make(script="while read line; do echo got $line; done")
    async with started(runtime, "qa") as qa:
        qa.type(b"one\r")
        await qa.expect(rb"got one\r\n")
    async with attached(runtime, "qa", Size(90, 20)) as qa:
        qa.type(b"two\r")
        await qa.expect(rb"got two\r\n")


async def test_stopping_ends_the_whole_session(make: Make) -> None:
    """Background jobs too, one that ignores the hang-up, and one that is stopped."""
    jobs = "sleep 600 & echo pid $!; (trap '' HUP TERM; sleep 600; sleep 600) & echo pid $!;"
    jobs += "sh -c 'kill -STOP $$; sleep 600' & echo pid $!;"
    runtime = make(script=f"set -m; {jobs} echo pid $$; cat")
    async with started(runtime, "qa") as qa:
        processes = [await pid_of(qa) for _ in range(4)]
        processes += [child for p in processes[:3] for child in p.children(recursive=True)]
        await runtime.stop("qa")
    assert gone(*processes)
    found = await runtime.find("qa")
    assert found.condition is Condition.EXITED


async def test_a_program_that_ignores_the_hang_up_is_killed(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HANGUP_GRACE", 0.1)
    runtime = make(script="trap '' HUP TERM INT; echo pid $$; while :; do sleep 0.05; done")
    async with started(runtime, "qa") as qa:
        process = await pid_of(qa)
        await runtime.stop("qa")
        assert gone(process)
        assert await runtime.ended("qa") == Ending(137, "killed by SIGKILL")


async def test_a_stopped_program_ends(make: Make) -> None:
    runtime = make(script="echo pid $$; exec sleep 600")
    async with started(runtime, "qa") as qa:
        process = await pid_of(qa)
        supervisor = process.parent()
        assert supervisor is not None
        supervisor.suspend()  # else it lets the program go on
        process.suspend()
        await runtime.stop("qa")
    assert gone(process)


STOPS = (
    "kill -STOP $$",
    "kill -TSTP $$",
    "kill -TSTP 0",  # as Claude Code does for Ctrl+Z
    "(kill -STOP $$) & wait",
)


@pytest.mark.parametrize("stop", STOPS)
async def test_a_program_that_stops_itself_goes_on(make: Make, stop: str) -> None:
    """At once, every time, in the foreground of its terminal."""
    three_times = f'for n in 1 2 3; do {stop}; echo "on $n"; done'
    script = f'trap "echo continued" CONT; {three_times}; read x; echo "got $x"'
    async with started(make(script=script), "qa") as qa:
        for number in (b"1", b"2", b"3"):
            await qa.expect(rb"on " + number)
        assert b"continued" in qa.before
        qa.type(b"hello\r")
        await qa.expect(rb"got hello")


async def test_the_key_that_suspends_does_not(make: Make) -> None:
    async with started(make(script="echo ready; cat"), "qa") as qa:
        await qa.expect(rb"ready")
        qa.type(b"once\r")
        await qa.expect(rb"once\r\nonce")  # a shell in the middle of starting something cannot be stopped
        qa.type(b"\x1ahello\r")
        await qa.expect(rb"hello\r\nhello")


async def test_jobs_of_a_shell_are_the_shells(make: Make) -> None:
    """What it has stopped, it continues."""
    async with started(make("bash", "--norc", "-i", env={"PS1": "$ "}), "qa") as qa:
        await qa.expect(rb"\$ ")
        qa.type(
            b"echo ov''er; cat\r"
        )  # what is typed before the shell has left its line editor, cat never reads
        await qa.expect(rb"over\r\n")
        qa.type(b"it reads\r")
        await qa.expect(rb"it reads\r\nit reads\r\n")
        qa.type(b"\x1a")
        await qa.expect(rb"Stopped")
        qa.type(b"jobs; fg\r")
        await qa.expect(rb"Stopped +cat")
        qa.type(b"back\r")
        await qa.expect(rb"back\r\n(.*\n)?back")


@pytest.mark.parametrize("told", [True, False], ids=["told", "looked for"])
@pytest.mark.parametrize("job", ["sleep 600", "while echo noise; do :; done"], ids=["silent", "noisy"])
async def test_the_end_is_seen_under_a_background_job(
    make: Make, monkeypatch: pytest.MonkeyPatch, job: str, told: bool
) -> None:
    """The job holds the terminal open, and ends with its agent; macOS does not tell when that ends."""
    if not told:
        monkeypatch.setattr(module, "_open_exit", lambda pid: -1)
    runtime = make(script=f"(trap '' HUP; {job}) & echo pid $!; exit 3")
    async with started(runtime, "qa") as qa:
        process = await pid_of(qa)
        await qa.end()
        assert await runtime.ended("qa") == Ending(3)
    assert gone(process)


async def test_starting_again_ends_what_ran(make: Make) -> None:
    runtime = make(script="echo pid $$; cat")
    async with started(runtime, "qa") as qa:
        first = await pid_of(qa)
        async with started(runtime, "qa") as again:
            second = await pid_of(again)
            assert gone(first)
            assert second.is_running()


async def test_stopping_nothing_is_fine(make: Make) -> None:
    runtime = make(script="exit")
    await runtime.stop("qa")
    assert await runtime.ended("qa") == Ending(None)
    await runtime.close()
    await runtime.close()


async def test_agents_do_not_share_descriptors(make: Make) -> None:
    runtime = make(script="ls -l /proc/self/fd | wc -l; cat")
    async with started(runtime, "claude") as claude, started(runtime, "qa") as qa:
        assert await claude.expect(rb"(\d+)\r\n")
        first = (await qa.expect(rb"(\d+)\r\n")).group(1)
        assert int(first) <= 5  # 0, 1, 2, the folder itself, and the heading


@pytest.mark.parametrize("command", ["no-such-command", "/no/such/command", "/etc/passwd"])
async def test_a_command_that_cannot_be_run(make: Make, command: str) -> None:
    runtime = make(command)
    with pytest.raises(RuntimeFailure, match=f"qa: cannot run '{command}'") as caught:
        await runtime.start("qa", SIZE)
    assert "--command" in caught.value.hint
    assert await runtime.find("qa") == Found(Condition.ABSENT)


async def test_a_script_without_an_interpreter(make: Make, tmp_path: Path) -> None:
    script = tmp_path / "agent"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    with pytest.raises(RuntimeFailure, match="cannot run"):
        await make(str(script)).start("qa", SIZE)


@pytest.mark.parametrize(("fresh", "code"), [(False, 1), (False, 0), (True, 1)])
async def test_one_that_fails_to_go_on_says_so(tmp_path: Path, fresh: bool, code: int) -> None:
    """As Claude Code does whose conversation runs on in the background: a fresh one works."""
    runtime = LocalRuntime(
        tmp_path,
        lambda agent: ("/bin/sh", "-c", f"exit {code}"),
        lambda agent: dict(os.environ),
        lambda agent: ("/bin/sh", "-c", f"exit {code} # go on"),
    )
    held = Held(await runtime.start("qa", SIZE, fresh=fresh))
    await held.end()
    ending = await runtime.ended("qa")
    assert ending is not None
    assert (ending.exit_code, ending.resuming) == (code, code == 1 and not fresh)
    assert await runtime.find("qa") == Found(Condition.EXITED, ending)
    await runtime.close()


async def test_a_project_that_is_gone(tmp_path: Path) -> None:
    runtime = LocalRuntime(tmp_path / "gone", lambda agent: ("/bin/sh",), lambda agent: {})
    with pytest.raises(RuntimeFailure, match="no longer there"):
        await runtime.start("qa", SIZE)
    await runtime.close()


async def test_a_variable_that_no_program_can_have(make: Make) -> None:
    with pytest.raises(RuntimeFailure, match="cannot run"):
        await make(script="exit", env={"A": "x\0y"}).start("qa", SIZE)


_INTERFACE = """
import asyncio, os, sys
from pathlib import Path
from qms_tui.runtime import Size
from tests.local_runtime import LocalRuntime

async def main():
    script = "(trap '' HUP; sleep 600) & echo pid $!; echo pid $$; cat"
    runtime = LocalRuntime(Path("/"), lambda a: ("/bin/sh", "-c", script), lambda a: dict(os.environ))
    attachment = await runtime.start("qa", Size(80, 24))
    attachment.listen(lambda fact: os.write(1, getattr(fact, "data", b"")))
    await asyncio.to_thread(sys.stdin.readline)
    {ending}

asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("ending", "status"),
    [("raise ValueError", 1), ("sys.exit(3)", 3), ("asyncio.get_running_loop().stop()", 1), ("pass", 0)],
)
def test_agents_end_with_an_interface_that_does_not_close(ending: str, status: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", _INTERFACE.format(ending=ending)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as interface:  # fmt: skip
        assert interface.stdout is not None
        processes = [psutil.Process(int(interface.stdout.readline().split()[1])) for _ in range(2)]
        interface.communicate(b"\n", timeout=PATIENCE)
        assert interface.returncode == status
    assert gone(*processes)


def test_a_killed_interface_hangs_up() -> None:
    """What ignores the hang-up stays then: nobody is left to end it."""
    script = _INTERFACE.replace("(trap '' HUP; sleep 600) & echo pid $!;", "").format(ending="pass")
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as interface:
        assert interface.stdout is not None
        process = psutil.Process(int(interface.stdout.readline().split()[1]))
        interface.send_signal(signal.SIGKILL)
        interface.wait(PATIENCE)
    assert gone(process)
