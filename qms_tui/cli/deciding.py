"""Before a project is opened: the human decides once what it may do, and what it brings is put aside."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from contextlib import suppress

from qms_tui.cli.loading import config_of
from qms_tui.config import Config, Overrides, RuntimeKind
from qms_tui.errors import QmsTuiError
from qms_tui.inbox import Item, mailboxes, scan
from qms_tui.project import Project
from qms_tui.trust import Answer, ConfigFolders, Record, Standing, TrustStore, Word, judge


def decide(standing: Standing, overrides: Overrides) -> Config | None:
    """The configuration to start agents with, once the human has decided; None if they would rather leave."""
    store, config = TrustStore.of_user(), config_of(standing, overrides)
    if not standing.is_recorded and standing.foreign:
        standing = _with_containers(standing, config)
    waiting = _waiting(standing.project, config)
    if standing.word is Word.UNDECIDED or (not standing.is_recorded and waiting):
        answer = _asked(standing, waiting)
        if answer is None:
            return None
        standing = _remember(standing, standing.answered(answer), store)
    elif not standing.is_recorded:  # nothing to ask about: what comes later is not what came with it
        standing = _remember(standing, standing.unasked(), store)
    notices = _set_aside(standing, store)
    held = () if standing.word is Word.TRUSTED else waiting
    config = config_of(standing, overrides)
    return dataclasses.replace(
        config,
        notices=(*config.notices, *notices),
        held=frozenset((item.agent, item.file, item.identity.inode) for item in held),
    )


def _asked(standing: Standing, waiting: Sequence[Item]) -> Answer | None:
    from qms_tui.cli.screen import check_terminal
    from qms_tui.cli.trust_question import ask

    check_terminal()
    return ask(standing, waiting)


def _remember(standing: Standing, record: Record, store: TrustStore) -> Standing:
    return judge(dataclasses.replace(standing, record=store.remember(record), is_recorded=True))


def _with_containers(standing: Standing, config: Config) -> Standing:
    """A labelled container shows that its agent's config folder is in use by this user."""
    from qms_tui.runtime.engines import project_containers

    if config.engine.runtime is RuntimeKind.LOCAL:
        return standing
    record = standing.record
    with suppress(QmsTuiError):  # without an engine there is no such container
        containers = project_containers(standing.project, config)
        try:
            used = {agent for agent, found in containers.all().items() if not found.foreign}
        finally:
            containers.close()
        for folder in standing.foreign:
            if folder.agent in used:
                record = record.with_folder(folder.agent, folder.identity)
    return judge(dataclasses.replace(standing, record=record))


def _waiting(project: Project, config: Config) -> Sequence[Item]:
    names = mailboxes(project, project.roster(config.agents))
    return scan({name: project.folders(name).inbox for name in names})[0]


def _set_aside(standing: Standing, store: TrustStore) -> list[str]:
    """Config folders that came with the project do not count; nothing in them is lost."""
    folders = ConfigFolders(standing.project, store)
    return [
        f".claude/users/{each.agent}/{folders.set_aside(each.agent)} came with the project and is set aside: "
        f"qms-tui trust --adopt {each.agent} takes it"
        for each in standing.foreign
    ]
