"""`qms-tui ps`: each agent's container, what its program is doing and uses, and what is wrong with it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qms_tui.activity import (
    Facts,
    Health,
    Light,
    Lights,
    Served,
    Sight,
    armed,
    remark,
    shine,
    sources,
)
from qms_tui.activity.given import given, servers_of
from qms_tui.cli.ps_states import found_by, has_news, standing_of
from qms_tui.config import Config, RuntimeKind
from qms_tui.mcp.lights import Standing
from qms_tui.programs.config_folder import local_folder
from qms_tui.programs.registry import program_of
from qms_tui.programs.values import Activity, Meter, Told, Word
from qms_tui.project import Project
from qms_tui.runtime import Condition, Found, Usage
from qms_tui.terminal import NO_STATUS, ProgramStatus
from qms_tui.text.amounts import amount
from qms_tui.text.columns import columns
from qms_tui.text.printable import json_text
from qms_tui.text.times import moment

if TYPE_CHECKING:
    from qms_tui.api.agents import AgentView

_TODAY = {  # how to get it, by whether it must be built first
    True: "b in its pane's menu builds it again",
    False: "r in its pane's menu restarts it in that",
}
LOCAL = Light(Health.ABSENT, "local: no container")
_HEALTH = {Condition.RUNNING: Health.FINE, Condition.PAUSED: Health.WRONG}


def listing(
    project: Project,
    found: Mapping[str, Found],
    config: Config,
    standing: Standing | None = None,
    usage: Mapping[str, Usage] | None = None,
    reported: Mapping[str, ProgramStatus] | None = None,
    local: Mapping[str, Found] | None = None,
    views: Mapping[str, AgentView] | None = None,
    *,
    as_json: bool,
) -> list[str]:
    """The lines to print. Reads the agents' folders; `standing` says how MCP servers stand, if any do,
    `usage` what agents use, if anybody wants to know it, `reported` what their programs report of
    themselves, by containers' ids, `local` which agents are programs of this machine, `views` what a daemon
    knows of its agents.
    """
    used, statuses, news = usage or {}, reported or {}, dict(views or {})
    known = []
    for agent in sorted(found):
        status, view = statuses.get(found[agent].id, NO_STATUS), news.get(agent)
        known.append(_Known(project, agent, found[agent], config, standing, used.get(agent), status, view))
    for agent, here in sorted((local or {}).items()):
        status, view = statuses.get(here.id, NO_STATUS), news.get(agent)
        known.append(_Known(project, agent, here, config, None, None, status, view, is_local=True))
    for agent, view in sorted(news.items()):
        if agent not in {*found, *(local or {})} and has_news(view):
            known.append(
                _Known(
                    project,
                    agent,
                    found_by(view),
                    config,
                    None,
                    None,
                    NO_STATUS,
                    view,
                    is_local=not view.isolated,
                )
            )
    if as_json:
        return [json_text([_as_json(project, one) for one in known], indent=2)]
    if not known:
        is_local = config.engine.runtime is RuntimeKind.LOCAL
        return [f"no agent of {project.name} {'runs' if is_local else 'has a container'}"]
    return [*_table(known, usage is not None), *_remedies(known)]


class _Known:
    """What there is to say of one agent; `activity` is None unless its program runs."""

    def __init__(
        self,
        project: Project,
        agent: str,
        found: Found,
        config: Config,
        standing: Standing | None,
        usage: Usage | None,
        status: ProgramStatus,
        view: AgentView | None = None,
        *,
        is_local: bool = False,
    ) -> None:
        self.agent, self.found, self.usage, self.is_local = agent, found, usage, is_local
        self.standing = standing_of(found, view)
        now = time.time()
        sight = Sight(began=found.began).reporting(status, now)
        program = program_of(config.agent(agent).command)
        reader = program.reader(project, agent, local_folder(project, agent) if is_local else None)
        self.report = reader.read(time.monotonic()).current(sight, now)
        reader.close()
        self.activity: Activity | None = None
        self.told: Sequence[Told] = ()
        if found.condition is Condition.RUNNING:
            self.activity = self.report.judge(sight, now)[0]
            self.told = sources(self.report, sight, now)
        gets = given(config, agent, os.environ, isolated=not is_local, served=standing is not None)
        # Nobody has looked before: as it is now it has been since the start, as far as anybody knows.
        served = Served(servers_of(standing, agent, gets.servers), 0.0, now) if standing is not None else None
        facts = Facts(
            LOCAL if is_local else _container(found), self.activity, self.report, sight, gets, served,
            found.wrong, foreign=found.foreign,
        )  # fmt: skip
        self.lights = shine(facts, now)[0]

    @property
    def doing(self) -> str:
        """What its program is doing, and what is wrong with it besides."""
        if self.activity is None:
            words = [remark(self.lights, None), self.standing.plan]
            return ", ".join(word for word in words if word)
        if self.activity.word is Word.UNKNOWN:  # the word says nothing: why it is not known does
            words = [self.activity.word.value, self.activity.detail]
        else:
            words = [self.activity.word.value, self.report.whereabouts]
        if not self.report.forbidden:
            words.append(remark(self.lights, self.activity))
        return ", ".join(word for word in words if word)


def _container(found: Found) -> Light:
    if found.ending is not None:
        return Light(Health.WRONG if found.ending.exit_code else Health.ABSENT, str(found.ending))
    why = (
        f": {found.disk.text}"
        if found.condition is Condition.PAUSED and found.disk and found.disk.text
        else ""
    )
    return Light(_HEALTH.get(found.condition, Health.ABSENT), f"{found.condition.value}{why}", found.began)


def _as_json(project: Project, known: _Known) -> dict[str, Any]:
    found, activity, usage = known.found, known.activity, known.usage
    return {
        "project": str(project.root),
        "agent": known.agent,
        "runtime": "local" if known.is_local else "docker",
        "condition": found.condition.value,
        "state": known.standing.state,
        "plan": known.standing.plan,
        "trouble": known.standing.trouble,
        "started_at": found.started_at,
        "image": found.image,
        "digest": found.digest,
        "outdated": found.outdated,
        "foreign": found.foreign,
        "wrong": found.wrong,
        "container": found.container,
        "id": found.id,
        "renamed_from": found.renamed_from,
        "exit_code": found.ending.exit_code if found.ending else None,
        "reason": found.ending.reason if found.ending else "",
        "cpu": round(usage.cpu, 4) if usage and usage.cpu is not None else None,
        "memory": usage.memory if usage else None,
        "memory_limit": usage.limit or None if usage else None,
        **_disk(found),
        **({"needs_build": found.needs_build} if found.outdated else {}),
        "lights": _lights(known.lights),
        "activity": activity and {
            "word": activity.word.value,
            "detail": activity.detail,
            "since": activity.since,
            "rule": activity.rule,
            "waker_armed": armed(known.report, time.time()),
            "meter": _meter(known.report.meter),
            "sources": [{"source": told.source, "said": told.said, "at": told.at} for told in known.told],
        },
    }  # fmt: skip


def _disk(found: Found) -> dict[str, Any]:
    """Only where there is something to say of it."""
    if found.disk is None or not found.disk.text:
        return {}
    return {"disk": found.disk.used, "disk_limit": found.disk.limit, "disk_trouble": found.disk.text}


def _lights(lights: Lights) -> dict[str, Any]:
    return {
        name.lower(): {"state": light.health.value, "why": light.why, "since": light.since}
        for name, light in lights
    }


def _meter(meter: Meter | None) -> dict[str, Any] | None:
    return None if meter is None else {"cost": meter.cost, "context": meter.context, "model": meter.model}


def _image(found: Found) -> str:
    """Its name, and the beginning of its digest as `docker images` shows it."""
    return f"{found.image} ({found.digest.removeprefix('sha256:')[:12]})" if found.digest else found.image


def _used(usage: Usage | None) -> tuple[str, str]:
    if usage is None:
        return "", ""
    return f"{100 * usage.cpu:.0f} %" if usage.cpu is not None else "", amount(usage.memory)


def _table(known: Sequence[_Known], with_usage: bool) -> list[str]:
    used = ("CPU", "MEMORY") if with_usage else ()
    rows = [("AGENT", "CONDITION", "DOING", *used, "STARTED", "IMAGE", "CONTAINER")]
    for one in known:
        f = one.found
        whose = "another user's" if f.foreign else "local, not isolated" if one.is_local else ""
        renamed = "renamed" if f.renamed_from else ""
        disk = f.disk.text if f.disk else ""
        words = (
            f.condition.value,
            one.standing.word,
            disk,
            whose,
            renamed,
            str(f.ending or ""),
            "outdated" if f.outdated else "",
            f.wrong,
        )
        condition = ", ".join(word for word in words if word)
        used = _used(one.usage) if with_usage else ()
        started = moment(f.began) if f.began > 0 else ""  # year 1 stands for never
        rows.append((one.agent, condition, one.doing, *used, started, _image(f), f.container))
    return columns(rows)


def _remedies(known: Sequence[_Known]) -> list[str]:
    """What keeps agents from starting; what can be done about outdated images, and renamed containers."""
    troubles = [f"{one.agent}: {one.standing.trouble}" for one in known if one.standing.trouble]
    outdated = [
        f"{one.agent}'s image is not that of today: {_TODAY[one.found.needs_build]}"
        for one in known
        if one.found.outdated
    ]
    return (
        troubles
        + outdated
        + [
            f"{one.agent}'s container was renamed from {one.found.renamed_from}: it works on as it is, and "
            f"qms-tui stop {one.agent} ends it"
            for one in known
            if one.found.renamed_from
        ]
    )
