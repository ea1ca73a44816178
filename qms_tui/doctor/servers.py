"""The MCP servers: how the gateway has them, and how agents do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qms_tui.doctor.finding import Finding, error, ok, warning
from qms_tui.doctor.inside import Answer
from qms_tui.mcp.lights import Light, Shown, shown

SLOW = 2.0  # seconds until a client is connected; it takes 0.1


def servers(names: Sequence[str], status: Mapping[str, Any] | None, running: int) -> Iterator[Finding]:
    """Each configured server by the gateway's status; `running` is how many agents have containers."""
    if status is None and not running:
        yield ok("mcp", f"{', '.join(names)}: started with the first agent")
    elif status is None:
        yield error("mcp", "agents run, and the gateway to their servers does not", "open qms-tui")
    else:
        yield from map(_server, shown(status, names))
        listening = str(status.get("listening", ""))
        if listening.startswith("cannot"):
            yield error("mcp", f"the gateway {listening}", "see engine.mcp_listen: one project has a port")


def _server(found: Shown) -> Finding:
    if found.light is Light.UP:
        return ok("mcp", f"{found.server} is up")
    if found.light is Light.OFF:
        return warning("mcp", f"{found.server} is not known to the gateway yet", "start or restart an agent")
    remedy = f"see [mcp.{found.server}] in your configuration; the log named mcp-... has its words"
    return error("mcp", f"{found.server} is down: {found.detail}", remedy)


def bridge(agent: str, server: str, answer: Answer) -> Finding:
    """What the agent's own way to a server leads to."""
    if answer.error:
        return error(agent, f"mcp {server}: {answer.error}", f"restart {agent}; qms-tui mcp says more")
    said = f"mcp {server}: connected in {answer.seconds:.2f} s, {answer.tools} tools"
    if answer.seconds > SLOW:
        return warning(agent, said, "is the machine busy?")
    return ok(agent, said)
