"""Two people, or one at two terminals, on the same agents: who typed last leads, the other follows."""

from __future__ import annotations

import os
import re
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.tui import Tui

from .test_app import ALT_2, App, leave
from .user import as_user, give

LARGE, SMALL = (160, 40), (100, 30)
LARGE_SIZE, SMALL_SIZE = "37 158", "27 98"  # what `stty size` says in a pane of one agent
FLOOD = 50_000_000  # bytes
BACK_WITHIN = 2.0  # seconds after SIGCONT in which the screen must be right
PATIENCE = 60.0
# The terminal's replies to one query, in hexadecimal; gives up two seconds after the last byte.
ASK = (
    "q() { stty raw -echo min 0 time 20; printf '\\033[6n'; x=$(dd bs=1 count=99 2>/dev/null | xxd -p);"
    " stty sane; echo reply-$1-$x-end; }\r"
)


class Two:
    """Two screens whose programs both are read all the time."""

    def __init__(self, *screens: Tui) -> None:
        self.screens = screens

    def until(self, condition: Callable[[], object], within: float = PATIENCE) -> float:
        """Read both until the condition holds; the seconds that took."""
        began = time.monotonic()
        while not condition():
            shown = "\n".join(tui.text for tui in self.screens)
            assert time.monotonic() - began < within, f"waited {within:g} s in vain; shown:\n{shown}"
            self._read()
        return time.monotonic() - began

    def show(self, *texts: str) -> None:
        """Wait until both show the texts."""
        self.until(lambda: all(text in tui.text for text in texts for tui in self.screens))

    def _read(self) -> None:
        ready, _, _ = select.select([tui.process.fd for tui in self.screens], [], [], 0.05)
        for tui in self.screens:
            if tui.process.fd in ready:
                tui._read(0)


@pytest.fixture
def app(qms_project: Path, tmp_path: Path, image: str) -> Iterator[App]:
    made = App(qms_project, tmp_path / "home", image)
    yield made
    made.run("stop", "--all")


def screen(app: App, size: tuple[int, int], *agents: str) -> Tui:
    return app.open(*agents, size=size)


@contextmanager
def two(app: App, *agents: str) -> Iterator[tuple[Tui, Tui, Two]]:
    """A large and a small screen, in the large one's first agent a shell."""
    with screen(app, LARGE, *agents) as large, screen(app, SMALL, *agents) as small:
        both = Two(large, small)
        both.show("agent ready claude", f"{len(agents)} of {len(agents)} running")
        large.type("sh\rPS1='$ '; echo $((40 + 2))ready\r")
        both.show("42ready")
        yield large, small, both


def name(tui: Tui) -> str:
    """What the other one calls it: the terminal of its standard input."""
    return os.readlink(f"/proc/{tui.process.pid}/fd/0").removeprefix("/dev/")


def take_over(typing: Tui, watching: Tui, both: Two) -> None:
    """Type a line, and wait until both know who leads: what is typed at once may be faster than the size."""
    typing.type("\r")
    both.until(lambda: "type to take over" in watching.text and "type to take over" not in typing.text)


def nudged(size: str) -> str:
    """A line less, which a program has for a moment so that it paints for whoever leads now."""
    lines, columns = size.split()
    return f"{int(lines) - 1} {columns}"


# qms-tui whose keys wait for the lead however busy the machine is: how long at most, tests/keeper shows.
PATIENT = """
import sys
from qms_tui.__main__ import main
from qms_tui.ui.terminals import attachment
attachment.TAKE_OVER = 60.0
sys.exit(main())
"""


def test_the_first_keys_find_the_size_of_the_screen_they_were_typed_into(app: App) -> None:
    app.program = (*as_user(app.uid), sys.executable, "-c", PATIENT)
    with two(app, "claude") as (large, small, both):
        both.until(lambda: "leads at 158x37 · type to take over" in small.text)
        for turn in range(6):
            typing, watching, size = [(small, large, SMALL_SIZE), (large, small, LARGE_SIZE)][turn % 2]
            typing.type(f"echo turn-{turn}-$(stty size)-end\r")
            said = re.compile(f"turn-{turn}-({size}|{nudged(size)})-end")
            both.until(lambda said=said: said.search(typing.text))  # type: ignore[misc] # noqa: B023
            both.until(lambda watching=watching: "type to take over" in watching.text)  # type: ignore[misc]


def until_size(size: str) -> str:
    """What a shell does until its terminal has a size, which it prints: keys may be faster than sizes."""
    return f"until stty size | grep '{size}'; do sleep .1; done"


def inside(tui: Tui, columns: int, lines: int) -> list[str]:
    """The top left part of the only pane."""
    return [row[1 : 1 + columns] for row in tui.terminal.display[1 : 1 + lines]]


