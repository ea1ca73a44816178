"""What isolation holds, tried from inside the containers of two agents: every attempt must fail.

And what an agent needs, which must work. The agents are started once, by the real runtime.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import docker
import pytest

from qms_tui.config import AgentConfig, Config
from qms_tui.config.paths import Mount
from qms_tui.project import Project
from qms_tui.runtime.docker import connect
from tests.trusted import trust_here

from .direct import DirectRuntime
from .engine import Console, remove_project
from .held import SIZE
from .project import make_qms_project, owner
from .shell import SHELL, Shell

SECRET = "hush-hush"
USERS = "/pipe-dream/.claude/users"
HOST = {"PASSED_ON": "from the host", "SECRET_TOKEN": SECRET}


@dataclass
class Agents:
    """Two agents that run, each with a shell inside."""

    root: Path
    claude: Shell
    qa: Shell
    address: str
    tree: dict[str, str]

    def folder(self, agent: str, name: str) -> Path:
        return self.root / ".claude/users" / agent / name


def plant_secrets(root: Path) -> None:
    """Everything that qa must not see says hush-hush."""
    for name in (".env", ".env.local", ".mcp.json", "keys.txt", "vault/deep/key.pem"):
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"{SECRET}\n")
    for folder in ("claude/inbox", "claude/workspace", "lead/inbox", "claude/container"):
        place = root / ".claude/users" / folder
        place.mkdir(parents=True, exist_ok=True)
        (place / "letter.md").write_text(f"{SECRET}\n")
    (root / ".claude/users/qa/inbox/task.md").write_text("for qa\n")
    for path in root.rglob("*"):
        os.chown(path, owner(), owner(), follow_symlinks=False)
    trust_here(root)


def tree(root: Path, without: tuple[str, ...] = ()) -> dict[str, str]:
    """Every path with its kind, mode, owner and content."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if name.startswith(without):
            continue
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(status.st_mode) else ""
        found[name] = f"{status.st_mode:o} {status.st_uid}:{status.st_gid} {content}"
    return found


OWN: tuple[str, ...] = (".claude/users/claude/container", ".claude/users/qa/container")
OWN += (".claude/users/claude/workspace", ".claude/users/qa/workspace", ".claude/sessions")


async def start_both(root: Path, image: str) -> None:
    env_file = root.parent / "agent.env"
    env_file.write_text("FROM_FILE=by the file\n")
    data = root.parent / "data"
    data.mkdir()
    (data / "set.csv").write_text("1,2,3\n")
    settings = AgentConfig(
        image=image,
        command=SHELL,
        env=("PASSED_ON", "NOT_SET"),
        env_file=env_file,
        hide=("keys.txt", "vault", "not-there"),
        mounts=(Mount(data, "/data"),),
    )
    runtime = DirectRuntime(connect(), Project(root), Config(every_agent=settings), HOST)
    try:
        for agent in ("claude", "qa"):
            (await runtime.start(agent, SIZE)).close()
    finally:
        await runtime.close()


@pytest.fixture(scope="module")
def agents(
    engine: docker.APIClient, image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Agents]:
    root = tmp_path_factory.mktemp("isolation") / "project"
    root.mkdir()
    make_qms_project(root)
    plant_secrets(root)
    before = tree(root, OWN)
    try:
        asyncio.run(start_both(root, image))
        rows = engine.containers(filters={"label": f"qms-tui.project={root}"})
        ids = {row["Labels"]["qms-tui.agent"]: row["Id"] for row in rows}
        networks = engine.inspect_container(ids["claude"])["NetworkSettings"]["Networks"]
        (address,) = (network["IPAddress"] for network in networks.values())
        with ExitStack() as stack:
            claude, qa = (Shell(stack.enter_context(Console(engine, ids[name]))) for name in ("claude", "qa"))
            yield Agents(root, claude, qa, address, before)
    finally:
        remove_project(engine, str(root))


