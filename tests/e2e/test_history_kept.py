"""Much output while nobody looks: each line once, the focused pane soon, no key lost."""

from __future__ import annotations

import asyncio
from itertools import zip_longest

from qms_tui.core import AgentState

from .kept import FLOOD_LINE, SCROLLBACK, SIZE, Client, House

SIZES = {"focused": 100, "second": 10, "third": 10}  # MB that each has printed while nobody was attached
FOCUSED, ALL = 1.0, 3.0  # seconds until a pane is right


def wrong_lines(client: Client, megabytes: int) -> list[str]:
    """Rows that are not the end of the flood and then the answer to one key."""
    terminal = client.screen()
    shown = [row.rstrip() for row in (*terminal.history, *terminal.display)]
    last = megabytes * 1_000_000 // FLOOD_LINE
    numbers = range(last - (SCROLLBACK + SIZE.lines - 3), last)
    expected = [*(f"{number:09} {'x' * 38}" for number in numbers), "flooded", "got k", ""]
    return [f"{row!r} is not {should!r}" for row, should in zip_longest(shown, expected) if row != should]


async def come_back(client: Client, within: float) -> None:
    """As soon as it may, somebody types a key; the flood is there as soon as the terminal is.

    Its very last lines may have reached the keeper a moment after the witness.
    """
    client.open()
    await client.wait(lambda: client.agent.state is AgentState.ATTACHING, "the beginning")
    client.type(b"k")
    await client.wait(lambda: bool(client.restored), "the terminal", within)
    assert client.restored[0].history
    await client.wait(lambda: _has_ended(client), "the end of the flood", within)


def _has_ended(client: Client) -> bool:
    return "flooded" in [row.rstrip() for row in client.link.terminal.display]


async def test_floods_while_nobody_is_attached(home: House) -> None:
    for name, megabytes in SIZES.items():
        await home.flooded(name, megabytes)
    again = dict(zip(SIZES, home.clients(*SIZES), strict=True))
    limits = [FOCUSED] + [ALL] * (len(SIZES) - 1)
    await asyncio.gather(*map(come_back, again.values(), limits))
    for client in again.values():
        await client.expect("got k", ALL)
        assert wrong_lines(client, SIZES[client.agent.name]) == []
    assert [event for client in again.values() for event in client.asked] == []
