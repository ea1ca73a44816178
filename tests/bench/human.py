"""A human at a screen with one agent: types, waits, answers, leaves, comes back; a witness looks on."""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass

import docker

from tests.bench.model import Model
from tests.bench.truth import GRACE
from tests.bench.witness import AGENT, EXITED, Seat, Witness
from tests.e2e.test_app import App, leave

DWELL = 0.5  # seconds after which the human is told
SETTLED = DWELL + GRACE + 0.3  # seconds after which the human must have been told
MENU = "\x02"  # Ctrl+B
ESC, ENTER, CLEAR_LINE = "\x1b", "\r", "\x15"


@dataclass
class Human:
    """The human, and what the human works with."""

    app: App
    model: Model
    engine: docker.APIClient
    witness: Witness
    chance: random.Random
    _seat: Seat | None = None

    @property
    def seat(self) -> Seat:
        """The open screen."""
        assert self._seat is not None, "no screen is open"
        return self._seat

    def type(self, keys: str) -> None:
        """Press keys."""
        self.seat.tui.type(keys)

    def rest(self, least: float, most: float) -> None:
        """Look on for some of that many seconds."""
        self.seat.rest(self.chance.uniform(least, most))

    def say(self, text: str) -> None:
        """Paste and submit; an Esc may have brought the prompt before back."""
        self.type(CLEAR_LINE)
        self.type(f"\x1b[200~{text}\x1b[201~")
        self.seat.sees(text[:30])
        if not text.startswith("/") or text == "/clear":
            self.witness.begins()
        self.type(ENTER)

    def busy(self) -> None:
        """Wait until the client works."""
        self.seat.until(lambda: self.witness.registry()[0] == "busy")

    def settle(self) -> None:
        """A free prompt, for long enough that everything of it is told."""
        self.seat.until(lambda: self.witness.is_idle)
        self.rest(SETTLED, SETTLED + 0.5)

    def escape(self) -> None:
        """Esc, again if it was not taken."""
        for _ in range(3):
            self.type(ESC)
            with contextlib.suppress(AssertionError):
                self.seat.until(lambda: self.witness.is_idle, 3.0)
                return
        raise AssertionError(f"Esc ends nothing; shown:\n{self.seat.tui.text}")

    def face(self, dialog: str, keys: str) -> None:
        """Let a dialog wait for a while, then answer it."""
        self.witness.faces(dialog)
        self.seat.sees(dialog)
        self.rest(0.1, 2 * SETTLED)
        for _ in range(5):
            self.witness.answers()
            self.type(keys)
            with contextlib.suppress(AssertionError):
                self.seat.until(lambda: dialog not in self.seat.tui.text, 2.0)
                return
        raise AssertionError(f"{dialog} stays")

    def open(self) -> None:
        """Sit down at a new screen."""
        tui = self.app.open(AGENT)
        self._seat = Seat(tui.__enter__(), self.witness)
        self.seat.until(lambda: self.witness.shown and self.witness.shown[-1].word)

    def close(self) -> None:
        """Leave the screen; the agent goes on."""
        if self._seat is not None:
            self.witness.closed()
            tui, self._seat = self._seat.tui, None
            leave(tui)
            tui.__exit__(None, None, None)

    def meanwhile(self, act: Callable[[], object]) -> None:
        """Do something that takes its time, and look on."""
        thread = threading.Thread(target=act)
        thread.start()
        self.seat.until(lambda: not thread.is_alive())

    def restart(self) -> None:
        """Start anew what has ended."""
        self.seat.sees(f"○ {EXITED}", " · r ")  # restarts, or tries again to go on with the conversation
        self.rest(0.5, 1.5)
        self.witness.restarts()
        self.type(MENU + "r")
        self.seat.until(lambda: self.witness.is_idle)

    def begin_anew(self) -> None:
        """After something that did not come."""
        self.model.scripted.clear()
        self.witness.answers()
        self.close()
        self.app.run("stop", "--all")
        self.open()
        self.settle()
