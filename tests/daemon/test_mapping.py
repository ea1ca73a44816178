"""The API says everything that the core knows, in words of its own."""

from __future__ import annotations

import dataclasses
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct, structs

from qms_tui import activity as activities
from qms_tui.activity.status import NOT_LOOKED_AT
from qms_tui.api import agents, commands, inbox, snapshot
from qms_tui.api.words import Words
from qms_tui.core import AgentState, AgentView, events
from qms_tui.core.state import HELD, STARTABLE
from qms_tui.daemon import mapping
from qms_tui.errors import RuntimeFailure
from qms_tui.inbox import HUMAN, Entry, Identity, Item, Kind
from qms_tui.mcp.lights import Light as ServerLight
from qms_tui.mcp.lights import Shown, Standing
from qms_tui.programs import values
from qms_tui.runtime import Ending, EngineBack, EngineLost, Latency, Usage
from qms_tui.ui.whereabouts import whereabouts

DERIVED = {"text", "tight", "unseen", "alarm"}  # what clients would else have to work out


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (AgentState, agents.AgentState),
        (values.Word, agents.Word),
        (activities.Health, agents.Health),
        (Kind, inbox.ItemKind),
        (events.NoticeKind, snapshot.NoticeKind),
        (ServerLight, snapshot.ServerState),
    ],
)
def test_every_word_has_one(theirs: type[Enum], ours: type[Words]) -> None:
    assert set(ours.__members__) == {*theirs.__members__, "UNKNOWN"}


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (AgentView, agents.AgentView),
        (values.Activity, agents.Activity),
        (activities.Light, agents.Light),
        (activities.Lights, agents.Lights),
        (values.Meter, agents.Meter),
        (Usage, agents.Usage),
        (Ending, agents.Ending),
        (values.Announced, inbox.Receipt),
    ],
)
def test_every_field_has_one(theirs: type[Any], ours: type) -> None:
    named = [each.name for each in structs.fields(ours)]
    assert [name for name in named if name not in DERIVED] == [*theirs.__match_args__]


def test_the_same_states_are_held_and_startable() -> None:
    for theirs, ours in ((HELD, agents.HELD), (STARTABLE, agents.STARTABLE)):
        assert [each.name for each in theirs] == [each.name for each in ours]


@pytest.mark.parametrize("state", AgentState)
def test_agents_are_in_their_states_since_the_same_time(state: AgentState) -> None:
    view = AgentView("qa", state, 1.0, began=2.0, ended_at=3.0)
    assert mapping.agent(view).since == view.since


@pytest.mark.parametrize("ending", [Ending(None), Ending(7), Ending(137, "killed"), Ending(None, "removed")])
def test_an_ending_has_its_words(ending: Ending) -> None:
    assert mapping.agent(AgentView("qa", ending=ending)).ending == agents.Ending(
        ending.exit_code, ending.reason, text=str(ending)
    )


def test_lights_have_the_same_names_and_count_the_same() -> None:
    fine, wrong = (
        activities.Light(health, "") for health in (activities.Health.FINE, activities.Health.WRONG)
    )
    lights = activities.Lights(fine, wrong, fine, wrong, fine)
    said = mapping.agent(AgentView("qa", lights=lights)).lights
    assert said is not None
    assert [(name, each.health.name) for name, each in said] == [
        (name, each.health.name) for name, each in lights
    ]
    assert said.wrong == lights.wrong == 2


def test_a_wrong_light_that_no_word_tells_is_an_alarm() -> None:
    fine = activities.Light(activities.Health.FINE, "")
    waker = activities.Light(activities.Health.WRONG, "not armed")
    lights = activities.Lights(fine, fine, fine, fine, waker)
    assert mapping.agent(AgentView("qa", lights=lights)).alarm == "waker: not armed"


@pytest.mark.parametrize(
    ("word", "detail", "unseen"),
    [
        (values.Word.IDLE, NOT_LOOKED_AT, True),
        (values.Word.IDLE, "", False),
        (values.Word.RUNNING, NOT_LOOKED_AT, False),
    ],
)
def test_what_has_finished_unseen_says_so(word: values.Word, detail: str, unseen: bool) -> None:
    said = mapping.agent(AgentView("qa", activity=values.Activity(word, detail))).activity
    assert said is not None
    assert said.unseen == unseen


def test_little_memory_left_is_said() -> None:
    for usage in (Usage(None, 96, 100), Usage(None, 10, 100), Usage(None, 96)):
        said = mapping.agent(AgentView("qa", usage=usage)).usage
        assert said is not None
        assert said.tight == usage.tight


def test_the_human_has_one_name() -> None:
    assert inbox.HUMAN == HUMAN


