"""What the human does with an item: answers it, is done with it, or archives it unanswered."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from qms_tui.errors import QmsTuiError
from qms_tui.inbox import HUMAN, Entry, Item, Kind, reply_to
from qms_tui.ui.screens import QuestionScreen
from qms_tui.ui.shell import Shell

if TYPE_CHECKING:
    from qms_tui.ui.compose import Draft

TASKS = (Kind.REVIEW, Kind.APPROVAL)


class ItemActions:
    """Asks before it takes what somebody still waits for; the desk owns this."""

    def __init__(self, app: Shell) -> None:
        self._app = app
        self._drafts: dict[Item, Draft] = {}  # answers that were begun

    def done(self, entry: Entry) -> None:
        """Move an item of the human's own inbox into the archive."""
        item = entry.item
        if item.agent != HUMAN:
            self._say(f"It is for {item.agent}: x takes it from there.")
        elif item.kind in TASKS and entry.consumed is None:
            self._ask(
                f"Done with it? The QMS goes on to expect your {item.kind.value} of {item.document}, "
                "until you submit it.",
                entry,
            )
        else:
            self._move_soon(entry)

    def archive(self, entry: Entry) -> None:
        """Move an item into the archive, unanswered; also an agent's, after asking."""
        item = entry.item
        if item.agent == HUMAN or entry.consumed is not None:
            self._move_soon(entry)
        else:
            self._ask(f"Take this from {item.agent}'s inbox into the archive?\n{item.headline}", entry)

    def reply(self, entry: Entry) -> None:
        """Write to whoever sent an item, about the same; what was begun and not sent is still there."""
        from qms_tui.ui.compose import ComposeScreen, Draft

        core, item = self._app.core, entry.item
        try:
            answer = reply_to(item, core.recipients())
        except QmsTuiError as error:
            self._say(f"{error.message}\n{error.hint}")
            return
        draft = self._drafts.get(item) or Draft((answer.to,), answer.subject)
        screen = ComposeScreen(core.recipients(), draft, core.send)
        self._app.push_screen(screen, partial(self._keep, item))

    def _keep(self, item: Item, draft: Draft | None) -> None:
        self._drafts.pop(item, None)
        if draft is not None and draft.body:
            self._drafts[item] = draft

    def _ask(self, question: str, entry: Entry) -> None:
        then: Callable[[bool | None], None] = lambda yes: self._move_soon(entry) if yes else None  # noqa: E731
        self._app.push_screen(QuestionScreen(question), then)

    def _move_soon(self, entry: Entry) -> None:
        if entry.consumed is not None:
            self._say("It has left the inbox.")
        else:
            self._app.run_worker(self._move(entry.item))

    async def _move(self, item: Item) -> None:
        try:
            path = await self._app.core.put_away(item)
        except QmsTuiError as error:
            self._app.notify(f"{error.message}\n{error.hint}", severity="error", markup=False)
            return
        folder = path.parent.relative_to(self._app.session.project.root)
        self._app.notify(f"{item.headline}\nis in {folder}", title="Archived", markup=False)

    def _say(self, text: str) -> None:
        self._app.notify(text, markup=False)
