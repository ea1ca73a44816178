"""The real Claude Code in the product's image, connecting to an MCP server again and again."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from docker.types import Mount

from qms_tui.config import McpServer
from qms_tui.errors import EngineError
from qms_tui.mcp.places import BRIDGE as BRIDGE_INSIDE
from qms_tui.mcp.places import INSIDE, PYTHON, agent_folder
from qms_tui.programs.claude.mcp_servers import server_list
from qms_tui.runtime.docker import Engine, connect
from tests.bench.table import Bar, Bench, Line, Unavailable, percentile, row
from tests.e2e import debian
from tests.mcp.house import BRIDGE, House, TestServer, free_port, wait_until

AT_ONCE = 3  # clients: each takes 0.4 s of a processor, and waits a second
# It looks at the servers of the folder that it stands in, those of a project that is trusted.
PREPARE = """
mkdir -p /tmp/project /tmp/config; cd /tmp/project; cat > .mcp.json <<'END'
%s
END
echo '{"enableAllProjectMcpServers": true}' > /tmp/config/settings.json
"""
LIST = "cd /tmp/project; CLAUDE_CONFIG_DIR=/tmp/config exec claude mcp list"
CONNECTED = "\u2714 Connected"


@row("mcp client")
def connections(bench: Bench) -> Iterator[Line]:
    """`claude mcp list` in a container, over and over, with the server up."""
    count = bench.times(200, 6)
    with _inside(bench) as run, ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda _number: _timed(run), range(count)))
    good = sum(CONNECTED in said for said, _ in found)
    what = f"of {count} runs of `claude mcp list` in a container, {AT_ONCE} at a time: connected"
    yield Line("mcp client connected", what, "", good, bar=Bar(count, at_least=True))
    times = [seconds for _, seconds in found]
    for percent in (50, 99):
        yield Line(f"mcp client p{percent}", "one such run, whole", "ms", percentile(times, percent) * 1e3)


class _Run:
    """Commands in one container."""

    def __init__(self, engine: Engine, container: str) -> None:
        self._api, self._container = engine.api, container

    def __call__(self, script: str) -> str:
        made = self._api.exec_create(self._container, ["sh", "-c", script])
        return bytes(self._api.exec_start(made["Id"])).decode(errors="replace")


def _timed(run: _Run) -> tuple[str, float]:
    begun = time.perf_counter()
    return run(LIST), time.perf_counter() - begun


@contextmanager
def _inside(bench: Bench) -> Iterator[_Run]:
    folder = bench.fresh("mcp-client")
    server = TestServer(folder / "log", free_port())
    spec = McpServer("test", url=server.url)
    house = House(folder, (spec,), ("qa",))
    with contextlib.ExitStack() as stack:
        try:
            engine = stack.enter_context(contextlib.closing(connect()))
            image = debian.ensure(engine, folder)
        except (EngineError, debian.NoDebian) as reason:
            raise Unavailable(str(reason)) from None
        stack.callback(server.kill)
        server.start()
        stack.callback(house.close)
        house.start()
        house.up("test")
        wait_until(house.socket("qa").exists, "a door")
        container = _container(engine, image, agent_folder(house.folder, "qa"))
        stack.callback(engine.api.remove_container, container, force=True)
        engine.api.start(container)
        run = _Run(engine, container)
        run(PREPARE % server_list("qa", (spec,), (*PYTHON, BRIDGE_INSIDE)))
        yield run


def _container(engine: Engine, image: str, own: Path) -> str:
    mounts = [
        Mount(target, str(source), type="bind", read_only=True)
        for target, source in ((INSIDE, own), (BRIDGE_INSIDE, BRIDGE))
    ]
    made = engine.api.create_container(
        image,
        ["infinity"],
        entrypoint=["sleep"],
        user="0",
        host_config=engine.api.create_host_config(mounts=mounts, network_mode="none"),
    )
    return str(made["Id"])
