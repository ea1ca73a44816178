"""The same with a screen open: a person types into the first of six agents and reads what is missing.

How soon that is said, and is back, are figures of the bench (`survive`); here the order of things counts.
"""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from qms_tui.errors import QmsTuiError
from qms_tui.keeper.paths import LOCAL
from tests.tui import Tui

from .streaming import NAMES, faults
from .street import Street, is_gone, street, take_memory

__all__ = ["street"]
pytestmark = pytest.mark.timeout(900)  # six streams on a busy machine; on a quiet one half a minute

SIZE = (200, 60)
F5 = "\x1b[15~"
LEAVE = "\x11"
MISSING = "states, inbox missing since "
HANGS = "the keeper hangs: F5 restarts it"
SOME = 5  # keys that show that typing goes on
PATIENCE = 120.0  # seconds; on a busy machine six streams through two terminals take their time
_NUMBER = re.compile(r"(\d{9}) x")


class Person:
    """Types numbers, each once the one before it is shown, and reads."""

    def __init__(self, street: Street, tui: Tui) -> None:
        self._street, self.tui = street, tui
        self.typed = 0

    def types_on(self, count: int = SOME) -> None:
        for _ in range(count):
            self.typed += 1
            self.tui.type(f"{self.typed},")
            self.tui.until(lambda: f"<{self.typed}>" in self.tui.text, PATIENCE)

    def reads(self, *texts: str, absent: str = "") -> None:
        self.tui.wait(*texts, absent=absent, patience=PATIENCE)

    def stops(self) -> None:
        """All have ended to print, and that is seen."""
        for number in range(1, len(NAMES) + 1):
            self.tui.type(f"\x1b{number}stop,")
            self.tui.until(lambda number=number: self.tui.text.count("<stop>") == number, PATIENCE)  # type: ignore[misc]

    def faults(self) -> dict[str, list[str]]:
        """Of its journal, by agent, once the screen has its last line."""
        found = {}
        for name in NAMES:
            printed = self._street.household.printed(name, self._street.engine)
            last = _NUMBER.findall(printed)[-1]
            self.tui.wait(last, patience=PATIENCE)  # a toast may cover it for some seconds
            found[name] = faults(printed, self.typed if name == NAMES[0] else 0, begin=())[:5]
        return found


@contextmanager
def screen(street: Street) -> Iterator[Person]:
    """One on all six, which print from the start on."""
    runtime = ("--runtime", street.runtime) if street.runtime else ()
    config = str(street.household.config)
    words = ("--config", config, *runtime, "--command", f"{street.command} pinned", *NAMES)
    with Tui(*words, cwd=street.household.root, size=SIZE) as tui:
        tui.leaves_agents = True  # the household's
        tui.wait("6 of 6 running", patience=PATIENCE)
        yield Person(street, tui)
        tui.type(LEAVE)
        assert tui.end(PATIENCE) == 0


async def test_a_daemon_that_is_killed_hangs_is_replaced_or_has_no_memory(street: Street) -> None:
    with screen(street) as person:
        person.types_on()
        before = street.processes()
        assert len(before) == len(NAMES)
        for fault in (killed, hung_for_a_while, restarted_by_key, upgraded, without_memory):
            await fault(street, person)
            person.reads("6 of 6 running", absent=MISSING)
            person.types_on()
            assert street.processes() == before, fault.__name__
        person.stops()
        assert person.faults() == {name: [] for name in NAMES}


async def killed(street: Street, person: Person) -> None:
    street.household.kill()
    person.reads(MISSING)
    person.types_on()


async def hung_for_a_while(street: Street, person: Person) -> None:
    process = street.household.kill(signal.SIGSTOP)
    person.reads(MISSING)
    person.types_on()
    assert MISSING in person.tui.text
    process.resume()


async def restarted_by_key(street: Street, person: Person) -> None:
    process = street.household.kill(signal.SIGSTOP)
    person.reads(MISSING, "the daemon hangs: F5 restarts it")
    person.types_on()
    person.tui.type(F5)
    person.reads("6 of 6 running", absent=MISSING)
    assert is_gone(process)


async def upgraded(street: Street, person: Person) -> None:
    """By a newer version, which somebody opens beside this one."""
    process = street.household.process()
    street.age()
    reaching = asyncio.create_task(street.household.window_of_new())
    while not reaching.done():
        person.types_on(1)
        await asyncio.sleep(0)
    await reaching
    assert is_gone(process)


async def without_memory(street: Street, person: Person) -> None:
    process, window = street.household.process(), await street.household.window()
    with pytest.raises(QmsTuiError):
        await take_memory(process, window)
    person.reads(MISSING)
    person.types_on()
    assert is_gone(process)


async def test_a_keeper_that_is_killed_or_hangs(street: Street) -> None:
    with screen(street) as person:
        person.types_on()
        before = street.processes()
        ends = [kill, let_it_go_on, end_by_key]
        for end in ends if street.engine == LOCAL else [*ends, kill_the_gateway]:
            await end(street, person)
            person.types_on()
            person.reads("6 of 6 running", absent=HANGS)
            assert street.processes() == before, end.__name__
        person.stops()
        assert person.faults() == {name: [] for name in NAMES}


async def kill(street: Street, person: Person) -> None:
    street.keeper().kill()


async def let_it_go_on(street: Street, person: Person) -> None:
    keeper = street.keeper()
    keeper.suspend()
    person.reads(HANGS)
    keeper.resume()


async def end_by_key(street: Street, person: Person) -> None:
    keeper = street.keeper()
    keeper.suspend()
    person.reads(HANGS)
    person.tui.type(F5)
    person.types_on()
    assert is_gone(keeper)


async def kill_the_gateway(street: Street, person: Person) -> None:
    gateway = street.gateway()
    assert gateway is not None
    gateway.kill()
    person.types_on()
    await street.household.until(lambda: street.gateway() not in (None, gateway))