# -- must fail ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        f"cat {USERS}/claude/container/letter.md",
        f"cat {USERS}/claude/inbox/letter.md",
        f"cat {USERS}/claude/workspace/letter.md",
        f"ls {USERS}/claude",
        f"ls {USERS}/lead",
        f"ls {USERS}/qa/container",
        "ls /pipe-dream/vault/deep",
        "cat /pipe-dream/vault/deep/key.pem",
        "grep . /pipe-dream/.env /pipe-dream/.env.local /pipe-dream/.mcp.json /pipe-dream/keys.txt",
        f"cd {USERS}/qa/workspace && ls ../../claude",
        "ls /proc/1/root/pipe-dream/.claude/users/claude",
        "ls /var/run/docker.sock || ls /run/docker.sock || ls /run/containerd",
        "cat /dev/mem || cat /dev/kmem || cat /dev/sda",
    ],
)
def test_what_it_must_not_read(agents: Agents, command: str) -> None:
    tried = agents.qa.run(command)
    assert tried.status != 0, tried
    assert SECRET not in tried.said


def test_no_secret_is_anywhere(agents: Agents) -> None:
    search = "grep -rl {} /pipe-dream /claude-config /home /etc /tmp /root /data"
    assert agents.qa.run(search.format(SECRET)).said.replace("grep: /root: Permission denied", "") == ""
    assert f"{USERS}/qa/inbox/task.md" in agents.qa.run(search.format("'for qa'")).said
    assert agents.qa.run("env | grep " + SECRET).status == 1
    assert agents.qa.run(f"ls -A {USERS}").said == "qa"
    assert agents.qa.run(f"ls -A {USERS}/qa").said.split() == ["inbox", "workspace"]


# Gone with the container, and of no use for anybody else.
THE_CONTAINERS_OWN = (
    "/pipe-dream/vault/x",
    f"{USERS}/x",
    f"{USERS}/claude",
    f"{USERS}/qa/x",
    f"{USERS}/qa/workspace/../x",
    "/etc/claude-code/CLAUDE.md",
    "/bin/sh",
    "/x",
    "/sys/fs/cgroup/x",
)


@pytest.mark.parametrize(
    "place",
    [
        "/pipe-dream/x",
        "/pipe-dream/CLAUDE.md",
        "/pipe-dream/QMS/x",
        "/pipe-dream/QMS/CR/CR-001/CR-001-draft.md",
        "/pipe-dream/src/main.py",
        "/pipe-dream/qms.config.json",
        "/pipe-dream/keys.txt/x",
        "/pipe-dream/vault/x",
        "/pipe-dream/.claude/x",
        "/pipe-dream/.claude/agents/qa.md",
        "/pipe-dream/.claude/agents/new.md",
        f"{USERS}/x",
        f"{USERS}/claude",
        f"{USERS}/qa/x",
        f"{USERS}/qa/inbox/x",
        f"{USERS}/qa/inbox/task.md",
        f"{USERS}/qa/workspace/../x",
        "/data/x",
        "/data/set.csv",
        "/etc/passwd",
        "/etc/claude-code/CLAUDE.md",
        "/bin/sh",
        "/x",
        "/proc/sys/kernel/core_pattern",
        "/sys/fs/cgroup/x",
    ],
)
def test_where_it_must_not_write(agents: Agents, place: str, rootless: bool) -> None:
    if rootless and place in THE_CONTAINERS_OWN:
        pytest.skip("on a rootless engine an agent is root in its own container")
    for command in (f"echo x >>{place}", f"mkdir -p {place}/y", f"ln -sf /x {place}", f"mv /bin/ls {place}"):
        tried = agents.qa.run(command)
        assert tried.status != 0, (command, tried)


@pytest.mark.parametrize(
    "command",
    [
        "rm /pipe-dream/CLAUDE.md",
        "rm -r /pipe-dream/QMS",
        f"rm {USERS}/qa/inbox/task.md",
        f"rmdir {USERS}/qa/workspace || mv {USERS}/qa/workspace {USERS}/qa/w",
        "touch /pipe-dream/CLAUDE.md",
        "chmod 777 /pipe-dream/CLAUDE.md",
        "chown 0 /claude-config",
        "su -c id",
        "su root -c id",
        "mount -t tmpfs none /tmp",
        "mount -o remount,rw /pipe-dream",
        "umount /pipe-dream/.claude/users",
        "umount /pipe-dream/vault || umount /pipe-dream/.env",
        "chroot / true",
        "unshare -r true",
        "unshare -m true",
        "nsenter -t 1 -m true",
        "mknod /tmp/disk b 8 0",
        "hostname somebody-else",
        "date -s 2000-01-01; test $(date +%Y) = 2000",
        "renice -n -5 $$",
        "ip link set eth0 down",
        "ip addr add 10.9.8.7/32 dev eth0",
        "arping -c 1 -w 1 -I eth0 10.9.8.7",
        "traceroute -I -m 1 -w 1 -q 1 127.0.0.1",
        "kill -9 1 && sleep 1 && test ! -d /proc/1",
        "echo 1 >/proc/sys/net/ipv4/ip_forward",
        "echo b >/proc/sysrq-trigger",
        "dmesg",
        "swapoff -a && swapon /tmp/x",
        "cp /bin/busybox /tmp/su && chmod u+s /tmp/su && chown 0:0 /tmp/su",
    ],
)
def test_what_it_must_not_do(agents: Agents, command: str, rootless: bool) -> None:
    if rootless and "chown 0" in command:
        pytest.skip("on a rootless engine an agent is root in its own container")
    tried = agents.qa.run(command)
    assert tried.status != 0, tried


