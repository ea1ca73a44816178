"""What a build says, whichever builder does it: steps, lines of output, and how it failed."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable

from msgspec import Struct

from qms_tui.errors import ImageError

LAST_LINES = 15  # of a build that failed, shown with the error
LONGEST_LINE = 400  # characters of a build's output that are kept
_LINE = re.compile(r"([^\r\n]*)(?:\r*(\n)|\r+(?=[^\r\n]))")  # one that ends with \r alone is overwritten
# Docker's classic builder; Podman, which names the stage too if there are several.
_STEP = re.compile(r"(?:Step|(?:\[\d+/\d+\] )?STEP) (\d+)/(\d+) ?: (.*)")
_CHATTER = ("--->", "-->", "Removing intermediate container")
_CODE = re.compile(r"(?:non-zero code|exit code|exit status):? (\d+)\s*$")  # classic, BuildKit, Podman
_ADVICE = (
    (
        ("is not the one that this qms-tui knows",),
        "do not use it: its registry, or a proxy or mirror in between, gave something else than it once did",
    ),
    (
        ("etarget", "no matching version", "notarget"),
        "there is no such version of the client; --client-version names another",
    ),
    (("unable to locate package",), "build.packages has a name that the base's distribution does not know"),
    (
        ("eintegrity", "integrity checksum failed"),
        "the client's package is not what its registry says: a proxy or mirror in between may be at fault",
    ),
    (
        ("certificate", "could not resolve", "failed to fetch", "eai_again", "enotfound", "econnrefused"),
        "a build needs the network: a mirror of the base's distribution, and npm's registry",
    ),
)
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Pull(Struct, frozen=True):
    """The engine lacks the image to build on, and takes it from its registry."""

    image: str


class Step(Struct, frozen=True):
    """The build has come to this instruction; `number` of `count`."""

    number: int
    count: int
    instruction: str


class Output(Struct, frozen=True):
    """A line that an instruction has printed, without what a terminal would obey."""

    line: str


Progress = Pull | Step | Output


class BuildLog:
    """Tells of steps and lines as a build says them, and keeps the last lines of the current step."""

    def __init__(self, on_progress: Callable[[Progress], None]) -> None:
        self._on_progress = on_progress
        self._unfinished = ""
        self._step = Step(0, 0, "")
        self._last: deque[str] = deque(maxlen=LAST_LINES)

    def pull(self, image: str) -> None:
        """The base is being fetched."""
        self._on_progress(Pull(image))

    def step(self, number: int, count: int, instruction: str) -> None:
        """The next step has begun."""
        self._step = Step(number, count, clean(instruction))
        self._last.clear()
        self._on_progress(self._step)

    def passing(self, line: str) -> None:
        """A line that is true for a moment, such as how much has been downloaded: no error shows it."""
        if line := clean(line):
            self._on_progress(Output(line))

    def text(self, piece: str) -> None:
        """The next piece of the output, which ends anywhere; some builders announce their steps in it."""
        text, end = self._unfinished[:LONGEST_LINE] + piece, 0
        for found in _LINE.finditer(text):
            end = found.end()
            if found[2]:
                self._line(clean(found[1]))
            else:
                self.passing(found[1])
        self._unfinished = text[end:]

    def failure(self, error: str) -> ImageError:
        """The error that says how the build ended, with the last lines."""
        self.text("\n")
        lines = "".join(f"\n  {line}" for line in self._last)
        code = _CODE.search(error)
        if code:  # the error repeats the whole command: nothing in it tells what went wrong
            what, said = f"step {self._step.number} ended with {code[1]}", [*self._last]
        else:
            what, said = clean(error), [*self._last, error]
        return ImageError(f"cannot build the image: {what}{lines}", hint=_advice(said))

    def pull_failure(self, image: str, error: str) -> ImageError:
        """The error that says why there is nothing to build on."""
        return ImageError(
            f"cannot pull the base image {image}: {clean(error)}",
            hint="it must be on the engine, or the engine able to pull it; --base names another",
        )

    def _line(self, line: str) -> None:
        step = _STEP.match(line)
        if step:
            self.step(int(step[1]), int(step[2]), step[3])
        elif line:
            if not line.startswith(_CHATTER):
                self._last.append(line)
            self._on_progress(Output(line))


def clean(line: str) -> str:
    """The line without control characters, and not too long."""
    text = _ESCAPES.sub("", line).strip()
    return "".join(c if c.isprintable() else " " for c in text)[:LONGEST_LINE]


def _advice(said: Iterable[str]) -> str:
    text = " ".join(said).lower()
    return next(
        (advice for words, advice in _ADVICE if any(word in text for word in words)),
        "the lines above are the end of the build's output",
    )
