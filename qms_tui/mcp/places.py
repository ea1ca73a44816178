"""Where the gateway of a project has its files, on the host and in the agents' containers."""

from __future__ import annotations

import os
from pathlib import Path

from qms_tui.files import closing, open_folder

FOLDER = ".mcp"  # in the keeper's folder; no agent can be called so
SOCKET = "mcp.sock"
STATUS = "gateway.sock"  # not an agent's folder: their names have no dot
CLIENT_FILE = "client.json"  # beside the socket: which servers there are, for the client
IMAGE_CLIENT_FILE = "/usr/local/lib/qms-tui/mcp.json"  # where our image has the client look for that
TOKEN_INSIDE = "/run/qms-tui/mcp-token"  # laid there before the start, where there is no socket
PYTHON = ("/usr/bin/python3", "-I")  # of our image, isolated from what the agent can write
BRIDGE = "/usr/local/lib/qms-tui/mcp_bridge.py"
INSIDE = "/run/qms-mcp"  # where an agent's folder is mounted, read-only


def gateway_folder(keeper_folder: Path) -> Path:
    """Everything of the gateway."""
    return keeper_folder / FOLDER


def agent_folder(folder: Path, agent: str) -> Path:
    """What is mounted into the agent's container: its socket and nothing else."""
    return folder / agent


def lists_file(folder: Path, server: str) -> Path:
    """What a server offered the last time."""
    return folder / f"{server}.lists.json"


def start_folders(folder: Path) -> Path:
    """Where servers start that must not start in the project; no agent can be called so."""
    return folder / ".start"


def make_agent_folder(folder: Path, agent: str, uid: int, gid: int) -> Path:
    """The agent's folder, 0700 and its owner's, made as far as it is missing. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = agent_folder(folder, agent)
    made.mkdir(mode=0o700, exist_ok=True)
    with closing(open_folder(made)) as descriptor:
        os.fchmod(descriptor, 0o700)
        if os.geteuid() == 0:
            os.fchown(descriptor, uid, gid)
    return made
