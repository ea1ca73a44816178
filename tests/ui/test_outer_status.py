"""What the terminal around qms-tui hears of its agents (OSC 7501), in a real one that takes such reports."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from qms_tui.programs.config_folder import make_local_folder
from qms_tui.project import Project
from qms_tui.terminal import STATUS_QUERY, Terminal, encode_clear
from tests.tui import Tui, end_local_agents

from .local_screen import ALT_1, F2, LEAVE, LocalScreen, leave

CLIENT = "#!/bin/sh\nexec cat\n"
EDITOR = '#!/bin/sh\nclear; echo editing; read line; echo "got [$line]" >got\n'
FAULT = """
import sys
from qms_tui.ui.app import QmsTuiApp
from qms_tui.cli import run

def fail(app):
    raise ZeroDivisionError("on purpose")

QmsTuiApp.action_zoom = fail
sys.exit(run(sys.argv[1:]))
"""
# Waits for what the terminal owes for as long as a test may take to say it.
PATIENT = """
import sys
from qms_tui.ui import driver
from qms_tui.cli import run

driver._LAST_ANSWERS = 30.0
sys.exit(run(sys.argv[1:]))
"""
F4 = "\x1bOS"
ANSWERS = STATUS_QUERY + b"\x1b[?62;22c"
CLEAR = encode_clear()
REPORT = re.compile(rb"\x1b\]7501;state=[^\x1b\x07]*(?:\x1b\\|\x07)")


class World:
    """A screen whose agents are clients that say what the test has them say."""

    def __init__(self, place: Path) -> None:
        self.screen = LocalScreen(place)
        self.project = Project(self.screen.root)
        for name, text in (("claude", CLIENT), ("my-editor", EDITOR)):
            (self.screen.home / name).write_text(text)
            (self.screen.home / name).chmod(0o755)

        path = os.pathsep.join((str(self.screen.home), os.environ["PATH"]))
        self.environment = self.screen.environment | {"PATH": path, "VISUAL": "my-editor"}

    def open(self, *agents: str, program: tuple[str, ...] = (sys.executable, "-m", "qms_tui")) -> Tui:
        words = ("--runtime", "local", "--command", "claude", *(agents or ("qa",)))
        return Tui(*words, cwd=self.screen.root, size=(160, 40), env=self.environment, program=program)

    def says(self, agent: str, status: str, waiting: str = "") -> None:
        """The client's registry, and the hook that says why it waits."""
        folder, now = make_local_folder(self.project, agent), time.time()
        for name in ("sessions", "qms-tui"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        if waiting:
            hook = {"at": now, "event": "PermissionRequest", "tool": "Bash", "detail": waiting}
            with (folder / "qms-tui/hooks.jsonl").open("a") as stream:
                stream.write(json.dumps(hook) + "\n")
        registry = {"pid": 8, "status": status, "startedAt": now * 1000, "statusUpdatedAt": now * 1000}
        more = {"waitingFor": "permission prompt"} if waiting else {}
        (folder / "sessions/8.json").write_text(json.dumps(registry | more))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    world = World(tmp_path / "world")
    monkeypatch.setenv("XDG_STATE_HOME", world.screen.environment["XDG_STATE_HOME"])
    yield world
    end_local_agents(world.screen.home / "state")


def ids(terminal: Terminal) -> dict[str, str]:
    """The states that stand in a terminal, by id; the root's is empty."""
    status = terminal.status
    records = [*([status.root] if status.root else []), *status.children]
    return {record.id: record.state.value for record in records}


def states(tui: Tui) -> dict[str, str]:
    """Those that stand in the outer terminal."""
    return ids(tui.terminal)


def wait_for(tui: Tui, **wanted: str) -> None:
    """Until the records are these; the root is `root`."""
    names = {("" if name == "root" else name): state for name, state in wanted.items()}
    tui.until(lambda: states(tui) == names)


def reports(tui: Tui) -> list[bytes]:
    return REPORT.findall(bytes(tui.output))


def test_it_hears_who_needs_the_human_and_why(world: World) -> None:
    with world.open("qa", "bu") as tui:
        wait_for(tui, root="idle", qa="idle", bu="idle")
        world.says("bu", "busy")
        wait_for(tui, root="working", qa="idle", bu="working")
        world.says("qa", "waiting", "rm -r \x1b[31m\u202ebuild:=;\x07 \U0001f44d" + "x" * 5000)
        wait_for(tui, root="blocked", qa="blocked", bu="working")
        tui.until(lambda: "Bash" in (tui.terminal.status.root or tui.terminal.status.children[0]).message)
        root, children = tui.terminal.status.root, tui.terminal.status.children
        assert root is not None
        assert (root.app, root.title, root.kind) == ("qms-tui", "project", "permission")
        assert root.message.startswith("qa: permission: Bash rm -r ")
        assert "build:=;" in root.message
        assert len(root.message) < 250
        qa = next(child for child in children if child.id == "qa")
        assert (qa.app, qa.title, qa.kind) == ("qms-tui", "qa", "permission")
        assert qa.message.startswith("permission: Bash rm -r ")
        world.says("qa", "idle")
        wait_for(tui, root="working", qa="idle", bu="working")
        count = len(reports(tui))
        tui.type("nothing new\r")
        tui.wait("nothing new")
        assert len(reports(tui)) == count
        leave(tui)
        assert states(tui) == {}


def test_one_that_shall_not_hear_is_not_asked(world: World) -> None:
    world.screen.configure('[notify]\nouter = "off"\n')
    with world.open() as tui:
        tui.wait("● running")
        tui.type(STATUS_QUERY + b"typed")  # unasked
        tui.wait("typed")
        world.says("qa", "busy")
        tui.wait("◐ busy")
        assert "7501" not in tui.text
        leave(tui)
    assert b"7501" not in tui.output


def test_nothing_is_reported_before_the_answer_which_is_never_typed(world: World) -> None:
    """It comes late and in pieces, further apart than those of any other sequence."""
    with world.open() as tui:
        tui.answer = lambda answers: answers.replace(STATUS_QUERY, b"")
        tui.wait("● running")
        world.says("qa", "busy")
        tui.wait("◐ busy")
        world.says("qa", "idle")
        tui.wait("● idle")
        assert tui.output.index(b"Ctrl+Q") < tui.output.index(STATUS_QUERY)  # no painting waits for it
        assert tui.output.count(b"7501") == tui.output.count(STATUS_QUERY + b"\x1b[c") == 1
        for piece in (STATUS_QUERY[:4], STATUS_QUERY[4:-1], STATUS_QUERY[-1:]):
            tui.type(piece)
            quiet_until = time.monotonic() + 0.2
            while time.monotonic() < quiet_until:
                tui._read(0.02)
        wait_for(tui, root="idle", qa="idle")
        tui.type("typed")
        tui.wait("typed")
        assert not re.search(r"7501|[?;\\]typed", tui.text)
        leave(tui)


def test_an_answer_that_comes_while_the_terminal_is_given_back(world: World) -> None:
    """Neither an editor nor a shell gets it, and it is no answer to the question after that."""
    shell = ("sh", "-c", '"$@"; echo "left:"; exec cat -v', "sh", sys.executable, "-c", PATIENT)
    with world.open(program=shell) as tui:
        tui.answer = lambda answers: b""
        tui.wait("● running")
        world.screen.item("qa", "note.md", "# A note\n")
        tui.wait("1 item waits: F2")
        tui.type(F2)
        tui.wait("┏━ inboxes ")
        assert STATUS_QUERY in tui.output
        give_back(tui, "e", "editing")
        tui.type("\r")
        tui.wait("┏━ inboxes ", absent="editing")
        assert (world.screen.root / "got").read_text() == "got []\n"
        assert states(tui) == {}
        tui.type(ANSWERS)
        wait_for(tui, root="idle", qa="idle")
        tui.type("e")
        tui.wait("editing")
        tui.type("\r")
        tui.wait("┏━ inboxes ", absent="editing")
        give_back(tui, LEAVE, "left:")
        tui.type("typed\r")
        tui.until(lambda: tui.text.count("typed") == 2)
        assert "62" not in tui.text
        assert "7501" not in tui.text
        tui.type("\x04")
        assert tui.end() == 0


def give_back(tui: Tui, keys: str, said: str) -> None:
    """Answer as soon as it begins to give the terminal back."""
    before = len(tui.output)
    tui.type(keys)
    tui.until(lambda: b"\x1b[?1000l" in tui.output[before:])
    tui.type(ANSWERS)
    tui.wait(said)


def test_a_terminal_that_answers_nothing_and_is_never_silent_is_left(world: World) -> None:
    """What it sends while the answer is waited for must not hold us for longer than silence does."""
    with world.open() as tui:
        tui.answer = lambda answers: b""
        tui.wait("1 qa")
        words = ["yes", "\x1b[?9999;0$y" * 20]
        talkers = [subprocess.Popen(words, stdout=tui.process.fd) for _ in range(3)]  # so that none pauses
        tui.type(LEAVE)
        try:
            assert tui.end() == 0
        finally:
            for talker in talkers:
                talker.kill()
                talker.wait()


def test_suspended_and_continued_then_hung_up(world: World) -> None:
    with world.open() as tui:
        wait_for(tui, root="idle", qa="idle")
        suspend(tui, signal.SIGTSTP)
        wait_for(tui)
        world.says("qa", "busy")
        os.kill(tui.process.pid, signal.SIGCONT)
        wait_for(tui, root="working", qa="working")
        suspend(tui, signal.SIGSTOP)
        before = len(tui.output)
        os.kill(tui.process.pid, signal.SIGCONT)  # a shell may have had the terminal, and another program
        tui.until(lambda: CLEAR in tui.output[before:])
        wait_for(tui, root="working", qa="working")
        os.kill(tui.process.pid, signal.SIGHUP)
        tui.end()
        assert states(tui) == {}


def suspend(tui: Tui, number: signal.Signals) -> None:
    os.kill(tui.process.pid, number)

    def is_stopped() -> bool:
        how = os.WSTOPPED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, tui.process.pid, how) is not None

    tui.until(is_stopped)


