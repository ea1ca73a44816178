"""An interface's connection to the keeper: its frames in, the frames for it out, never waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from qms_tui.errors import QmsTuiError
from qms_tui.ipc import Stranger, check_own
from qms_tui.ipc.connect import APART
from qms_tui.keeper.held import HeldAgent
from qms_tui.keeper.input import Typing
from qms_tui.keeper.protocol import (
    PROTOCOL,
    Frames,
    Hello,
    Input,
    Kind,
    ProtocolError,
    Want,
    frame,
    message,
    read_hello,
    read_input,
    read_size,
    size_frame,
)
from qms_tui.keeper.watch import Watch
from qms_tui.keeper.watcher import ANOTHER_USER, Watcher
from qms_tui.runtime import Size

BEHIND = 512 * 1024  # bytes beyond a state that wait for an interface; then it gets the next state instead


class House(Protocol):
    """What a guest asks of the keeper."""

    async def receive(self, guest: Guest, hello: Hello) -> dict[str, Any]:
        """What the guest came for; what to tell it first. Raises QmsTuiError."""

    def watch(self, guest: Guest) -> Watch:
        """The guest hears of all agents from now on."""

    def lead(self, guest: Guest) -> None:
        """A human types there."""

    def leave(self, guest: Guest) -> None:
        """The guest has gone."""

    def rank(self, guest: Guest) -> tuple[int, int]:
        """Who was typed into last has the highest."""

    def complain(self, text: str) -> None:
        """Somebody was turned away."""


class Guest(asyncio.Protocol):
    """Follows at most one agent, or watches all. One that does not read is left behind, and gets the state
    when it does.
    """

    def __init__(self, house: House, number: int) -> None:
        self.number = number
        self.hello = Hello(0)
        self.size = Size(80, 24)
        self.leads = False
        self.agent: HeldAgent | None = None
        """Whose terminal it shows."""
        self.started: HeldAgent | None = None
        """Whose program it starts: a size that it gives is the program's, which has one from now on."""
        self.watch: Watch | None = None
        self._typing = Typing(self.send)
        self._house = house
        self._frames = Frames()
        self._transport: asyncio.Transport | None = None
        self._behind = self._missed = False
        self._greeting: asyncio.Task[None] | None = None

    @property
    def rank(self) -> tuple[int, int]:
        """For the choice of a leader."""
        return self._house.rank(self)

    @property
    def name(self) -> str:
        """What a human knows it by."""
        return self.hello.name

    @property
    def interface(self) -> str:
        """The same on all connections of one screen."""
        return self.hello.interface

    @property
    def palette(self) -> str:
        """The colours of its screen."""
        return self.hello.palette

    @property
    def typed(self) -> bool:
        """Whether a human has typed into this interface."""
        order, _ = self.rank
        return order > 0

    # -- of asyncio ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has come; nothing that a stranger says is read."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        try:
            check_own(transport.get_extra_info("socket"))
        except Stranger as stranger:
            self._house.complain(f"it {stranger}")
            self._refuse(f"the keeper does not serve this program: it {stranger}", APART)

    def data_received(self, data: bytes) -> None:
        """Something was said; what is not understood ends the connection."""
        try:
            for kind, body in self._frames.feed(data):
                self._heard(kind, body)
        except ProtocolError as error:
            self._house.complain(str(error))
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        """The guest has gone."""
        self._transport = None
        if self._greeting is not None:
            self._greeting.cancel()
        if self.agent is not None:
            self.agent.remove(self)
        if self.watch is not None:
            self.watch.close()
        self._house.leave(self)

    def pause_writing(self) -> None:
        """It reads too slowly: what comes now is left out."""
        self._behind = True
        if self.watch is not None:
            self.watch.fall_behind()

    def resume_writing(self) -> None:
        """It has read everything: if something was left out, the state makes up for it."""
        self._behind = False
        if self._missed:
            self.send_state()
        if self.watch is not None:
            self.watch.catch_up()

    # -- what is heard ------------------------------------------------------------------------------------

    def _heard(self, kind: int, body: bytes) -> None:
        if kind == Kind.HELLO and self._greeting is None:
            self.hello = read_hello(body)
            self.size = Size(max(self.hello.columns, 1), max(self.hello.lines, 1))
            self._greeting = asyncio.get_running_loop().create_task(self._greet())
        elif self.watch is not None:
            self.watch.hear(kind, body)
        elif kind == Kind.SIZE:
            self.size = Size(*read_size(body))
            if self.agent is not None:
                self.agent.resize(self)
            elif self.started is not None:
                self.started.started()
        elif kind == Kind.LEAD:
            self._house.lead(self)
        elif kind == Kind.INPUT and self.agent is not None:
            if self.agent.alive:  # else its end is on the way to the interface
                self._type(read_input(body), self.agent)
        elif kind == Kind.PING:
            self.send(frame(Kind.PONG))
        else:
            raise ProtocolError(f"a frame of kind {kind}")

    def _type(self, piece: Input, agent: HeldAgent) -> None:
        if piece.human:
            agent.typed_by_human()
        self._typing.take(piece, agent.input)

    async def _greet(self) -> None:
        try:
            welcome = await self._house.receive(self, self.hello)
        except QmsTuiError as error:
            self._refuse(error.message, error.hint)
        else:
            self.send(message(Kind.WELCOME, welcome))
            if self.agent is not None:
                self.agent.add(self)
            if self.hello.want == Want.WATCH:
                self.watch = self._house.watch(self)

    # -- what is said -------------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Send without waiting."""
        if self._transport is not None:
            self._transport.write(data)

    def _refuse(self, text: str, hint: str) -> None:
        """Say why, and in which protocol, whatever the guest speaks; this frame is the same in all."""
        self.send(message(Kind.REFUSED, {"message": text, "hint": hint, "protocol": PROTOCOL}))
        self.close()

    def send_output(self, data: bytes) -> None:
        """The program printed this."""
        if self._behind:
            self._missed = True
        elif data:
            self.send(frame(Kind.OUTPUT, data))

    def send_size(self, size: Size) -> None:
        """The terminal has this size from here on."""
        if self._behind:
            self._missed = True
        else:
            self.send(size_frame(size.columns, size.lines))

    def send_leader(self, leader: Watcher | None) -> None:
        """This one leads from here on, or another user does."""
        self.send(message(Kind.LEADER, {"ours": self.leads, "name": leader.name if leader else ANOTHER_USER}))

    def send_state(self) -> None:
        """The terminal as it is now."""
        if self._behind:
            self._missed = True
        elif self.agent is not None and self._transport is not None:
            self._missed = False
            state, output = self.agent.state()
            self._transport.set_write_buffer_limits(high=BEHIND + len(state), low=0)
            self.send(frame(Kind.STATE, state))
            self.send_output(output)

    def send_remark(self, text: str, *, holds: bool, again: bool = False) -> None:
        """A human should know this."""
        self.send(message(Kind.REMARK, {"text": text, "holds": holds, "again": again}))

    def send_end(self) -> None:
        """The program's end of the terminal closed."""
        self.send(frame(Kind.END))
        self.close()

    def close(self) -> None:
        """Say no more; what was said still goes out."""
        if self._transport is not None:
            self._transport.close()


Guests = Callable[[], Guest]
