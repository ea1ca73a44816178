"""The real Claude Code in the product's image: its first run, its identity, its login, its permissions.

It reaches nothing but a stand-in for the model. What is asserted on is what it says of itself (its session's
registry), what the model was asked, and what the engine shows; never text on the screen.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import pytest

from qms_tui.config import AgentConfig, PermissionMode
from qms_tui.errors import ConfigError
from qms_tui.project import Project
from qms_tui.runtime import Size
from qms_tui.runtime.docker import connect
from qms_tui.runtime.docker.image import find_image
from qms_tui.runtime.docker.kit import CHECKED, LABEL_CHECK, LABEL_CLIENT, LABEL_KIT, UNCHECKED, our_kit
from qms_tui.runtime.identity import mismatch, read_identity
from qms_tui.terminal import Terminal
from qms_tui.ui.links import addresses
from tests.bench.model import Model
from tests.trusted import prepared

from . import debian
from .clients import KEY, asked, login, press, registry, say, status, until
from .direct import DirectRuntime
from .held import started
from .project import owner

pytestmark = pytest.mark.timeout(debian.BUILD_SECONDS)
TOKEN = "sk-ant-oat01-placeholder-0123456789-abcdefghij"
PROJECT_CONTEXT = "Project context of claude"
DEFINITION = "You are qa."
NARROW = Size(60, 24)
LINK = re.compile(rb"\x1b\]8;[^;]*;(https://[^\x07\x1b]+)")
LINK_OR_END = re.compile(rb"\x1b\]8;[^\x07\x1b]*(\x07|\x1b\\)")

Start = Callable[..., DirectRuntime]


@pytest.fixture
def real(
    make_runtime: Start, client_image: str, network: tuple[str, str], model: Model
) -> Callable[..., DirectRuntime]:
    """`real(root, **agent)`: a runtime whose agents are the real client, logged in with a key."""

    def make(root: Path, key: str = KEY, **agent: Any) -> DirectRuntime:
        host = login(model, key)
        return make_runtime(
            root, host, **{"image": client_image, "network": network[0], "env": tuple(host)} | agent
        )

    return make


def inside(engine: docker.APIClient, container: str, *command: str) -> str:
    """What a command prints that runs in the container as the agent."""
    made = engine.exec_create(container, list(command))
    return bytes(engine.exec_start(made["Id"])).decode()


@pytest.mark.parametrize("agent", ["claude", "qa"])
@pytest.mark.parametrize("context", [True, False])
async def test_it_is_idle_and_has_its_own_instructions(
    real: Start, qms_project: Path, model: Model, agent: str, context: bool
) -> None:
    """T1 and T2: nothing to click away; qa gets qa.md and not the project's, with and without a CLAUDE.md."""
    if not context:
        (qms_project / "CLAUDE.md").unlink()
    async with started(real(qms_project), agent) as held:
        assert "waitingFor" not in await status(qms_project, agent, "idle")
        say(held, "good morning")
        talk = json.dumps((await asked(model, "good morning"))["messages"])
        await status(qms_project, agent, "idle")
    assert (DEFINITION in talk) is (agent == "qa")
    assert (PROJECT_CONTEXT in talk) is (agent == "claude" and context)


async def test_who_it_is_can_be_read_from_outside(real: Start, qms_project: Path) -> None:
    runtime = real(qms_project)
    project, config = Project(qms_project), AgentConfig(name="qa")
    definition = hashlib.sha256((qms_project / ".claude/agents/qa.md").read_bytes()).hexdigest()
    async with started(runtime, "qa"):
        found = await until(lambda: told if (told := read_identity(project, "qa")) and told.loaded else None)
    assert (found.agent, found.project, found.program) == ("qa", "/pipe-dream", "claude")
    assert [one.path for one in found.loaded] == ["/pipe-dream/CLAUDE.md"]
    assert mismatch(found, "qa", config, runtime.owner, definition) == ""
    other = hashlib.sha256((qms_project / "CLAUDE.md").read_bytes()).hexdigest()
    assert mismatch(found, "qa", config, runtime.owner, other) == "it has not loaded its definition"
    assert mismatch(found, "claude", config, runtime.owner, definition) == "it is qa, not claude"


