"""A small app on TerminalDriver that tells what it got: one JSON object a line, on the descriptor in argv[1].

It takes the terminal on descriptor 0 as its controlling terminal, as a program started by a shell has one.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sys
import termios
import time
from typing import Any

from textual import events
from textual.app import App, ComposeResult
from textual.widgets import Input, Static

from qms_tui.ui.driver import TerminalDriver, TerminalKey, TerminalPaste


class Told(App[None]):
    """Tells of its input events. F10 ends it, F9 puts an Input on the screen."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, out: int) -> None:
        super().__init__(driver_class=TerminalDriver)
        self._out = out

    def tell(self, kind: str, **facts: Any) -> None:
        """Write one line."""
        driver = self._driver
        outer = driver.outer_modes.kitty_flags if isinstance(driver, TerminalDriver) else None
        line = {"kind": kind, "time": time.monotonic(), "kitty": outer, **facts}
        os.write(self._out, json.dumps(line).encode() + b"\n")

    def compose(self) -> ComposeResult:
        yield Static("told")

    def on_mount(self) -> None:
        self.app_resume_signal.subscribe(self, lambda _: self.tell("resumed"))
        self.call_after_refresh(self.tell, "ready")

    async def on_key(self, event: events.Key) -> None:
        data = event.data if isinstance(event, TerminalKey) else None
        self.tell("key", key=event.key, character=event.character, data=data.hex() if data else None)
        if event.key == "f10":
            self.exit()
        elif event.key == "f9":
            field = Input()
            await self.mount(field)
            field.focus()

    def on_descendant_focus(self) -> None:
        self.tell("focused")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.tell("input", value=event.value)

    def on_paste(self, event: events.Paste) -> None:
        assert isinstance(event, TerminalPaste)
        digest = hashlib.sha256(event.data).hexdigest()
        self.tell("paste", length=len(event.data), digest=digest, text=event.text[:50])

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self.tell("down", x=event.x, y=event.y, button=event.button)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        self.tell("up", x=event.x, y=event.y, button=event.button)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self.tell("wheel", x=event.x, y=event.y, ctrl=event.ctrl)

    def on_app_focus(self) -> None:
        self.tell("focus")

    def on_app_blur(self) -> None:
        self.tell("blur")

    def on_resize(self, event: events.Resize) -> None:
        self.tell("resize", width=event.size.width, height=event.size.height)


def main() -> None:
    """Run, and tell that the end was reached."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    app = Told(int(sys.argv[1]))
    app.run()
    app.tell("end", code=app.return_code, sync=app._sync_available)


if __name__ == "__main__":
    main()
