"""The way of a key through the app: the short one to an agent, and none past what was typed before it."""

from __future__ import annotations

import math
from collections.abc import Coroutine
from operator import attrgetter
from time import monotonic
from typing import Any

from textual import events
from textual.message import Message

from qms_tui.errors import QmsTuiError
from qms_tui.ui.driver import TerminalKey
from qms_tui.ui.shell import Shell

_TYPED = (events.InputEvent, events.Paste)


class OrderedKeys(Shell):
    """Textual's dispatch of what is typed, pasted and clicked, in its order."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.own_keys: frozenset[str] = frozenset()
        """The names of the keys that do not belong to agents."""
        self.typed_at = -math.inf
        """When a key came in last, by the monotonic clock."""
        self._under_way = 0  # typed events in the app's own queue
        self._held: list[events.Event] = []  # typed behind a key that was handed on, and that key
        self._opening = 0  # dialogs that what is typed waits for

    def post_message(self, message: Message) -> bool:
        """Give a key that can only be the focused agent's to its pane at once, past two message queues.

        Only if nothing that was typed, pasted or clicked before it is still under way.
        """
        if isinstance(message, TerminalKey) and self._is_plainly_for_agent(message):
            self.typed_at = monotonic()
            self.pane.give(message)
            return True
        if isinstance(message, _TYPED):
            self._under_way += 1
        return super().post_message(message)

    def type_again(self, event: events.Key) -> None:
        """Take a key back that a widget hands on, before all that was typed behind it.

        It is given away after what the key before it has asked for, which waits in the same place.
        """
        self._held.append(event)
        self.call_next(self._give_held)

    def ahead_of_keys(self, opening: Coroutine[Any, Any, None]) -> None:
        """Do what opens a dialog, or says why not: what is typed from now on is for that dialog."""
        self._opening += 1
        self.run_worker(self._open(opening))

    async def _open(self, opening: Coroutine[Any, Any, None]) -> None:
        try:
            await opening
        except QmsTuiError as error:
            self.refuse(error)
        finally:
            self._opening -= 1
            self.call_next(self._give_held)

    async def _give_held(self) -> None:
        if self._opening:
            return  # who opens comes back here
        held, self._held = sorted(self._held, key=attrgetter("time")), []
        for event in held:
            await super().on_event(event)

    def _is_plainly_for_agent(self, key: TerminalKey) -> bool:
        return (
            self._under_way == 0
            and not self._held
            and not self._opening
            and key.key not in self.own_keys
            and len(self.screen_stack) == 1
            and self.focused is self.pane
            and self.pane.message_queue_size == 0
            and self.app_focus
        )

    async def on_event(self, event: events.Event) -> None:
        """Textual's dispatch, counting what was typed and has been handed on."""
        if isinstance(event, events.Key):
            self.typed_at = monotonic()
        if not isinstance(event, _TYPED) or event.is_forwarded:
            await super().on_event(event)
            return
        try:
            if self._held or self._opening:
                self._held.append(event)
            else:
                await super().on_event(event)
        finally:
            self._under_way -= 1
