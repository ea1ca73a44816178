"""Coming back exactly: what is shown is what would be there had nobody left, for each class of program."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from qms_tui.core import AgentState
from qms_tui.keeper.journal.records import Fact, Gap
from qms_tui.terminal import Bell, ClipboardWrite, DesktopNotification, IconChanged, TitleChanged

from .faulty import until
from .kept import Client, House, Witness
from .relay import Relay
from .shown import Frozen, differences_at_rest
from .tried import CAME_BACK

PYTHON = "/usr/bin/python3"
LAST_ANSWER = re.compile("1b5d31313b[0-9a-f]*07")  # to OSC 11, as the act tells it
LINE = re.compile(r"^line (\d+) ")
LONG_DRAFT = b"echo " + b" ".join(b"word%d" % number for number in range(30)) + b" END"


@dataclass(frozen=True)
class Case:
    """A class of programs: the command, what it shows, what was typed before leaving and what after."""

    command: tuple[str, ...]
    shows: str
    before: tuple[tuple[bytes, str], ...] = ()
    after: tuple[tuple[bytes, str], ...] = ()


def act(name: str, shows: str, *after: tuple[bytes, str], before: tuple[tuple[bytes, str], ...] = ()) -> Case:
    return Case((PYTHON, "/etc/acts.py", name), shows, before, after)


BASH = ("bash", "--norc", "-i")
CASES = {
    "bash": Case(BASH, "bash-", ((b"echo o''ne; echo tw''o\r", "two"),), ((b"echo fi''ve\r", "five"),)),
    "sh": Case(
        ("sh", "-c", "PS1='$ ' exec sh"), "$", ((b"echo o''ne\r", "one"),), ((b"echo fi''ve\r", "five"),)
    ),
    "draft_bash": Case(
        BASH, "bash-", ((LONG_DRAFT, "END"), (b"\x01\x1bf\x1bf", "")), ((b"X\r", "word29 END\n"),)
    ),
    "draft_python": Case(
        (PYTHON, "-q"), ">>>", ((b"x = '" + LONG_DRAFT, "END"), (b"\x1b[D" * 9, "")), ((b"'#\r", ">>>"),)
    ),
    "cooked": Case(
        ("sh", "-c", "echo there; exec cat"),
        "there",
        ((b"half a li", "half a li"),),
        ((b"\x7fine\r", "half a line\nhalf a line"),),
    ),
    "progress": act("progress", "step 40", (b"x", "step 43"), before=((b"x", "step 41"), (b"x", "step 42"))),
    "lines": act("lines", "all lines", (b"x", "got x")),
    "inline": act("inline", "3: -", (b"c", "2: abc"), before=((b"a", "1: a"), (b"b", "1: ab"))),
    "curses": act("screen", "keys 0", (b"y", "keys 2"), before=((b"x", "keys 1"),)),
    "nano": Case(
        ("nano", "/etc/acts.py"),
        "Standard library",
        ((b"\x1b[B\x1b[Bhello", "hello"),),
        ((b" you", "hello you"), (b"\x1b[6~", "LINES")),
    ),
    "less": Case(("less", "/etc/acts.py"), "acts.py", ((b" /return\r", "return"),), ((b"G", "(END)"),)),
    "vim": Case(
        ("vim", "-N", "--clean", "-c", "syntax on", "/etc/acts.py"),
        "Standard library",
        ((b"ohalf \xc3\xa4", "half ä"),),
        ((b" typed\x1b:set nu\r", " 1 "),),
    ),
    "htop": Case(("htop", "--delay=100"), "Load average", ((b"Z", ""),), ((b"\x1bOP", "Released under"),)),
    "held": act("held", "before", (b"x", "and the rest"), (b"y", "got y")),
    "sequence": act("sequence", "plain", (b"x", "red"), (b"y", "got y")),
    "character": act("character", "price: € 5,", (b"x", "€ 7"), (b"y", "got y")),
    "string": act("string", "shown", (b"x", "afterwards"), (b"y", "got y")),
}


Wrong = dict[str, list[str]]
"""What is wrong with whom."""


@dataclass(frozen=True)
class Seen:
    """One agent, the client in whose hands it is, the witness, and how that one's terminal was when left."""

    name: str
    client: Client
    witness: Witness
    frozen: Frozen

    async def come_back(self, home: House) -> Seen:
        """In another interface's hands, as soon as it shows the terminal."""
        again = home.client(self.name)
        await again.come_back()
        return replace(self, client=again)

    async def same(self) -> list[str]:
        """What differs between client and witness when both are at rest."""
        return await differences_at_rest(self.client, self.witness)

    async def go_on(self) -> list[str]:
        """As `same`, when what is typed now has done what it would have done."""
        for keys, shows in CASES[self.name].after:
            self.client.type(keys)
            for text in shows.split("\n"):
                await self.witness.expect(text)
        return await self.same()


