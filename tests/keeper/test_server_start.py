"""Where the user's own MCP servers start: what a project that is not trusted brings must not run.

Each attack is a real program that the keeper's gateway starts for a real configuration. What the project
brings says in a file that it ran.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from qms_tui.config import toml
from qms_tui.keeper.gateway import GatewayProcess
from qms_tui.mcp.places import gateway_folder, start_folders
from qms_tui.mcp.status import gateway_status
from tests.trusted import trust

SECONDS = 30.0
UNTRUSTED = "[agent]\nmemory = '64g'\n"
NPX = shutil.which("npx")
NODE = shutil.which("node")
# What npx does, as far as it matters: what a folder's or a folder's above it has in node_modules comes first.
NPX_STAND_IN = """#!/bin/sh
[ "$1" = -y ] && shift
folder=$PWD
while :; do
    [ -x "$folder/node_modules/.bin/$1" ] && exec "$folder/node_modules/.bin/$1"
    [ "$folder" = / ] && exit 3
    folder=$(dirname "$folder")
done
"""


@dataclass
class World:
    """A project, the user's own folders, and what the project's code writes when it runs."""

    base: Path
    keeper: Path
    monkeypatch: pytest.MonkeyPatch
    gateways: list[GatewayProcess]

    @property
    def root(self) -> Path:
        return self.base / "project"

    @property
    def ran(self) -> Path:
        return self.base / "ran"

    @property
    def user_file(self) -> Path:
        return self.base / "config" / "config.toml"

    def plant(self, path: str, text: str = "", mode: int = 0o755) -> Path:
        """A file of the project that says that it ran; a shell's, unless `text` has another program."""
        planted = self.root / path
        planted.parent.mkdir(parents=True, exist_ok=True)
        planted.write_text(text or f"#!/bin/sh\npwd >{self.ran}\n")
        planted.chmod(mode)
        return planted

    def plant_python(self, path: str) -> None:
        self.plant(path, f"open({str(self.ran)!r}, 'w').write('python')\n")

    def plant_script(self, path: str) -> None:
        self.plant(path, f"require('fs').writeFileSync({str(self.ran)!r}, 'node')\n")

    def own(self, path: str, text: str) -> Path:
        """A program of the user's."""
        program = self.base / "own" / path
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(text)
        program.chmod(0o755)
        return program

    def trust(self) -> None:
        """As a human does, for the files as they are."""
        trust(self.root, Path(os.environ["XDG_STATE_HOME"]), self.user_file)

    def path(self, *entries: str) -> None:
        """Begin the PATH of the keeper with these."""
        self.monkeypatch.setenv("PATH", os.pathsep.join((*entries, os.environ["PATH"])))

    def gateway(self, *command: str, trusted: bool = False, more: str = "") -> GatewayProcess:
        """Of a keeper that was started in the project, with a server `one` of the user's."""
        (self.root / "qms-tui.toml").write_text(UNTRUSTED)
        self.user_file.parent.mkdir(exist_ok=True)
        self.user_file.write_text(f"[mcp.one]\ncommand = {toml(command)}\n{more}")
        if trusted:
            self.trust()
        made = GatewayProcess(self.keeper, self.root, self.user_file, "info")
        self.gateways.append(made)
        return made

    async def started(self, *command: str, trusted: bool = False, more: str = "") -> str:
        """Have it started once; what the gateway says of it then."""
        self.gateway(*command, trusted=trusted, more=more).serve("qa")
        said = ""
        async with asyncio.timeout(SECONDS):
            while said in ("", "not started yet"):
                await asyncio.sleep(0.02)
                status = gateway_status(gateway_folder(self.keeper))
                said = status["servers"][0]["detail"] if status and status["servers"] else ""
        return str(said)


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    made = World(tmp_path, tmp_path / "keeper", monkeypatch, [])
    (made.root / ".claude").mkdir(parents=True)
    monkeypatch.chdir(made.root)
    monkeypatch.setenv("PWD", str(made.root))
    yield made
    for gateway in made.gateways:
        await gateway.close()