def test_an_editor_has_the_terminal_to_itself_then_terminated(world: World) -> None:
    with world.open() as tui:
        wait_for(tui, root="idle", qa="idle")
        world.screen.item("qa", "note.md", "# A note\n")
        tui.wait("1 item waits: F2")
        tui.type(F2)
        tui.wait("┏━ inboxes ")
        tui.type("e")
        tui.wait("editing")
        assert states(tui) == {}
        before = len(tui.output)
        world.says("qa", "busy")
        tui.type("\r")
        wait_for(tui, root="working", qa="working")
        since = bytes(tui.output[before:])
        assert since.index(STATUS_QUERY) < since.index(b"state=")
        tui.type(ALT_1 + "typed\r")
        tui.wait("typed")
        assert "7501" not in tui.text
        os.kill(tui.process.pid, signal.SIGTERM)
        tui.end()
        assert states(tui) == {}


def test_a_screen_that_fails(world: World) -> None:
    with world.open(program=(sys.executable, "-c", FAULT)) as tui:
        wait_for(tui, root="idle", qa="idle")
        tui.type(F4)
        assert tui.end() == 1
        assert states(tui) == {}


async def test_a_screen_in_a_pane_of_another(
    open_app: Callable[..., Any], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pane's terminal takes the reports as any other does."""
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    words = ("--project", str(world.screen.root), "--runtime", "local", "--command", "claude", "bu")
    async with open_app("qa", command=(sys.executable, "-m", "qms_tui", *words)) as ui:
        await ui.until(lambda: ids(ui.pane("qa").link.terminal) == {"": "idle", "bu": "idle"})
        terminal = ui.pane("qa").link.terminal
        world.says("bu", "waiting", "make")
        await ui.until(lambda: ids(terminal) == {"": "blocked", "bu": "blocked"})
        await ui.until(lambda: "bu: permission: Bash make" in str(terminal.status.root))
        ui.pane("qa").link.send(b"\x11")
        await ui.until(lambda: "exited" in ui.title("qa"))
        assert ids(terminal) == {}


def test_tmux_swallows_it(world: World, tmp_path: Path) -> None:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    server = ("tmux", "-u", "-S", str(tmp_path / "socket"), "-f", "/dev/null", "new-session")
    with world.open(program=(*server, sys.executable, "-m", "qms_tui")) as tui:
        tui.wait("● running")
        world.says("qa", "busy")
        tui.wait("◐ busy")
        assert "7501" not in tui.text
        tui.type("typed")
        tui.wait("typed")
        leave(tui)
    assert b"7501" not in tui.output
