"""What a program reports of itself ends with it, in an agent on a real PTY."""

from __future__ import annotations

from pathlib import Path

from qms_tui.core import AgentState
from qms_tui.core.events import Shown
from qms_tui.runtime import Reported
from qms_tui.terminal import NO_STATUS, ProgramState, StatusChanged
from qms_tui.ui.terminals.events import Asked
from tests.core.test_agent import running

REPORTS = r"printf '\033]7501;state=working\007\033]7501;state=idle:id=a\007here\n'"


async def test_what_is_under_way_ends_with_the_program(tmp_path: Path) -> None:
    async with running(tmp_path, f"{REPORTS}; read line") as held:
        await held.until(lambda: "here" in held.text)
        await held.until(lambda: held.agent.terminal.status.root)
        root = held.agent.terminal.status.root
        assert root is not None
        assert root.state is ProgramState.WORKING
        held.told.clear()
        held.link.send(b"\r")
        await held.until(lambda: held.agent.state is AgentState.ENDED)
        status = held.agent.terminal.status
        assert [(child.id, child.state) for child in status.children] == [("a", ProgramState.IDLE)]
        assert status.root is None
        assert held.link.terminal.status.root is None
        assert held.told.count(Asked("qa", StatusChanged())) == 1
        assert held.told.count(Shown(Reported(status))) == 1


async def test_a_program_that_is_started_again_has_reported_nothing(tmp_path: Path) -> None:
    script = f"if test -e again; then echo anew; else touch again; {REPORTS}; fi; read line"
    async with running(tmp_path, script) as held:
        await held.until(lambda: "here" in held.text)
        held.agent.restart()
        await held.until(lambda: "anew" in held.text)
        assert held.agent.terminal.status == held.link.terminal.status == NO_STATUS


async def test_the_query_is_answered_before_the_fence(tmp_path: Path) -> None:
    """As programs ask: what comes after the answer to DA1 is not waited for."""
    ask = r"stty raw -echo; printf '\033]7501;?\033\\\033[c'"
    script = f"{ask}; head -c 13 | od -An -v -tx1 | tr -d ' \\n'; read line"
    async with running(tmp_path, script) as held:
        await held.until(lambda: "1b5d373530313b3f1b5c1b5b3f" in held.text.replace("\n", ""))
