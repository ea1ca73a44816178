"""A shell inside an agent's container, to try from there what an agent might."""

from __future__ import annotations

from dataclasses import dataclass

from .engine import Console


@dataclass(frozen=True)
class Tried:
    """How a command ended and all that it said."""

    status: int
    said: str


class Shell:
    """Turns the terminal of the tiny image's agent into a shell that echoes and prompts nothing."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._number = 0
        console.type(b"sh\r")
        console.expect(rb"[$#] \x1b\[6n|[$#] $")  # what is typed ahead of its prompt is lost
        # A shell at the end of a pipe is not interactive: it neither echoes nor edits. Not through cat, whose
        # sendfile gathers lines until the pipe is full.
        relay = "while IFS= read -r line; do printf '%s\\n' \"$line\"; done | sh"
        console.type(f"stty -echo; echo shell $((6 * 7)); {relay}; exit\r".encode())
        console.expect(rb"shell 42\r\n")
        self.run("true")

    def run(self, command: str, within: float = 30.0) -> Tried:
        """Run one line in a shell of its own; standard error is in what it said."""
        self._number += 1
        end = f"end-{self._number}"
        self._console.type(f'({command}) 2>&1 </dev/null; printf "\\n%s %s\\n" {end} $?\r'.encode())
        found = self._console.expect(rf"(?s)(.*?)\r\n{end} (\d+)\r\n".encode(), within)
        said = found.group(1).decode(errors="replace").replace("\r\n", "\n")
        return Tried(int(found.group(2)), said.strip())
