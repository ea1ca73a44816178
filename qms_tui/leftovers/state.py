"""What lies in the user's state folder: a folder per keeper, a file per remembered layout, one per history.

    projects/KEY/keeper.lock   locked (flock) as long as the keeper lives; JSON: its pid, its project's root
    projects/KEY/keeper.sock   where it listens
    projects/KEY/spawner.lock  the same of the spawner of local agents, with spawner.sock
    projects/KEY/...           journals
    projects/KEY/daemon.lock   the same of the daemon, with daemon.sock, in a folder of their own
    layouts/NAME.json          see qms_tui/remembered.py
    trust/NAME.json            see qms_tui/trust/record.py
    armed/NAME.json            see qms_tui/armed.py
    inboxes/NAME.jsonl         see qms_tui/inbox/past.py
    inboxes/NAME.typed.jsonl   see qms_tui/waking/typed.py
    containers/NAME/           see qms_tui/runtime/docker/agent_files.py
    account_ids.json           see qms_tui/account_ids.py; stays, and drops what is too old by itself
    local/NAME/AGENT/          see qms_tui/programs/config_folder.py; logins are in it

A folder that does not tell its project is left alone: nobody knows whether that project is there.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from msgspec import Struct

from qms_tui import remembered
from qms_tui.api import place
from qms_tui.files import closing, open_regular_file, try_lock
from qms_tui.keeper.paths import LOCK, SOCKET, SPAWNER_LOCK, SPAWNER_SOCKET
from qms_tui.leftovers.thing import Kind, Outcome, Thing, looked_at_again, project_exists, why_to_go
from qms_tui.programs.config_folder import PROJECT
from qms_tui.runtime.docker import agent_files

MOST = 5000  # folders and files looked at
LARGEST_LOCK = 16 * 2**10  # bytes
END_GRACE = 5.0  # seconds that a keeper gets to end
_POLL = 0.02  # seconds between looks at a keeper that is ending


class _Keeper(Struct, frozen=True):
    pid: int
    project: str


def state_folder() -> Path:
    """The user's."""
    import platformdirs

    return platformdirs.user_state_path("qms-tui")


def find_in_state(base: Path, now: Callable[[], float] = time.time) -> list[Thing]:
    """Living keepers, and what is left of dead ones and of projects that are gone. Blocking."""
    found = [thing for folder in _entries(base / "projects") for thing in _of_folder(folder, now())]
    for folder, kind, project_of in (
        ("layouts", Kind.LAYOUT, remembered.project_of),
        ("trust", Kind.TRUST, remembered.project_of),
        ("inboxes", Kind.INBOX, remembered.project_of),
        ("armed", Kind.ARMED, remembered.project_of),
        ("containers", Kind.FILES, agent_files.project_of),
        ("local", Kind.LOCAL, lambda path: remembered.project_of(path / PROJECT)),
    ):
        for path in _entries(base / folder):
            found += _memory(path, kind, project_of(path), now())
    return found


def remove_from_state(things: Sequence[Thing]) -> list[Outcome]:
    """Remove those of the things that still may go; a keeper of no project is ended first. Blocking."""
    return [_removed(looked_at_again(thing)) for thing in things]


