"""How a project stands with the user: its claims beside what the user has answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain
from pathlib import Path

from qms_tui.config import (
    NO_OVERRIDES,
    Assignment,
    Config,
    ConfigFiles,
    Judged,
    OnFault,
    Overrides,
    Program,
    Trust,
    load_config,
    read_assignments,
    read_files,
    refuse,
    unknown_agents,
)
from qms_tui.config.files import PROJECT_FILE
from qms_tui.errors import ProjectError
from qms_tui.programs.registry import PROGRAMS
from qms_tui.project import Project
from qms_tui.text.printable import plain
from qms_tui.trust import first_edition
from qms_tui.trust.claims import Claims, ConfigFolder, read_claims
from qms_tui.trust.record import Answer, FileRecord, FolderIdentity, Record, TrustStore

MOST_DIFF_LINES = 60  # of one file


class Word(StrEnum):
    """In one word."""

    TRUSTED = "trusted"
    LOOK_ONLY = "look only"
    UNDECIDED = "not decided"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a project wants, what the user has said, and what follows.

    Attributes:
        files: the configuration files as they were read, and are to be used.
        record: what is remembered; without a file of its own it has what the first edition's state shows.
        is_recorded: whether it is remembered by this edition.
        folder: which folder the project's path stands for now.
        word: what holds.
        moved: whether the path stood for another folder when the user answered.
    """

    project: Project
    files: ConfigFiles
    claims: Claims
    record: Record
    is_recorded: bool
    folder: FolderIdentity
    word: Word = Word.UNDECIDED
    moved: bool = False

    @property
    def trust(self) -> Trust:
        """What the configuration has to know."""
        known = self.record.files.get(PROJECT_FILE)
        content = self.files.project.content if self.files.project else b""
        judged = known is not None and known.sha256 == FileRecord.of(content).sha256
        trusted = self.word is Word.TRUSTED
        return Trust(
            project=trusted,
            settings=known.sha256 if trusted and known and judged else "",
            changed=self.record.answer is Answer.TRUST and known is not None and not judged,
        )

    def config(self, overrides: Overrides = NO_OVERRIDES, on_fault: OnFault = refuse) -> Config:
        """What holds in the project; `on_fault` and what is raised are those of `load_config`."""
        config = load_config(self.files, overrides=overrides, trust=self.trust, on_fault=on_fault)
        trusted, files = self.word is Word.TRUSTED, self.claims.files
        programs = tuple(
            Program(each.path, each.sha256 if trusted else "", each.words) for each in files if each.words
        )
        copies = (each for each in files if each.keys or _is_settings(each.path))
        unknown = unknown_agents(config, self.project.roster(config.agents))
        judged = tuple(Judged(each.path, each.content, bool(each.keys)) for each in copies if trusted)
        notices = (*config.notices, *unknown)
        return replace(config, programs=programs, judged=judged, notices=notices)

    @property
    def foreign(self) -> tuple[ConfigFolder, ...]:
        """The config folders that were neither made here nor adopted."""
        known = self.record.folders
        return tuple(each for each in self.claims.folders if known.get(each.agent) != each.identity)

    @property
    def changes(self) -> tuple[str, ...]:
        """The files that are new, or are not what was judged."""
        known = self.record.files
        return tuple(
            file.path
            for file in self.claims.files
            if (known[file.path].sha256 != file.sha256 if file.path in known else file.needs_trust)
        )

    def unasked(self) -> Record:
        """The record of a project in which there was nothing to ask about."""
        return replace(self.record, folder=self.folder, answer=Answer.TRUST, files={})

    def answered(self, answer: Answer) -> Record:
        """The record after this answer: trusting adopts the config folders that came with the project."""
        folders = dict(self.record.folders)
        if answer is Answer.TRUST:
            folders |= {each.agent: each.identity for each in self.claims.folders}
        files = {file.path: FileRecord.of(file.content) for file in self.claims.files}
        named = frozenset(self.claims.names)
        return replace(
            self.record, folder=self.folder, answer=answer, files=files, folders=folders, named=named
        )

    def diff(self, path: str) -> tuple[str, ...]:
        """How a file differs from what was judged, line by line; empty if nothing is left to compare."""
        import difflib  # costs every command 5 ms, and is for a question

        known = self.record.files.get(path)
        now = next(file.content for file in self.claims.files if file.path == path)
        if known is None or known.text is None:
            return ()
        lines = difflib.unified_diff(
            known.text.splitlines(), now.decode(errors="replace").splitlines(), lineterm="", n=1
        )
        found = [plain(line) for line in lines][2:]  # without the names of the two
        more = len(found) - MOST_DIFF_LINES
        return (*found[:MOST_DIFF_LINES], *((f"... and {more} more lines",) if more > 0 else ()))


def _is_settings(path: str) -> bool:
    """Whether it is a file of settings of a program in the project."""
    return any(program.project_files.is_settings(path) for program in PROGRAMS)


def examine(
    project: Project,
    *,
    user_file: Path | None = None,
    command: Sequence[Assignment] = (),
    store: TrustStore | None = None,
    on_fault: OnFault = refuse,
) -> Standing:
    """Look at a project as it is now, and at what is remembered of it.

    Args:
        user_file: the file of --config, read instead of the user's own.
        command: what the command line sets.
        store: the user's own by default.
        on_fault: called for each thing that is wrong in a file; the rest of it is judged.

    Raises ProjectError for a project that is gone.
    """
    store = store or TrustStore.of_user()
    files = read_files(project.root, user_file, on_fault)
    read = [read_assignments(file, on_fault) for file in (files.user, files.project) if file]
    assignments = [*chain.from_iterable(read), *command]
    claims = read_claims(project, files.project, assignments, on_fault)
    try:
        folder = FolderIdentity.of(project.root)  # which we need not be allowed to list, to look on
    except OSError as error:
        raise ProjectError(f"{project.root}: {error.strerror}", hint="is the project still there?") from error
    record = store.read(project.root) or Record(project.root)
    moved = record.folder not in (None, folder)
    if moved:  # the answer was about another folder; what was made here is known by itself
        record = Record(project.root, folders=record.folders)
    elif record.folder is None:
        used = {
            each.agent: each.identity
            for each in claims.folders
            if first_edition.shows_in_use(project.root, each.agent)
        }
        record = replace(record, folders={**used, **record.folders})
    standing = Standing(project, files, claims, record, record.folder is not None, folder, moved=moved)
    return judge(standing)


def judge(standing: Standing) -> Standing:
    """Decide on the word: PURE."""
    record, claims = standing.record, standing.claims
    changed = standing.changes or not record.named.issuperset(claims.names)
    news = bool(changed or standing.foreign or claims.unjudged)
    if record.answer is None:
        word = Word.UNDECIDED if news else Word.TRUSTED
    elif news and (record.answer is Answer.TRUST or changed):
        word = Word.UNDECIDED
    else:
        word = Word.TRUSTED if record.answer is Answer.TRUST else Word.LOOK_ONLY
    return replace(standing, word=word)
