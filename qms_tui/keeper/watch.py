"""A connection that hears of all agents and shows none: what is new of them, merged, and never waited for."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from qms_tui.keeper.held import HeldAgent
from qms_tui.keeper.input import Piece
from qms_tui.keeper.protocol import (
    Kind,
    ProtocolError,
    Return,
    frame,
    receipt_frame,
    return_frame,
    sight_frame,
)
from qms_tui.keeper.watch_words import MOST_NOTES, News, read_look, read_type

SOON = 0.1  # seconds between two pieces of news: programs may change their titles all the time
LATER = 0.5  # seconds likewise, where only output and a human's keys are new
ALL = ("terminal", "title", "rang_at", "status", "leader", "remark", "typed")
_OFTEN = frozenset({"printed", "typed"})


class House(Protocol):
    """What a watch asks of the keeper."""

    @property
    def agents(self) -> Mapping[str, HeldAgent]:
        """All that it knows of."""

    def leader_for(self, watch: Watch, agent: HeldAgent) -> dict[str, Any]:
        """Whether what is typed by itself is for this watch to type, and who leads for a human."""


@dataclass(slots=True)
class _Fresh:
    names: set[str] = field(default_factory=set)
    notes: list[dict[str, Any]] = field(default_factory=list)


class Watch:
    """Gets the standing of all agents first. `send` gives it a frame; `interface` is whose it is."""

    def __init__(self, house: House, interface: str, send: Callable[[bytes], None]) -> None:
        self.interface = interface
        self._house, self._send = house, send
        self._fresh: dict[str, _Fresh] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._told_at = -math.inf
        self._is_behind = False
        for agent in house.agents:
            for name in ALL:
                self.changed(agent, name)
            if gap := house.agents[agent].gap:
                self.note(agent, gap, holds=False, again=False)

    def changed(self, agent: str, name: str) -> None:
        """That is new of an agent; told right away if nothing was told just now."""
        fresh = self._fresh.setdefault(agent, _Fresh())
        if name not in fresh.names:
            fresh.names.add(name)
            self._tell_within(LATER if name in _OFTEN else SOON)

    def note(self, agent: str, text: str, *, holds: bool, again: bool) -> None:
        """A human should know this."""
        notes = self._fresh.setdefault(agent, _Fresh()).notes
        notes.append({"text": text, "holds": holds, "again": again})
        del notes[:-MOST_NOTES]
        self._tell_within(SOON)

    def close(self) -> None:
        """Tell no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def fall_behind(self) -> None:
        """It reads too slowly: what is new waits, merged."""
        self._is_behind = True

    def catch_up(self) -> None:
        """It has read everything."""
        self._is_behind = False
        self.tell()

    def hear(self, kind: int, body: bytes) -> None:
        """What it asks for, or types. Raises ProtocolError."""
        if kind == Kind.PING:
            self.tell()
            self._send(frame(Kind.PONG))
        elif kind == Kind.LOOK:
            self._look(body)
        elif kind == Kind.TYPE:
            self._type(body)
        else:
            raise ProtocolError(f"a frame of kind {kind}")

    def tell(self) -> None:
        """Say now all that is new."""
        self.close()
        if self._is_behind:
            return
        fresh, self._fresh = self._fresh, {}
        self._told_at = asyncio.get_running_loop().time()
        for name, what in fresh.items():
            self._send(News(name, self._facts(self._house.agents[name], what)).encode())

    def _facts(self, agent: HeldAgent, what: _Fresh) -> dict[str, Any]:
        facts = {name: agent.fact(name) for name in what.names - {"leader"}}
        if "leader" in what.names:
            facts["leader"] = self._house.leader_for(self, agent)
        return facts | ({"notes": what.notes} if what.notes else {})

    def _tell_within(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        at = max(loop.time(), self._told_at + seconds)
        if self._timer is not None and self._timer.when() <= at:
            return
        self.close()
        self._timer = loop.call_at(at, self.tell)

    def _held(self, agent: str, terminal: str) -> HeldAgent | None:
        held = self._house.agents.get(agent)
        return held if held is not None and held.alive and held.container == terminal else None

    def _look(self, body: bytes) -> None:
        """What is new comes before it: whether a human types there belongs to what is seen."""
        asked = read_look(body)
        self.tell()
        held = self._held(asked.agent, asked.terminal)
        self._send(sight_frame(asked.number, held.terminal.save_visible() if held else b""))

    def _type(self, body: bytes) -> None:
        """Not if a human has typed meanwhile, nor if it is another watch's to type."""
        words = read_type(body)
        held = self._held(words.agent, words.terminal)
        may = held is not None and held.keys == words.keys and self._house.leader_for(self, held)["ours"]
        if held is None or not may:
            self._send(return_frame(words.number, Return.FULL))
            return
        held.input.write(
            Piece(
                words.data,
                urgent=True,
                on_receipt=lambda size: self._send(receipt_frame(words.number, size)),
                on_return=lambda why: self._send(return_frame(words.number, why)),
            )
        )