def _entries(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(folder / entry.name for entry in islice(entries, MOST) if not entry.is_symlink())
    except OSError:
        return []


def _of_folder(folder: Path, now: float) -> Iterator[Thing]:
    yield from _of_spawner(folder, now)
    yield from _of_daemon(folder, now)
    keeper = _keeper(folder)
    if keeper is None:
        return
    exists, age = project_exists(keeper.project), _age(folder / LOCK, now)

    def thing(kind: Kind, path: Path, state: str, used: bool = False) -> Thing:
        return Thing(kind, str(path), path.name, keeper.project, exists, state, used, age, mine=True)

    with _lock(folder) as free:
        if not free:
            yield thing(Kind.KEEPER, folder, f"running, pid {keeper.pid}", used=True)
        elif exists is False:
            yield thing(Kind.JOURNAL, folder, "no keeper")
        elif (folder / SOCKET).exists():
            yield thing(Kind.SOCKET, folder / SOCKET, "no keeper")


def _of_daemon(folder: Path, now: float) -> Iterator[Thing]:
    """One that runs, or the folder of one that has ended and whose project is gone."""
    daemon = _keeper(folder, place.LOCK)
    if daemon is None:
        return
    exists, age = project_exists(daemon.project), _age(folder / place.LOCK, now)
    with _lock(folder, place.LOCK) as free:
        state = "ended" if free else f"running, pid {daemon.pid}"
        if not free or exists is False:
            yield Thing(
                Kind.DAEMON, str(folder), folder.name, daemon.project, exists, state, not free, age, mine=True
            )


def _of_spawner(folder: Path, now: float) -> Iterator[Thing]:
    """Its programs end with it, as containers do whose project is gone."""
    spawner = _keeper(folder, SPAWNER_LOCK)
    if spawner is None:
        return
    exists, age = project_exists(spawner.project), _age(folder / SPAWNER_LOCK, now)
    with _lock(folder, SPAWNER_LOCK) as free:
        state = "nothing runs" if free else f"running, pid {spawner.pid}, with its agents"
        if not free or (folder / SPAWNER_SOCKET).exists():
            path = str(folder / SPAWNER_SOCKET)
            yield Thing(
                Kind.SPAWNER, path, folder.name, spawner.project, exists, state, not free, age, mine=True
            )


def _memory(path: Path, kind: Kind, root: str | None, now: float) -> Iterator[Thing]:
    """A file that remembers something of a project, if that is gone."""
    if root is not None and project_exists(root) is False:
        state = "kept, with logins" if kind is Kind.LOCAL else "kept"
        yield Thing(kind, str(path), path.name, root, False, state, False, _age(path, now), mine=True)


def _keeper(folder: Path, lock: str = LOCK) -> _Keeper | None:
    try:
        with open(open_regular_file(folder / lock), "rb") as stream:
            if os.fstat(stream.fileno()).st_uid != os.geteuid():
                return None  # it may name any process, and root would end that
            document = json.loads(stream.read(LARGEST_LOCK))
        pid, project = document["pid"], document["project"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    if not isinstance(pid, int) or pid <= 1 or not isinstance(project, str) or not project.startswith("/"):
        return None
    return _Keeper(pid, project)


@contextmanager
def _lock(folder: Path, name: str = LOCK) -> Iterator[bool]:
    """Whether no keeper lives there; none begins to while this is held. `name` is of another's lock."""
    with closing(open_regular_file(folder / name)) as descriptor:
        yield try_lock(descriptor)


def _age(path: Path, now: float) -> float:
    try:
        return max(0.0, now - path.stat().st_mtime)
    except OSError:
        return 0.0


def _removed(thing: Thing) -> Outcome:
    if not why_to_go(thing):
        return Outcome(thing, False, "its project is there again")
    try:
        return _REMOVERS[thing.kind](thing)
    except FileNotFoundError:
        return Outcome(thing, True, "was gone already")
    except OSError as error:
        return Outcome(thing, False, f"{error.strerror}: {error.filename}")


def _end_keeper(thing: Thing) -> Outcome:
    return _end_with_folder(thing, LOCK)


def _end_daemon(thing: Thing) -> Outcome:
    return _end_with_folder(thing, place.LOCK)


def _end_with_folder(thing: Thing, lock: str) -> Outcome:
    folder = Path(thing.id)
    keeper = _keeper(folder, lock)
    deadline = time.monotonic() + END_GRACE
    asked = False
    while keeper is not None and keeper.project == thing.project:
        with _lock(folder, lock) as free:
            if free:
                shutil.rmtree(folder)
                return Outcome(thing, True)
        if not asked:
            os.kill(keeper.pid, signal.SIGTERM)
            asked = True
        if time.monotonic() > deadline:
            break
        time.sleep(_POLL)
    return Outcome(thing, False, "it does not end")


def _end_spawner(thing: Thing) -> Outcome:
    """End it with its agents; what is left of a dead one is its socket."""
    folder = Path(thing.id).parent
    spawner, deadline, asked = _keeper(folder, SPAWNER_LOCK), time.monotonic() + END_GRACE, False
    while spawner is not None and spawner.project == thing.project and time.monotonic() <= deadline:
        with _lock(folder, SPAWNER_LOCK) as free:
            if free:
                os.unlink(folder / SPAWNER_SOCKET)
                return Outcome(thing, True)
        if not asked:
            os.kill(spawner.pid, signal.SIGTERM)
            asked = True
        time.sleep(_POLL)
    return Outcome(thing, False, "it does not end")


def _remove_folder(thing: Thing) -> Outcome:
    with _lock(Path(thing.id)) as free:
        if not free:
            return Outcome(thing, False, "a keeper lives there by now")
        shutil.rmtree(thing.id)
    return Outcome(thing, True)


def _remove_socket(thing: Thing) -> Outcome:
    with _lock(Path(thing.id).parent) as free:
        if not free:
            return Outcome(thing, False, "a keeper listens there by now")
        os.unlink(thing.id)
    return Outcome(thing, True)


def _remove_files(thing: Thing) -> Outcome:
    agent_files.remove_tree(Path(thing.id))
    return Outcome(thing, True)


def _remove_file(thing: Thing) -> Outcome:
    os.unlink(thing.id)
    return Outcome(thing, True)


_REMOVERS: dict[Kind, Callable[[Thing], Outcome]] = {
    Kind.SPAWNER: _end_spawner,
    Kind.KEEPER: _end_keeper,
    Kind.DAEMON: _end_daemon,
    Kind.JOURNAL: _remove_folder,
    Kind.SOCKET: _remove_socket,
    Kind.LAYOUT: _remove_file,
    Kind.TRUST: _remove_file,
    Kind.INBOX: _remove_file,
    Kind.ARMED: _remove_file,
    Kind.FILES: _remove_files,
    Kind.LOCAL: _remove_files,
}
