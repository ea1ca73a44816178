"""Agents of a project that root owns: on the host they are nobody, and inside they can work.

As root without capabilities they could read whatever only root may read in the project, and what they wrote
was root's.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import docker
import pytest

from qms_tui.config import AgentConfig, Config, McpServer
from qms_tui.errors import ProjectError
from qms_tui.inbox.send import write_message
from qms_tui.mcp.mounting import with_gateway
from qms_tui.mcp.places import SOCKET, agent_folder, make_agent_folder
from qms_tui.project import Project
from qms_tui.runtime.docker import connect
from tests.bench.model import Model
from tests.trusted import trust_here

from . import debian
from .direct import DirectRuntime
from .engine import Console
from .held import SIZE
from .shell import SHELL, Shell
from .test_app import App, leave
from .woken import AGENT, VARIABLES, host, woken

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a project of root's needs root")

Start = Callable[..., DirectRuntime]
USERS = ".claude/users"


@pytest.fixture
def root(make_qms_project: Callable[..., Path], rootless: bool) -> Path:
    if rootless:
        pytest.skip("there an agent is whoever runs the engine")
    return make_qms_project("roots", uid=0)


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A file of root's outside of the project."""
    path = tmp_path / "shadow"
    path.write_text("root:hash\n")
    path.chmod(0o600)
    return path


@asynccontextmanager
async def inside(runtime: DirectRuntime, engine: docker.APIClient, agent: str = "qa") -> AsyncIterator[Shell]:
    (await runtime.start(agent, SIZE)).close()
    with Console(engine, (await runtime.find(agent)).container) as console:
        yield Shell(console)
    await runtime.stop(agent)


def kept(victim: Path) -> list[tuple[int, int, int]]:
    """Whose it is, and the folder around it, and who may use them."""
    return [(path.stat().st_uid, path.stat().st_gid, path.stat().st_mode) for path in (victim, victim.parent)]


def has_account(uid: int) -> bool:
    with contextlib.suppress(KeyError):
        pwd.getpwuid(uid)
        return True
    return False


async def test_they_run_under_an_id_that_nobody_has(
    make_runtime: Start, make_qms_project: Callable[..., Path], engine: docker.APIClient, root: Path
) -> None:
    """One for each project, the same at each start, and for all its agents."""
    other = make_qms_project("other", uid=0)
    found: dict[Path, int] = {}
    for project, agent in ((root, "qa"), (root, "claude"), (root, "qa"), (other, "qa")):
        async with inside(make_runtime(project, command=SHELL), engine, agent) as shell:
            uid, gid = int(shell.run("id -u").said), int(shell.run("id -g").said)
            assert "CapEff:\t0000000000000000" in shell.run("cat /proc/self/status").said
        assert uid == gid == Project(project).owner().uid
        assert uid != 0
        assert not has_account(uid)
        assert found.setdefault(project, uid) == uid
    assert len({*found.values()}) == 2


async def test_what_only_root_may_read_is_closed_to_them_and_named(
    make_runtime: Start, engine: docker.APIClient, root: Path
) -> None:
    (root / "src/key.pem").write_text("private\n")
    (root / "src/key.pem").chmod(0o600)
    (root / "vault").mkdir(mode=0o700)
    (root / "vault/password").write_text("secret\n")
    (root / ".env").chmod(0o600)  # hidden anyway
    runtime = make_runtime(root, command=SHELL)
    (remark,) = runtime.remarks
    assert f"user {runtime.owner.uid}" in remark
    assert "'vault', 'src/key.pem'" in remark
    assert ".env" not in remark
    async with inside(runtime, engine) as shell:
        for command in ("cat src/key.pem", "cat vault/password", "ls vault", "echo x >>CLAUDE.md"):
            tried = shell.run(command)
            assert tried.status != 0, (command, tried)
        assert "product" in shell.run("cat src/main.py").said
        assert "You are qa." in shell.run("cat CLAUDE.md").said


async def test_they_own_their_folders_and_nothing_around_them(
    make_runtime: Start, engine: docker.APIClient, root: Path
) -> None:
    runtime = make_runtime(root, command=SHELL)
    kept = root / USERS / "qa/container/projects"
    kept.mkdir(parents=True)
    (kept / "conversation").write_text("from before\n")
    (kept / "conversation").chmod(0o600)
    write_message(Project(root), "claude", ["qa"], "hello", "Read this.")
    trust_here(root)
    async with inside(runtime, engine) as shell:
        for command in (
            "echo x >.claude/users/qa/workspace/x; touch ~/x",
            "echo y >>/claude-config/projects/conversation && cat /claude-config/projects/conversation",
            "echo note >.claude/sessions/note",
            "cat .claude/users/qa/inbox/*.md | grep Read",
        ):
            tried = shell.run(command)
            assert tried.status == 0, (command, tried)
        assert shell.run("echo x >.claude/users/qa/inbox/x").status != 0
    uid = runtime.owner.uid
    assert uid != 0
    own = [root / USERS / "qa" / name for name in ("inbox", "workspace", "container")]
    for path in (*own, *own[1].rglob("*"), *own[2].rglob("*"), root / ".claude/sessions/note"):
        assert path.lstat().st_uid == uid, path
    for path in (
        root,
        root / ".claude",
        root / USERS,
        root / USERS / "qa",
        root / USERS / "claude/workspace",
    ):
        assert path.stat().st_uid == 0, path