def test_an_agent_with_everything() -> None:
    light = activities.Light(activities.Health.WRONG, "not there", 3.0)
    view = AgentView(
        name="qa",
        state=AgentState.ENDED,
        state_at=1.0,
        ending=Ending(7, "killed", True, True),
        clearing=True,
        trouble=RuntimeFailure("no", "try"),
        began=2.0,
        ended_at=3.0,
        isolated=False,
        container_id="abc",
        wrong="another",
        outdated=True,
        needs_build=True,
        foreign=True,
        building="2 of 5",
        terminal="abc",
        keeper=Path("/state/ä/keeper.sock"),
        title="a title",
        remark="a remark",
        leads=False,
        leader="bu",
        typed_at=5.0,
        activity=values.Activity(values.Word.NEEDS_YOU, "ls", 6.0, "a rule"),
        lights=activities.Lights(light, light, light, light, light),
        meter=values.Meter(7.0, 0.5, 8.0, "Opus", "2.0"),
        usage=Usage(0.5, 9, 10),
        plan="starts again",
    )
    defaults = AgentView("")
    names = [each.name for each in dataclasses.fields(AgentView)]
    assert [name for name in names if getattr(view, name) == getattr(defaults, name)] == []
    made = mapping.agent(view)
    for name in names:
        said, was = getattr(made, name), getattr(view, name)
        if isinstance(was, AgentState):
            assert said is agents.AgentState.ENDED
        elif name == "keeper":
            assert said == "/state/%C3%A4/keeper.sock"
            assert whereabouts(made).keeper == was
        elif name == "trouble":
            assert said == agents.Trouble("no", "try")
        elif name == "activity":
            assert said == agents.Activity(agents.Word.NEEDS_YOU, "ls", 6.0, "a rule")
        elif name == "ending":
            assert said == agents.Ending(7, "killed", True, True, "exit code 7 (killed)")
        elif name == "usage":
            assert said == agents.Usage(0.5, 9, 10, False)
        elif name == "lights":
            wrong = agents.Light(agents.Health.WRONG, "not there", 3.0)
            assert said == agents.Lights(wrong, wrong, wrong, wrong, wrong)
        elif isinstance(was, Struct):
            assert structs.astuple(said) == structs.astuple(was)
        elif dataclasses.is_dataclass(was):
            assert structs.astuple(said) == dataclasses.astuple(was)  # type: ignore[arg-type]
        else:
            assert said == was


@pytest.mark.parametrize("file", ["CR-056.md", "a b-c%41.md", "ä.md", "\udcff\udc80.md", "%"])
def test_the_id_of_an_item_is_its_files(file: str) -> None:
    item = Item("qa", "name", Kind.REVIEW, "a review", "CR-056", "bu", 1.0, Identity(3, 2**63), file)
    id = mapping.item_id(item)
    assert id.isascii()
    assert id.startswith(f"3-{2**63}-")
    assert mapping.item(5, Entry(item), None, held=True) == inbox.InboxItem(
        5, "qa", id, "name", inbox.ItemKind.REVIEW, "a review", "CR-056", "bu", 1.0, None, True
    )


def test_the_engine_is_lost_and_back() -> None:
    engine = mapping.engine(Latency(0.25), snapshot.Engine())
    assert engine == snapshot.Engine(latency=0.25)
    lost = mapping.engine(EngineLost("gone"), engine)
    assert lost == snapshot.Engine(False, "gone")
    assert mapping.engine(EngineBack(), lost) == snapshot.Engine()


def test_servers_name_the_agents_that_have_them() -> None:
    standing = Standing(
        (Shown("qms", ServerLight.UP), Shown("git", ServerLight.DOWN, "no such file")),
        {"qa": frozenset({"qms"}), "bu": frozenset({"qms"})},
    )
    assert mapping.servers(standing) == (
        snapshot.Server("qms", snapshot.ServerState.UP, "", ("bu", "qa")),
        snapshot.Server("git", snapshot.ServerState.DOWN, "no such file"),
    )


def test_paths_are_only_looked_up(tmp_path: Path) -> None:
    """An id never becomes a path: what is not in the ledger is not there."""

    class Ledger:
        def item(self, agent: str, file: str) -> None:
            assert isinstance(file, str)

    class Core:
        ledger = Ledger()

    for id in ("", "-", "1-2-..%2F..%2Fetc%2Fpasswd", "1-2-%00", "\N{GRINNING FACE}", "x" * 10_000):
        assert mapping.waiting_item(Core(), "qa", id) is None  # type: ignore[arg-type]


_TEXTS = st.text("abAB ßäÄ\u0130", max_size=6)


@given(
    st.builds(
        Item,
        agent=st.sampled_from(["qa", "bu"]),
        name=_TEXTS,
        kind=st.sampled_from(Kind),
        headline=_TEXTS,
        document=_TEXTS,
        sender=_TEXTS,
        arrived=st.just(1.0),
        identity=st.just(Identity(1, 2)),
        file=st.just("x"),
    ),
    st.builds(
        commands.FindItems,
        agent=st.sampled_from(["", "qa"]),
        kind=st.none() | st.sampled_from(inbox.ItemKind),
        words=_TEXTS,
    ),
)
def test_a_client_finds_what_the_daemon_finds(item: Item, wish: commands.FindItems) -> None:
    entry = Entry(item)
    assert wish.takes(mapping.item(1, entry, None, held=False)) == mapping.wish(wish).takes(entry)
