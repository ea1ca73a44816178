"""Reads what a client, its hooks and its registry of sessions say in an agent's own folder. Blocking."""

from __future__ import annotations

import os
import re
import time
from dataclasses import replace

from qms_tui.programs.claude import parse
from qms_tui.programs.claude.logins import CREDENTIALS, SETTINGS
from qms_tui.programs.claude.report import ClaudeReport
from qms_tui.programs.claude.sessions import agents_own, in_background
from qms_tui.programs.claude.values import Session
from qms_tui.programs.config_folder import ConfigFolder
from qms_tui.programs.folder_reader import FolderReader
from qms_tui.programs.logins import OwnLogin
from qms_tui.programs.values import Birth
from qms_tui.project import Project

MOST_SESSIONS = 64  # files of the registry that are looked at
_SESSION = re.compile(r"[0-9]{1,10}\.json")


class ClaudeReader(FolderReader[ClaudeReport]):
    """One agent's folder."""

    def __init__(self, project: Project, agent: str, folder: ConfigFolder | None = None) -> None:
        """`folder` is the agent's own: that of its container, unless another is given."""
        super().__init__(project, agent, folder, ClaudeReport())
        self._sessions: int | None = None
        self._slow = ClaudeReport()
        self._names: tuple[str, ...] = ()
        self._gone = 0.0

    def close(self) -> None:
        """Let go of the folders; idempotent."""
        if self._sessions is not None:
            os.close(self._sessions)
        self._sessions = None
        super().close()

    def _is_open(self) -> bool:
        return self._sessions is not None

    def _open_folders(self) -> None:
        super()._open_folders()
        if self._sessions is None:
            self._sessions = self._folder("sessions")
            self._names = self._listed()

    def _fresh(self) -> ClaudeReport:
        birth = self._birth()
        session, others, garbled = self._registry(birth)
        if session is not None or birth != self._report.birth:
            self._gone = 0.0
        elif self._report.session is not None:
            self._gone = time.time()
        return replace(
            self._slow,
            birth=birth,
            session=session,
            others=others,
            garbled=garbled,
            gone=self._gone,
            hooks=self._value(self._ours, "hooks.jsonl", parse.hooks, ()),
            trouble=self._trouble,
            forbidden=self._forbidden,
        )

    def _read_slow(self) -> None:
        self._slow = ClaudeReport(
            **self._of_the_inbox(),
            meter=self._value(self._ours, "status.json", parse.meter, None),
            own_login=self._written(CREDENTIALS),
            credentials=self._credentials(),
            settings_login=self._value(self._config, SETTINGS, parse.settings_login, ""),
        )

    def _credentials(self) -> OwnLogin | None:
        """Until when the client's login holds; nothing else of it leaves this function."""
        found: OwnLogin | None = self._value(self._config, CREDENTIALS, parse.own_login, None)
        return replace(found, at=self._written(CREDENTIALS)) if found is not None and found.usable else found

    def _listed(self) -> tuple[str, ...]:
        if self._sessions is None:
            return ()
        found = []
        with os.scandir(self._sessions) as entries:
            for number, entry in enumerate(entries):
                if number == 4 * MOST_SESSIONS:
                    break
                if _SESSION.fullmatch(entry.name):
                    found.append(entry.name)
        return tuple(sorted(found)[:MOST_SESSIONS])

    def _registry(self, birth: Birth | None) -> tuple[Session | None, tuple[Session, ...], bool]:
        """The agent's own session, the others in the background, and whether its registry makes no sense.

        Its own is that of the process which the entrypoint became, else the newest.
        """
        main: Session | None = None
        if birth is not None:
            name = f"{birth.pid}.json"
            main = self._value(self._sessions, name, parse.session, None)
            if main is None:
                return None, (), self._is_garbled(name)
        found = [self._value(self._sessions, name, parse.session, None) for name in self._names]
        sessions = [one for one in found if one is not None]
        own = agents_own(main, sessions)
        if own is None:
            return None, (), any(self._is_garbled(name) for name in self._names)
        return own, in_background(main or own, own, sessions), False
