"""Coming back exactly: what is shown is what would be there had nobody left, for each class of program."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from .kept import Client, Frozen, House, Witness

PYTHON = "/usr/bin/python3"
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
    "bash": Case(BASH, "$", ((b"echo o''ne; echo tw''o\r", "two"),), ((b"echo fi''ve\r", "five"),)),
    "sh": Case(("sh",), "$", ((b"echo o''ne\r", "one"),), ((b"echo fi''ve\r", "five"),)),
    "draft_bash": Case(BASH, "$", ((LONG_DRAFT, "END"), (b"\x01\x1bf\x1bf", "")), ((b"X\r", "word29 END\n"),)),
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
    "htop": Case(("htop", "--delay=100"), "Load average", (), ((b"\x1bOP", "Released under"),)),
    "held": act("held", "before", (b"x", "and the rest"), (b"y", "got y")),
    "sequence": act("sequence", "plain", (b"x", "red"), (b"y", "got y")),
    "character": act("character", "price: € 5, ", (b"x", "€ 7"), (b"y", "got y")),
    "string": act("string", "shown", (b"x", "afterwards"), (b"y", "got y")),
}


async def begin(home: House, name: str) -> tuple[Client, Witness, Frozen]:
    """The agent as it was left: its client, the witness, and how that one's terminal was before the return."""
    case = CASES[name]
    client, witness = await home.start(name, *case.command)
    await witness.expect(case.shows)
    for keys, shows in case.before:
        client.type(keys)
        await witness.expect(shows)
    return client, witness, await witness.settle()


async def go_on(client: Client, witness: Witness, name: str) -> None:
    """What is typed now does what it would have done, and both see it alike."""
    for keys, shows in CASES[name].after:
        client.type(keys)
        for text in shows.split("\n"):
            await witness.expect(text)
    expected = await witness.settle()
    await client.wait(lambda: not Frozen.of(client.screen()).differences(expected), "the same", 5)


@pytest.mark.parametrize("name", CASES)
async def test_leaving_and_coming_back(home: House, name: str) -> None:
    client, witness, frozen = await begin(home, name)
    await client.close()
    again = home.client(name)
    shown = await again.come_back()
    assert shown.differences(frozen) == []
    assert (await again.settle()).differences(frozen) == []
    assert (again.asked, len(again.restored)) == ([], 1)
    await go_on(again, witness, name)


@pytest.mark.parametrize("name", CASES)
async def test_killed_keeper(home: House, name: str) -> None:
    client, witness, frozen = await begin(home, name)
    asked = len(client.asked)
    restored = len(client.restored)
    home.kill_keeper()
    await client.wait(lambda: len(client.restored) > restored, "the new keeper's state")
    shown = await client.settle()
    assert shown.differences(frozen) == []
    assert len(client.asked) == asked
    await go_on(client, witness, name)
