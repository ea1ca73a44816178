"""EI-6 of the original record: an agent routes a document, and the other one works it off.

Two real clients in containers, their model a stand-in, the sample QMS behind the gateway. Nobody types but
the one prompt to claude.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from qms_tui import demo
from tests.bench.model import Model
from tests.tui import Tui

from .clients import START_SECONDS, login
from .test_app import App

SAMPLE = Path(demo.__file__).parent / "sample" / "QMS"
DOCUMENT = "CR-001"
PROMPT = "please route {document}"
WOKEN = "review task {document} from claude"
NOTICED = "notice on {document}"
WAKE = "Check your QMS inbox."
BOTH_IDLE = ("1 claude ● idle", "2 qa ● idle")


def rules(document: str) -> list[tuple[str, str]]:
    """What the models of the two say, by what they are told last."""
    route = {"document": document, "to": "qa"}
    review = {"document": document, "recommend": True}
    return [
        (PROMPT.format(document=document), f"call mcp__qms__route {json.dumps(route)}"),
        ("qa has task", "fine"),
        (WOKEN.format(document=document), "call mcp__qms__inbox {}"),
        (f"task-{document}-", f"call mcp__qms__review {json.dumps(review)}"),
    ]


@contextmanager
def stage(root: Path, home: Path, image: str, network: str, model: Model) -> Iterator[App]:
    """The sample QMS in a project; its agents may use it, and reach nothing else but the model."""
    shutil.copytree(SAMPLE, root / "QMS", dirs_exist_ok=True)
    app = App(root, home, image)
    app.use(network, login(model), "mcp__qms")
    server = [sys.executable, "-P", "-m", "qms_tui.demo.server", "."]
    app.set(f"[mcp.qms]\ncommand = {json.dumps(server)}\n")
    yield app
    app.run("stop", "--all")


@dataclass(frozen=True)
class Way:
    """When a document came where, by the monotonic clock in seconds."""

    asked: float
    """Claude's model has called the tool that routes it."""
    filed: float
    """The task is in the inbox of qa."""
    shown: float
    """Badge and toast are on the screen."""
    woken: float
    """The model of qa is asked, with the line that tells of it."""
    consumed: float
    """The task has left the inbox."""
    noticed: float
    """The model of claude is asked, with the line that tells of the notice."""
    announced: float
    """The toast of the notice is on the screen; it goes by itself, maybe before the client is asked."""

    @property
    def in_order(self) -> bool:
        """Whether nothing came before what it follows from."""
        return (
            self.asked < self.filed < min(self.shown, self.woken)
            and self.woken < self.consumed < self.noticed
        )


def travel(tui: Tui, root: Path, model: Model, document: str = DOCUMENT) -> Way:
    """Have claude route it, and wait for all that follows. Both agents are idle, the model asked nothing yet.

    Raises AssertionError for what does not come.
    """
    model.rules = rules(document)
    looks = _looks(tui, root / ".claude/users/qa/inbox", model, document)
    seen: dict[str, float] = {}

    def look() -> bool:
        for name, found in looks.items():
            if name not in seen and (when := found()):
                seen[name] = when
            elif name not in seen and name in ("filed", "woken"):
                break  # what follows cannot be there yet
        return len(seen) == len(looks)

    prompt = PROMPT.format(document=document)
    tui.type(f"\x1b[200~{prompt}\x1b[201~")
    tui.wait(prompt)
    tui.type("\r")
    try:
        tui.until(look, START_SECONDS)
    except AssertionError as error:
        raise AssertionError(f"{document} came to {', '.join(seen) or 'nothing'} only; {error}") from None
    return Way(**seen)


def _looks(tui: Tui, inbox: Path, model: Model, document: str) -> dict[str, Callable[[], float]]:
    """How each time of a way is found; 0 while it has not come."""

    def asked(text: str) -> float:
        return next(iter(model.asked(text.format(document=document))), 0.0)

    def filed() -> float:
        return next((_monotonic(file) for file in inbox.glob(f"task-{document}-*.md")), 0.0)

    def shown() -> float:
        there = "2 qa  1 " in tui.text and f"New task: Review {document}" in tui.text
        return time.monotonic() if there else 0.0

    def announced() -> float:
        return time.monotonic() if f"Notice: {document}" in tui.text else 0.0

    def consumed() -> float:
        return 0.0 if filed() else _monotonic(inbox)

    return {
        "asked": lambda: asked(PROMPT),
        "filed": filed,
        "shown": shown,
        "woken": lambda: asked(WOKEN),
        "consumed": consumed,
        "noticed": lambda: asked(NOTICED),
        "announced": announced,
    }


def _monotonic(path: Path) -> float:
    """When it was changed last, which for a folder is when something came or went."""
    try:
        return path.stat().st_mtime - time.time() + time.monotonic()
    except FileNotFoundError:
        return 0.0


def wakes(model: Model) -> list[str]:
    """The lines by which agents were woken, each once."""
    lines = (line for text in model.said() for line in text.splitlines() if line.endswith(WAKE))
    return list(dict.fromkeys(lines))
