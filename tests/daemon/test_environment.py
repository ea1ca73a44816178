"""What agents inherit: that of whoever asks for their start, and by policy that of who came last."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from qms_tui.api.agents import AgentState
from qms_tui.api.commands import RESTART, SET_ENVIRONMENT, Environment, Restart, Variable
from qms_tui.api.environment import LISTED, own_environment
from qms_tui.api.errors import ApiError
from qms_tui.daemon.callers import Callers, caller_of
from qms_tui.runtime.caller import Caller

from .household import Household

SECRET = "only-for-programs"
SAY = "sh -c 'echo [$MARK] [$LATER] $(umask) in $PWD; read line'"


async def test_each_start_has_that_of_whoever_asks(
    household: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARK", f"{SECRET}-1")
    first = await household.hold("qa", command=SAY)
    await household.until(lambda: f"[{SECRET}-1] []" in household.printed())
    monkeypatch.setenv("MARK", f"{SECRET}-2")
    monkeypatch.setenv("LATER", "too")
    monkeypatch.setattr("qms_tui.api.environment.own_umask", lambda: 0o027)
    second = await household.hold("bu", command=SAY)
    await household.until(lambda: f"[{SECRET}-2] [too] 0027" in household.printed("bu"))
    await first.ask(RESTART, Restart("qa"))
    await household.until(lambda: household.printed().count(f"[{SECRET}-1] []") == 2)
    await second.ask(RESTART, Restart("qa"))
    await household.until(lambda: f"[{SECRET}-2] [too] 0027" in household.printed())


async def test_what_starts_by_itself_has_the_newest(
    household: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    household.set('[agent.qa]\nlaunch = "always_on"\n')
    monkeypatch.setenv("MARK", "old")
    await household.hold("qa", command="sh -c 'echo [$MARK]; read line'")
    await household.until(lambda: "[old]" in household.printed())
    monkeypatch.setenv("MARK", "new")
    window = await household.hold("bu")
    assert (await household.status(window)).environment_at > 0
    assert "environment of" in household.run("doctor").stdout
    os.kill(_program(household), 9)
    await household.until(lambda: "[new]" in household.printed())


def _program(household: Household) -> int:
    """The process of qa."""
    from qms_tui.keeper.local_processes import LocalProcesses

    return LocalProcesses(household.root).spawner.programs()["qa"].pid


async def test_values_are_nowhere_to_be_read(household: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARK", SECRET)
    window = await household.hold("qa")
    await household.until(lambda: window.state("qa") is AgentState.RUNNING)
    with pytest.raises(ApiError) as raised:
        await window.ask(SET_ENVIRONMENT, Environment((Variable("MARK", f"{SECRET}\0"),)))
    assert SECRET not in str(raised.value)
    assert SECRET.encode() not in household.written()
    assert SECRET not in repr((window.heard, window.mirror.snapshot, own_environment(whole=True)))
    assert SECRET not in " ".join(household.process().cmdline())


async def test_a_command_is_found_where_the_caller_stands(
    household: Household, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "elsewhere" / "agent"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho it is me\nread line\n")
    program.chmod(0o700)
    await (await household.daemon.reach("whoever starts it stands elsewhere")).close()
    monkeypatch.chdir(program.parent)
    await household.hold("qa", command="./agent")
    await household.until(lambda: "it is me" in household.printed())


def test_what_is_listed_goes_along_and_what_is_not_set_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LISTED:
        monkeypatch.delenv(name, raising=False)
    for name in ("SSH_AUTH_SOCK", "MINE", "OTHER", "DISPLAY"):
        monkeypatch.setenv(name, f"old {name}")
    monkeypatch.setenv("DISPLAY", ":1")
    brought = own_environment(["MINE", "UNSET"])
    assert {each.name: each.value for each in brought.variables} == {
        "SSH_AUTH_SOCK": "old SSH_AUTH_SOCK", "MINE": "old MINE", "DISPLAY": ":1",
    }  # fmt: skip
    changed = replace(brought, variables=(Variable("MINE", "new"),))
    found = caller_of(changed).environment
    assert {name for name in ("SSH_AUTH_SOCK", "DISPLAY", "UNSET") if name in found} == set()
    assert (found["MINE"], found["OTHER"]) == ("new", "old OTHER")
    assert caller_of(replace(changed, whole=True)).environment == {"MINE": "new"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"variables": (Variable("", "x"),)},
        {"variables": (Variable("A=B", "x"),)},
        {"variables": (Variable("A", "\0"),)},
        {"umask": 0o1000},
        {"umask": -1},
        {"folder": "here"},
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ApiError) as raised:
        caller_of(replace(Environment(), **wrong))
    assert raised.value.hint


def test_who_asks_counts_once() -> None:
    callers, mine, newest = Callers(lambda: 7.0), Caller({"A": "mine"}, 0, "/"), Caller({"A": "new"}, 0, "/")
    callers.ask("qa", mine)
    callers.come(newest)
    assert (callers.begin("qa"), callers.of("qa"), callers.newest_at) == (mine, mine, 7.0)
    assert (callers.begin("qa"), callers.of("bu")) == (newest, newest)
    assert "mine" not in repr(mine)
