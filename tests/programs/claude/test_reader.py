"""An agent's folder, read while it is written, torn, planted with traps, and replaced."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from qms_tui.activity import Observer, Source
from qms_tui.programs.claude.program import Claude
from qms_tui.programs.claude.reader import ClaudeReader
from qms_tui.programs.claude.report import ClaudeReport
from qms_tui.programs.config_folder import ConfigFolder, container_folder
from qms_tui.programs.folder_reader import LARGEST, REOPEN
from qms_tui.programs.report import Report
from qms_tui.project import Project
from tests.somebody import ROOT, somebody

PATIENCE = 30.0


class Folder:
    """What a client and its hooks write."""

    def __init__(self, project: Project) -> None:
        self.path = project.folders("qa").config
        self.make()

    def make(self) -> None:
        for name in ("sessions", "qms-tui"):
            (self.path / name).mkdir(parents=True)

    def registry(self, status: str, pid: int = 7, started: float = 1000.0) -> Path:
        file = self.path / f"sessions/{pid}.json"
        told = {"pid": pid, "status": status, "startedAt": started * 1000, "statusUpdatedAt": started * 1000}
        file.write_text(json.dumps(told))
        return file

    def identity(self, pid: int = 7) -> None:
        told = {"pid": pid, "program": "claude", "started": 999.0}
        (self.path / "qms-tui/identity.json").write_text(json.dumps(told))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def folder(project: Project) -> Folder:
    return Folder(project)


def status(report: Report) -> str:
    assert isinstance(report, ClaudeReport)
    return report.session.status if report.session else "none"


@pytest.mark.skipif(not ROOT, reason="root becomes somebody else here")
def test_who_is_not_allowed_to_look(project: Project, folder: Folder) -> None:
    project.root.chmod(0o755)
    folder.identity()
    folder.registry("idle")
    assert (status(ClaudeReader(project, "qa").read(0)), ClaudeReader(project, "qa").read(0).forbidden) == (
        "idle",
        False,
    )
    folder.path.chmod(0o700)
    with somebody(project) as here:
        report = ClaudeReader(here, "qa").read(0)
    assert report == ClaudeReport(trouble="not allowed to look into its folder", forbidden=True)


def until(look: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not look():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def test_what_is_new_is_read_and_what_is_not_is_the_same_object(project: Project, folder: Folder) -> None:
    shutil.rmtree(folder.path)
    reader = ClaudeReader(project, "qa")
    assert reader.read(0.0) == ClaudeReport()
    folder.make()  # by a client that has just started
    folder.identity()
    folder.registry("idle")
    first = reader.read(0.0)
    assert status(first) == "idle"
    assert first.birth is not None
    assert reader.read(0.0) is first
    folder.registry("busy")
    assert status(reader.read(0.0)) == "busy"
    reader.close()


def test_the_clients_own_session_counts_and_no_other(project: Project, folder: Folder) -> None:
    folder.registry("idle", pid=7)
    folder.registry("busy", pid=99, started=2000.0)
    reader = ClaudeReader(project, "qa")
    assert status(reader.read(0.0)) == "busy"  # the newest, where nobody says which it is
    folder.identity(pid=7)
    assert status(reader.read(0.0)) == "idle"
    (folder.path / "sessions/7.json").unlink()
    assert status(reader.read(0.0)) == "none"


def test_when_its_registry_went_is_known_until_another_client_begins(
    project: Project, folder: Folder
) -> None:
    folder.identity(pid=7)
    reader = ClaudeReader(project, "qa")
    assert reader.read(0.0).gone == 0  # it has not been there yet
    file = folder.registry("idle", pid=7)
    reader.read(0.0)
    file.unlink()
    before = time.time()
    gone = reader.read(0.0).gone
    assert before <= gone <= time.time()
    assert reader.read(0.0).gone == gone
    folder.identity(pid=6)
    assert reader.read(0.0).gone == 0
    reader.close()


def test_writes_of_the_same_size_in_the_same_moment_are_seen(project: Project, folder: Folder) -> None:
    """A file system's clock ticks every 4 ms: a second write may leave size and time as they were."""
    folder.identity()
    file = folder.registry("idle")
    moment = os.stat(file).st_mtime_ns
    reader = ClaudeReader(project, "qa")
    assert status(reader.read(0.0)) == "idle"
    folder.registry("busy")
    os.utime(file, ns=(moment, moment))
    assert status(reader.read(0.0)) == "busy"