async def begin(home: House, name: str) -> Seen:
    case = CASES[name]
    client, witness = await home.start(name, *case.command)
    await witness.expect(case.shows)
    for keys, shows in case.before:
        client.type(keys)
        await witness.expect(shows)
    frozen = await witness.settle()
    witness.states = [frozen]
    return Seen(name, client, witness, frozen)


async def all_of(seen: Iterable[Seen], look: Callable[[Seen], Awaitable[list[str]]]) -> Wrong:
    """What is wrong with each of them; nobody is left out because another one fails."""
    several = list(seen)
    results = await asyncio.gather(*(look(one) for one in several))
    return {one.name: result for one, result in zip(several, results, strict=True) if result}


async def test_every_class_comes_back(home: House, record_property: Callable[[str, object], None]) -> None:
    """All at once: the interface leaves and comes back, then the keeper is killed while they are silent."""
    first, *others = CASES
    seen = [await begin(home, first)]  # with a keeper for all: seventeen that start at once take long
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(begin(home, name)) for name in others]
    seen += [task.result() for task in tasks]
    await asyncio.gather(*(one.client.close() for one in seen))
    seen = await asyncio.gather(*(one.come_back(home) for one in seen))
    assert wrong_at_first(seen, 0) == {}
    assert await all_of(seen, Seen.same) == {}
    assert {one.name: one.client.asked for one in seen if one.client.asked} == {}
    home.kill_keeper()
    for one in seen:
        await one.client.comes_again(2)
    # Full-screen programs are made to repaint, of which a part may be seen.
    assert wrong_at_first([one for one in seen if not one.frozen.modes.alternate_screen], 1) == {}
    assert await all_of(seen, Seen.same) == {}
    changed = {one.name for one in seen if Frozen.of(one.client.screen()).shown != one.frozen.shown}
    # When they repaint, htop shows what is now, and nano drops its message that the file is read-only.
    assert changed <= {"htop", "nano"}
    assert {one.name: one.client.asked for one in seen if rings(one.client)} == {}
    assert await all_of(seen, Seen.go_on) == {}
    for one in seen:
        record_property(CAME_BACK, one.name)


def wrong_at_first(seen: Iterable[Seen], number: int) -> Wrong:
    """What differed in the very first state, or the second, that each client was given."""
    found = {one.name: wrong_in(one.client.restored[number], one) for one in seen}
    return {name: differences for name, differences in found.items() if differences}


def wrong_in(restored: Frozen, one: Seen) -> list[str]:
    """How a state is none that the witness has seen since: htop draws by itself every ten seconds."""
    return min((restored.differences(state) for state in one.witness.states or ()), key=len)


def rings(client: Client) -> bool:
    return not all(isinstance(event, TitleChanged | IconChanged) for event in client.asked)


async def test_nothing_rings_answers_or_asks_again(home: House) -> None:
    """The act tells every byte that it is given."""
    client, witness = await home.start("asks", PYTHON, "/etc/acts.py", "asks")
    await client.expect("asked")
    await client.settle()
    assert {type(event) for event in client.asked} >= {Bell, ClipboardWrite, DesktopNotification}
    await witness.wait(lambda: bool(LAST_ANSWER.search(heard(witness))), "all answers")
    frozen = await witness.settle()
    assert "1b5b3f" in "".join(frozen.display), "the client that leads answers"
    await client.close()
    again = home.client("asks")
    assert (await again.come_back()).differences(frozen) == []
    await witness.expect("1b5b49")  # that it has the focus, since it asked to be told
    frozen = await witness.settle()
    home.kill_keeper()
    await again.wait(lambda: again.agent.state is not AgentState.RUNNING, "the loss")
    again.type(b"k")  # kept until it can be told
    await again.comes_again(2)
    assert again.restored[1].differences(frozen) == []
    await witness.expect("6b")
    shown = (await witness.settle()).display
    told = "".join(row.strip() for row in shown).removeprefix("".join(row.strip() for row in frozen.display))
    assert told == "1b5b496b"
    assert again.asked == []
    assert await Seen("asks", again, witness, frozen).same() == []


