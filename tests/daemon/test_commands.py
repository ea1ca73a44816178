"""Everything that can be asked for, and why it is refused."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from qms_tui.api import commands as api
from qms_tui.api.agents import AgentState
from qms_tui.api.commands import COMMANDS, Done, Items, OfAgent, OfItem
from qms_tui.api.errors import ErrorCode
from qms_tui.api.inbox import ItemFact, ItemKind, ItemPreview
from qms_tui.config import AgentConfig, Config, Launch
from qms_tui.core import AgentState as CoreState
from qms_tui.inbox import HUMAN
from qms_tui.project import Project
from qms_tui.waking import typist
from tests.inbox.qms_commands import QmsCommands

from .served import served

UNKNOWN_AGENT, UNKNOWN_ITEM = ErrorCode.UNKNOWN_AGENT, ErrorCode.UNKNOWN_ITEM
WRONG_STATE = ErrorCode.WRONG_STATE
DONE = Done()


@pytest.fixture
def qms(project: Project) -> QmsCommands:
    return QmsCommands(project.root)


async def test_an_agent_is_stopped_and_restarted(project: Project) -> None:
    async with served(project, "qa") as house:
        client = await house.client()
        await house.until(lambda: client.state("qa") is AgentState.RUNNING)
        before = client.agent("qa")
        assert await client.ask(api.STOP, OfAgent("qa")) == DONE
        await house.until(lambda: client.state("qa") is AgentState.ENDED)
        ending = client.agent("qa").ending
        assert ending is not None
        assert (ending.reason, ending.asked) == ("stopped by you", True)
        error = await client.refused(api.STOP, OfAgent("qa"))
        assert (error.code, error.message) == (WRONG_STATE, "qa does not run: exited")
        assert await client.ask(api.RESTART, api.Restart("qa", fresh=True)) == DONE
        await house.until(lambda: client.state("qa") is AgentState.RUNNING)
        assert client.agent("qa").terminal not in ("", before.terminal)
        assert client.agent("qa").began > before.began > 0


async def test_more_agents_are_added_and_opened(project: Project) -> None:
    async with served(project) as house:
        client = await house.client()
        assert client.mirror.snapshot.agents == ()
        assert await client.ask(api.ADD, api.Add("bu")) == DONE
        await house.until(lambda: "bu" in client.mirror.agents and client.state("bu") is AgentState.RUNNING)
        error = await client.refused(api.ADD, api.Add("bu"))
        assert (error.code, error.message) == (WRONG_STATE, "bu is one of the agents already")
        assert (await client.ask(api.ROSTER, api.Nothing())).names == ("claude", "bu", "lead", "qa")
        error = await client.refused(api.ADD, api.Add("nobody"))
        assert (error.code, error.hint) == (UNKNOWN_AGENT, "there are: claude, bu, lead, qa")
        error = await client.refused(api.OPEN, OfAgent("bu"))
        assert (error.code, error.message) == (WRONG_STATE, "bu is open: running")


async def test_an_agent_that_waits_for_a_task_is_opened_and_not_started(project: Project) -> None:
    config = Config(every_agent=AgentConfig(launch=Launch.AUTO_ON_TASK))
    async with served(project, "qa", config=config) as house:
        client = await house.client()
        await house.until(lambda: client.agent("qa").plan == "starts when a task arrives")
        assert await client.ask(api.OPEN, OfAgent("qa")) == DONE
        await client.ask(api.EXPLAIN, OfAgent("qa"))
        assert await client.ask(api.RESTART, api.Restart("qa")) == DONE
        await house.until(lambda: client.state("qa") is AgentState.RUNNING)


async def test_only_what_is_paused_goes_on(project: Project) -> None:
    async with served(project, "qa") as house:
        client = await house.client()
        await house.running("qa")
        error = await client.refused(api.UNPAUSE, OfAgent("qa"))
        assert (error.code, error.message) == (WRONG_STATE, "qa is not paused: running")


async def test_only_an_image_is_built(project: Project) -> None:
    async with served(project, "qa") as house:
        client = await house.client()
        error = await client.refused(api.REBUILD, OfAgent("qa"))
        assert (error.code, error.hint) == (WRONG_STATE, "restart it")


async def test_what_only_containers_can_reaches_the_core(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No program on a PTY is paused, or has an image: its view says so, and the runtime's answer is told."""
    async with served(project, "qa") as house:
        client = await house.client()
        await house.running("qa")
        view = replace(house.core.view("qa"), state=CoreState.PAUSED, isolated=True)
        monkeypatch.setattr(house.core, "view", lambda agent: view)
        assert await client.ask(api.UNPAUSE, OfAgent("qa")) == DONE
        await house.until(lambda: "qa is not paused." in client.notices)
        assert await client.ask(api.REBUILD, OfAgent("qa")) == DONE
        await house.until(lambda: len(client.notices) == 2)


