"""The driver: the outer terminal's bytes to Textual events that carry their bytes.

Of Textual's LinuxDriver remain in use: raw mode's flags, mouse and paste modes, the bookkeeping of pressed
buttons, in-band resizing. Its thread and its parser are replaced, because they lose what a terminal needs
(Alt+1, Esc within 25 ms, bytes that are no UTF-8, replies told from keys), and so are its start and stop,
which push kitty keyboard flags that turn every letter into a sequence.

Input is read in the event loop. No thread has to be woken, and a busy loop cannot cut a sequence in two: what
has arrived is read before a timer that was due meanwhile can say that nothing followed. Signals are handled
in the loop, too, not in the middle of a write.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import signal
import termios
import time
import tty
from io import TextIOWrapper
from select import select
from typing import Any

from textual import constants, events
from textual._xterm_parser import IS_ITERM
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Region, Size
from textual.message import Message
from textual.messages import InBandWindowResize, TerminalSupportsSynchronizedOutput

from qms_tui.terminal import Modes
from qms_tui.ui.input import Pointer, TerminalKey, TerminalPaste
from qms_tui.ui.odd_cells import placed
from qms_tui.ui.outer_reports import OuterReports
from qms_tui.ui.tokenizer import (
    ANSWER_DELAY,
    FocusToken,
    KeyToken,
    MouseToken,
    PasteToken,
    ReplyToken,
    Token,
    Tokenizer,
)
from qms_tui.ui.writer import Writer

__all__ = ["TerminalDriver", "TerminalKey", "TerminalPaste"]

_log = logging.getLogger(__name__)

_READ_SIZE = 65536  # a PTY gives 4 kB at most; one read per turn of the loop keeps painting alive
_MAX_WAITING = 1000  # messages in the app's queue above which reading pauses
_PAUSE = 0.02
_LAST_ANSWERS = 0.5  # seconds that the terminal has for an answer that it owes when we go
# Disambiguate: the least that makes keys exact; text stays text. And alternate keys, which tell Ctrl+C on a
# keyboard without Latin letters.
_KITTY_FLAGS = 1 | 4

_MODE_REPORT = re.compile(rb"\x1b\[\?(\d{1,5});(\d)\$y")
_KITTY_REPORT = re.compile(rb"\x1b\[\?(\d{1,3})u")
_SIZE_REPORT = re.compile(rb"\x1b\[48" + rb";(\d{1,6})(?::[\d:]*)?" * 4 + rb"t")
_CURSOR_REPORT = re.compile(rb"\x1b\[(\d{1,6});(\d{1,6})R")
_SUPPORTED = (1, 2, 3)  # DECRPM: set, reset, permanently set


class TerminalDriver(LinuxDriver):
    """Textual's driver for a terminal, reading bytes."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._file = _terminal_output()
        self._tokenizer = Tokenizer()
        self._pointer = Pointer()
        self._silence: asyncio.TimerHandle | None = None
        self._pause: asyncio.TimerHandle | None = None
        self._outer = Modes()
        self._reports: OuterReports | None = None
        self._wanted = False  # application mode is to be on, except while we are suspended
        self._active = False  # it is on
        self._reading = False
        self._gone = False
        self._screens = [fd for fd in (1, 2) if os.isatty(fd)]
        self._size = self._size or self._get_terminal_size()  # the app's, until an event tells it another
        for number in (signal.SIGHUP, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                self._loop.add_signal_handler(number, self._leave, number)

    @property
    def outer_modes(self) -> Modes:
        """The modes of the outer terminal's keyboard, as far as it told."""
        return self._outer

    def report_status(self, reports: OuterReports) -> None:
        """Report to the terminal, from now on and whenever we have it, if it takes that."""
        self._reports = reports
        self._ask_for_reports()

    # -- application mode -------------------------------------------------------------------------------

    def start_application_mode(self) -> None:
        """Take the terminal: raw, alternate screen, mouse, bracketed paste, exact keys; and read from it."""
        self._wanted = True
        if not self._in_foreground():
            self._must_signal_resume = True
            return
        assert self._file is not None  # of a process with a terminal
        self._writer_thread = Writer(self._file, self._write_failed)
        self._writer_thread.start()
        self._active = True
        self._loop.add_signal_handler(signal.SIGWINCH, self._window_changed)
        self._send_size()
        self.write("\x1b[?1049h")
        self._enable_mouse_support()
        self._make_raw()
        self.write("\x1b[?25l\x1b[?1004h")  # no cursor; focus events
        if not constants.DISABLE_KITTY_KEY:
            self.write(f"\x1b[>{_KITTY_FLAGS}u\x1b[?u")  # a terminal that answers tells what is really on
        self._start_reading()
        self._request_terminal_sync_mode_support()
        self._query_in_band_window_resize()
        self._enable_bracketed_paste()
        self._disable_line_wrap()
        self._enable_mouse_support()  # again: iTerm 3.5.0 needs it after the above, says Textual
        self._ask_for_reports()
        if self._must_signal_resume:
            self._must_signal_resume = False
            self._app.post_message(self.SignalResume())
            self._app.refresh(layout=True)  # the size may be the same, but the screen is empty

    def disable_input(self) -> None:
        """Stop reading; what was not read is dropped, so that it is not typed into the shell."""
        if not self._reading:
            return
        self._stop_reading()
        self._loop.remove_signal_handler(signal.SIGWINCH)
        self._disable_mouse_support()
        if self._mouse_pixels:
            self.write("\x1b[?1016l")  # Textual forgets it
        self._take_last_answers()
        with contextlib.suppress(termios.error):
            termios.tcflush(self.fileno, termios.TCIFLUSH)

    def stop_application_mode(self) -> None:
        """Give the terminal back as it was."""
        self._wanted = False
        if not self._active:
            return
        self._disable_bracketed_paste()
        self._enable_line_wrap()
        self._disable_in_band_window_resize()
        self.disable_input()
        if self._reports is not None:
            self._reports.withdraw()
        if self.attrs_before is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
        self.write("\x1b[0m\x1b[2J")  # a tmux that was resized would put what stands here above the prompt
        if not constants.DISABLE_KITTY_KEY:
            self.write("\x1b[<u")  # before leaving the alternate screen, which has flags of its own
        self.write("\x1b[?1049l\x1b[?25h\x1b[?1004l")
        self.flush()
        self._active = self._in_band_window_resize = self._mouse_pixels = False
        self._outer, self._pointer = Modes(), Pointer()

    def write(self, data: str) -> None:
        """Write to the terminal, as long as it is there and ours."""
        if self._active and not self._gone:
            text, spilled = placed(data)
            super().write(text)
            if spilled:
                self._loop.call_soon_threadsafe(self._paint_beside, spilled)

    def _ask_for_reports(self) -> None:
        if self._reports is not None and self._active:
            self._reports.ask()
            self._expect_answer(True)
            self._loop.call_later(ANSWER_DELAY, self._expect_answer, False)  # some terminals never answer

    def _expect_answer(self, expected: bool) -> None:
        self._tokenizer.expects_answer = expected

    def _paint_beside(self, spilled: list[tuple[int, int]]) -> None:
        """Paint again what the terminal may have overwritten: the rest of these rows."""
        if self._active and self._app.screen_stack:
            width = self._pointer.cells.width
            regions = [Region(column, row, width - column, 1) for column, row in spilled if column < width]
            if regions:
                self._app.screen.refresh(*regions)

    def _in_foreground(self) -> bool:
        """Whether the terminal is ours to change; a background job is stopped by trying, as it should be."""
        if not os.isatty(self.fileno):
            return True
        for number in (signal.SIGTTOU, signal.SIGTTIN):
            signal.signal(number, lambda *_: os.kill(os.getpid(), signal.SIGSTOP))
        try:
            termios.tcsetattr(self.fileno, termios.TCSANOW, termios.tcgetattr(self.fileno))
        except termios.error:
            return False  # we were stopped; when continued, SIGCONT starts application mode
        finally:
            signal.signal(signal.SIGTTOU, signal.SIG_DFL)
            signal.signal(signal.SIGTTIN, signal.SIG_DFL)
        return True

    def _make_raw(self) -> None:
        try:
            self.attrs_before = termios.tcgetattr(self.fileno)
            raw = termios.tcgetattr(self.fileno)
            raw[tty.LFLAG] = self._patch_lflag(raw[tty.LFLAG])
            raw[tty.IFLAG] = self._patch_iflag(raw[tty.IFLAG])
            raw[tty.CC][termios.VMIN] = 1  # Solaris has the same slot for VEOF, 4
            termios.tcsetattr(self.fileno, termios.TCSANOW, raw)
        except termios.error:
            self.attrs_before = None  # no terminal; reading will tell

    # -- signals ----------------------------------------------------------------------------------------

    def _sigtstp_application(self, *_: object) -> None:
        """SIGTSTP, whose handlers Textual installs. A raw terminal sends none by itself."""
        if self._active and self._auto_restart:
            self._loop.call_soon_threadsafe(self._suspend)
        else:  # within `App.suspend` another program has the terminal, and our loop stands still
            self._stop_for_shell()

    def _stop_for_shell(self) -> None:
        """Stop as that program does; without a shell that could let us go on (`xterm -e`), not at all."""
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, self._sigtstp_application)

    def _sigcont_application(self, *_: object) -> None:
        if self._wanted and self._auto_restart:
            self._loop.call_soon_threadsafe(self._continue)

    def _suspend(self) -> None:
        """Give the terminal back, then stop."""
        self._leave_for_a_while()
        os.kill(os.getpid(), signal.SIGSTOP)

    def _continue(self) -> None:
        """Take the terminal again; anew if it was a SIGSTOP, and the shell had the terminal meanwhile."""
        if self._active:
            self._leave_for_a_while()
        self.resume_application_mode()

    def _leave_for_a_while(self) -> None:
        self.suspend_application_mode()
        self._wanted = self._must_signal_resume = True

    def _leave(self, number: signal.Signals) -> None:
        """SIGTERM or SIGHUP: give the terminal back, if it is still there."""
        try:
            termios.tcgetattr(self.fileno)
        except termios.error:
            self._hang_up()
        else:
            self._app.exit(return_code=128 + number)

    def _get_terminal_size(self) -> tuple[int, int]:
        """The terminal's own word. Textual asks COLUMNS and LINES first, which some shells export."""
        for fd in (self.fileno, *self._screens):
            with contextlib.suppress(OSError):
                size = os.get_terminal_size(fd)
                if size.columns and size.lines:
                    return size.columns, size.lines
        return super()._get_terminal_size()

    def _window_changed(self) -> None:
        if not self._in_band_window_resize:
            self._send_size()

    def _send_size(self) -> None:
        self._pointer.cells = size = Size(*self._get_terminal_size())
        self._app.post_message(events.Resize(size, size))

    def _write_failed(self) -> None:
        """Called by the writer's thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: the app is through already
            self._loop.call_soon_threadsafe(self._hang_up)

    def _hang_up(self) -> None:
        """The terminal is gone: leave, and let what is still written go nowhere."""
        if self._gone:
            return
        self._gone = True
        _log.info("the terminal is gone; leaving")
        self._stop_reading()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for screen in self._screens:
            os.dup2(nowhere, screen)
        os.close(nowhere)
        self._app.exit()

    # -- reading ----------------------------------------------------------------------------------------

    def _start_reading(self) -> None:
        self._tokenizer = Tokenizer()
        self._reading = True
        self._watch()

    def _watch(self) -> None:
        try:
            self._loop.add_reader(self.fileno, self._read)
        except OSError:  # a file or /dev/null: no keys will come, so nobody could ever leave
            _log.warning("standard input is not a terminal; leaving")
            self._app.exit(return_code=1, message="qms-tui needs a terminal to read keys from.")

    def _stop_reading(self) -> None:
        self._reading = False
        self._loop.remove_reader(self.fileno)
        for timer in (self._silence, self._pause):
            if timer is not None:
                timer.cancel()

    def _read(self) -> None:
        try:
            data = os.read(self.fileno, _READ_SIZE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:  # EIO: the other side of the PTY was closed
            data = b""
        if not data:
            self._hang_up()
            return
        if self._silence is not None:
            self._silence.cancel()
        self._dispatch(self._tokenizer.feed(data))
        delay = self._tokenizer.delay
        self._silence = None if delay is None else self._loop.call_later(delay, self._nothing_followed)
        self._pause_if_flooded()

    def _take_last_answers(self) -> None:
        """Wait a moment for what the terminal still owes: a shell or an editor would take it for keys."""
        deadline = time.monotonic() + _LAST_ANSWERS
        while self._reports is not None and self._reports.awaits_answer and not self._gone:
            left = deadline - time.monotonic()  # which counts for one that never falls silent, too
            if left <= 0 or not select([self.fileno], [], [], left)[0]:
                return
            try:
                data = os.read(self.fileno, _READ_SIZE)
            except OSError:
                return
            if not data:
                return
            for token in self._tokenizer.feed(data):
                if isinstance(token, ReplyToken):
                    self._reply(token.data)

    def _nothing_followed(self) -> None:
        self._silence = None
        self._dispatch(self._tokenizer.flush())

    def _pause_if_flooded(self) -> None:
        if self._reading and self._app._message_queue.qsize() > _MAX_WAITING:
            self._loop.remove_reader(self.fileno)
            self._pause = self._loop.call_later(_PAUSE, self._resume_reading)

    def _resume_reading(self) -> None:
        self._watch()
        self._pause_if_flooded()

    def _dispatch(self, tokens: list[Token]) -> None:
        for token in tokens:
            if (message := self._message(token)) is not None:
                self.process_message(message)

    def send_message(self, message: Message) -> None:
        """Post to the app directly: this is the loop's thread."""
        self._app.post_message(message)

    # -- tokens to messages -----------------------------------------------------------------------------

    def _message(self, token: Token) -> Message | None:
        match token:
            case KeyToken(key, data):
                return TerminalKey(key, data, self._outer)
            case PasteToken(data):
                return TerminalPaste(data)
            case MouseToken():
                return self._pointer.event(token)
            case FocusToken(focused):
                return events.AppFocus() if focused else events.AppBlur()
            case ReplyToken(data):
                return self._reply(data)
            case _:
                return None

    def _reply(self, data: bytes) -> Message | None:
        """What an answer of the outer terminal means to the app; most were not asked for by us."""
        if mode := _MODE_REPORT.fullmatch(data):
            return _mode_message(int(mode[1]), int(mode[2]))
        if size := _SIZE_REPORT.fullmatch(data):
            return self._resized(*map(int, size.groups()))
        if cursor := _CURSOR_REPORT.fullmatch(data):
            return events.CursorPosition(int(cursor[2]) - 1, int(cursor[1]) - 1)
        if kitty := _KITTY_REPORT.fullmatch(data):
            self._outer = Modes(kitty_flags=int(kitty[1]))
        elif self._reports is not None:
            self._reports.take_answer(data)
            if not self._reports.awaits_answer:
                self._expect_answer(False)
        return None

    def _resized(self, lines: int, columns: int, height: int, width: int) -> Message | None:
        """Mode 2048, in-band window resize: the size in cells and in pixels."""
        if not columns or not lines:
            return None
        self._pointer.cells = Size(columns, lines)
        # Without the window's size in pixels, positions in pixels could not be read.
        self._pointer.pixels = Size(width, height) if self._mouse_pixels and width and height else None
        if self._mouse_pixels and self._pointer.pixels is None:
            self._mouse_pixels = False
            self.write("\x1b[?1016l\x1b[?1006h")
        return events.Resize.from_dimensions((columns, lines), (width, height) if width and height else None)


def _terminal_output() -> TextIOWrapper:
    """Where the screen is painted: the terminal, and not standard error, which may be a file."""
    number = next((number for number in (1, 2, 0) if os.isatty(number)), 1)
    return open(number, "w", encoding="utf-8", errors="replace", newline="", closefd=False)


def _mode_message(mode: int, setting: int) -> Message | None:
    """DECRPM for the modes that the start asked about: synchronized output, in-band resizing."""
    if mode == 2026 and setting in _SUPPORTED:
        return TerminalSupportsSynchronizedOutput()
    if mode == 2048 and constants.SMOOTH_SCROLL and not IS_ITERM:
        return InBandWindowResize.from_setting_parameter(setting)
    return None
