"""Agents' config folders, `.claude/users/NAME/container`: credentials, settings, hooks, transcripts.

For the client it is the *user's* configuration, which it obeys in any project. So a folder counts only if it
was made here or adopted by the human, and it is known by its identity, not by its path.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from qms_tui.errors import ProjectError, remedy
from qms_tui.project import Project
from qms_tui.trust.record import FolderIdentity, Record, TrustStore

NAME = "container"
ASIDE = "container.aside"
MOST_ASIDE = 1000
_ASIDE = re.compile(r"container\.aside(-(?P<number>[0-9]{1,4}))?")


class ConfigFolders:
    """The config folders of one project, as one user knows them."""

    def __init__(self, project: Project, store: TrustStore) -> None:
        self._project, self._store = project, store

    @contextmanager
    def making(self, agent: str) -> Iterator[None]:
        """The agent's folders are made, or used, within this; its config folder is remembered as ours.

        Raises ProjectError if a folder is there already that was not made here, and QmsTuiError if what is
        made cannot be remembered.
        """
        with self._store.locked():
            record = self._record()
            here = self.identity(agent)
            if here is not None and record.folders.get(agent) != here:
                raise foreign(agent)
            yield
            made = self.identity(agent)
            if made is not None and record.folders.get(agent) != made:
                self._store.write(record.with_folder(agent, made))

    def identity(self, agent: str) -> FolderIdentity | None:
        """Which folder is there; None for none, and for a link."""
        with suppress(OSError), self._project.open_folder((*self._above(agent), NAME)) as folder:
            return FolderIdentity.of(folder)
        return None

    def set_aside(self, agent: str) -> str:
        """Rename the config folder, whatever it is; the new name. Nothing in it is touched.

        Raises ProjectError if that is not possible.
        """
        try:
            with self._project.open_folder(self._above(agent)) as base:
                name = _free_name(os.listdir(base))
                os.rename(NAME, name, src_dir_fd=base, dst_dir_fd=base)
                return name
        except OSError as error:
            raise _cannot(agent, "set aside", error) from error

    def adopt(self, agent: str) -> str:
        """Take the folder that is there, or the one that was set aside last; ours, if any, is set aside then.

        Returns what was adopted, its former name. Raises ProjectError if there is nothing to adopt, and
        QmsTuiError if it cannot be remembered.
        """
        with self._store.locked():
            record = self._record()
            here = self.identity(agent)
            name = NAME
            if here is None or record.folders.get(agent) == here:
                name = self._take_back(agent, there=here is not None)
            adopted = self.identity(agent)
            assert adopted is not None
            self._store.write(record.with_folder(agent, adopted))
            return name

    def _take_back(self, agent: str, *, there: bool) -> str:
        try:
            with self._project.open_folder(self._above(agent)) as base:
                names = os.listdir(base)
                aside = max((name for name in names if _ASIDE.fullmatch(name)), key=_number, default=None)
                if aside is None:
                    raise _nothing_aside(agent)
                if there:
                    os.rename(NAME, _free_name(names), src_dir_fd=base, dst_dir_fd=base)
                os.rename(aside, NAME, src_dir_fd=base, dst_dir_fd=base)
                return aside
        except FileNotFoundError:
            raise _nothing_aside(agent) from None
        except OSError as error:
            raise _cannot(agent, "taken back", error) from error

    def _record(self) -> Record:
        return self._store.read(self._project.root) or Record(self._project.root)

    @staticmethod
    def _above(agent: str) -> tuple[str, ...]:
        return (".claude", "users", agent)


def foreign(agent: str) -> ProjectError:
    """The refusal of a folder that was not made here."""
    return ProjectError(
        f".claude/users/{agent}/{NAME} came with the project: its settings, hooks and logins are not yours",
        hint=f"look into it, then take it with: qms-tui trust --adopt {agent} (or rename it)",
    )


def _nothing_aside(agent: str) -> ProjectError:
    return ProjectError(f"no config folder of {agent} was set aside", hint="there is nothing to take back")


def _number(name: str) -> int:
    match = _ASIDE.fullmatch(name)
    assert match is not None
    return int(match["number"] or 1)


def _free_name(taken: list[str]) -> str:
    """A name for a folder set aside, after all those that there are."""
    last = max((_number(name) for name in taken if _ASIDE.fullmatch(name)), default=0)
    return ASIDE if not last else f"{ASIDE}-{last + 1}"


def _cannot(agent: str, what: str, error: OSError) -> ProjectError:
    return ProjectError(
        f".claude/users/{agent}/{NAME} cannot be {what}: {error.strerror}",
        hint=remedy(error, "may you write there, and is it a real folder?"),
    )