def heard(witness: Witness) -> str:
    """What the act tells of what it was given."""
    return "".join(row.strip() for row in witness.terminal.display)


async def test_a_connection_that_drops(home: House, tmp_path: Path) -> None:
    """That to the engine is not needed for what is shown and typed, that to the keeper comes back."""
    client, witness = await home.start("dropped", *CASES["draft_bash"].command)
    await witness.expect(CASES["draft_bash"].shows)  # before that, the terminal would echo it, too
    client.type(LONG_DRAFT)
    await witness.expect("END")
    frozen = await witness.settle()
    await client.close()
    with Relay(tmp_path / "engine") as relay:
        again = home.client("dropped", relay.host)
        assert (await again.come_back()).differences(frozen) == []
        relay.cut()
        again.type(b" a word")
        await witness.expect("word29 END a word")
        assert len(again.restored) == 1
        frozen = await witness.settle()
        again.drop()
        await again.comes_again(2)
        assert again.restored[1].differences(frozen) == []
        again.type(b" more\r")
        await witness.expect("word29 END a word more\n")
        assert await Seen("dropped", again, witness, frozen).same() == []
        assert again.asked == []
        await again.close()


async def test_a_keeper_killed_while_lines_are_printed(home: House) -> None:
    """What the engine's log has fills the gap: no line is missing, none is there twice."""
    client, witness = await home.start("printing", PYTHON, "/etc/acts.py", "slowly")
    await witness.expect("ready")
    client.type(b"g")
    await witness.wait(lambda: newest_line(witness) >= 200, "lines")
    home.kill_keeper()
    await client.comes_again(3)
    await witness.expect("line 001999 ")
    client.type(b"x")  # not before the keeper is back: what has no end is not in the engine's log
    await witness.expect("all lines")
    assert await Seen("printing", client, witness, await witness.settle()).same() == []
    await until(lambda: any(map(is_filled, home.journal("printing"))), "the gap in the journal")


def newest_line(witness: Witness) -> int:
    """Its number; -1 without any. On a busy machine no line need be seen while it is on the screen."""
    return max((int(number) for row in witness.terminal.display for number in LINE.findall(row)), default=-1)


def is_filled(fact: Fact) -> bool:
    return isinstance(fact, Gap) and fact.filled and fact.size > 0


async def test_a_keeper_killed_while_a_full_screen_program_draws(home: House) -> None:
    """The log has nothing of it: the program is made to repaint."""
    client, witness = await home.start("drawing", *CASES["vim"].command)
    await witness.expect("Standard library")
    client.type(b":sleep 300m | call setline(3, repeat('drawn ', 3))\r")
    await witness.expect("call setline")
    await client.close()
    home.kill_keeper()
    frozen = await witness.settle("drawn drawn drawn")
    again = home.client("drawing")
    await again.come_back()
    assert await Seen("drawing", again, witness, frozen).same() == []
    assert Frozen.of(again.screen()).display == frozen.display


async def test_keys_typed_before_the_screen_is_back_are_for_its_modes(home: House) -> None:
    """A cursor key is another one for a program that has asked for application cursor keys."""
    program = ("sh", "-c", r"stty raw -echo; printf '\033[?1hready '; exec cat")
    client, witness = await home.start("qa", *program)
    await client.expect("ready")
    await client.close()
    again = home.client("qa", command=program)
    again.open()
    await again.wait(lambda: again.agent.state is AgentState.ATTACHING, "a connection on its way")
    again.link.type(lambda modes: b"for application keys" if modes.application_cursor else b"for none")
    assert again.link.keys_waiting == 1
    await witness.expect("for application keys")
    assert not again.link.keys_waiting