def test_it_has_no_privileges_and_gets_none(agents: Agents, rootless: bool) -> None:
    inside = 0 if rootless else owner()
    for shell in (agents.claude, agents.qa):
        status = dict(line.split(":", 1) for line in shell.run("cat /proc/self/status").said.splitlines())
        assert {status[f"Cap{kind}"].strip(" \t0") for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {""}
        assert status["NoNewPrivs"].strip() == "1"
        assert status["Seccomp"].strip() == "2"
        assert status["Uid"].split() == [str(inside)] * 4
        assert status["Gid"].split() == [str(inside)] * 4
        assert status["Groups"].strip() in ("", str(inside))


def test_the_other_container_is_out_of_reach(agents: Agents) -> None:
    agents.claude.run("while :; do nc -l -p 7777 -e cat; done & echo $! >/tmp/listener")
    try:
        knock = f"echo knock | nc -w 2 {agents.address} 7777"
        mine = agents.claude.run(f"i=0; until {knock} || [ $((i += 1)) -gt 50 ]; do usleep 100000; done")
        assert mine.said.endswith("knock"), mine
        for command in (knock, f"ping -c 1 -W 2 {agents.address}", "nc -w 2 claude 7777"):
            tried = agents.qa.run(command)
            assert tried.status != 0, tried
            assert "knock" not in tried.said
    finally:
        agents.claude.run("kill $(cat /tmp/listener); killall nc")


def test_the_project_on_the_host_is_untouched(agents: Agents) -> None:
    """Comes after all attempts of this file that are above. Their own folders were closed to other users."""
    agents.qa.run("true")
    closed = {f".claude/users/{agent}": f"40700 {owner()}:{owner()} " for agent in ("claude", "qa")}
    assert tree(agents.root, OWN) == agents.tree | closed


# -- must work ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("agent", ["claude", "qa"])
def test_its_own_folders_are_its_own(agents: Agents, agent: str) -> None:
    shell: Shell = getattr(agents, agent)
    places = {
        f"{USERS}/{agent}/workspace": agents.folder(agent, "workspace"),
        "/claude-config": agents.folder(agent, "container"),
        "/pipe-dream/.claude/sessions": agents.root / ".claude/sessions",
    }
    for inside, outside in places.items():
        tried = shell.run(f"echo by {agent} >{inside}/made-by-{agent} && mkdir {inside}/folder-of-{agent}")
        assert tried.status == 0, tried
        made = outside / f"made-by-{agent}"
        assert made.read_text() == f"by {agent}\n"
        assert {made.stat().st_uid, made.stat().st_gid} == {owner()}
        assert (outside / f"folder-of-{agent}").stat().st_uid == owner()


def test_configurations_are_apart(agents: Agents) -> None:
    agents.claude.run("echo claude >/claude-config/whose")
    agents.qa.run("echo qa >/claude-config/whose")
    assert agents.claude.run("cat /claude-config/whose").said == "claude"
    assert agents.qa.run("cat /claude-config/whose").said == "qa"
    assert stat.S_IMODE(agents.folder("qa", "container").stat().st_mode) == 0o700
    assert agents.folder("qa", "container").joinpath(".gitignore").read_text() == "*\n"


def test_it_reads_its_inbox_and_the_project(agents: Agents) -> None:
    assert agents.qa.run(f"cat {USERS}/qa/inbox/task.md").said == "for qa"
    assert agents.qa.run("cat QMS/CR/CR-001/CR-001-draft.md").said == "# CR-001"
    assert agents.qa.run("cat /data/set.csv").said == "1,2,3"
    assert agents.qa.run("test -e .env && wc -c <.env").said == "0"


def test_an_item_that_arrives_later_is_there(agents: Agents) -> None:
    (agents.folder("qa", "inbox") / "late.md").write_text("late\n")
    try:
        assert agents.qa.run(f"cat {USERS}/qa/inbox/late.md").said == "late"
    finally:
        (agents.folder("qa", "inbox") / "late.md").unlink()


def test_it_knows_who_it_is(agents: Agents, rootless: bool) -> None:
    assert agents.qa.run("id -un").said == ("agent" if owner() and not rootless else "root")
    assert agents.qa.run("cd ~ && pwd && touch x && ls -A").said.split() == ["/home/agent", "x"]
    assert agents.qa.run("hostname").said == "qa"
    assert agents.qa.run("pwd").said == "/pipe-dream"


def test_each_has_its_own_context(agents: Agents) -> None:
    assert agents.qa.run("cat CLAUDE.md").said == (agents.root / ".claude/agents/qa.md").read_text().strip()
    assert agents.claude.run("cat CLAUDE.md").said == (agents.root / "CLAUDE.md").read_text().strip()


def test_its_environment_is_what_was_allowed(agents: Agents) -> None:
    said = agents.qa.run("cat /proc/1/environ | tr '\\0' '\\n'").said
    environment = dict(line.split("=", 1) for line in said.splitlines())
    assert environment == {
        "PATH": "/bin",
        "HOSTNAME": "qa",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
        "HOME": "/home/agent",
        "QMS_USER": "qa",
        "CLAUDE_CONFIG_DIR": "/claude-config",
        "CLAUDE_CODE_DISABLE_AGENT_VIEW": "1",
        "PASSED_ON": "from the host",
        "FROM_FILE": "by the file",
    }


# -- other projects ----------------------------------------------------------------------------------------


async def test_without_a_context_of_the_project_the_machines_is_used(
    make_runtime: Callable[..., DirectRuntime], qms_project: Path, engine: docker.APIClient
) -> None:
    (qms_project / "CLAUDE.md").unlink()
    runtime = make_runtime(qms_project, workdir="/srv/the-project", command=SHELL)
    (await runtime.start("qa", SIZE)).close()
    with Console(engine, (await runtime.find("qa")).container) as console:
        shell = Shell(console)
        assert "You are qa." in shell.run("cat /etc/claude-code/CLAUDE.md").said
        assert shell.run("pwd; ls CLAUDE.md").said.splitlines()[0] == "/srv/the-project"
        assert shell.run("echo x >.claude/users/qa/workspace/x").status == 0
        assert shell.run("echo x >/etc/claude-code/CLAUDE.md").status != 0
    assert not (qms_project / "CLAUDE.md").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="a project of root's needs root")
