"""Types lines at the prompt of one program, by rules that spare what the human types there: PURE.

A line is typed only while the prompt has stood free for a moment and the human has been quiet. Enter is
pressed only once the prompt and the line, and nothing else, stand before the cursor, and not if a key came in
between. What does not go so is told to the human; there is one more attempt, when the human has typed there
since and the prompt is free again.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from enum import Enum, auto

from msgspec import Struct

from qms_tui.terminal import Terminal
from qms_tui.waking.prompt import Prompt, free_prompt, stands

QUIET = 5.0  # seconds since the human's last key
SETTLED = 0.5  # seconds that the prompt must stand: programs print one and go on printing
VERIFY = 3.0  # seconds for the line to show up, and for the cursor to leave it after Enter
LOOK = 0.05  # seconds between looks while that is waited for
BACK_OFF = 60.0  # seconds until the second attempt, at least
MOST_ATTEMPTS = 2


class Act(Enum):
    """What is to be done now."""

    NOTHING = auto()
    TYPE = auto()
    """Type a line, and say which with `typed`."""
    ENTER = auto()
    TOLD = auto()
    """Nothing more: the program has taken the line."""
    FAILED = auto()
    """Nothing more: `state` says why."""


class Scene(Struct, frozen=True):
    """A program at one moment; seconds of a clock that does not go back.

    `hindrance` is why nothing may be typed, whatever the terminal shows; empty if nothing is in the way.
    """

    now: float
    touched_at: float
    hindrance: str
    terminal: Terminal


class Step(Struct, frozen=True):
    """What to do, and when to look again if nothing happens until then; None for not at all."""

    act: Act = Act.NOTHING
    again: float | None = None


@dataclass(frozen=True, slots=True)
class _Line:
    """What must stand before the cursor, and since when it was to do so or, once entered, no more."""

    prompt: Prompt
    text: str
    at: float
    entered: bool = False


class Typist:
    """Types at the prompts that match a pattern."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern
        self.start_over()

    def start_over(self) -> None:
        """Forget what was under way and what failed: there is another program, or the human wants it."""
        self.state = "nothing to type"
        """How it stands, in a few words for the human."""
        self._line: _Line | None = None
        self._free: tuple[Prompt, float] | None = None  # the prompt, and since when it is free
        self._failed = 0
        self._failed_at = -math.inf

    @property
    def busy(self) -> bool:
        """Whether a line is on its way."""
        return self._line is not None

    @property
    def gave_up(self) -> bool:
        """Whether nothing is typed any more until it starts over."""
        return self._failed >= MOST_ATTEMPTS

    def step(self, scene: Scene) -> Step:
        """Go on; there is something to type, or a line on its way."""
        if self._line is None:
            return self._wait(scene)
        if self._line.entered:
            return self._see_it_go(self._line, scene)
        return self._see_it_come(self._line, scene)

    def typed(self, line: str, now: float) -> None:
        """This has been typed, as `step` asked."""
        assert self._free is not None
        self._line, self._free = _Line(self._free[0], line, now), None
        self.state = "has typed, looks whether it shows up"

    def _wait(self, scene: Scene) -> Step:
        if self.gave_up or (self._failed and scene.touched_at <= self._failed_at):
            return Step()
        prompt = None if scene.hindrance else free_prompt(scene.terminal, self._pattern)
        if prompt is None:
            self._free = None
            if not self._failed:
                self.state = f"waits: {scene.hindrance}" if scene.hindrance else "waits for a free prompt"
            return Step()
        if self._free is None or self._free[0] != prompt:
            self._free = prompt, scene.now
        due = max(self._free[1] + SETTLED, scene.touched_at + QUIET, self._failed_at + BACK_OFF)
        if scene.now >= due:
            return Step(Act.TYPE)
        if not self._failed:
            self.state = "waits until you have stopped typing"
        return Step(again=due)

    def _see_it_come(self, line: _Line, scene: Scene) -> Step:
        if scene.hindrance:
            return self._fail(scene, scene.hindrance)
        if scene.touched_at > line.at:
            return self._fail(scene, "you typed meanwhile")
        if stands(scene.terminal, line.prompt, line.text):
            self._line = replace(line, at=scene.now, entered=True)
            return Step(Act.ENTER, scene.now + LOOK)
        if scene.now - line.at > VERIFY:
            return self._fail(scene, "it did not show up behind the prompt")
        return Step(again=scene.now + LOOK)

    def _see_it_go(self, line: _Line, scene: Scene) -> Step:
        if not stands(scene.terminal, line.prompt, line.text):
            self.start_over()
            return Step(Act.TOLD)
        if scene.now - line.at > VERIFY:
            return self._fail(scene, "it stood there still after Enter")
        return Step(again=scene.now + LOOK)

    def _fail(self, scene: Scene, why: str) -> Step:
        self._line = None
        self._failed += 1
        self._failed_at = scene.now
        self.state = f"not verified: {why}" + ("; w tries again" if self.gave_up else "")
        return Step(Act.FAILED)
