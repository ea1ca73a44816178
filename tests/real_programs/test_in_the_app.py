"""Real programs in the whole app, as plain programs of this machine: titles and F3 say what they report.

They are installed like those of test_live.py.
"""

from __future__ import annotations

import contextlib
import json
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.bench.model import SHELL_COMMAND, Model
from tests.tui import Tui
from tests.ui.local_screen import LocalScreen, leave

from . import programs
from .programs import Place, Start
from .reporter import DIALOG_SECONDS, PATIENCE, TRIES
from .responses import Responses
from .scenes import ESCALATED

NEEDS_YOU = "◆ needs you · "
IDLE, BUSY, ERROR = "1 qa ● idle", "1 qa ◐ busy", "1 qa ✖ error"
_BASH = f"call bash {json.dumps({'command': SHELL_COMMAND})}"
_EXEC = f"call exec_command {json.dumps(ESCALATED)}"


@dataclass(frozen=True, slots=True)
class Plain:
    """A program: how it starts, what asks a permission of the human, what it calls that."""

    name: str
    folder: str
    start: Callable[[Place], Start]
    model: type[Model] | type[Responses]
    asks: str
    asked: str
    error: str
    farewell: str


PLAIN = (
    Plain("Codex", "codex", programs.codex, Responses, _EXEC, "permission", "", "/quit"),
    Plain("Pi", "pi", programs.pi, Model, _BASH, "permission: Allow bash?", " · 400 ", "/quit"),
    Plain("Mistral Vibe", "vibe", programs.vibe, Responses, _BASH, "permission: Running", "", "/exit"),
)  # fmt: skip


class Shown:
    """What the title says after an event, and how soon."""

    def __init__(self, tui: Tui) -> None:
        self.tui = tui
        self.rows: list[tuple[str, str, float]] = []

    def after(self, event: str, keys: str, word: str, patience: float = PATIENCE) -> None:
        """Press keys, and wait for a word that did not stand there before."""
        since = time.monotonic()
        self.tui.type(keys)
        self.tui.wait(word, patience=patience)
        self.rows.append((event, word, time.monotonic() - since))

    def answer(self, keys: str, word: str) -> None:
        """The same, pressed until it works: a dialog takes no key in its first moments."""
        for _ in range(TRIES):
            with contextlib.suppress(AssertionError):
                return self.after("Enter", keys, word, DIALOG_SECONDS)
        raise AssertionError(f"{keys!r} did nothing; shown:\n{self.tui.text}")

    def say(self, prompt: str, word: str) -> None:
        """Paste a prompt, and submit it once it is there."""
        self.tui.type(f"\x15\x1b[200~{prompt}\x1b[201~")
        self.tui.wait(prompt[:20])
        self.after("prompt", "\r", word)


@pytest.mark.parametrize("plain", PLAIN, ids=lambda plain: plain.name.replace(" ", "-"))
def test_the_screen_says_it(
    plain: Plain,
    pytestconfig: pytest.Config,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    folder = Path(pytestconfig.getoption("real_programs"), plain.folder).absolute()
    if not folder.is_dir():
        pytest.skip(f"{plain.name} is not installed")
    screen = LocalScreen(tmp_path)
    with plain.model() as model:
        start = plain.start(Place(folder, tmp_path, model))
        command = ["env", *(f"{name}={value}" for name, value in start.env.items()), *start.argv]
        with screen.open(shlex.join(command)) as tui:
            shown = Shown(tui)
            shown.after("start", "", IDLE)
            shown.say("slow", BUSY)
            shown.after("Esc", "\x1b", IDLE)
            shown.say(plain.asks, f"1 qa {NEEDS_YOU}{plain.asked}")
            tui.wait("1 needs you: F3")
            shown.answer("\r", IDLE)
            if plain.error:
                shown.say("fail", f"{ERROR}{plain.error}")
            shown.say(plain.farewell, "1 qa ○ exited")
            leave(tui)
    record_property("shown", (plain.name, shown.rows))