async def test_an_agent_is_woken_for_its_items(
    project: Project, qms: QmsCommands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typist, "QUIET", 0.0)
    typed = AgentConfig(command=("bash",), wake_prompt="free> ", wake_text="Go.")
    async with served(project, "qa", config=Config(every_agent=typed)) as house:
        client = await house.client()
        await house.running("qa")
        qms.route("CR-056", "qa")
        await house.until(lambda: client.mirror.items)
        await house.until(lambda: all(item.receipt for item in client.mirror.items.values()))
        (item,) = client.mirror.items.values()
        assert (item.kind, item.document, item.consumed) == (ItemKind.REVIEW, "CR-056", None)
        assert await client.ask(api.WAKE, api.Wake("qa", (item.id,))) == DONE
        await house.until(lambda: "qa is told of its inbox as soon as its prompt is free." in client.notices)
        error = await client.refused(api.WAKE, api.Wake("qa", (item.id, item.id + "x")))
        assert error.code == UNKNOWN_ITEM
        await client.ask(api.STOP, OfAgent("qa"))
        await house.until(lambda: client.state("qa") is AgentState.ENDED)
        error = await client.refused(api.WAKE, api.Wake("qa"))
        assert (error.code, error.message) == (WRONG_STATE, "qa does not run: exited")


async def test_every_source_is_explained(project: Project) -> None:
    async with served(project, "qa") as house:
        client = await house.client()
        await house.running("qa")
        sources = (await client.ask(api.EXPLAIN, OfAgent("qa"))).sources
        assert (sources[0].source, sources[0].said) == ("engine", "running")
        assert sources[0].at > 0
        assert sources[-1].source == "typing"


async def test_each_client_looks_at_an_agent_of_its_own(project: Project) -> None:
    async with served(project, "claude", "qa") as house:
        first, second = await house.client(), await house.client()
        await house.running("claude", "qa")
        await first.ask(api.LOOK_AT, api.LookAt("claude"))
        await second.ask(api.LOOK_AT, api.LookAt("qa"))
        house.link("qa").send(b"printf '\\a'; echo rang\r")
        house.link("claude").send(b"printf '\\a'; echo rang\r")
        await house.until(lambda: "\nrang" in house.text("qa") and "\nrang" in house.text("claude"))
        assert [house.core.waiting, first.mirror.waiting] == [[], ()]
        await second.client.close()
        await house.until(lambda: house.server.clients == 1)
        for agent in ("claude", "qa"):
            house.link(agent).send(b"printf '\\a'\r")
        await house.until(lambda: first.mirror.waiting == ("qa",))
        await first.ask(api.LOOK_AT, api.LookAt())
        house.link("claude").send(b"printf '\\a'\r")
        await house.until(lambda: set(first.mirror.waiting) == {"claude", "qa"})


async def test_a_program_starts_with_the_size_that_a_screen_shows_it_at(
    project: Project, tmp_path: Path
) -> None:
    sizes = tmp_path / "sizes"
    sizes.touch()
    async with served(project, "qa", command=("sh", "-c", f"stty size >> {sizes}; read line")) as house:
        house.looks_on = False  # or the size is that of who looks on
        client = await house.client()
        await house.until(lambda: sizes.read_text() == "24 80\n")
        await client.ask(api.RESIZE, api.Resize("qa", 70, 20))
        await client.ask(api.RESTART, api.Restart("qa"))
        await house.until(lambda: sizes.read_text() == "24 80\n20 70\n")
        for size in ((0, 20), (70, 0), (70, 4097)):
            error = await client.refused(api.RESIZE, api.Resize("qa", *size))
            assert error.code == ErrorCode.WRONG_PARAMETERS


async def test_servers_are_in_view_while_one_client_shows_them(project: Project) -> None:
    async with served(project) as house:
        first, second = await house.client(), await house.client()
        in_view = house.core._servers._in_view
        await first.ask(api.SHOW_SERVERS, api.ShowServers(True))
        await second.ask(api.SHOW_SERVERS, api.ShowServers(True))
        await first.ask(api.SHOW_SERVERS, api.ShowServers(False))
        assert in_view.is_set()
        await second.client.close()
        await house.until(lambda: not in_view.is_set())