def test_a_torn_file_is_read_again_and_leaves_what_was_known(project: Project, folder: Folder) -> None:
    folder.identity()
    file = folder.registry("idle")
    reader = ClaudeReader(project, "qa")
    reader.read(0.0)
    whole = file.read_text()
    file.write_text(whole[:30])
    assert status(reader.read(0.0)) == "idle"
    file.write_text(whole.replace("idle", "busy"))
    assert status(reader.read(0.0)) == "busy"


@pytest.mark.parametrize("trap", ["link", "fifo", "folder", "huge", "socket"])
def test_traps_change_nothing(project: Project, folder: Folder, tmp_path: Path, trap: str) -> None:
    folder.identity()
    outside = tmp_path / "outside.json"
    outside.write_text(folder.registry("busy").read_text())
    target = folder.path / "sessions/7.json"
    target.unlink()
    if trap == "link":
        target.symlink_to(outside)
    elif trap == "fifo":
        os.mkfifo(target)
    elif trap == "folder":
        target.mkdir()
    elif trap == "huge":
        target.write_text(" " * LARGEST + outside.read_text())
        os.truncate(target, 2**30)
    else:
        os.mknod(target, 0o140600)
    reader = ClaudeReader(project, "qa")
    report = reader.read(0.0)
    assert status(report) == "none"
    assert reader.read(REOPEN).birth is not None


def test_a_linked_folder_is_said_and_not_followed(project: Project, folder: Folder, tmp_path: Path) -> None:
    folder.registry("busy")
    folder.path.rename(tmp_path / "elsewhere")
    folder.path.symlink_to(tmp_path / "elsewhere")
    report = ClaudeReader(project, "qa").read(0.0)
    assert status(report) == "none"
    assert report.trouble


def test_a_replaced_folder_is_found_again(project: Project, folder: Folder) -> None:
    folder.registry("busy")
    reader = ClaudeReader(project, "qa")
    assert status(reader.read(0.0)) == "busy"
    shutil.rmtree(folder.path)
    folder.make()
    folder.registry("idle")
    assert status(reader.read(REOPEN)) == "idle"


def test_what_was_missing_is_seen_at_the_next_look(project: Project, folder: Folder) -> None:
    shutil.rmtree(folder.path)
    reader = ClaudeReader(project, "qa")
    assert status(reader.read(0.0)) == "none"
    folder.path.mkdir()
    assert status(reader.read(0.0)) == "none"
    folder.make()
    folder.registry("busy")
    assert status(reader.read(0.0)) == "busy"


def test_a_folder_replaced_before_anything_was_in_it_is_seen_at_the_next_look(
    project: Project, folder: Folder, tmp_path: Path
) -> None:
    shutil.rmtree(folder.path)
    folder.path.mkdir()
    reader = ClaudeReader(project, "qa")
    assert status(reader.read(0.0)) == "none"
    folder.path.rename(tmp_path / "aside")
    folder.path.mkdir()
    folder.make()
    folder.registry("busy")
    assert status(reader.read(0.0)) == "busy"


