"""What an agent plants in the folders it may write does nothing to the host, and hinders no start."""

from __future__ import annotations

import os
import socket
import stat
import time
from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from qms_tui.errors import ProjectError

from .direct import DirectRuntime
from .engine import PROJECT_LABEL, Console
from .held import GREETING, SIZE, started
from .shell import SHELL, Shell
from .test_isolation import tree

PASSWD = Path("/etc/passwd")
HOSTNAME = socket.gethostname()
OWN = (".claude/users/qa/container", ".claude/users/qa/workspace", ".claude/sessions")

# In every folder that it may write: a link out, a pipe that blocks who opens it, a file of 1 GB, names that
# no program likes, and what tools take for configuration.
PLANT = """
rm -rf {0}/.gitignore
ln -s /etc/passwd {0}/.gitignore
ln -s / {0}/root
ln -s ../../../../../.. {0}/up
ln -s loop {0}/loop
mkfifo {0}/pipe {0}/.credentials.json {0}/task-CR-001-review-v0-1.md
dd if=/dev/zero of={0}/huge.md bs=1 count=0 seek=1G
touch {0}/"$(printf 'new\\nline')" {0}/"$(printf '\\033]0;title\\007')" {0}/"[@click=app.quit]"
mkdir {0}/.git {0}/.claude
echo '*' >{0}/.git/config
chmod 000 {0}/.git
""".strip().splitlines()


async def test_what_an_agent_plants(
    make_runtime: Callable[..., DirectRuntime],
    engine: docker.APIClient,
    qms_project: Path,
) -> None:
    passwd = PASSWD.read_bytes()  # noqa: ASYNC240
    runtime = make_runtime(qms_project, command=SHELL)
    (qms_project / ".claude/users/claude").chmod(0o700)  # as its first start does
    (await runtime.start("qa", SIZE)).close()
    before = tree(qms_project, OWN)
    with Console(engine, (await runtime.find("qa")).container) as console:
        shell = Shell(console)
        for folder in ("/claude-config", ".claude/users/qa/workspace", ".claude/sessions"):
            for line in PLANT:
                tried = shell.run(line.format(folder))
                assert tried.status == 0, (line, tried)
        shell.run("chmod 777 /claude-config")
    await runtime.stop("qa")

    begun = time.monotonic()
    again = make_runtime(qms_project)
    async with started(again, "qa") as qa:
        qa.type(b"working\r")
        await qa.expect(rb"echo:working\r\n")
    async with started(again, "claude") as claude:
        await claude.expect(rb"agent ready claude")
    assert time.monotonic() - begun < 20  # nothing was read or copied, nothing was waited for

    config = qms_project / ".claude/users/qa/container"
    assert os.readlink(config / ".gitignore") == "/etc/passwd"
    assert PASSWD.read_bytes() == passwd  # noqa: ASYNC240
    assert stat.S_IMODE(config.stat().st_mode) == 0o700
    assert tree(qms_project, (*OWN, ".claude/users/claude/container")) == before
    for agent in ("qa", "claude"):
        await again.stop(agent)
    assert again.containers.all() == {}


@pytest.mark.parametrize(
    ("place", "named"),
    [
        (".claude/users/qa/workspace", "workspace"),
        (".claude/users/qa/inbox", "inbox"),
        (".claude/users/qa/container", "container"),
        (".claude/users/qa", "qa"),
        (".claude/users", "users"),
        (".claude/agents/qa.md", "qa.md"),
    ],
)
async def test_a_link_that_came_with_the_project(
    runtime: DirectRuntime,
    engine: docker.APIClient,
    qms_project: Path,
    tmp_path: Path,
    place: str,
    named: str,
) -> None:
    """What a stranger's repository may have instead of a folder: refused by name, never followed."""
    path, aside = qms_project / place, tmp_path / "aside"
    if path.exists():
        path.rename(aside)
    victim = tmp_path / "victim"
    victim.mkdir(mode=0o755)
    path.symlink_to(victim)
    with pytest.raises(ProjectError, match=named):
        await runtime.start("qa", SIZE)
    assert list(victim.iterdir()) == []
    assert not engine.containers(all=True, filters={"label": f"{PROJECT_LABEL}={qms_project}"})


@pytest.mark.parametrize("target", ["secrets-elsewhere", "/etc/hostname", "missing", "../outside"])
async def test_a_secret_that_is_a_link_is_hidden_too(
    make_runtime: Callable[..., DirectRuntime], engine: docker.APIClient, qms_project: Path, target: str
) -> None:
    """People keep one .env for several projects, or none yet."""
    (qms_project / ".env").unlink()
    (qms_project / "secrets-elsewhere").write_text("hush-hush\n")
    (qms_project / ".env").symlink_to(target)
    runtime = make_runtime(qms_project, command=SHELL)
    (await runtime.start("qa", SIZE)).close()
    with Console(engine, (await runtime.find("qa")).container) as console:
        said = Shell(console).run("cat .env").said
    assert "hush-hush" not in said
    assert HOSTNAME not in said  # /etc/hostname leads to the container's own


async def test_a_link_does_not_decide_what_runs(
    make_runtime: Callable[..., DirectRuntime], qms_project: Path
) -> None:
    """A definition is mounted over CLAUDE.md: with a link there, it would be over the image's shell."""
    (qms_project / "CLAUDE.md").unlink()
    (qms_project / "CLAUDE.md").symlink_to("/bin/sh")
    definition = qms_project / ".claude/agents/qa.md"
    definition.write_text("#!/bin/sh\necho planted\n")
    definition.chmod(0o755)
    async with started(make_runtime(qms_project), "qa") as qa:
        await qa.expect(GREETING % b"qa")
