"""Where a line is typed: readline where there is one, and Ctrl+C at any time."""

from __future__ import annotations

import contextlib
import re
import signal
from collections.abc import Callable
from types import FrameType

from qms_tui.demo.ink import in_color
from qms_tui.demo.keyboard import is_terminal
from qms_tui.errors import QmsTuiError

_HISTORY = 500  # lines
_LISTEN = 0.2  # seconds until a signal is heard at the latest; a wake-up costs some 20 µs
_SGR = re.compile(r"(\x1b\[[0-9;]*m)")

Completer = Callable[[str, str], list[str]]
"""What the last word of a line can become: gets the line and that word."""


class Interrupts:
    """Turns Ctrl+C into KeyboardInterrupt, at most once per prompt: only where somebody catches it.

    A key that is held down sends more of them than `except` clauses can follow.
    """

    armed = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        if self.armed:
            self.armed = False
            raise KeyboardInterrupt


class Prompt:
    """Asks for lines. Lines that were typed before it was there come first."""

    def __init__(self) -> None:
        self._early = ""
        self._is_edited: bool | None = None
        """By GNU readline; False by libedit, None by nobody."""

    def edit(self, complete: Completer) -> None:
        """Have line editing, history and completion, if this Python has."""
        if is_terminal():
            self._is_edited = _start_readline(complete)

    def type_ahead(self, text: str) -> None:
        """Take what was typed before anybody asked."""
        self._early += text

    def line(self, agent: str, label: str = "") -> str:
        """The line that is typed behind a label, the agent's name if there is none.

        Raises:
            EOFError: Ctrl+D, or nobody is there any more.
            KeyboardInterrupt: Ctrl+C.
        """
        early, enter, self._early = self._early.partition("\n")
        if enter:
            print(f"{label or agent}> {early}")
            return early
        return early + _input(self._colored(agent, label or agent) + early)

    def _colored(self, agent: str, label: str) -> str:
        """The label in the agent's colour, which stands between marks: readline must not count it."""
        plain = f"{label}> "
        if not is_terminal():
            return plain
        colored = in_color(agent, plain.rstrip()) + " "
        if self._is_edited is None:
            return colored
        # libedit, which some Pythons call readline, shows the marks
        return _SGR.sub("\x01\\1\x02", colored) if self._is_edited else plain


def _input(prompt: str) -> str:
    """What is typed at `prompt`.

    The timer makes signals heard: CPython overlooks one that comes while readline deals with a key, until the
    next key. A Ctrl+C right behind a letter would do nothing.
    """
    signal.setitimer(signal.ITIMER_REAL, _LISTEN, _LISTEN)
    try:
        return input(prompt)
    except SystemError as error:
        raise _first_of(error) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _first_of(error: BaseException) -> BaseException:
    """What a signal raised inside input(), when a second signal came before it got out.

    CPython then runs the second handler with the first exception still set, and makes a SystemError of it.
    """
    while isinstance(error, SystemError):
        error = error.__cause__ or KeyboardInterrupt()
    return error


def _start_readline(complete: Completer) -> bool | None:
    """Line editing, history and completion: True with GNU readline, False with libedit, None without."""
    try:
        import readline
    except ImportError:
        return None
    gnu = "libedit" not in (readline.__doc__ or "")
    readline.set_history_length(_HISTORY)
    readline.set_completer_delims(" ")
    readline.parse_and_bind("tab: complete" if gnu else "bind ^I rl_complete")

    def completer(word: str, state: int) -> str | None:
        with contextlib.suppress(QmsTuiError, OSError):
            words = complete(readline.get_line_buffer()[: readline.get_endidx()], word)
            return words[state] if state < len(words) else None
        return None

    readline.set_completer(completer)
    return gnu
