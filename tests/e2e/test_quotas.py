"""What bounds an agent's container, tried from inside: every limit holds, and ordinary work goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import docker
import pytest

from qms_tui.config import AgentConfig, Memory
from qms_tui.config.paths import Mount
from qms_tui.errors import EngineError

from .direct import DirectRuntime
from .engine import Console
from .held import SIZE
from .project import owner
from .shell import SHELL, Shell

Make = Callable[..., DirectRuntime]
MEGA = 2**20
WORKSPACE = "/pipe-dream/.claude/users/qa/workspace"


@asynccontextmanager
async def shell(engine: docker.APIClient, runtime: DirectRuntime) -> AsyncIterator[Shell]:
    """A shell that is the agent `qa`."""
    (await runtime.start("qa", SIZE)).close()
    with Console(engine, (await runtime.find("qa")).container) as console:
        yield Shell(console)


async def test_a_process_opens_no_more_files_than_it_may(
    engine: docker.APIClient, make_runtime: Make, qms_project: Path
) -> None:
    async with shell(engine, make_runtime(qms_project, command=SHELL, open_files=100)) as qa:
        assert qa.run("ulimit -Hn; ulimit -Sn").said.split() == ["100", "100"]
        assert qa.run("ulimit -n 101").status != 0
        opening = 'for i in $(seq 3 200); do eval "exec $i</dev/null" || break; echo $i; done'
        assert qa.run(opening).said.split("\n")[-1] != "200"


async def test_no_file_grows_beyond_its_limit_not_even_with_holes(
    engine: docker.APIClient, make_runtime: Make, qms_project: Path
) -> None:
    runtime = make_runtime(qms_project, command=SHELL, file_size=Memory(8 * MEGA))
    async with shell(engine, runtime) as qa:
        for folder in (WORKSPACE, "/claude-config", "/home/agent", "/tmp"):
            assert qa.run(f"dd if=/dev/zero of={folder}/big bs=1M count=9").status != 0
            assert qa.run(f"stat -c %s {folder}/big").said == str(8 * MEGA)
            assert qa.run(f"truncate -s 9M {folder}/holes").status != 0
            assert qa.run(f"dd if=/dev/zero of={folder}/fits bs=1M count=8").status == 0


async def test_a_crash_leaves_no_core(
    engine: docker.APIClient, make_runtime: Make, qms_project: Path
) -> None:
    async with shell(engine, make_runtime(qms_project, command=SHELL)) as qa:
        assert qa.run("ulimit -Hc; ulimit -Sc").said.split() == ["0", "0"]
        assert qa.run(f"cd {WORKSPACE}; sh -c 'kill -SEGV $$'; ls").said.split()[-1:] != ["core"]


async def test_what_holds_by_default(engine: docker.APIClient, make_runtime: Make, qms_project: Path) -> None:
    async with shell(engine, make_runtime(qms_project, command=SHELL)) as qa:
        assert qa.run("ulimit -Hn").said == "4096"
        blocks = AgentConfig().file_size // 512
        assert qa.run("ulimit -Hf").said == str(blocks)
        # Counted per user, it would count the human's processes, too.
        assert qa.run("ulimit -Hu").said in ("unlimited", qa.run("ulimit -Su").said)


@pytest.mark.parametrize("name", ["runc", "io.containerd.runc.v2"])
async def test_the_runtime_is_passed_on(
    engine: docker.APIClient, make_runtime: Make, qms_project: Path, name: str
) -> None:
    if name not in engine.info()["Runtimes"]:
        pytest.skip(f"the engine has no runtime {name}")
    runtime = make_runtime(qms_project, command=SHELL, oci_runtime=name)
    async with shell(engine, runtime) as qa:
        assert qa.run("echo hello").said == "hello"
        facts = engine.inspect_container((await runtime.find("qa")).container)
        assert facts["HostConfig"]["Runtime"] == name


async def test_a_runtime_that_the_engine_lacks(
    engine: docker.APIClient, make_runtime: Make, qms_project: Path
) -> None:
    runtime = make_runtime(qms_project, oci_runtime="not-there")
    with pytest.raises(EngineError) as refused:
        await runtime.start("qa", SIZE)
    assert refused.value.message == "agent.oci_runtime: the engine has no runtime 'not-there'"
    for known in engine.info()["Runtimes"]:
        assert known in refused.value.hint
    assert not (await runtime.find("qa")).alive


async def test_a_read_only_container_has_its_home_in_memory(
    engine: docker.APIClient, make_runtime: Make, qms_project: Path
) -> None:
    runtime = make_runtime(qms_project, command=SHELL, read_only=True, memory=Memory(64 * MEGA))
    async with shell(engine, runtime) as qa:
        for place in ("/", "/etc", "/usr", "/var", "/bin", "/opt"):
            assert qa.run(f"mkdir -p {place} && : >{place}/file").status != 0, place
        for place in ("/home/agent", "/tmp", "/var/tmp", "/run", WORKSPACE, "/claude-config"):
            assert qa.run(f": >{place}/file && cat {place}/file").status == 0, place
        for place in ("/home/agent", "/tmp", "/var/tmp", "/run"):
            assert f" {place} tmpfs " in qa.run("cat /proc/mounts").said
            assert qa.run(f"cp /bin/busybox {place}/true && {place}/true && rm {place}/true").status == 0
        assert qa.run("stat -c '%a %u' /home/agent").said == f"700 {owner()}"
        assert qa.run("dd if=/dev/zero of=/tmp/big bs=1M count=17").status != 0  # a quarter of its memory
        assert qa.run("rm /tmp/big").status == 0
        assert qa.run("echo ~; id -un").said == "/home/agent\nagent"


async def test_a_mount_of_ones_own_in_a_read_only_container(
    engine: docker.APIClient, make_runtime: Make, qms_project: Path, tmp_path: Path
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (scratch / "here").write_text("kept\n")
    runtime = make_runtime(qms_project, command=SHELL, read_only=True, mounts=(Mount(scratch, "/tmp"),))
    async with shell(engine, runtime) as qa:
        assert qa.run("cat /tmp/here").said == "kept"