def test_who_types_leads_and_the_other_is_letter_boxed(app: App) -> None:
    with two(app, "claude") as (large, small, both):
        both.until(lambda: "leads at 158x37 · type to take over" in small.text and "leads" not in large.text)
        for turn, (typing, watching, size) in enumerate(
            [(small, large, SMALL_SIZE), (large, small, LARGE_SIZE), (small, large, SMALL_SIZE)]
        ):
            take_over(typing, watching, both)
            typing.type(f"clear; {until_size(size)}; echo turn-$(({turn} + 0))-end\r")
            both.until(lambda typing=typing: f"turn-{turn}-end" in typing.text)  # type: ignore[misc] # noqa: B023
            assert size in typing.text
            assert "type to take over" not in typing.text
        both.until(lambda: "leads at 98x27" in large.text and "following pts/" in large.text)
        both.until(lambda: inside(large, 98, 27) == inside(small, 98, 27))
        both.until(lambda: large.terminal.display[5][99] == "│")
        both.until(lambda: large.terminal.display[28].startswith("┃" + "─" * 98 + "┘"))


def test_the_prompt_of_a_larger_terminal_is_in_view(app: App) -> None:
    with two(app, "claude") as (large, small, both):
        large.type("clear; seq 30\r")
        both.until(lambda: "↑" in small.text and re.search(r"┃30 +┃", small.text))

        def shows_the_end() -> bool:
            cut = re.search(r"↑(\d+)", small.text)
            return cut is not None and inside(small, 98, 27) == inside(large, 98, 37)[int(cut[1]) :][:27]

        both.until(shows_the_end)


def test_a_query_is_answered_once(app: App) -> None:
    with two(app, "claude") as (large, small, both):
        large.type(f"{ASK}echo known$((1 + 1))\r")
        both.show("known2")  # what another screen types may be faster
        for turn, (asking, watching) in enumerate([(small, large), (large, small), (small, large)]):
            take_over(asking, watching, both)
            asking.type(f"clear; q {turn}\r")
            reply = re.compile(f"reply-{turn}-([0-9a-f]*)-end")
            both.until(lambda asking=asking, reply=reply: reply.search(asking.text))  # type: ignore[misc]
            found = reply.search(asking.text)
            assert found
            assert re.fullmatch(rb"\x1b\[\d+;\d+R", bytes.fromhex(found[1]))


def test_the_lead_is_for_all_panes(app: App) -> None:
    with two(app, "claude", "qa") as (large, small, both):
        small.type(ALT_2)  # ours, and no typing into an agent
        both.until(lambda: small.text.count("leads at 78x37") == 2)
        take_over(small, large, both)
        both.until(lambda: "leads at 98x12" in large.text and "leads at 98x13" in large.text)
        small.type(f"sh\r{until_size('13 98')}; echo right$((1 + 1))\r")
        both.until(lambda: "right2" in small.text)


def test_closing_the_leader_hands_on_the_lead(app: App) -> None:
    with two(app, "claude") as (large, small, both):
        both.until(lambda: "158x37" in small.text)
        leave(large)
        small.wait("1 of 1 running", absent="leads")
        small.type(f"clear; {until_size(SMALL_SIZE)}; echo right$((1 + 1))\r")
        small.wait("right2")


@pytest.mark.timeout(240)
@pytest.mark.parametrize("led", [True, False])
def test_a_stopped_interface_holds_up_nobody(app: App, led: bool) -> None:
    """As the one of a laptop that sleeps; it is right again right after."""
    with two(app, "claude") as (large, small, both):
        stopped, other = (large, small) if led else (small, large)
        os.kill(stopped.process.pid, signal.SIGSTOP)
        try:
            other.type(f"clear; yes 0123456789abcdef | head -c {FLOOD}; echo flood-$((1 + 1))-end\r")
            both.until(lambda: "flood-2-end" in other.text, 180)
            other.type("clear; stty size; echo and-$((1 + 1))-on\r")
            both.until(lambda: "and-2-on" in other.text and "flood" not in other.text)
        finally:
            os.kill(stopped.process.pid, signal.SIGCONT)
        rows = min(27, other.terminal.lines - 3)
        took = both.until(lambda: inside(stopped, 98, rows) == inside(other, 98, rows))
        print(f"right {took:.2f} s after SIGCONT")
        assert took < BACK_WITHIN
        both.until(lambda: f"{name(other)} leads" in stopped.text)
        take_over(stopped, other, both)


# Holds up every keeper at its start, as long as a file is there.
HOLD_UP = """
import os, sys, time
while "qms_tui.keeper" in sys.orig_argv and os.path.exists({!r}):
    time.sleep(0.01)
"""


def keepers_held_up(app: App) -> Path:
    """A file, not there yet, without which the next keeper of the app's can start."""
    folder = app.config.parent / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(HOLD_UP.format(str(folder / "hold")))
    give(app.uid, folder, folder / "sitecustomize.py")
    app.environment["PYTHONPATH"] = f"{folder}:{app.environment['PYTHONPATH']}"
    return folder / "hold"


def test_keys_typed_while_the_keeper_is_away_wait_for_it(app: App) -> None:
    hold = keepers_held_up(app)
    with screen(app, SMALL, "claude") as tui:
        tui.wait("agent ready claude")
        (keeper,) = (
            found
            for found in psutil.process_iter(["cmdline"])
            if {"qms_tui.keeper", str(app.root)} <= set(found.info["cmdline"] or [])
        )
        hold.touch()
        keeper.kill()
        tui.wait("reconnecting")
        tui.type("kept")
        tui.wait("4 keys wait")
        hold.unlink()
        tui.wait("1 claude ● running")
        tui.type(" and sent\r")
        tui.wait("echo:kept and sent", absent="wait")
