"""Programs that nothing else wakes are typed to: real ones, on real PTYs, by the rules and no further."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TypeAlias

import pytest
from textual.widgets import Static

from qms_tui.config import AgentConfig, Config, Wake
from qms_tui.inbox import Past
from qms_tui.project import Project
from qms_tui.runtime import Condition, Found
from qms_tui.ui.explain import ExplainScreen
from qms_tui.waking import typist
from tests.core.client import Client
from tests.inbox.qms_commands import QmsCommands

from .conftest import Screen

OpenApp: TypeAlias = Callable[..., AbstractAsyncContextManager[Screen]]
BASH = ("env", "PS1=free> ", "bash", "--norc", "--noprofile")
QUIET = 1.0  # seconds, so that a test does not take five
RAW = "stty raw -echo; printf 'free> '; exec cat >{}"
NEW = "New in your QMS inbox: "


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typist, "QUIET", QUIET)
    monkeypatch.setattr(typist, "VERIFY", 1.5)


@pytest.fixture
def qms(project: Project) -> QmsCommands:
    for agent in ("lead", "qa"):
        project.folders(agent).inbox.mkdir(parents=True)
    return QmsCommands(project.root)


def waking(prompt: str | None = "free> ", wake: Wake = Wake.AUTO) -> Config:
    return Config(every_agent=AgentConfig(command=("bash",), wake_prompt=prompt, wake=wake, wake_text="Go."))


def shown(ui: Screen) -> str:
    """What the program shows, without blanks and ends of rows."""
    return "".join(ui.text("qa").split())


def line(words: str) -> str:
    """What is typed for these, in the same way."""
    return "".join(f"free> {NEW}{words}. Go.bash:".split())


async def explained(ui: Screen) -> str:
    """What the explanation says of typing."""
    await ui.press("ctrl+b", "e")
    await ui.until(lambda: ui.shows(ExplainScreen))
    text = str(ui.app.screen.query_one("#explanation", Static).content)
    await ui.press("escape")
    return next((row for row in text.splitlines() if row.startswith("typing")), "")


@pytest.mark.parametrize("width", [160, 50])
async def test_bash_is_told_once_of_all_that_is_new(open_app: OpenApp, qms: QmsCommands, width: int) -> None:
    qms.route("CR-056", "qa")
    async with open_app("qa", command=BASH, config=waking(), size=(width, 30)) as ui:
        await ui.until(lambda: "commandnotfound" in shown(ui))
        assert line("review task CR-056 from claude") in shown(ui)
        qms.message("qa", "; touch hurt #", "$(touch hurt)\n; touch hurt")
        await ui.until(lambda: shown(ui).count("commandnotfound") == 2)
        assert line("message from claude") in shown(ui)
        await ui.until(lambda: ui.typing("qa") == "typed")
        assert (await explained(ui)).startswith("typing      typed  ")
    assert not (qms.root / "hurt").exists()


async def test_python_and_a_program_without_line_editing(open_app: OpenApp, qms: QmsCommands) -> None:
    programs: Sequence[tuple[Sequence[str], str, str]] = (
        ((sys.executable, "-q"), ">>> ", "SyntaxError"),
        (("sh", "-c", "printf 'free> '; exec cat -A"), "free> ", "Go.$"),
    )
    qms.route("CR-056", "qa")
    for command, prompt, answer in programs:
        async with open_app("qa", command=command, config=waking(prompt)) as ui:
            await ui.until(lambda answer=answer: answer in ui.text("qa"))  # type: ignore[misc]
            assert f"{prompt}{NEW}review task" in ui.text("qa")


async def test_what_is_half_typed_is_left_alone(
    open_app: OpenApp, qms: QmsCommands, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_app("qa", command=BASH, config=waking()) as ui:
        await ui.until(lambda: "free> " in ui.text("qa"))
        await ui.type("echo half", enter=False)
        qms.route("CR-056", "qa")
        await ui.until(lambda: ui.typing("qa") == "waits for a free prompt")
        assert NEW not in ui.text("qa")
        stands, agent, step = list[str](), ui.agent("qa"), typist.Typist.step

        def noted(one: typist.Typist, scene: typist.Scene) -> typist.Step:
            done = step(one, scene)
            stands.append(one.state)
            return done

        monkeypatch.setattr(typist.Typist, "step", noted)
        await ui.press("ctrl+u")
        await ui.until(lambda: "command not found" in ui.text("qa"))
        assert "waits until you have stopped typing" in stands
        await ui.until(lambda: ui.typing("qa") == "typed")
        assert "half" not in ui.text("qa")
        assert ui.core.waking.explain(agent)[0].at - agent.terminal.typed_at > QUIET


async def test_a_program_that_shows_nothing_gets_no_enter(
    open_app: OpenApp, qms: QmsCommands, tmp_path: Path
) -> None:
    got = tmp_path / "got"
    qms.route("CR-056", "qa")
    async with open_app("qa", command=("sh", "-c", RAW.format(got)), config=waking()) as ui:
        told = "qa: its inbox was typed at its prompt, not verified: it did not show up behind the prompt"
        await ui.until(lambda: f"{told}; Enter was not pressed" in ui.toasts)
        await ui.until(lambda: got.read_text() == f"{NEW}review task CR-056 from claude. Go.")
        assert ui.core.mail.ledger.waiting("qa") == 1
        assert ui.core.receipt("qa", ui.core.ledger.pending("qa")[0].file) is None


async def test_another_interface_types_only_what_is_new(
    open_app: OpenApp, qms: QmsCommands, tmp_path: Path
) -> None:
    past = Past(qms.root, tmp_path / "inboxes")
    qms.route("CR-056", "qa")
    async with open_app("qa", command=BASH, config=waking(), past=past) as ui:
        await ui.until(lambda: "command not found" in ui.text("qa"))
    qms.route("CR-057", "qa")
    async with open_app("qa", command=BASH, config=waking(), past=past, size=(200, 40)) as ui:
        await ui.until(lambda: "command not found" in ui.text("qa"))
        assert f"{NEW}review task CR-057 from claude. Go." in ui.text("qa")
        await ui.press("f2")
        await ui.until(lambda: ui.sidebar.count("announced") == 2)
        await ui.press("w")
        await ui.until(lambda: ui.text("qa").count("command not found") == 2)
        await ui.press("escape", "ctrl+b", "w")
        await ui.until(lambda: "CR-056 from claude, review task CR-057 from claude. Go." in ui.text("qa"))


@pytest.mark.parametrize("config", [waking(None), waking(wake=Wake.OFF)])
async def test_off_unless_configured(open_app: OpenApp, qms: QmsCommands, config: Config) -> None:
    async with open_app("qa", command=BASH, config=config) as ui:
        qms.route("CR-056", "qa")
        await ui.until(lambda: ui.core.mail.ledger.waiting("qa"))
        assert await explained(ui) == "typing      off"
        await ui.press("ctrl+b", "w")
        await ui.until(lambda: any("cannot be woken" in toast for toast in ui.toasts))
        assert not ui.core.waking.waits


async def test_another_users_agent_is_never_typed_to(open_app: OpenApp, qms: QmsCommands) -> None:
    async with open_app("qa", command=BASH, config=waking()) as ui:
        await ui.until(lambda: "free> " in ui.text("qa"))
        ui.agent("qa").recognize(Found(Condition.RUNNING, foreign=True))
        qms.route("CR-056", "qa")
        said = "typing      waits: another user has started it"
        await ui.until(lambda: ui.typing("qa") in said)
        assert (await explained(ui)).startswith(said)
        assert NEW not in ui.text("qa")


async def test_who_is_woken_inside_is_never_typed_to(
    open_app: OpenApp, qms: QmsCommands, project: Project
) -> None:
    async with open_app("qa", command=BASH, config=waking()) as ui:
        await ui.until(lambda: "free> " in ui.text("qa"))
        Client(project, "qa", wake=True)
        await ui.until(lambda: ui.core.waking.explain(ui.agent("qa")) == ())
        qms.route("CR-056", "qa")
        await ui.until(lambda: ui.core.mail.ledger.waiting("qa"))
        assert not ui.core.waking.waits


async def test_who_tells_its_state_is_typed_to_when_it_is_idle(
    open_app: OpenApp, qms: QmsCommands, project: Project
) -> None:
    async with open_app("qa", command=BASH, config=waking()) as ui:
        await ui.until(lambda: "free> " in ui.text("qa"))
        client = Client(project, "qa")
        client.is_("waiting", "permission prompt")
        await ui.until(lambda: "needs you" in ui.title("qa"))
        qms.route("CR-056", "qa")
        await ui.until(lambda: ui.typing("qa") == "waits: needs you, not idle")
        client.is_("idle")
        await ui.until(lambda: "command not found" in ui.text("qa"))
