"""Looks at an agent from all sides while a human works with it: pane, client, engine, notifications.

The pane is read as its output comes. What is true comes from elsewhere: the client's registry with its own
times, the engine's events, the dialog that the client has painted, and whoever drives, who knows what it has
answered.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker

from qms_tui.programs.values import Word
from qms_tui.terminal import DesktopNotification
from tests.bench.truth import Mark, Told
from tests.tui import PATIENCE, Tui

AGENT = "qa"
EXITED = "exited"
ANSWERED = "answered"
"""Nothing waits any more; what follows the client will say."""
NEEDS_YOU = Word.NEEDS_YOU.value
STATUSES = {"idle": Word.IDLE, "busy": Word.BUSY, "waiting": Word.NEEDS_YOU, "shell": Word.BACKGROUND}
KINDS = {"needs you": "waits", "has finished": "finished", "has failed": "failed"}
_WORDS = [EXITED, *(word.value for word in Word), "not started", "attaching", "paused", "reconnecting",
          "stopping", "cannot start", "unreachable", "not itself"]  # fmt: skip
_TITLE = re.compile(rf"1 {AGENT} +(?:\d+ +)?\S ({'|'.join(_WORDS)})\b")


class Witness:
    """`true` and `shown` are marks of the agent's state, `told` the notifications; times are monotonic."""

    def __init__(self, root: Path) -> None:
        self.true: list[Mark] = []
        self.shown: list[Mark] = []
        self.told: list[Told] = []
        self.died: list[tuple[float, str]] = []
        """When which container ended."""
        self.container = ""
        self.fails = False
        """Whether the last turn failed, or is to: a free prompt is an error then."""
        self.dialog = ""
        """What stands in a dialog that is to come, or is open and not answered yet."""
        self._folder = root / f".claude/users/{AGENT}/container"
        self._root = root
        self._told_status = ("", "", 0.0)
        self._since = 0.0
        """Before which, of the wall clock, nothing in the registry is of now."""
        self._answered = ""
        """What stands in a dialog that is answered and may still be painted."""
        self._kept = ""

    # -- what is seen -----------------------------------------------------------------------------------

    def look(self, tui: Tui) -> None:
        """At everything that may be new."""
        now = time.monotonic()
        found = _TITLE.search(tui.text)
        if found and (not self.shown or self.shown[-1].word != found[1]):
            if self.shown and not self.shown[-1].word:
                self.true.append(Mark(now, self._kept))  # an interface that begins now has its time from now
            self.shown.append(Mark(now, found[1]))
        if self.dialog and self.dialog in tui.text and self.now != NEEDS_YOU:
            self.true.append(Mark(now, NEEDS_YOU))
        if self._answered and self._answered not in tui.text:
            self._answered = ""
            if self.now == NEEDS_YOU:
                self.true.append(Mark(now, ANSWERED))
        for event in tui.terminal.take_events():
            if isinstance(event, DesktopNotification):
                kind = next((kind for text, kind in KINDS.items() if text in event.body), event.body)
                self.told.append(Told(now, kind))
        self._read_registry(now)

    def closed(self) -> None:
        """Nobody looks at the pane any more; what is true goes on."""
        self._kept = self.now
        self.shown.append(Mark(time.monotonic(), ""))
        self.true.append(Mark(time.monotonic(), ""))

    @property
    def now(self) -> str:
        """What is true."""
        return max(reversed(self.true), key=lambda mark: mark.at).word if self.true else ""

    def _read_registry(self, now: float) -> None:
        status, waiting, changed, started = self.registry()
        if (status, waiting, changed) == self._told_status or status not in STATUSES or started < self._since:
            return
        self._told_status = status, waiting, changed
        word = STATUSES[status].value
        if word == NEEDS_YOU and not self.dialog:
            word = ""  # the driver knows of nothing that waits: to show it would be false
        elif word == Word.IDLE.value and self.fails:
            word = Word.ERROR.value
        at = changed - time.time() + now
        # The client may have gone on before its dialog was off the screen.
        for mark in [mark for mark in self.true if mark.word == ANSWERED and mark.at >= at]:
            self.true.remove(mark)
        self.true.append(Mark(at, word))

    def registry(self) -> tuple[str, str, float, float]:
        """Of the client that runs: status, what it waits for, when that changed, when it began."""
        with contextlib.suppress(OSError, ValueError, KeyError):
            told: dict[str, Any] = json.loads((self._folder / f"sessions/{self.process}.json").read_text())
            changed = told.get("statusUpdatedAt", 0) / 1000
            return told.get("status", ""), told.get("waitingFor") or "", changed, told["startedAt"] / 1000
        return "", "", 0.0, 0.0

    @property
    def process(self) -> str:
        """The number of the client's process in its container."""
        return str(json.loads((self._folder / "qms-tui/identity.json").read_text())["pid"])

    @property
    def is_idle(self) -> bool:
        """Whether the client that runs says so."""
        status, _, _, started = self.registry()
        return status == "idle" and started >= self._since

    def hook(self) -> str:
        """The event of the client's that its hooks told last."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            lines = (self._folder / "qms-tui/hooks.jsonl").read_text().splitlines()
            return str(json.loads(lines[-1])["event"])
        return ""

    # -- what the driver knows --------------------------------------------------------------------------

    def faces(self, dialog: str) -> None:
        """A dialog is to come that has this in it."""
        self.dialog, self._answered = dialog, ""

    def answers(self) -> None:
        """A key is typed that closes the dialog; it waits until the client takes it away."""
        self._answered, self.dialog = self.dialog or self._answered, ""

    def begins(self) -> None:
        """A prompt is submitted: what failed before is over."""
        self.fails = False

    def restarts(self) -> None:
        """What has ended is started anew."""
        self.true.append(Mark(time.monotonic(), ""))

    @contextmanager
    def hearing(self, engine: docker.APIClient) -> Iterator[None]:
        """The engine's events of this project's containers."""
        filters = {"type": "container", "label": f"qms-tui.project={self._root}", "event": ["start", "die"]}
        stream: Any = engine.events(filters=filters, decode=True)
        thread = threading.Thread(target=self._hear, args=(stream,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stream.close()
            thread.join()

    def _hear(self, stream: Any) -> None:
        for event in stream:
            at = event["timeNano"] / 1e9
            when = at - time.time() + time.monotonic()
            self._since = at
            if event["Action"] == "die":
                self.died.append((when, event["Actor"]["ID"]))
                self.true.append(Mark(when, EXITED))
            else:
                self.container, self.fails = event["Actor"]["ID"], False
                self.true.append(Mark(when, ""))


class Seat:
    """A screen and its witness: whatever is waited for, all is looked at."""

    def __init__(self, tui: Tui, witness: Witness) -> None:
        self.tui, self.witness = tui, witness

    def until(self, holds: Callable[[], object], patience: float = PATIENCE) -> None:
        """Wait until it holds."""

        def look() -> object:
            self.witness.look(self.tui)
            return holds()

        self.tui.until(look, patience)

    def sees(self, *texts: str) -> None:
        """Wait for texts on the screen."""
        self.until(lambda: all(text in self.tui.text for text in texts))

    def rest(self, seconds: float) -> None:
        """Look on for a while."""
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() >= end, seconds + PATIENCE)