async def test_one_that_is_somebody_else_is_told(
    real: Start, qms_project: Path, engine: docker.APIClient
) -> None:
    """As when a container got another agent's folders, or another definition."""
    runtime = real(qms_project)
    async with started(runtime, "qa"):
        await until(lambda: (told := read_identity(Project(qms_project), "qa")) and told.loaded)
        assert (await runtime.find("qa")).wrong == ""
        said = "/claude-config/qms-tui"
        name = (await runtime.find("qa")).container
        inside(engine, name, "sed", "-i", 's/"sha256": "./"sha256": "x/', f"{said}/instructions.jsonl")
        assert (await runtime.find("qa")).wrong == "it has not loaded its definition"
        inside(engine, name, "sed", "-i", 's/"agent": "qa"/"agent": "claude"/', f"{said}/identity.json")
        assert (await runtime.find("qa")).wrong == "it is claude, not qa"
        assert runtime.containers.all()["qa"].wrong == "it is claude, not qa"


async def test_two_side_by_side_have_their_own_credentials(
    real: Start, qms_project: Path, engine: docker.APIClient
) -> None:
    """T3 and T5."""
    runtime = real(qms_project)
    async with started(runtime, "claude"), started(runtime, "qa"):
        for agent in ("claude", "qa"):
            await status(qms_project, agent, "idle")
            name = (await runtime.find(agent)).container
            inside(engine, name, "sh", "-c", f"echo secret-of-{agent} > /claude-config/.credentials.json")
        for agent, other in (("claude", "qa"), ("qa", "claude")):
            name = (await runtime.find(agent)).container
            assert inside(engine, name, "cat", "/claude-config/.credentials.json") == f"secret-of-{agent}\n"
            assert inside(engine, name, "ls", "/pipe-dream/.claude/users") == f"{agent}\n"
            seen = inside(
                engine, name, "sh", "-c", "grep -rs secret-of- /claude-config /pipe-dream /home /tmp"
            )
            assert f"secret-of-{agent}" in seen
            assert f"secret-of-{other}" not in seen
            ours = inside(engine, name, "sh", "-c", "echo x >>/usr/local/lib/qms-tui/settings.json")
            assert "Permission denied" in ours


async def test_a_key_of_the_environment_is_used_and_shown_nowhere(
    real: Start, qms_project: Path, model: Model, engine: docker.APIClient
) -> None:
    runtime = real(qms_project)
    async with started(runtime, "qa") as held:
        await status(qms_project, "qa", "idle")
        say(held, "good morning")
        await asked(model, "good morning")
        facts = engine.inspect_container((await runtime.find("qa")).container)
        assert KEY not in json.dumps(facts)
    assert KEY in model.logins


