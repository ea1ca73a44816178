"""Who an agent is where no socket of its own can be mounted: a secret that only its container has."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from pathlib import Path

from qms_tui.files import make_file, read_regular_file

SIZE = 32  # bytes; nobody guesses that
LARGEST = 256  # bytes of the file


def token_file(folder: Path, agent: str) -> Path:
    """Beside the agents' folders in the gateway's own; no agent's name has a dot."""
    return folder / f"{agent}.token"


def make_token(folder: Path, agent: str) -> str:
    """The agent's token, made if there is none; a container keeps what it was made with. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = token_file(folder, agent)
    try:
        with open(make_file(path), "w") as stream:
            stream.write(secrets.token_hex(SIZE))
    except FileExistsError:
        if not read_token(folder, agent):  # made by halves
            path.unlink()
            return make_token(folder, agent)
    return read_token(folder, agent)


def read_token(folder: Path, agent: str) -> str:
    """The agent's token; nothing if it has none."""
    try:
        found = read_regular_file(token_file(folder, agent), LARGEST).decode().strip()
    except (OSError, ValueError):
        return ""
    return found if len(found) == 2 * SIZE else ""


def owner_of(token: str, tokens: Mapping[str, str]) -> str:
    """The agent whose token this is; nothing if nobody's. It takes as long for each."""
    found = ""
    for agent, known in tokens.items():
        if known and hmac.compare_digest(known.encode(), token.encode()):
            found = agent
    return found