@pytest.mark.parametrize("folder", ["users/qa/workspace", "users/qa/container", "users/qa/inbox", "sessions"])
async def test_what_was_planted_in_their_folders_is_not_given_to_them(
    make_runtime: Start, engine: docker.APIClient, root: Path, victim: Path, folder: str
) -> None:
    place = root / ".claude" / folder
    (place / "deep").mkdir(parents=True)
    (place / "deep/roots.md").write_text("")
    (place / "deep/shadow.md").hardlink_to(victim)
    (place / "link.md").symlink_to(victim)
    (place / "folder").symlink_to(victim.parent)
    (place / "elsewhere").hardlink_to(root / "src/main.py")
    before = kept(victim)
    trust_here(root)
    async with inside(make_runtime(root, command=SHELL), engine) as shell:
        assert shell.run("cat .claude/users/qa/workspace/deep/shadow.md").status != 0
        owner = Project(root).owner().uid
        assert (place / "deep/roots.md").stat().st_uid == place.stat().st_uid == owner
    assert kept(victim) == before
    assert (root / "src/main.py").stat().st_uid == 0


@pytest.mark.parametrize("name", ["workspace", "container"])
async def test_a_link_in_a_folders_place_is_refused(
    make_runtime: Start, root: Path, victim: Path, name: str
) -> None:
    folder = root / USERS / "qa" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.symlink_to(victim.parent)
    with pytest.raises(ProjectError, match=name):
        await make_runtime(root).start("qa", SIZE)
    assert kept(victim)[1][0] == 0


@pytest.mark.parametrize("closed", [".", ".claude"])
async def test_a_project_that_they_cannot_enter_is_refused(
    make_runtime: Start, root: Path, closed: str
) -> None:
    (root / closed).chmod(0o700)
    with pytest.raises(ProjectError, match="is closed to its agents") as caught:
        await make_runtime(root).start("qa", SIZE)
    assert caught.value.hint.startswith("chmod o+rx ")


async def test_a_project_that_was_moved_or_whose_id_was_forgotten_goes_on(
    make_runtime: Start, engine: docker.APIClient, root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with inside(make_runtime(root, command=SHELL), engine) as shell:
        assert shell.run("echo first >.claude/users/qa/workspace/x").status == 0
    before = Project(root).owner()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another"))
    trust_here(root)
    async with inside(make_runtime(root, command=SHELL), engine) as shell:
        assert shell.run("echo second >>.claude/users/qa/workspace/x").status == 0
    assert Project(root).owner() != before
    assert (root / USERS / "qa/workspace/x").read_text() == "first\nsecond\n"


def test_the_commands_work_in_it(image: str, root: Path, tmp_path: Path) -> None:
    app = App(root, tmp_path / "home", image)
    (root / "key").write_text("")
    (root / "key").chmod(0o600)
    with app.open("qa") as tui:
        tui.wait("which no account has")
        tui.wait("1 qa ● running", "agent ready qa uid=")  # when that toast may be gone
        tui.type("hello\r")
        tui.wait("echo:hello")
        leave(tui)
    assert app.ps()["qa"]["condition"] == "running"
    sent = app.run("send", "qa", "--subject", "one", "Text.")
    assert sent.returncode == 0, sent.stderr
    assert "one" in app.run("inbox").stdout
    assert "echo:hello" in app.run("log", "qa").stdout
    doctor = app.run("doctor").stdout
    assert "and cannot read key" in doctor
    assert "an agent's container starts" in doctor
    assert "belongs to" not in doctor
    stopped = app.run("stop", "qa")
    assert stopped.returncode == 0, stopped.stderr
    assert app.run("ps").stdout.count("running") == 0


async def test_its_socket_of_the_gateway_lets_it_in(
    engine: docker.APIClient, programs_image: str, root: Path, tmp_path: Path
) -> None:
    """And nobody else: it is the agent's own, in a folder that only the agent may enter."""
    owner, folder = Project(root).owner(), tmp_path / "gateway"
    made = make_agent_folder(folder, "qa", owner.uid, owner.gid)
    assert (made.stat().st_uid, made.stat().st_mode & 0o777) == (owner.uid, 0o700)
    servers = (McpServer("test", command=("true",)),)
    every = AgentConfig(image=programs_image, command=SHELL)
    config = with_gateway(Config(every_agent=every, servers=servers), folder, ("qa",), owner)
    path = agent_folder(folder, "qa") / SOCKET
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        os.chown(path, owner.uid, owner.gid)
        path.chmod(0o600)
        listening.listen()
        runtime = DirectRuntime(connect(), Project(root), config, {})
        try:
            async with inside(runtime, engine) as shell:
                said = "import socket; socket.socket(socket.AF_UNIX).connect('/run/qms-mcp/mcp.sock')"
                tried = shell.run(f'python3 -c "{said}"')
                assert tried.status == 0, tried
                assert shell.run("cat /usr/local/lib/qms-tui/mcp.json").status == 0
        finally:
            await runtime.close()


@pytest.mark.timeout(debian.BUILD_SECONDS)
async def test_the_real_client_is_itself_and_is_woken(
    make_runtime: Start, client_image: str, network: tuple[str, str], root: Path
) -> None:
    with Model(network[1]) as model:
        runtime = make_runtime(root, host(model), image=client_image, network=network[0], env=VARIABLES)
        async with woken(runtime, root, model) as agent:
            agent.put("CR-001")
            await agent.reached("CR-001")
            await agent.ready()
            assert agent.told("identity.json")["uid"] == runtime.owner.uid
            assert (await runtime.find(AGENT)).wrong == ""
