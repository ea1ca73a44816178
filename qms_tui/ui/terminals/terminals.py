"""All terminals of one screen: one link for each agent, one pulse for each keeper."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from qms_tui.keeper.client import end_hung, screen_name
from qms_tui.keeper.protocol import Hello, Want
from qms_tui.keeper.pulse import HANGS, Pulse
from qms_tui.keeper.replies import RGB, write_palette
from qms_tui.runtime import Fact, Size
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
        tell: Callable[[LinkEvent], None],
        colors: Mapping[int, RGB] | None = None,
        *,
        scrollback: int = 5000,
        size: Size = _FIRST_SIZE,
    ) -> None:
        self._tell, self._scrollback, self._size = tell, scrollback, size
        self._palette = write_palette(colors or {})
        self._who = uuid.uuid4().hex, screen_name()
        self._feeder = Feeder()
        self._links: dict[str, Link] = {}
        self._keepers: dict[Path, _Keeper] = {}

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
        return tuple(address for address, keeper in self._keepers.items() if keeper.hangs)

    def end_keeper(self, keeper: Path) -> None:
        """End a hung keeper by force; see `end_hung`. Blocking. Raises KeeperError if it stays."""
        end_hung(keeper)

    def close(self) -> None:
        """Let go of all; idempotent."""
        for keeper in self._keepers.values():
            keeper.pulse.stop()
        for link in self._links.values():
            link.close()

    def _connect(self, link: Link, want: Want, take: Callable[[Fact], None]) -> Attachment | None:
        address, size = link.keeper, link.size
        connection = connect(address) if address is not None else None
        if address is None or connection is None:
            return None
        hello = Hello(want, link.agent, link.terminal_id, *self._who, size.columns, size.lines, self._palette)
        return Attachment(connection, hello, take, self._keeper(address).pulse.answered)

    def _keeper(self, address: Path) -> _Keeper:
        """That one, which is asked from now on whether it hangs."""
        if address not in self._keepers:
            self._keepers[address] = _Keeper(address, self._links.values(), self._tell)
        self._keepers[address].pulse.start()
        return self._keepers[address]


class _Keeper:
    """One that has terminals of ours; it is asked on any connection to it that is read."""

    def __init__(self, address: Path, links: Iterable[Link], tell: Callable[[LinkEvent], None]) -> None:
        self._address, self._all, self._tell = address, links, tell
        self.pulse = Pulse(self._ask, self._hang, self._expects_answer)
        self._asked: Attachment | None = None

    @property
    def _links(self) -> list[Link]:
        return [link for link in self._all if link.keeper == self._address]

    @property
    def hangs(self) -> bool:
        """Whether it leaves us connected and does not answer."""
        return self.pulse.hangs and self._expects_answer()

    def _ask(self) -> None:
        attachments = (link.attachment for link in self._links)
        self._asked = next((each for each in attachments if each is not None and each.is_read), None)
        if self._asked is not None:
            self._asked.ping()

    def _expects_answer(self) -> bool:
        return self._asked is not None and self._asked.is_read

    def _hang(self, hangs: bool) -> None:
        self._tell(
            Warned(_sentence(HANGS), "warning") if hangs else Warned(_sentence(ANSWERS), "information")
        )
        for link in self._links:
            link.hang(HANGS if hangs else "")


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