def a_module(world: World) -> tuple[str, ...]:
    world.plant_python("planted_server.py")
    return sys.executable, "-m", "planted_server"


def a_package(world: World) -> tuple[str, ...]:
    world.plant_python("planted/__main__.py")
    return sys.executable, "-m", "planted"


def a_module_that_hides_the_librarys(world: World) -> tuple[str, ...]:
    world.plant_python("json.py")
    return sys.executable, "-c", "import json"


def a_module_on_pythonpath(world: World) -> tuple[str, ...]:
    world.plant_python("lib/planted_server.py")
    world.monkeypatch.setenv("PYTHONPATH", f"/nonexistent:{world.root}/lib")
    return sys.executable, "-m", "planted_server"


def a_module_on_a_relative_pythonpath(world: World) -> tuple[str, ...]:
    world.plant_python("lib/planted_server.py")
    world.monkeypatch.setenv("PYTHONPATH", "lib:")
    return sys.executable, "-m", "planted_server"


def what_npx_finds(world: World) -> tuple[str, ...]:
    world.plant("node_modules/.bin/planted-server")
    return str(world.own("npx", NPX_STAND_IN)), "-y", "planted-server"


def what_npx_finds_by_its_name(world: World) -> tuple[str, ...]:
    world.plant("node_modules/.bin/planted-server")
    world.path(str(world.own("npx", NPX_STAND_IN).parent))
    return "npx", "-y", "planted-server"


def a_relative_command(world: World) -> tuple[str, ...]:
    world.plant("server")
    return ("./server",)


def a_relative_command_below(world: World) -> tuple[str, ...]:
    world.plant("bin/server")
    return ("bin/server",)


def a_path_with_a_dot(world: World) -> tuple[str, ...]:
    world.plant("planted-server")
    world.path(".")
    return ("planted-server",)


def a_path_with_an_empty_entry(world: World) -> tuple[str, ...]:
    world.plant("planted-server")
    world.path("")
    return ("planted-server",)


def a_relative_path(world: World) -> tuple[str, ...]:
    world.plant("bin/planted-server")
    world.path("bin")
    return ("planted-server",)


def a_path_into_the_project(world: World) -> tuple[str, ...]:
    world.plant(".venv/bin/planted-server")
    world.path(f"{world.root}/.venv/bin")
    return ("planted-server",)


def a_path_into_the_project_by_a_link(world: World) -> tuple[str, ...]:
    world.plant("bin/planted-server")
    (world.base / "tools").symlink_to(world.root / "bin")
    world.path(str(world.base / "tools"))
    return ("planted-server",)


def a_path_that_the_project_leads_elsewhere(world: World) -> tuple[str, ...]:
    world.own("planted-server", f"#!/bin/sh\npwd >{world.ran}\n")
    (world.root / "bin").symlink_to(world.base / "own")
    world.path(f"{world.root}/bin")
    return ("planted-server",)


def an_interpreter_on_the_path(world: World) -> tuple[str, ...]:
    world.plant("bin/planted-interpreter")
    world.path(f"{world.root}/bin")
    return (str(world.own("server", "#!/usr/bin/env planted-interpreter\n")),)


def what_a_shell_sources(world: World) -> tuple[str, ...]:
    world.plant("env.sh", f"echo >{world.ran}\n")
    world.monkeypatch.setenv("BASH_ENV", f"{world.root}/env.sh")
    return "bash", "-c", "exit 3"


def what_a_shell_finds_where_it_starts(world: World) -> tuple[str, ...]:
    world.plant("env.sh", f"echo >{world.ran}\n")
    return "bash", "-c", ". ./env.sh; . $PWD/env.sh"


def what_the_folder_before_has(world: World) -> tuple[str, ...]:
    world.plant("env.sh", f"echo >{world.ran}\n")
    world.monkeypatch.setenv("OLDPWD", str(world.root))
    return "bash", "-c", ". $OLDPWD/env.sh"