async def test_messages_are_sent_found_read_and_put_away(project: Project) -> None:
    async with served(project, "qa") as house:
        client = await house.client()
        assert HUMAN in (await client.ask(api.RECIPIENTS, api.Nothing())).names
        assert await client.ask(api.SEND, api.Send((HUMAN,), "a subject", "a body")) == DONE
        await house.until(lambda: client.mirror.items)
        (item,) = client.mirror.items.values()
        assert (item.agent, item.kind, item.consumed) == (HUMAN, ItemKind.MESSAGE, None)
        assert item.arrived > 0
        assert await client.ask(api.FIND_ITEMS, api.FindItems(words="SUBJECT")) == Items((item,))
        assert await client.ask(api.FIND_ITEMS, api.FindItems(kind=ItemKind.REVIEW)) == Items()
        assert await client.ask(api.FIND_ITEMS, api.FindItems(agent="qa")) == Items()
        assert await client.ask(api.FIND_ITEMS, api.FindItems(HUMAN, ItemKind.MESSAGE)) == Items((item,))
        said = await client.ask(api.PREVIEW, OfItem(HUMAN, item.id))
        assert isinstance(said, ItemPreview)
        assert said.text == "a body"
        assert ItemFact("from", HUMAN) in said.facts
        folder = (await client.ask(api.INBOX_FOLDER, OfAgent(HUMAN))).path
        assert folder == str(house.core.inbox(HUMAN))
        file = (await client.ask(api.ITEM_FILE, OfItem(HUMAN, item.id))).path
        assert file == f"{folder}/{item.name}"
        error = await client.refused(api.ANSWER_TO, OfItem(HUMAN, item.id))
        assert "is from you" in error.message
        assert "archive" in (await client.ask(api.PUT_AWAY, OfItem(HUMAN, item.id))).path
        await house.until(lambda: client.mirror.items[item.number].consumed)
        error = await client.refused(api.PUT_AWAY, OfItem(HUMAN, item.id))
        assert error.code == UNKNOWN_ITEM


async def test_an_added_agent_need_not_be_opened(project: Project) -> None:
    async with served(project) as house:
        client = await house.client()
        await client.ask(api.ADD, api.Add("bu", open=False))
        await house.until(lambda: "bu" in client.mirror.agents)
        assert await client.ask(api.PING, api.Nothing()) == DONE
        assert client.state("bu") is AgentState.ABSENT
        await client.ask(api.OPEN, OfAgent("bu"))
        await house.until(lambda: client.state("bu") is AgentState.RUNNING)


async def test_an_item_is_answered_also_after_it_was_consumed(project: Project) -> None:
    inbox = project.folders("qa").inbox
    QmsCommands(project.root).message("qa", "A note", "x", sender="bu")
    (path,) = inbox.iterdir()
    async with served(project, "qa") as house:
        client = await house.client()
        await house.until(lambda: client.mirror.items)
        (item,) = client.mirror.items.values()
        asked = OfItem("qa", item.id)
        assert await client.ask(api.ANSWER_TO, asked) == api.Answer("bu", "Re: A note")
        path.unlink()
        await house.until(lambda: client.mirror.items[item.number].consumed)
        assert await client.ask(api.ANSWER_TO, asked) == api.Answer("bu", "Re: A note")
        assert (await client.ask(api.ITEM_FILE, asked)).path == str(path)
        error = await client.refused(api.ANSWER_TO, OfItem("qa", "1-2-3"))
        assert error.code == UNKNOWN_ITEM


async def test_a_message_without_a_subject_has_its_first_words(project: Project) -> None:
    async with served(project, "qa") as house:
        client = await house.client()
        await client.ask(api.SEND, api.Send(("qa",), "", "# First words\n\nand more"))
        await house.until(lambda: client.mirror.items)
        (item,) = client.mirror.items.values()
        assert "First words" in item.headline


async def test_a_path_is_that_path_or_none(project: Project) -> None:
    """A name that is not UTF-8 is shown with signs in place of its bytes, and is never opened as those."""
    folder = project.folders("qa").inbox
    (folder / os.fsdecode(b"odd\xff.md")).write_text("x")
    async with served(project, "qa") as house:
        client = await house.client()
        await house.until(lambda: client.mirror.items)
        (item,) = client.mirror.items.values()
        error = await client.refused(api.ITEM_FILE, OfItem("qa", item.id))
        assert "not UTF-8" in error.message
        assert "odd" in (await client.ask(api.PUT_AWAY, OfItem("qa", item.id))).path
        await house.until(lambda: client.mirror.items[item.number].consumed)


