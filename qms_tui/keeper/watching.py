"""A watch from its other end: one connection to the keeper for all agents, for whoever decides about them."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from qms_tui.errors import KeeperError
from qms_tui.ipc.launch import LOG_HINT
from qms_tui.ipc.stream import Stream
from qms_tui.keeper.client import ANSWER_PATIENCE, KeeperClient
from qms_tui.keeper.protocol import (
    Kind,
    ProtocolError,
    Want,
    frame,
    read_receipt,
    read_return,
    read_sight,
)
from qms_tui.keeper.pulse import HANGS, Pulse
from qms_tui.keeper.watch_words import MOST_NOTES, Look, Type, read_news
from qms_tui.keeper.watch_words import News as Words
from qms_tui.runtime import (
    Closed,
    Led,
    News,
    Printed,
    Rang,
    Remarked,
    Reported,
    Size,
    Titled,
    Typed,
)
from qms_tui.workers import Workers

_log = logging.getLogger(__name__)

_ANY_SIZE = Size(80, 24)
_NEWS: dict[str, Callable[[Any], News]] = {
    "title": lambda title: Titled(title["text"], title["at"]),
    "rang_at": Rang,
    "status": Reported,
    "typed": lambda typed: Typed(typed["at"], typed["moment"], typed["keys"]),
    "leader": lambda leader: Led(leader["ours"], leader["name"]),
    "printed": lambda printed: Printed(),
}

_MOMENTARY = frozenset({"printed", "notes"})


class WatchedTerminal:
    """One agent's terminal, as the keeper holds it under an id."""

    def __init__(self, watching: Watching, agent: str, id: str) -> None:
        self.id = id
        self._watching, self._agent = watching, agent
        self._on_news: Callable[[News], None] | None = None
        self._is_known = False  # the keeper has said that it holds this one

    def listen(self, on_news: Callable[[News], None]) -> None:
        """Begin to hear."""
        self._on_news = on_news
        self._watching.enroll(self._agent, self)

    def look(self, on_sight: Callable[[bytes], None]) -> None:
        """Ask for what it shows."""
        self._watching.look(self._agent, self.id, on_sight)

    def type(self, data: bytes, keys: int, on_done: Callable[[bool], None]) -> None:
        """Give the program bytes that are no human's."""
        self._watching.type(self._agent, self.id, data, keys, on_done)

    def close(self) -> None:
        """Hear no more."""
        self._on_news = None
        self._watching.dismiss(self._agent, self)

    def hear(self, standing: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        """So it stands with the agent; these facts of it are new."""
        terminal = standing.get("terminal", {"id": "", "alive": False})
        if terminal["id"] != self.id:
            if self._is_known:  # another one has taken its place
                self.end(Closed())
            return
        notes = facts.get("notes", ())
        if not self._is_known:
            self._is_known, facts = True, standing
        for note in notes:
            self._tell(Remarked(note["text"], serious=note["holds"], again=note["again"]))
        for name in [each for each in _NEWS if each in facts]:
            self._tell(_NEWS[name](facts[name]))
        if "remark" in facts:  # what holds; a note may just have told it
            text, is_told = facts["remark"], any(note["holds"] for note in notes)
            self._tell(Remarked(text, serious=bool(text), quiet=is_told))
        if not terminal["alive"]:
            self.end(Closed())

    def hang(self, hangs: bool, remark: str) -> None:
        """The keeper does not answer, or does so again."""
        text = HANGS if hangs else remark
        self._tell(Remarked(text, serious=bool(text), quiet=True))

    def end(self, closed: Closed) -> None:
        """That was it."""
        on_news = self._on_news
        self.close()
        if on_news is not None:
            on_news(closed)

    def _tell(self, news: News) -> None:
        if self._on_news is not None:
            self._on_news(news)


class Watching:
    """The connection, opened when it is needed: whoever loses it finds out, and asks for a terminal again."""

    def __init__(self, keeper: KeeperClient, workers: Workers) -> None:
        self._keeper, self._workers = keeper, workers
        self._opening = asyncio.Lock()
        self._stream: Stream | None = None
        self._standing: dict[str, dict[str, Any]] = {}
        self._terminals: dict[str, WatchedTerminal] = {}
        self._unheard: dict[str, tuple[Any, ...]] = {}  # notes of agents of which nobody hears yet
        self._number = 0
        self._sights: dict[int, Callable[[bytes], None]] = {}
        self._typed: dict[int, tuple[int, Callable[[bool], None]]] = {}  # bytes left of each
        self._pulse = Pulse(self._ask, self._hang)
        self._asked: deque[asyncio.Future[None] | None] = deque()  # whoever waits for which answer

    async def open(self) -> None:
        """Have the connection; starts a keeper if there is none. Raises KeeperError."""
        async with self._opening:
            if self._stream is not None:
                return
            connection = await self._workers.call(
                lambda: self._keeper.open(Want.WATCH, "", "", _ANY_SIZE),
                what="watch the agents",
                undo=lambda late: late.close(),
            )
            connection.socket.setblocking(False)
            self._frames, self._stream = connection.frames, Stream(connection.socket)
            for kind, body in connection.early:
                self._hear(kind, body)
            if self._stream is not None:
                self._stream.listen(self._received, self._lost)
                self._pulse.start()

    async def terminal(self, agent: str, id: str) -> WatchedTerminal:
        """That of an agent which the keeper holds: all is heard that was so of it until now.

        Raises KeeperError.
        """
        stream = self._stream
        if stream is not None:
            answer = asyncio.get_running_loop().create_future()
            self._ask(answer)
            try:
                async with asyncio.timeout(ANSWER_PATIENCE):
                    await answer
            except TimeoutError:
                raise KeeperError("the keeper does not answer", LOG_HINT) from None
        return WatchedTerminal(self, agent, id)

    def close(self) -> None:
        """Let go of the keeper; idempotent."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()
        self._pulse.stop()
        self._forget()

    # -- of the terminals -------------------------------------------------------------------------------

    def enroll(self, agent: str, terminal: WatchedTerminal) -> None:
        """It hears of its agent from now on, beginning with how that stands."""
        self._terminals[agent] = terminal
        if self._stream is None:
            asyncio.get_running_loop().call_soon(terminal.end, Closed(over=False))
        elif agent in self._standing:
            terminal.hear(self._standing[agent], {"notes": self._unheard.pop(agent, ())})

    def dismiss(self, agent: str, terminal: WatchedTerminal) -> None:
        """It hears no more."""
        if self._terminals.get(agent) is terminal:
            del self._terminals[agent]

    def look(self, agent: str, terminal: str, on_sight: Callable[[bytes], None]) -> None:
        """See `HeldTerminal`."""
        self._number += 1
        if self._say(Look(agent, terminal, self._number).encode()):
            self._sights[self._number] = on_sight
        else:
            on_sight(b"")

    def type(
        self, agent: str, terminal: str, data: bytes, keys: int, on_done: Callable[[bool], None]
    ) -> None:
        """See `HeldTerminal`."""
        self._number += 1
        if self._say(Type(agent, terminal, self._number, keys, data).encode()):
            self._typed[self._number] = len(data), on_done
        else:
            on_done(False)

    # -- of the keeper ----------------------------------------------------------------------------------

    def _say(self, words: bytes) -> bool:
        return self._stream is not None and self._stream.write(words, urgent=True)

    def _ask(self, answer: asyncio.Future[None] | None = None) -> None:
        self._asked.append(answer)
        self._say(frame(Kind.PING))

    def _hang(self, hangs: bool) -> None:
        for agent, terminal in [*self._terminals.items()]:
            terminal.hang(hangs, self._standing.get(agent, {}).get("remark", ""))

    def _received(self, data: bytes) -> None:
        self._pulse.answered()
        try:
            for kind, body in self._frames.feed(data):
                self._hear(kind, body)
        except ProtocolError as error:
            _log.error("the keeper is not understood: %s", error)
            self._lost()

    def _hear(self, kind: int, body: bytes) -> None:
        if kind == Kind.NEWS:
            self._take(read_news(body))
        elif kind == Kind.SIGHT:
            self._take_sight(*read_sight(body))
        elif kind == Kind.RECEIPT:
            self._take_receipt(*read_receipt(body))
        elif kind == Kind.RETURN:
            self._take_return(read_return(body)[0])
        elif kind == Kind.PONG and self._asked:
            _answer(self._asked.popleft())

    def _take(self, news: Words) -> None:
        standing = self._standing.setdefault(news.agent, {})
        standing.update({name: value for name, value in news.facts.items() if name not in _MOMENTARY})
        if (terminal := self._terminals.get(news.agent)) is not None:
            terminal.hear(standing, news.facts)
        elif "notes" in news.facts:
            self._unheard[news.agent] = (*self._unheard.get(news.agent, ()), *news.facts["notes"])[
                -MOST_NOTES:
            ]

    def _take_sight(self, number: int, state: bytes) -> None:
        if number in self._sights:
            self._sights.pop(number)(state)

    def _take_return(self, number: int) -> None:
        if number in self._typed:
            self._typed.pop(number)[1](False)

    def _take_receipt(self, number: int, size: int) -> None:
        if number not in self._typed:
            return
        left, on_done = self._typed[number]
        self._typed[number] = left - size, on_done
        if left <= size:
            del self._typed[number]
            on_done(True)

    def _lost(self) -> None:
        self.close()
        for terminal in [*self._terminals.values()]:
            terminal.end(Closed(over=False))

    def _forget(self) -> None:
        self._standing.clear()
        self._unheard.clear()
        while self._asked:
            _answer(self._asked.popleft())
        sights, self._sights = self._sights, {}
        typed, self._typed = self._typed, {}
        for on_sight in sights.values():
            on_sight(b"")
        for _, on_done in typed.values():
            on_done(False)


def _answer(answer: asyncio.Future[None] | None) -> None:
    if answer is not None and not answer.done():
        answer.set_result(None)
