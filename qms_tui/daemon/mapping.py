"""The core's values as the API's: the one place that knows both."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import quote_from_bytes, unquote_to_bytes

from qms_tui import activity as activities
from qms_tui.activity.status import NOT_LOOKED_AT
from qms_tui.api import agents, commands, inbox, snapshot
from qms_tui.core import AgentView, Core, events
from qms_tui.errors import QmsTuiError
from qms_tui.inbox import Entry, Item, Kind, Preview, Toast, Wish
from qms_tui.mcp.lights import Standing
from qms_tui.programs import values
from qms_tui.runtime import Ending, EngineLost, Latency, RuntimeEvent, Usage

# -- agents -------------------------------------------------------------------------------------------------


def agent(view: AgentView) -> agents.AgentView:
    """What there is to know of an agent."""
    return agents.AgentView(
        name=view.name,
        state=agents.AgentState[view.state.name],
        state_at=view.state_at,
        ending=_ending(view.ending) if view.ending else None,
        clearing=view.clearing,
        trouble=_trouble(view.trouble) if view.trouble else None,
        began=view.began,
        ended_at=view.ended_at,
        isolated=view.isolated,
        container_id=view.container_id,
        wrong=view.wrong,
        outdated=view.outdated,
        needs_build=view.needs_build,
        foreign=view.foreign,
        building=view.building,
        terminal=view.terminal,
        keeper=quote_from_bytes(os.fsencode(view.keeper)) if view.keeper else "",
        title=view.title,
        remark=view.remark,
        leads=view.leads,
        leader=view.leader,
        typed_at=view.typed_at,
        activity=_activity(view.activity) if view.activity else None,
        lights=_lights(view.lights) if view.lights else None,
        meter=_meter(view.meter) if view.meter else None,
        usage=_usage(view.usage) if view.usage else None,
        plan=view.plan,
        alarm=activities.remark(view.lights, view.activity) if view.lights else "",
    )


def _ending(ending: Ending) -> agents.Ending:
    return agents.Ending(ending.exit_code, ending.reason, ending.resuming, ending.asked, str(ending))


def _trouble(error: QmsTuiError) -> agents.Trouble:
    return agents.Trouble(error.message, error.hint)


def _activity(what: values.Activity) -> agents.Activity:
    unseen = what.word is values.Word.IDLE and what.detail == NOT_LOOKED_AT
    return agents.Activity(agents.Word[what.word.name], what.detail, what.since, what.rule, unseen)


def _lights(lights: activities.Lights) -> agents.Lights:
    every = lights.container, lights.program, lights.mcp, lights.login, lights.waker
    return agents.Lights(*map(_light, every))


def _light(light: activities.Light) -> agents.Light:
    return agents.Light(agents.Health[light.health.name], light.why, light.since)


def _meter(meter: values.Meter) -> agents.Meter:
    return agents.Meter(meter.at, meter.cost, meter.context, meter.model, meter.version)


def _usage(usage: Usage) -> agents.Usage:
    return agents.Usage(usage.cpu, usage.memory, usage.limit, usage.tight)


def explanation(sources: tuple[values.Told, ...]) -> commands.Explanation:
    """Why an agent's state is what it is."""
    return commands.Explanation(
        tuple(commands.SourceReport(each.source, each.said, each.at) for each in sources)
    )


# -- inboxes ------------------------------------------------------------------------------------------------


def item(number: int, entry: Entry, known: values.Announced | None, *, held: bool) -> inbox.InboxItem:
    """An item as the ledger has it, and how far it has come."""
    what = entry.item
    return inbox.InboxItem(
        number=number,
        agent=what.agent,
        id=item_id(what),
        name=what.name,
        kind=inbox.ItemKind[what.kind.name],
        headline=what.headline,
        document=what.document,
        sender=what.sender,
        arrived=what.arrived,
        consumed=entry.consumed,
        held=held,
        receipt=_receipt(known) if known else None,
    )


def _receipt(known: values.Announced) -> inbox.Receipt:
    return inbox.Receipt(known.at, known.delivered, known.failed, known.again, known.open)


def item_id(item: Item) -> str:
    """Which file it is: another one of the same name has another id, also for a daemon that comes later."""
    return f"{item.identity.device}-{item.identity.inode}-{quote_from_bytes(os.fsencode(item.file))}"


def waiting_item(core: Core, agent: str, id: str) -> Item | None:
    """What waits in an agent's inbox under that id, if anything."""
    name = unquote_to_bytes(id.split("-", 2)[-1].encode("utf-8", "replace"))
    found = core.ledger.item(agent, os.fsdecode(name))
    return found if found is not None and item_id(found) == id else None


def known_item(core: Core, agent: str, id: str) -> Item | None:
    """What waits there under that id, or did before it was consumed, if anything."""
    every = (entry.item for _, entry in core.ledger.numbered(Wish(agent)))
    return waiting_item(core, agent, id) or next((item for item in every if item_id(item) == id), None)


def mailboxes(core: Core) -> tuple[inbox.Mailbox, ...]:
    """Everybody's, in the order of their names."""
    ledger = core.ledger
    names = sorted({*ledger.agents, *ledger.closed, *(each.name for each in core.agents)})
    return tuple(
        inbox.Mailbox(name, tuple(_counts(core, name)), ledger.closed.get(name, "")) for name in names
    )


def _counts(core: Core, name: str) -> Iterator[inbox.KindCount]:
    counts = core.ledger.counts(name)
    return (inbox.KindCount(inbox.ItemKind[kind.name], counts[kind]) for kind in Kind if kind in counts)


def wish(params: commands.FindItems) -> Wish:
    """What is looked for."""
    return Wish(params.agent, Kind[params.kind.name] if params.kind else None, params.words)


def preview(said: Preview) -> inbox.ItemPreview:
    """What an item's file says."""
    facts = tuple(inbox.ItemFact(name, text) for name, text in said.facts)
    return inbox.ItemPreview(facts, said.text, said.trouble)


# -- all else -----------------------------------------------------------------------------------------------


def notice(said: events.Notice, at: float) -> snapshot.Notice:
    """What a human is told."""
    severity = snapshot.Severity[said.severity.upper()]
    kind = snapshot.NoticeKind[said.kind.name]
    return snapshot.Notice(said.text, at, severity, said.agent, kind, said.lasting)


def toast(arrival: Toast) -> snapshot.Toast:
    """An arrival."""
    return snapshot.Toast(arrival.agent, arrival.text, arrival.replaces)


def engine(event: RuntimeEvent, before: snapshot.Engine) -> snapshot.Engine:
    """How the engine is after this."""
    if isinstance(event, EngineLost):
        return snapshot.Engine(False, event.why, name=before.name)
    if isinstance(event, Latency):
        return snapshot.Engine(before.reachable, before.why, event.seconds, before.name)
    return snapshot.Engine(name=before.name)


def servers(standing: Standing) -> tuple[snapshot.Server, ...]:
    """All MCP servers."""
    return tuple(
        snapshot.Server(
            each.server,
            snapshot.ServerState[each.light.name],
            each.detail,
            tuple(sorted(name for name, theirs in standing.connected.items() if each.server in theirs)),
        )
        for each in standing.servers
    )


def beginning(core: Core, items: tuple[inbox.InboxItem, ...]) -> snapshot.Snapshot:
    """What there is to know before anything is told."""
    return snapshot.Snapshot(
        0,
        tuple(agent(view) for view in core.views),
        tuple(core.waiting),
        inbox.Inbox(items, len(core.ledger) - len(items), mailboxes(core)),
        trust=snapshot.Trust(core.config.trusted),
    )