async def test_another_file_of_the_same_name_is_not_put_away(project: Project) -> None:
    """What was seen is what is moved."""
    inbox = project.folders("qa").inbox
    (inbox / "one.md").write_text("first")
    async with served(project, "qa") as house:
        client = await house.client()
        await house.until(lambda: client.mirror.items)
        (seen,) = client.mirror.items.values()
        (inbox / "two.md").write_text("second")
        os.replace(inbox / "two.md", inbox / "one.md")
        await house.until(lambda: client.mirror.items[seen.number].id != seen.id)
        error = await client.refused(api.PUT_AWAY, OfItem("qa", seen.id))
        assert error.code == UNKNOWN_ITEM
        assert (inbox / "one.md").read_text() == "second"


async def test_what_cannot_be_sent_says_why(project: Project) -> None:
    async with served(project, "qa") as house:
        client = await house.client()
        for asked in (api.Send((), "a subject"), api.Send(("nobody",), "a subject"), api.Send(("qa",), " ")):
            error = await client.refused(api.SEND, asked)
            assert error.code == ErrorCode.FAILED
        error = await client.refused(api.FIND_ITEMS, api.FindItems(words="x " * 200))
        assert error.code == ErrorCode.WRONG_PARAMETERS


OF_AGENTS = [
    *(each for each in COMMANDS.values() if each.parameters is OfAgent and each is not api.ADD),
    *(api.RESTART, api.WAKE, api.LOOK_AT),
]


ODD_NAMES = ("bu", "nobody", "../qa", "\x1b[31mred", "\N{RIGHT-TO-LEFT OVERRIDE}", "x" * 500)


@pytest.mark.parametrize("name", ODD_NAMES)
async def test_who_is_no_agent_is_said(project: Project, name: str) -> None:
    async with served(project, "qa") as house:
        client = await house.client()
        for command in OF_AGENTS:
            if command is api.INBOX_FOLDER and name == "bu":
                continue  # who has no pane has an inbox
            error = await client.refused(command, command.parameters(name))
            assert error.code == UNKNOWN_AGENT
            assert error.message.endswith("is not one of the agents")
            assert len(error.message) < 120
            assert error.message.isprintable()
            assert "qa" in error.hint
        error = await client.refused(api.PREVIEW, OfItem(name, "1-2-3"))
        assert error.code == UNKNOWN_ITEM


async def test_who_runs_for_another_user_is_left_alone(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(project, "qa") as house:
        client = await house.client()
        await house.running("qa")
        view = replace(house.core.view("qa"), foreign=True)
        monkeypatch.setattr(house.core, "view", lambda agent: view)
        for error in (
            await client.refused(api.RESTART, api.Restart("qa")),
            await client.refused(api.REBUILD, OfAgent("qa")),
        ):
            assert error.code == ErrorCode.NOT_ALLOWED


async def test_nothing_unexpected_is_a_traceback_for_the_client(
    project: Project, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(project, "qa") as house:
        client = await house.client()

        def broken(*_: object) -> None:
            raise ZeroDivisionError("secret")

        monkeypatch.setattr(house.core, "explain", broken)
        error = await client.refused(api.EXPLAIN, OfAgent("qa"))
        assert (error.code, error.message) == (ErrorCode.UNEXPECTED, "unexpected ZeroDivisionError")
        assert "secret" in caplog.text
        caplog.clear()
        assert await client.ask(api.LOOK_AT, api.LookAt("qa")) == DONE


async def test_answers_come_while_a_disk_hangs(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = asyncio.Event()
    async with served(project, "qa") as house:
        client = await house.client()

        async def hang(*_: object) -> None:
            await goes_on.wait()

        monkeypatch.setattr(house.core, "send", hang)
        loop = asyncio.get_running_loop()
        sending = [loop.create_task(client.ask(api.SEND, api.Send(("qa",), "x"))) for _ in range(31)]
        assert await client.ask(api.LOOK_AT, api.LookAt("qa")) == DONE
        assert not any(task.done() for task in sending)
        goes_on.set()
        assert await asyncio.gather(*sending) == [DONE] * 31
