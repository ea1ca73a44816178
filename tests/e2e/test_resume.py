"""A new container goes on with the agent's conversation; a fresh one can be had."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from qms_tui.config import Mount
from qms_tui.runtime import Ending

from .direct import DirectRuntime
from .held import SIZE, Held, started
from .test_app import App, leave

Make = Callable[..., DirectRuntime]
SESSION = "8276cc26-2d9c-4215-b55d-436dae836e76"
# Tells its arguments; what is typed becomes a prompt of the conversation, kept as Claude Code keeps it.
# Without one that it could continue it ends as the real one does.
CLAUDE = f"""#!/bin/sh
folder=$CLAUDE_CONFIG_DIR/projects/$(pwd | tr -c 'a-zA-Z0-9\\n' -)
echo "claude started with [$*]"
if [ "$1" = --continue ] && ! grep '"hello' $folder/*.jsonl; then
    echo 'No conversation found to continue'
    exit 1
fi
while read -r line; do
    mkdir -p "$folder"
    echo '{{"isSidechain":false,"type":"user","message":"'$line'"}}' >>"$folder/{SESSION}.jsonl"
    echo "kept $line"
done
"""


@pytest.fixture
def client(tmp_path: Path) -> Path:
    """A stand-in for Claude Code; where the tiny image's own program of that name does not look."""
    folder = tmp_path / "client"
    folder.mkdir()
    tmp_path.chmod(0o755)
    (folder / "claude").write_text(CLAUDE)
    (folder / "claude").chmod(0o755)
    return folder


@pytest.fixture
def runtime(make_runtime: Make, qms_project: Path, client: Path) -> DirectRuntime:
    return make_runtime(qms_project, command=("/client/claude",), mounts=(Mount(client, "/client"),))


async def say(agent: Held, text: bytes) -> None:
    agent.type(text + b"\r")
    await agent.expect(rb"kept " + text)


async def test_a_new_container_resumes(runtime: DirectRuntime) -> None:
    async with started(runtime, "qa") as qa:
        await qa.expect(rb"started with \[\]")
        await say(qa, b"hello")
    await runtime.stop("qa")
    async with started(runtime, "qa") as qa:
        await qa.expect(rb'(?s)started with \[--continue\].*"hello"')
    await runtime.stop("qa")
    async with started(runtime, "claude") as other:
        await other.expect(rb"started with \[\]")


async def test_a_fresh_one_does_not(runtime: DirectRuntime) -> None:
    async with started(runtime, "qa") as qa:
        await say(qa, b"hello")
    await runtime.stop("qa")
    held = Held(await runtime.start("qa", SIZE, fresh=True))
    await held.expect(rb"started with \[\]")
    held.attachment.close()


async def test_one_that_cannot_is_told_from_others(runtime: DirectRuntime) -> None:
    async with started(runtime, "qa") as qa:
        await say(qa, b"goodbye")
    await runtime.stop("qa")
    async with started(runtime, "qa") as qa:
        await qa.end()
    assert await runtime.ended("qa") == Ending(1, resuming=True)
    assert (await runtime.find("qa")).ending == Ending(1, resuming=True)


def test_on_the_screen(qms_project: Path, tmp_path: Path, image: str, client: Path) -> None:
    """Restarting resumes, the menu's other letter does not, and a failure says what to do."""
    app = App(qms_project, tmp_path / "home", image)
    app.set(f'command = ["/client/claude"]\nmounts = ["{client}:/client"]\n')
    with app.open("qa") as tui:
        tui.wait("started with []")
        tui.type("hello\r")
        tui.wait("kept hello")
        tui.type("\x02r")
        tui.wait("start it anew?")
        tui.type("y")
        tui.wait("started with [--continue]")
        tui.type("\x02f")
        tui.wait("start it anew without its conversation?")
        tui.type("y")
        tui.wait("started with []")
        (kept,) = (qms_project / ".claude/users/qa/container/projects/-pipe-dream").iterdir()
        kept.write_text(kept.read_text().replace("hello", "goodbye"))
        tui.type("\x02ry")
        tui.wait("No conversation found", "exit code 1", "f starts fresh")
        tui.type("\x02f")
        tui.wait("started with []")
        leave(tui)


async def test_what_the_container_is_marked_with(runtime: DirectRuntime, engine: docker.APIClient) -> None:
    async with started(runtime, "qa") as qa:
        await say(qa, b"hello")
        before = engine.inspect_container((await runtime.find("qa")).container)["Config"]["Labels"]
    await runtime.stop("qa")
    async with started(runtime, "qa") as qa:
        await qa.expect(rb"--continue")
        after = engine.inspect_container((await runtime.find("qa")).container)["Config"]["Labels"]
    assert after.pop("qms-tui.files") != before.pop("qms-tui.files")
    assert after == before | {"qms-tui.resumes": "1"}