async def test_a_token_in_a_file_is_used_and_shown_nowhere(
    real: Start, qms_project: Path, model: Model, engine: docker.APIClient, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n")
    token.chmod(0o400)
    os.chown(token, owner(), -1)
    runtime = real(qms_project, key="", token_file=token)
    async with started(runtime, "qa") as held:
        await status(qms_project, "qa", "idle")
        say(held, "good morning")
        await asked(model, "good morning")
        name = (await runtime.find("qa")).container
        assert TOKEN not in json.dumps(engine.inspect_container(name))
        assert "Read-only" in inside(engine, name, "sh", "-c", "echo x > /run/qms-tui/token")
    assert f"Bearer {TOKEN}" in model.logins


async def test_the_address_of_a_login_is_whole_in_a_narrow_pane(real: Start, qms_project: Path) -> None:
    """By the link that the client declares, and by the rows alone."""
    async with started(real(qms_project, key=""), "qa", NARROW) as held:
        await status(qms_project, "qa", "idle")
        say(held, "/login")
        await status(qms_project, "qa", "waiting")
        declared = (await press(held, b"\r", lambda: LINK.search(held.unseen)))[1].decode()
        assert len(declared) > NARROW.columns
        await until(lambda: drawn(bytes(held.unseen)) == [declared])
        assert drawn(LINK_OR_END.sub(b"", held.unseen)) == [declared]


def drawn(output: bytes) -> list[str]:
    """The addresses that `u` would list."""
    terminal = Terminal(NARROW.columns, NARROW.lines)
    terminal.feed(output)
    return addresses(terminal)


async def test_a_token_that_the_agent_cannot_read_is_an_error(
    real: Start, qms_project: Path, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "token").chmod(0o000)
    for place, what in ((tmp_path / "token", "cannot be read by user"), (tmp_path / "none", "No such file")):
        with pytest.raises(ConfigError, match=what) as caught:
            await started(real(qms_project, token_file=place), "qa").__aenter__()
        assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "asks"),
    [
        ({}, True),
        ({"tools": ("Read", "Bash(touch made && echo made it)")}, True),  # a rule is for one command, not two
        ({"tools": ("Read", "Bash(touch:*)", "Bash(echo:*)")}, False),
        ({"permission_mode": PermissionMode.BYPASS}, False),
    ],
    ids=["by default", "another rule", "with the tools", "without questions"],
)
async def test_permissions_are_the_configurations(
    real: Start, qms_project: Path, model: Model, settings: dict[str, Any], asks: bool
) -> None:
    async with started(real(qms_project, **settings), "qa") as held:
        await status(qms_project, "qa", "idle")
        say(held, "tool")
        if asks:
            assert (await status(qms_project, "qa", "waiting"))["waitingFor"] == "permission prompt"
        else:
            await asked(model, "tool_result")


async def test_a_new_container_goes_on_with_the_conversation(
    real: Start, qms_project: Path, model: Model
) -> None:
    runtime = real(qms_project)
    async with started(runtime, "qa") as held:
        await status(qms_project, "qa", "idle")
        say(held, "the first question")
        await asked(model, "the first question")
        await status(qms_project, "qa", "idle")
    await runtime.stop("qa")
    await until(lambda: not registry(qms_project, "qa"))
    async with started(runtime, "qa") as held:
        await status(qms_project, "qa", "idle")
        say(held, "the second question")
        talk = json.dumps((await asked(model, "the second question"))["messages"])
    assert "the first question" in talk


async def test_a_broken_configuration_is_set_aside(real: Start, qms_project: Path) -> None:
    config = prepared(qms_project, "qa").config
    (config / ".claude.json").write_text("{ broken")
    async with started(real(qms_project), "qa") as held:
        await held.expect(rb"\.claude\.json was broken and is set aside as")
        await status(qms_project, "qa", "idle")
    assert [file.read_text() for file in config.glob(".claude.json.broken-*")] == ["{ broken"]


ORDINARY = (
    "git init -q one && git -C one -c user.name=qa -c user.email=qa@x commit -q --allow-empty -m first",
    "git clone -q one two && git -C two gc -q && git -C two log --oneline",
    "python3 -m venv --without-pip own && own/bin/python -c 'import ssl'",
    "mkdir tree && echo x >tree/x && chmod 750 tree && ln -s x tree/y",
    "cp -a tree copy && cp -p tree/x tree/z",
    "tar -cf tree.tar tree && tar -xpf tree.tar -C copy && install -m 755 tree/x copy/installed",
    'python3 -c \'import shutil; shutil.copytree("tree", "copied")\' && mktemp -d && chmod +t tree',
    "claude --version",
)


async def test_ordinary_programs_work_beside_each_wall(real: Start, qms_project: Path) -> None:
    """The filter of system calls refuses what it must, and nothing else that programs do."""
    script = "cd .claude/users/qa/workspace; set -e; " + "; ".join(ORDINARY) + "; echo all of it"
    async with started(real(qms_project, command=("sh", "-c", script)), "qa") as held:
        assert b"all of it" in await held.end(60.0)


