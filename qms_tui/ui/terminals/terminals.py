"""All terminals of one screen: one link for each agent, one pulse for their keeper."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from qms_tui.keeper.client import screen_name
from qms_tui.keeper.protocol import Hello, Want
from qms_tui.keeper.pulse import HANGS, Pulse
from qms_tui.keeper.replies import RGB, write_palette
from qms_tui.runtime import Fact, KeeperAddress, Size
from qms_tui.ui.terminals.attachment import Attachment, connect
from qms_tui.ui.terminals.events import LinkEvent, Warned
from qms_tui.ui.terminals.feeder import Feeder
from qms_tui.ui.terminals.link import Link

ANSWERS = "the keeper answers again"
_FIRST_SIZE = Size(80, 24)  # until the layout gives a pane one


class Terminals:
    """`tell` gets what happens in any of them, within the event loop; `colors` are the screen's."""

    def __init__(
        self,
        keeper: KeeperAddress,
        tell: Callable[[LinkEvent], None],
        colors: Mapping[int, RGB] | None = None,
        *,
        scrollback: int = 5000,
        size: Size = _FIRST_SIZE,
    ) -> None:
        self._keeper, self._tell, self._scrollback, self._size = keeper, tell, scrollback, size
        self._palette = write_palette(colors or {})
        self._name = screen_name()
        self._feeder = Feeder()
        self._links: dict[str, Link] = {}
        self._pulse = Pulse(self._ask, self._hang, self._expects_answer)
        self._asked: Attachment | None = None

    def link(self, agent: str) -> Link:
        """The way to an agent's terminal."""
        if agent not in self._links:
            self._links[agent] = Link(
                agent, self._size, self._tell, self._connect, scrollback=self._scrollback, feeder=self._feeder
            )
        return self._links[agent]

    @property
    def hung_keepers(self) -> tuple[Path, ...]:
        """The sockets of those that leave us connected and do not answer."""
        return (self._keeper.path,) if self._pulse.hangs and self._expects_answer() else ()

    def close(self) -> None:
        """Let go of all; idempotent."""
        self._pulse.stop()
        for link in self._links.values():
            link.close()

    def _connect(self, link: Link, want: Want, take: Callable[[Fact], None]) -> Attachment | None:
        connection = connect(self._keeper)
        if connection is None:
            return None
        size = link.size
        who = self._keeper.interface, self._name
        hello = Hello(want, link.agent, link.terminal_id, *who, size.columns, size.lines, self._palette)
        self._pulse.start()
        return Attachment(connection, hello, take, self._pulse.answered)

    def _ask(self) -> None:
        """Any of those that are read."""
        attachments = (link.attachment for link in self._links.values())
        self._asked = next((each for each in attachments if each is not None and each.is_read), None)
        if self._asked is not None:
            self._asked.ping()

    def _expects_answer(self) -> bool:
        return self._asked is not None and self._asked.is_read

    def _hang(self, hangs: bool) -> None:
        self._tell(
            Warned(_sentence(HANGS), "warning") if hangs else Warned(_sentence(ANSWERS), "information")
        )
        for link in self._links.values():
            link.hang(HANGS if hangs else "")


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