def test_a_look_where_nothing_is_written_opens_little(
    project: Project, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(folder.path)
    folder.path.mkdir()
    reader = ClaudeReader(project, "qa")
    reader.read(0.0)
    tried: list[object] = []
    really = os.open

    def count(path: Any, *words: Any, **named: Any) -> int:
        tried.append(path)
        return really(path, *words, **named)

    monkeypatch.setattr(os, "open", count)
    reader.read(0.0)
    assert sorted(map(str, tried)) == ["qms-tui", "sessions"]


def test_the_observer_tells_every_change_and_only_changes(project: Project, folder: Folder) -> None:
    told: list[str] = []
    ours = threading.Lock()

    def take(agent: str, report: Report) -> None:
        with ours:
            told.append(status(report))

    def call_soon(callback: Callable[..., None], *values: object) -> None:
        callback(*values)

    folder.identity()
    folder.registry("idle")
    observer = Observer(take, call_soon)
    observer.follow({"qa": partial(ClaudeReader, project, "qa")})
    try:
        until(lambda: told)  # what is written before may be read torn, and nothing is known yet
        for wanted in ("idle", "busy", "waiting", "idle"):
            folder.registry(wanted)
            until(lambda wanted=wanted: told[-1] == wanted)  # type: ignore[misc]
    finally:
        observer.close()
    assert told == ["idle", "busy", "waiting", "idle"]


def test_an_agent_is_read_by_what_it_runs_now(project: Project, folder: Folder) -> None:
    """Another configuration may hold meanwhile; one that says the same changes nothing."""
    told: list[Report] = []
    read: list[str] = []

    class Other(Claude):
        def reader(self, project: Project, agent: str, folder: ConfigFolder | None = None) -> ClaudeReader:
            read.append(agent)
            return super().reader(project, agent, folder)

    folder.identity()
    folder.registry("busy")
    own, other = container_folder(project, "qa"), Other()
    observer = Observer(lambda agent, report: told.append(report), lambda call, *values: call(*values))
    try:
        observer.follow({"qa": Source(Claude(), project, "qa", own)})
        until(lambda: told)
        for _ in range(3):
            observer.follow({"qa": Source(other, project, "qa", container_folder(project, "qa"))})
            before = observer.looked_at("qa")
            until(lambda before=before: read and observer.looked_at("qa") > before)  # type: ignore[misc]
    finally:
        observer.close()
    assert read == ["qa"]
    assert [status(report) for report in told] == ["busy", "busy"]


def test_a_look_counts_once_its_report_has_been_handed_on(project: Project, folder: Folder) -> None:
    told: list[str] = []
    waiting: list[Callable[[], None]] = []
    observer = Observer(
        lambda agent, report: told.append(status(report)),
        lambda call, *values: waiting.append(partial(call, *values)),
    )
    folder.identity()
    folder.registry("busy")
    began = time.time()
    observer.follow({"qa": partial(ClaudeReader, project, "qa")})
    try:
        until(lambda: waiting)
        assert observer.looked_at("qa") == 0.0
        waiting.pop()()
        first = observer.looked_at("qa")
        assert began <= first <= time.time()
        until(lambda: observer.looked_at("qa") > first)  # at nothing new
    finally:
        observer.close()
    assert told == ["busy"]
    assert not waiting


def test_an_agent_that_writes_all_the_time_does_not_make_us_busy(project: Project, folder: Folder) -> None:
    """Its garbage is read, too, but never for more than a small share of the time."""
    stop = threading.Event()
    hooks = folder.path / "qms-tui/hooks.jsonl"

    def write() -> None:
        for number in itertools.count(1):
            if stop.is_set():
                return
            line = json.dumps({"at": number, "event": "PreToolUse"}) + "\n"
            hooks.write_text(line * 1500)  # another one each time, so that each look has something to tell

    told: list[Report] = []
    writer = threading.Thread(target=write)
    observer = Observer(lambda agent, report: told.append(report), lambda call, *values: call(*values))
    observer.follow({"qa": partial(ClaudeReader, project, "qa")})
    writer.start()
    try:
        until(lambda: len(told) >= 3)
        spent = _cpu_of("activity", seconds=1.0)
    finally:
        stop.set()
        writer.join()
        observer.close()
    assert spent < 0.25


def _cpu_of(thread: str, seconds: float) -> float:
    """Of one core, by a thread of this process with that name."""
    found = next(one for one in threading.enumerate() if one.name == thread)

    def ticks() -> int:
        fields = Path(f"/proc/self/task/{found.native_id}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    before, began = ticks(), time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        threading.Event().wait(0.05)
    return (ticks() - before) / os.sysconf("SC_CLK_TCK") / passed


def test_that_there_is_a_login_is_known_and_nothing_of_it(project: Project, folder: Folder) -> None:
    reader = ClaudeReader(project, "qa")
    file = folder.path / ".credentials.json"
    file.symlink_to("/etc/passwd")
    assert reader.read(0.0).own_login == 0.0
    file.unlink()
    os.mkfifo(file)
    assert reader.read(REOPEN).own_login == 0.0
    file.unlink()
    file.touch()
    os.utime(file, (1000.0, 1000.0))
    assert reader.read(2 * REOPEN).own_login == 1000.0
    reader.close()
