"""What the human does with an item: answers it, is done with it, or archives it unanswered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qms_tui.api.commands import ANSWER_TO, PUT_AWAY, OfItem
from qms_tui.api.inbox import HUMAN, InboxItem, ItemKind
from qms_tui.errors import QmsTuiError
from qms_tui.ui.screens import QuestionScreen
from qms_tui.ui.shell import Shell

if TYPE_CHECKING:
    from qms_tui.ui.compose import Draft

    Write = Callable[[Draft, Callable[[Draft | None], None]], Awaitable[None]]

TASKS = (ItemKind.REVIEW, ItemKind.APPROVAL)


class ItemActions:
    """Asks before it takes what somebody still waits for; the desk owns this."""

    def __init__(self, app: Shell, write: Write) -> None:
        """`write` opens a dialog with a draft, and hands on what was not sent."""
        self._app, self._write = app, write
        self._drafts: dict[OfItem, Draft] = {}  # answers that were begun

    def done(self, item: InboxItem) -> None:
        """Move an item of the human's own inbox into the archive."""
        if item.agent != HUMAN:
            self._say(f"It is for {item.agent}: x takes it from there.")
        elif item.kind in TASKS and item.consumed is None:
            self._ask(
                f"Done with it? The QMS goes on to expect your {item.kind.value} of {item.document}, "
                "until you submit it.",
                item,
            )
        else:
            self._move_soon(item)

    def archive(self, item: InboxItem) -> None:
        """Move an item into the archive, unanswered; also an agent's, after asking."""
        if item.agent == HUMAN or item.consumed is not None:
            self._move_soon(item)
        else:
            self._ask(f"Take this from {item.agent}'s inbox into the archive?\n{item.headline}", item)

    async def reply(self, item: InboxItem) -> None:
        """Write to whoever sent an item, about the same; what was begun and not sent is still there."""
        from qms_tui.ui.compose import Draft

        key = OfItem(item.agent, item.id)
        draft = self._drafts.get(key)
        if draft is None:
            answer = await self._app.daemon.request(ANSWER_TO, key)
            draft = Draft((answer.recipient,), answer.subject)
        await self._write(draft, partial(self._keep, key))

    def _keep(self, key: OfItem, draft: Draft | None) -> None:
        self._drafts.pop(key, None)
        if draft is not None and draft.body:
            self._drafts[key] = draft

    def _ask(self, question: str, item: InboxItem) -> None:
        then: Callable[[bool | None], None] = lambda yes: self._move_soon(item) if yes else None  # noqa: E731
        self._app.push_screen(QuestionScreen(question), then)

    def _move_soon(self, item: InboxItem) -> None:
        if item.consumed is not None:
            self._say("It has left the inbox.")
        else:
            self._app.run_worker(self._move(item))

    async def _move(self, item: InboxItem) -> None:
        try:
            place = await self._app.daemon.request(PUT_AWAY, OfItem(item.agent, item.id))
        except QmsTuiError as error:
            self._app.refuse(error)
            return
        folder = Path(place.path).parent.relative_to(self._app.session.project.root)
        self._app.notify(f"{item.headline}\nis in {folder}", title="Archived", markup=False)

    def _say(self, text: str) -> None:
        self._app.notify(text, markup=False)
