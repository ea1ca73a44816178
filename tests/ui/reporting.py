"""Programs that report of themselves: a shell on a real PTY, beside which a job writes what it is given."""

from __future__ import annotations

import base64
import os
from pathlib import Path

_JOB = r"""while read -r report; do printf '\033]7501;%s\033\\' "$report"; done <"{folder}/$QMS_USER" &"""
_SHELL = "exec env PS1='free> ' bash --norc --noprofile"


def encoded(text: str) -> str:
    """As titles and messages are written."""
    return base64.b64encode(text.encode()).decode()


def report(state: str, message: str = "", *, title: str = "", **pairs: object) -> str:
    """The pairs of a report, parted by colons; `id`, `kind`, `progress` and `app` by their names."""
    texts = {"msg": encoded(message) if message else "", "title": encoded(title) if title else ""}
    said = {"state": state, "app": "some-agent", **pairs, **texts}
    return ":".join(f"{key}={value}" for key, value in said.items() if value != "")


class Reporters:
    """Agents' ways to have their programs report: `say("qa", report("idle"))`."""

    def __init__(self, folder: Path, agents: tuple[str, ...] = ("claude", "qa", "bu")) -> None:
        self._pipes = {}
        for agent in agents:
            os.mkfifo(folder / agent)
            self._pipes[agent] = os.open(folder / agent, os.O_RDWR)
        self.command = ("sh", "-c", f"{_JOB.format(folder=folder)} {_SHELL}")

    def say(self, agent: str, *reports: str) -> None:
        """Write these one after the other."""
        os.write(self._pipes[agent], "".join(f"{one}\n" for one in reports).encode())

    def close(self) -> None:
        """The jobs end; idempotent."""
        while self._pipes:
            os.close(self._pipes.popitem()[1])
