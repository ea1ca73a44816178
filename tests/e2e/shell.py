"""A shell inside an agent's container, to try from there what an agent might."""

from __future__ import annotations

from dataclasses import dataclass

from .engine import Console

# An agent's command: a shell that neither prompts nor edits, and runs line by line.
SHELL = ("sh", "-c", 'stty -echo; while IFS= read -r line; do eval "$line"; done')


@dataclass(frozen=True)
class Tried:
    """How a command ended and all that it said."""

    status: int
    said: str


class Shell:
    """Types into an agent whose command is `SHELL`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._number = 0
        self.run("true")

    def run(self, command: str, within: float = 30.0) -> Tried:
        """Run one line in a shell of its own; standard error is in what it said."""
        self._number += 1
        end = f"end-{self._number}"
        self._console.type(f'({command}) 2>&1 </dev/null; printf "\\n%s %s\\n" {end} $?\r'.encode())
        found = self._console.expect(rf"(?s)(.*?)\r\n{end} (\d+)\r\n".encode(), within)
        said = found.group(1).decode(errors="replace").replace("\r\n", "\n")
        return Tried(int(found.group(2)), said.strip())
