"""Building the agents' image on the engine, step by step."""

from __future__ import annotations

import io
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from docker.errors import APIError, ImageNotFound

from qms_tui.config import AgentConfig, BuildConfig
from qms_tui.errors import ImageError
from qms_tui.runtime.docker import kit as kits
from qms_tui.runtime.docker.engine import Engine, engine_errors
from qms_tui.runtime.docker.kit import Kit

SILENCE = 900  # seconds without a word of a build after which it is given up: slow mirrors, big downloads
LAST_LINES = 15  # of a build that failed, shown with the error
LONGEST_LINE = 400  # characters of a build's output that are kept
_STEP = re.compile(r"Step (\d+)/(\d+) : (.*)")
_CHATTER = ("--->", "Removing intermediate container", "npm notice")
_CODE = re.compile(r"returned a non-zero code: (\d+)")
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@dataclass(frozen=True, slots=True)
class Recipe:
    """An image to build: our files, and what a person may choose."""

    kit: Kit
    base: str = BuildConfig().base
    client_version: str = ""
    """Of Claude Code; empty for the version that the files ask for."""
    packages: tuple[str, ...] = ()
    """More packages of the base's distribution."""
    tag: str = AgentConfig().image

    @property
    def client(self) -> str:
        """The version that will be in it."""
        return self.client_version or self.kit.client_version

    @property
    def arguments(self) -> dict[str, str]:
        """What the Dockerfile's ARGs get."""
        return {
            "BASE_IMAGE": self.base,
            "CLIENT_VERSION": self.client,
            "PACKAGES": " ".join(self.packages),
        }

    @property
    def labels(self) -> dict[str, str]:
        """What the image tells of itself, and every container that is made of it."""
        return {
            kits.LABEL_KIT: self.kit.hash,
            kits.LABEL_CLIENT: self.client,
            kits.LABEL_BASE: self.base,
            kits.LABEL_PACKAGES: " ".join(self.packages),
        }


def configured(build: BuildConfig) -> Recipe:
    """What the configuration wants. Raises ImageError if our files are missing."""
    return Recipe(kits.our_kit(), build.base, build.client_version or "", build.packages)


@dataclass(frozen=True, slots=True)
class Step:
    """The build has come to this instruction; `number` of `count`."""

    number: int
    count: int
    instruction: str


@dataclass(frozen=True, slots=True)
class Output:
    """A line that an instruction has printed, without what a terminal would obey."""

    line: str


Progress = Step | Output


@dataclass(frozen=True, slots=True)
class Image:
    """An image of ours as the engine has it; `size` in bytes. The labels are empty for one of others."""

    id: str
    size: int
    labels: Mapping[str, str]

    @property
    def kit(self) -> str:
        """The hash of the files that it was built from; empty if it is not ours."""
        return self.labels.get(kits.LABEL_KIT, "")

    @property
    def client(self) -> str:
        """The version of Claude Code in it, if it is ours."""
        return self.labels.get(kits.LABEL_CLIENT, "")


def find_image(engine: Engine, name: str) -> Image | None:
    """The image of that name. Blocking. Raises EngineError."""
    with engine_errors(f"cannot look for the image {name!r}"):
        try:
            facts: dict[str, Any] = engine.api.inspect_image(name)  # type: ignore[no-untyped-call]
        except ImageNotFound:
            return None
    return Image(str(facts["Id"]), int(facts.get("Size") or 0), facts["Config"].get("Labels") or {})


def is_replaced(engine: Engine, name: str, digest: str) -> bool:
    """Whether the name stands for another image of ours by now. Blocking. Raises EngineError."""
    now = find_image(engine, name)
    return (
        now is not None and bool(now.kit) and now.id.removeprefix("sha256:") != digest.removeprefix("sha256:")
    )


def build_image(
    engine: Engine, recipe: Recipe, on_progress: Callable[[Progress], None], *, use_cache: bool = True
) -> Image:
    """Build and name the image; one of ours that had its name is removed, unless it is used. Blocking.

    Raises ImageError with the last lines that the build printed, EngineError.
    """
    before = find_image(engine, recipe.tag)
    with engine_errors("cannot build the image"):
        stream = engine.api.build(
            fileobj=io.BytesIO(recipe.kit.context()),
            custom_context=True,
            tag=recipe.tag,
            buildargs=recipe.arguments,
            labels=recipe.labels,
            nocache=not use_cache,
            decode=True,
            rm=True,
            forcerm=True,
            timeout=SILENCE,
        )
        _follow(stream, on_progress)
    built = find_image(engine, recipe.tag)
    if built is None:
        raise ImageError("the build ended without an image", hint="its output, above, may say why")
    if before is not None and before.kit and before.id != built.id:
        _remove_unused(engine, before.id)
    return built


class _Log:
    """Makes steps and lines of a build's stream, which comes in pieces; keeps the last lines."""

    def __init__(self, on_progress: Callable[[Progress], None]) -> None:
        self._on_progress = on_progress
        self._unfinished = ""
        self._step = Step(0, 0, "")
        self._last: deque[str] = deque(maxlen=LAST_LINES)

    def add(self, text: str) -> None:
        """Take the next piece."""
        *lines, self._unfinished = re.split(r"[\r\n]+", self._unfinished[-LONGEST_LINE:] + text)
        for line in filter(None, map(_clean, lines)):
            step = _STEP.match(line)
            if step:
                self._step = Step(int(step[1]), int(step[2]), step[3])
                self._last.clear()
            elif not line.startswith(_CHATTER):
                self._last.append(line)
            self._on_progress(self._step if step else Output(line))

    def failure(self, error: str) -> ImageError:
        """The error that says how the build ended, with the last lines."""
        self.add("\n")
        code = _CODE.search(error)
        step = f"step {self._step.number} ended with {code[1]}" if code else _clean(error)
        lines = "".join(f"\n  {line}" for line in self._last)
        return ImageError(f"cannot build the image: {step}{lines}", hint=_advice([*self._last, error]))


def _follow(stream: Iterable[Mapping[str, Any]], on_progress: Callable[[Progress], None]) -> None:
    log = _Log(on_progress)
    for event in stream:
        if "error" in event:
            raise log.failure(str(event["error"]))
        log.add(str(event.get("stream") or ""))
        if "status" in event:  # of a pull: no line's end
            log.add(f"{event['status']} {event.get('progress') or ''}\n")


def _advice(said: Iterable[str]) -> str:
    text = " ".join(said).lower()
    if "manifest" in text or "pull access denied" in text or "registry" in text:
        return "the base image must be on the engine, or the engine able to pull it; --base names another"
    if "etarget" in text or "no matching version" in text or "notarget" in text:
        return "there is no such version of the client; --client-version names another"
    if "unable to locate package" in text:
        return "build.packages has a name that the base's distribution does not know"
    if (
        "certificate" in text
        or "could not resolve" in text
        or "failed to fetch" in text
        or "eai_again" in text
    ):
        return "a build needs the network: a mirror of the base's distribution, and npm's registry"
    return "the lines above are the end of the build's output"


def _clean(line: str) -> str:
    text = _ESCAPES.sub("", line).strip()
    return "".join(c if c.isprintable() else " " for c in text)[:LONGEST_LINE]


def _remove_unused(engine: Engine, image: str) -> None:
    """An image that lost its name would stay for ever; containers that were made of it keep it."""
    try:
        engine.api.remove_image(image)
    except APIError:
        return