ATTACKS = (
    a_module, a_package, a_module_that_hides_the_librarys, a_module_on_pythonpath,
    a_module_on_a_relative_pythonpath, what_npx_finds, what_npx_finds_by_its_name, a_relative_command,
    a_relative_command_below, a_path_with_a_dot, a_path_with_an_empty_entry, a_relative_path,
    a_path_into_the_project, a_path_into_the_project_by_a_link, a_path_that_the_project_leads_elsewhere,
    an_interpreter_on_the_path, what_a_shell_sources, what_a_shell_finds_where_it_starts,
    what_the_folder_before_has,
)  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
async def test_code_of_an_untrusted_project_does_not_run(
    world: World, attack: Callable[[World], tuple[str, ...]]
) -> None:
    assert await world.started(*attack(world))
    assert not world.ran.exists()


@pytest.mark.skipif(NPX is None, reason="npx is not installed")
@pytest.mark.parametrize("variable", ["", "npm_config_local_prefix", "npm_config_prefix", "INIT_CWD"])
async def test_the_real_npx_takes_nothing_of_the_project(world: World, variable: str) -> None:
    world.plant("node_modules/.bin/planted-server")
    world.plant("bin/planted-server")
    world.plant("package.json", '{"name": "planted", "version": "1.0.0"}')
    world.monkeypatch.setenv("HOME", str(world.base / "home"))
    world.monkeypatch.setenv("npm_config_offline", "true")
    if variable:
        world.monkeypatch.setenv(variable, str(world.root))
    assert await world.started("npx", "-y", "planted-server")
    assert not world.ran.exists()


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("NODE_PATH", "{root}/lib"), ("NODE_PATH", "/nonexistent:{root}/lib"), ("NODE_PATH", "lib"),
        ("NODE_OPTIONS", "--require {root}/lib/planted.js"), ("NODE_OPTIONS", "--require={root}/lib/planted"),
        ("NODE_OPTIONS", "--require ./lib/planted.js"),
    ],
)  # fmt: skip
async def test_the_real_node_takes_nothing_of_the_project(world: World, variable: str, value: str) -> None:
    world.plant_script("lib/planted.js")
    world.monkeypatch.setenv(variable, value.format(root=world.root))
    assert await world.started("node", "-e", "require('planted')")
    assert not world.ran.exists()


# Whole when it is there: a server that ends is started again, and says it all once more.
LOOK = (
    "(pwd; stat -c %a .; ls -A | wc -l; echo $PWD; echo ${{PYTHONSAFEPATH-none}}) >{0}.new && mv {0}.new {0}"
)


async def test_it_starts_in_an_empty_folder_of_ours(world: World) -> None:
    seen = world.base / "seen"
    leave = f"{LOOK.format(seen)}; mkdir -p node_modules/.bin; exit 3"
    folder = start_folders(gateway_folder(world.keeper)) / "one"
    for _ in range(2):  # also when it was started before, and has left something
        await world.started("sh", "-c", leave)
        assert seen.read_text().split() == [str(folder), "700", "0", str(folder), "1"]
        await world.gateways.pop().close()
        seen.unlink()
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700


async def test_one_that_speaks_http_starts_there_too(world: World) -> None:
    seen = world.base / "seen"
    folder = start_folders(gateway_folder(world.keeper)) / "one"
    look = f"{LOOK.format(seen)}; exec sleep 600"
    world.gateway("sh", "-c", look, more="url = 'http://127.0.0.1:9/mcp'\n").serve("qa")
    await until(lambda: read(seen).split() == [str(folder), "700", "0", str(folder), "1"], "it has started")


@pytest.mark.parametrize("there", ["link", "file"])
async def test_what_stands_in_the_way_is_not_followed(world: World, there: str) -> None:
    world.plant("env.sh", f"echo >{world.ran}\n")
    folders = start_folders(gateway_folder(world.keeper))
    folders.parent.mkdir(parents=True)
    if there == "link":
        folders.symlink_to(world.root)
    else:
        folders.write_text("")
    said = await world.started("bash", "-c", ". ./env.sh; . ../env.sh")
    assert said.startswith("cannot start bash: ")
    assert not world.ran.exists()


