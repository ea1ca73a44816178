"""What agents want on the human's clipboard: put there, asked about, or refused with a word."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import monotonic

from qms_tui.config import Clipboard
from qms_tui.ui.clipboard import cleaned, summary
from qms_tui.ui.ordered_keys import OrderedKeys
from qms_tui.ui.screens import QuestionScreen

QUIET = 1.0  # seconds without a key before a question opens that nobody has called for


class ClipboardRequests:
    """Decides by `terminal.clipboard`; `app` owns this."""

    def __init__(self, app: OrderedKeys) -> None:
        self._app = app
        self._refused: set[str] = set()  # agents of whose clipboard writes the human has been told
        self._offer = False  # whether a question is about to open that nobody has called for

    def write(self, agent: str, data: bytes) -> None:
        """An agent's program wants this there."""
        text, allowed = cleaned(data), self._app.session.config.terminal.clipboard
        if text is None:
            return
        said = summary(agent, text)
        if allowed is Clipboard.ON:
            self._app.copy_to_clipboard(text)
            self._app.notify(said, title="Copied", markup=False)
        elif allowed is Clipboard.ASK and not self._offer:
            self._offer = True
            put = partial(self._app.copy_to_clipboard, text)
            self._ask_when_quiet(f"Put this on your clipboard?\n{said}", put)
        elif agent not in self._refused:
            self._refused.add(agent)  # said once: a program may try at every selection
            self._app.notify(f"{said}\nterminal.clipboard decides", title="Not copied", markup=False)

    def _ask_when_quiet(self, question: str, then: Callable[[], None]) -> None:
        """Ask what an agent wants; not in the middle of a sentence, whose letters would be the answer."""
        if len(self._app.screen_stack) > 1 or monotonic() - self._app.typed_at < QUIET:
            self._app.set_timer(QUIET / 4, partial(self._ask_when_quiet, question, then))
            return
        self._offer = False
        screen = QuestionScreen(question, uncalled=True)
        self._app.push_screen(screen, lambda yes: then() if yes else None)