async def test_a_project_of_roots_gets_a_user_without_an_account(
    make_runtime: Callable[..., DirectRuntime],
    make_qms_project: Callable[..., Path],
    engine: docker.APIClient,
) -> None:
    root = make_qms_project("roots", uid=0)
    runtime = make_runtime(root, command=SHELL)
    (remark,) = runtime.remarks
    assert "which no account has" in remark
    (await runtime.start("qa", SIZE)).close()
    with Console(engine, (await runtime.find("qa")).container) as console:
        shell = Shell(console)
        uid = int(shell.run("id -u").said)
        assert uid == Project(root).owner().uid != 0
        assert "CapEff:\t0000000000000000" in shell.run("cat /proc/self/status").said
        assert shell.run("echo x >.claude/users/qa/workspace/x; touch ~/x").status == 0
        for command in (
            "echo x >CLAUDE.md",
            "echo x >.claude/users/qa/inbox/x",
            "ls .claude/users/claude",
            "mount -o remount,rw /pipe-dream",
            "chown 1000 /claude-config",
            "mknod /tmp/disk b 8 0",
            "chroot / true",
            "umount /pipe-dream/.claude/users",
        ):
            tried = shell.run(command)
            assert tried.status != 0, (command, tried)
    assert (root / ".claude/users/qa/workspace/x").stat().st_uid == uid


def test_a_project_of_somebodys_needs_no_remark(
    make_runtime: Callable[..., DirectRuntime], qms_project: Path, rootless: bool
) -> None:
    assert make_runtime(qms_project).remarks == ()
    assert replace(make_runtime(qms_project).owner).uid == (0 if rootless else owner())