async def test_a_state_folder_in_the_project_is_no_place_to_start(world: World) -> None:
    """Programs look in the folders above as well."""
    world.plant("node_modules/.bin/planted-server")
    world.keeper = world.root / ".state/keeper"
    said = await world.started(str(world.own("npx", NPX_STAND_IN)), "-y", "planted-server")
    assert "would lie in the project, which is not trusted: set cwd, or trust the project" in said
    assert not world.ran.exists()


async def test_a_trusted_projects_root_is_where_they_start(world: World) -> None:
    seen = world.base / "seen"
    await world.started("sh", "-c", f"{LOOK.format(seen)}; exit 3", trusted=True)
    assert seen.read_text().split()[0] == str(world.root)
    assert seen.read_text().split()[-1] == "none"


async def test_trust_that_comes_or_goes_holds_with_the_next_agent(world: World) -> None:
    seen = world.base / "seen"
    gateway = world.gateway("sh", "-c", f"pwd >{seen}; exec sleep 600")
    gateway.serve("qa")
    await until(lambda: "/.start/one" in read(seen), "it starts in a folder of ours")
    world.trust()
    gateway.serve("claude")
    await until(lambda: read(seen).strip() == str(world.root), "it starts in the project")
    (world.root / "qms-tui.toml").write_text(f"{UNTRUSTED}cpus = 64\n")
    gateway.serve("bu")
    await until(lambda: "/.start/one" in read(seen), "it starts in a folder of ours again")


async def test_a_server_of_the_project_starts_only_as_it_was_judged(world: World) -> None:
    """Not in a project that is not trusted, and not again once its file is another one."""
    program = world.plant("tools/server.sh", f"#!/bin/sh\necho one >>{world.ran}\nsleep 0.1\n")
    gateway = world.gateway(str(program))
    gateway.serve("qa")
    await until(lambda: "is not trusted" in detail(world), "it is refused, and says why")
    assert not world.ran.exists()
    world.trust()
    gateway.serve("claude")
    await until(lambda: world.ran.exists(), "it starts")
    world.plant("tools/server.sh", f"#!/bin/sh\necho two >>{world.ran}\n")
    await until(lambda: "has changed since you trusted it" in detail(world), "it is not started again")
    assert "two" not in world.ran.read_text()


def detail(world: World) -> str:
    """Why the server is not up."""
    status = gateway_status(gateway_folder(world.keeper))
    return str(status["servers"][0]["detail"]) if status and status["servers"] else ""


async def test_the_users_file_may_say_where_one_starts(world: World) -> None:
    (world.base / "config" / "here").mkdir(parents=True)
    seen = world.base / "seen"
    look = f"{LOOK.format(seen)}; exit 3"
    await world.started("sh", "-c", look, more="cwd = 'here'\n")
    folder = str(world.base / "config/here")
    assert seen.read_text().split() == [folder, "755", "0", folder, "none"]


async def test_the_users_file_may_name_the_project(world: World) -> None:
    seen = world.base / "seen"
    await world.started("sh", "-c", f"{LOOK.format(seen)}; exit 3", more=f"cwd = '{world.root}'\n")
    assert seen.read_text().split()[0] == str(world.root)


async def test_a_folder_that_is_not_there_is_named(world: World) -> None:
    said = await world.started("sh", "-c", "exit 3", more="cwd = '/nonexistent/here'\n")
    assert said == "cannot start sh: there is no folder /nonexistent/here"


async def test_a_relative_command_is_meant_from_the_file_that_names_it(world: World) -> None:
    seen = world.base / "seen"
    world.plant("server")
    server = world.user_file.parent / "server"
    server.parent.mkdir()
    server.write_text(f"#!/bin/sh\necho mine >{seen}\nexit 3\n")
    server.chmod(0o755)
    await world.started("./server")
    assert seen.read_text() == "mine\n"
    assert not world.ran.exists()


async def until(holds: Callable[[], object], what: str) -> None:
    async with asyncio.timeout(SECONDS):
        while not holds():  # noqa: ASYNC110 another process does it
            await asyncio.sleep(0.02)


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""
