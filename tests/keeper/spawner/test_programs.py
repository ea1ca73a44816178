"""What the spawner starts, and how that ends: real processes, of which nothing may stay."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from pathlib import Path

import psutil
import pytest

from qms_tui.errors import KeeperError, RuntimeFailure
from qms_tui.keeper.paths import SPAWNER_LOCK, SPAWNER_SOCKET
from qms_tui.keeper.spawner.client import SpawnerClient
from qms_tui.keeper.spawner.messages import Message, encode
from qms_tui.runtime import Action, Condition, ContainerEvent, Ending, RunsAlready, RuntimeEvent, Size
from tests.e2e.held import SIZE, Held, attached, started

from .world import PATIENCE, World, wait_for

ALL_SIGNALS = r"""
import json, os, signal, sys
stream = {n: s for n in signal.valid_signals() if (s := signal.getsignal(n)) not in (signal.SIG_DFL, None)}
blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
print(json.dumps({
    "ignored": sorted(int(n) for n, s in stream.items() if s is signal.SIG_IGN),
    "blocked": sorted(map(int, blocked)),
    "fds": sorted(os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd")
                  if os.path.exists(f"/proc/self/fd/{n}")),
    "terminal": os.ttyname(0), "session": os.getsid(0), "leads": os.tcgetpgrp(0) == os.getpgrp(),
    "umask": os.umask(0), "cwd": os.getcwd(), "mine": os.environ.get("MINE"),
}), flush=True)
"""


def gone(*processes: psutil.Process) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=PATIENCE)
    return not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


async def pid_of(held: Held) -> psutil.Process:
    """The process that says `pid NUMBER`."""
    return psutil.Process(int((await held.expect(rb"pid (\d+)\r\n")).group(1)))


async def test_a_program_has_the_callers_surroundings_and_nothing_of_ours(world: World) -> None:
    before = os.umask(0o027)
    try:
        runtime = world.runtime(sys.executable, "-c", ALL_SIGNALS, env={"MINE": "caf\udce9 \N{SNOWMAN}"})
    finally:
        os.umask(before)
    async with started(runtime, "qa", Size(300, 24)) as qa:
        said = json.loads((await qa.expect(rb"(\{.*\})\r\n")).group(1))
    pipe_and_file = {signal.SIGPIPE, signal.SIGXFSZ}  # which Python ignores, each for itself
    assert set(said["ignored"]) <= {int(number) for number in pipe_and_file}
    assert said["blocked"] == []
    assert set(said["fds"]) <= {said["terminal"]}
    assert said["terminal"].startswith("/dev/pts/")
    assert said["leads"]
    assert said["session"] == world.processes.spawner.programs()["qa"].pid
    assert said["umask"] == 0o027
    assert said["cwd"] == str(world.root)
    assert said["mine"] == "caf\udce9 \N{SNOWMAN}"


async def test_values_stand_nowhere_but_in_the_program(world: World) -> None:
    async with started(world.runtime(script="read x", env={"TOKEN": "a-s3cret"}), "qa"):
        for process in (world.spawner, world.keeper):
            assert "a-s3cret" not in " ".join(process.cmdline())
            assert "a-s3cret" not in process.environ().values()
        kept = [path for path in world.folder.rglob("*") if path.is_file()]
        assert kept
        assert not [path for path in kept if b"a-s3cret" in path.read_bytes()]


async def test_the_spawner_is_small_and_has_one_thread(world: World) -> None:
    async with started(world.runtime(script="read x"), "qa"):
        assert world.spawner.num_threads() == 1
        assert world.spawner.memory_info().rss < 25 * 2**20
        assert not {child.status() for child in world.spawner.children()} & {psutil.STATUS_ZOMBIE}
        assert world.spawner.ppid() != os.getpid()
        assert os.getsid(world.spawner.pid) == world.spawner.pid


async def test_stopping_ends_the_whole_session(world: World) -> None:
    """Background jobs too, one that ignores the hang-up, and one that is stopped."""
    jobs = "sleep 600 & echo pid $!; (trap '' HUP TERM; sleep 600; sleep 600) & echo pid $!;"
    jobs += "sh -c 'kill -STOP $$; sleep 600' & echo pid $!;"
    runtime = world.runtime(script=f"set -m; {jobs} echo pid $$; cat")
    async with started(runtime, "qa") as qa:
        processes = [await pid_of(qa) for _ in range(4)]
        processes += [child for process in processes[:3] for child in process.children(recursive=True)]
        await runtime.stop("qa")
    assert gone(*processes)
    assert (await runtime.find("qa")).condition is Condition.ABSENT


async def test_one_that_ignores_signals_is_killed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = world.runtime(script="trap '' HUP TERM INT; echo pid $$; while :; do sleep 0.05; done")
    async with started(runtime, "qa") as qa:
        process = await pid_of(qa)
        ended = await asyncio.to_thread(world.processes.spawner.end, "qa", 0.1)
        assert gone(process)
    assert ended is not None
    assert (ended.exit_code, ended.signal, ended.asked) == (137, 9, True)


@pytest.mark.parametrize("job", ["sleep 600", "while echo noise; do :; done"], ids=["silent", "noisy"])
async def test_the_end_is_seen_under_a_background_job(world: World, job: str) -> None:
    """The job holds the terminal open, and ends with its agent."""
    runtime = world.runtime(script=f"(trap '' HUP; {job}) & echo $! > new; mv new pid; read x; exit 3")
    async with started(runtime, "qa") as qa:
        wait_for((world.root / "pid").exists)
        process = psutil.Process(int((world.root / "pid").read_text()))
        qa.type(b"\r")
        await qa.end()
        assert await runtime.ended("qa") == Ending(3)
    assert gone(process)


async def test_a_program_that_closes_its_terminal_is_ended(world: World) -> None:
    runtime = world.runtime(script="echo pid $$; exec sleep 600 <&- >&- 2>&-")
    async with started(runtime, "qa") as qa:
        process = await pid_of(qa)
        supervisor = process.parent()
        assert supervisor is not None
        supervisor.kill()  # which has the terminal as well
        await qa.end()
    assert gone(process)


async def test_fifty_starts_leave_nothing(world: World) -> None:
    runtime = world.runtime(script="echo pid $$; exit 4")
    async with started(runtime, "qa") as qa:
        await qa.end()
        await runtime.ended("qa")
    wait_for(lambda: world.processes.spawner.programs() == {})
    before = world.spawner.num_fds(), world.keeper.num_fds()
    for _ in range(50):
        async with started(runtime, "qa") as qa:
            await qa.end()
            assert await runtime.ended("qa") == Ending(4)
    wait_for(lambda: world.processes.spawner.programs() == {})
    few = 5  # of connections that are just being closed; a leak would have one for each start
    wait_for(lambda: world.spawner.num_fds() <= before[0] + few)
    wait_for(lambda: world.keeper.num_fds() <= before[1] + few)
    assert world.spawner.children() == []
    assert world.spawner.num_threads() == 1


@pytest.mark.parametrize("command", ["no-such-command", "/no/such/command", "/etc/passwd"])
async def test_a_command_that_cannot_be_run(world: World, command: str) -> None:
    runtime = world.runtime(command)
    with pytest.raises(RuntimeFailure, match=f"qa: cannot run '{command}'") as caught:
        await runtime.start("qa", SIZE)
    assert "--command" in caught.value.hint
    assert (await runtime.find("qa")).condition is Condition.ABSENT


async def test_a_script_without_an_interpreter_leaves_no_zombie(world: World) -> None:
    script = world.root / "agent"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    with pytest.raises(RuntimeFailure, match="cannot run"):
        await world.runtime(str(script)).start("qa", SIZE)
    async with started(world.runtime(script="read x"), "qa"):
        wait_for(lambda: len(world.spawner.children()) == 1)


async def test_a_variable_that_no_program_can_have(world: World) -> None:
    with pytest.raises(RuntimeFailure, match="cannot run"):
        await world.runtime(script="exit", env={"A": "x\0y"}).start("qa", SIZE)


async def test_who_comes_second_finds_it_running(world: World) -> None:
    one, two = world.runtime(script="read x"), world.runtime(script="read x")
    async with started(one, "qa"):
        with pytest.raises(RunsAlready):
            await two.start("qa", SIZE)
        starts = [each.start("bu", SIZE) for each in (one, two)]
        outcomes = await asyncio.gather(*starts, return_exceptions=True)
        assert sorted(isinstance(outcome, RunsAlready) for outcome in outcomes) == [False, True]
        for outcome in outcomes:
            if not isinstance(outcome, BaseException):
                outcome.close()


async def test_screens_hear_of_what_others_do(world: World) -> None:
    one, two = world.runtime(script="read x"), world.runtime(script="read x")
    news: asyncio.Queue[RuntimeEvent] = asyncio.Queue()
    end = two.watch(news.put_nowait)
    async with started(one, "qa"), asyncio.timeout(PATIENCE):
        begun = await news.get()
        await one.stop("qa")
        ended = await news.get()
    end()
    assert isinstance(begun, ContainerEvent)
    assert isinstance(ended, ContainerEvent)
    assert (begun.agent, begun.action, ended.action) == ("qa", Action.START, Action.DIE)


async def test_a_spawner_that_is_told_to_end_ends_its_programs(world: World) -> None:
    runtime = world.runtime(script="trap '' HUP TERM; echo pid $$; while :; do sleep 0.05; done")
    async with started(runtime, "qa") as qa:
        process, spawner = await pid_of(qa), world.spawner
        spawner.terminate()
        assert gone(process, spawner)
        await qa.end()
    assert (await runtime.find("qa")).condition is Condition.ABSENT
    async with started(runtime, "qa") as qa:  # the next one starts again
        assert (await pid_of(qa)).is_running()


async def test_a_killed_spawner_hangs_its_programs_up(world: World) -> None:
    runtime = world.runtime(script="echo pid $$; cat")
    async with started(runtime, "qa") as qa:
        process = await pid_of(qa)
        world.spawner.kill()
        await qa.end()
        assert gone(process)
    found = await runtime.find("qa")
    assert found.condition is Condition.EXITED
    assert str(found.ending) == "ended (nobody knows how: its spawner was killed)"


async def test_a_spawner_whose_folder_is_removed_can_be_reached_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = world.runtime(script="cat")
    async with started(runtime, "qa"):
        spawner = world.spawner
        (world.folder / SPAWNER_SOCKET).unlink()
        wait_for(lambda: world.processes.spawner.programs())
        assert world.spawner == spawner
    async with attached(runtime, "qa") as qa:
        qa.type(b"hello\r")
        await qa.expect(rb"hello\r\nhello")


async def test_nobody_else_may_open_the_sockets(world: World) -> None:
    async with started(world.runtime(script="read x"), "qa"):
        assert world.folder.stat().st_mode & 0o077 == 0
        for path in world.folder.iterdir():
            assert path.stat().st_mode & 0o077 == 0, path
        with socket.socket(socket.AF_UNIX) as stranger:  # one that speaks nonsense is let go
            stranger.connect(str(world.folder / SPAWNER_SOCKET))
            stranger.sendall(b"\xff\xff\xff\xff")
            stranger.settimeout(PATIENCE)
            assert stranger.recv(1) == b""
        nothing: list[Message] = [
            {"do": "what"},
            {"do": "start"},
            {"do": "start", "agent": 5},
            {},
            {"do": []},
        ]
        for nonsense in nothing:
            with socket.socket(socket.AF_UNIX) as stranger:
                stranger.connect(str(world.folder / SPAWNER_SOCKET))
                stranger.settimeout(PATIENCE)
                stranger.sendall(encode(nonsense))
                assert b"error" in stranger.recv(1000)
        assert world.processes.spawner.programs()["qa"].alive


async def test_a_place_that_is_not_ours_is_refused(world: World, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    world.folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KeeperError, match="is a link"):
        await world.runtime(script="read x").start("qa", SIZE)
    world.folder.unlink()


async def test_fifty_thousand_bytes_typed_at_once_arrive(world: World) -> None:
    runtime = world.runtime(script="stty raw -echo; echo ready; head -c 50000 | cksum; read x")
    async with started(runtime, "qa") as qa:
        await qa.expect(rb"ready")
        assert qa.attachment.write(b"x" * 50_000)
        await qa.expect(rb"\d+ 50000")


def test_a_spawner_that_nobody_needs_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And so it does not stay for a screen that starts nothing."""
    client = SpawnerClient(tmp_path / "s", str(tmp_path))
    monkeypatch.setattr(client, "_command", [sys.executable, "-c", LONELY, *client._command[3:]])
    client.watch().close()
    spawner = psutil.Process(json.loads((tmp_path / "s" / SPAWNER_LOCK).read_text())["pid"])
    assert gone(spawner)
    client.close()


LONELY = """
import sys
from qms_tui.keeper.spawner import server
server.LONELY = 0.2
from qms_tui.keeper.spawner.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