async def test_the_clients_own_tool_makes_no_set_uid_file(
    real: Start, qms_project: Path, model: Model
) -> None:
    place = "/pipe-dream/.claude/users/qa/workspace/sh"
    command = f"cp /bin/sh {place} && chmod 755 {place} && echo copied; chmod 4755 {place}"
    async with started(real(qms_project, permission_mode=PermissionMode.BYPASS), "qa") as held:
        await status(qms_project, "qa", "idle")
        say(held, f"call Bash {json.dumps({'command': command, 'description': 'Try'})}")
        said = json.dumps((await asked(model, "Operation not permitted"))["messages"])
    assert "copied" in said
    made = qms_project / ".claude/users/qa/workspace"
    assert [path.lstat().st_mode & 0o7777 for path in made.iterdir()] == [0o755]


async def test_any_other_program_is_an_agent_too(real: Start, qms_project: Path, model: Model) -> None:
    """With its environment, and without the client's files."""
    said = "import os; print('I am', os.environ['QMS_USER'], os.environ['ANTHROPIC_BASE_URL'])"
    async with started(real(qms_project, command=("python3", "-c", said)), "qa") as held:
        await held.expect(rb"I am qa " + model.url.encode())
    assert not (qms_project / ".claude/users/qa/container/.claude.json").exists()


def test_the_image_is_small_and_says_what_it_is(
    engine: docker.APIClient, client_image: str, client_version: str
) -> None:
    facts = engine.inspect_image(client_image)  # type: ignore[no-untyped-call]
    labels = facts["Config"]["Labels"]
    assert (labels[LABEL_KIT], labels[LABEL_CLIENT]) == (our_kit().hash, client_version)
    assert facts["Config"]["User"] == "agent"
    with contextlib.closing(connect()) as ours:
        image = find_image(ours, client_image)
    assert image is not None
    assert labels[LABEL_CHECK] == (CHECKED if our_kit().client_digests(client_version) else UNCHECKED)
    assert image.size < (1_300 if image.counted_twice else 900) * 10**6


def test_the_image_lists_what_is_in_it(
    engine: docker.APIClient, client_image: str, client_version: str
) -> None:
    """With versions and digests, as it is: compared from inside."""
    compared = (
        "cd /usr/local/share/qms-tui && ls && stat -c %U:%a packages.txt && cat packages.txt && echo --"
        " && dpkg-query -Wf 'deb ${binary:Package} ${Version}\\n' && echo --"
        " && sha256sum /usr/local/lib/qms-tui/*"
    )
    container = str(engine.create_container(client_image, ["-c", compared], entrypoint="sh")["Id"])
    try:
        engine.start(container)
        assert engine.wait(container, timeout=60)["StatusCode"] == 0
        said, installed, files = engine.logs(container).decode().split("--\n")
    finally:
        engine.remove_container(container, force=True)
    name, access, *lines = said.splitlines()
    assert (name, access) == ("packages.txt", "root:644")
    debs = [line for line in lines if line.startswith("deb ")]
    assert debs == installed.splitlines()
    digests = [line.split() for line in files.splitlines()]
    assert [line.split() for line in lines if line.startswith("file ")] == [
        ["file", path, "-", f"sha256:{digest}"] for digest, path in digests
    ]
    (client,) = (line.split() for line in lines if line.startswith("npm "))
    processor = client[1].removeprefix("@anthropic-ai/claude-code-linux-")
    known = our_kit().client_digests(client_version)
    assert processor in our_kit().client_digests(our_kit().client_version)
    assert client[2:] == [client_version, known.get(processor, client[3])]
    assert [line for line in lines if line.startswith("base ")] == lines[:1]
    assert not [line for line in debs if line.split()[1] in ("npm", "nodejs")]
