"""The files of its own that an agent's container gets, mounted before it starts.

    passwd, group   the image's accounts, with the agent's user among them
    empty           what stands over files that the agent must not see
    home/           the agent's home folder
    private/        what only the agent may read
    shared/N        what else stands in the container, readable for everybody there
    judged/N        our copies of the project's files that the human has judged, over these files
    definition-HASH our copy of the agent's definition, named by its content

They are made for one container and go with it. Where the engine sees this machine's files they are below
the user's state folder; elsewhere they are in a volume of the engine's, filled through a throw-away
container, and mounted from where the engine keeps that volume: older engines cannot mount a single file of a
volume by its name.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import secrets
import shutil
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeVar

from docker import APIClient
from docker.errors import APIError, NotFound
from docker.types import Mount
from msgspec import Struct

from qms_tui.config import AgentConfig, Judged
from qms_tui.errors import EngineError, refused, state_remedy
from qms_tui.files import closing, make_file, make_own_folder, open_folder, read_regular_file, replace_file
from qms_tui.project import Owner, Project
from qms_tui.runtime.definition import Definition
from qms_tui.runtime.docker.accounts import Accounts
from qms_tui.runtime.docker.container import (
    HOME,
    LABEL_FILES,
    LABEL_MAKER,
    LABEL_VOLUME,
    Identity,
    bind,
    definition_target,
)
from qms_tui.runtime.docker.engine import Engine, seconds
from qms_tui.runtime.docker.kit import PRIVATE
from qms_tui.runtime.docker.maker import maker
from qms_tui.runtime.docker.throwaway import fill
from qms_tui.workers import DISK, waiting_for

T = TypeVar("T")

PROJECT = "project"  # the file beside an agent's folders that names their project
YOUNG = 60.0  # seconds in which a container is made, or given up, whose files are there already
LONGEST_PATH = 4096  # bytes of what that file has
_NAME = re.compile(r"[0-9a-f]{16}")
_COPY = "definition-"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, or with no content a folder; `owned` by the agent's user, or readable for everybody."""

    path: str
    content: bytes | None
    mode: int
    owned: bool = False


class Place(Struct, frozen=True):
    """Where one container's files are, as the engine sees it; in a volume if that has a name."""

    base: Path
    volume: str = ""

    @property
    def empty(self) -> Path:
        """The empty file."""
        return self.base / "empty"

    def definition(self, definition: Definition) -> Path:
        """Where our copy of a definition is."""
        return self.base / _copy_name(definition)

    def is_definition(self, path: Path) -> bool:
        """Whether it is our copy of some definition."""
        return path.parent == self.base and path.name.startswith(_COPY)

    @property
    def labels(self) -> dict[str, str]:
        """By what the files are found again when their container goes."""
        return {LABEL_FILES: str(self.base)} | ({LABEL_VOLUME: self.volume} if self.volume else {})


def containers_folder() -> Path:
    """Where this user's containers have their files."""
    import platformdirs

    return platformdirs.user_state_path("qms-tui") / "containers"


class AgentFiles:
    """Makes them on one engine, wherever it sees them. Methods raise what the docker SDK raises."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sees_ours = not engine.remote

    def provide(
        self,
        identity: Identity,
        image: str,
        found: Sequence[Entry],
        owner: Owner,
        use: Callable[[Place], T],
    ) -> T:
        """Make the files at a new place and return what `use` makes of it; if that fails, they are removed.

        `image` is the id of an image that the engine has. Raises EngineError if the files cannot be written.
        """
        if self._sees_ours:
            place = _place_here(identity, self._engine.host)
            try:
                return self._used(place, use, lambda: _write(place, found, owner))
            except APIError as error:
                if not _is_not_seen(error, place):
                    raise
            self._sees_ours = False
        if self._engine.remapped:  # what it unpacks into a volume gets other owners, and nothing undoes that
            raise EngineError(
                f"the engine at {self._engine.host} remaps users, and sees no files of this machine",
                hint="start it without userns-remap, or use qms-tui on its own machine",
            )
        api = self._engine.api
        there = _place_there(api, identity)
        archive = as_tar(found, owner)
        return self._used(there, use, lambda: fill(api, image, identity.project, there.volume, archive))

    def _used(self, place: Place, use: Callable[[Place], T], make: Callable[[], None]) -> T:
        try:
            make()
            return use(place)
        except BaseException:
            remove_files(self._engine.api, place.labels)
            raise

    def remove_others(self, place: Place, identity: Identity) -> None:
        """Remove what the agent's containers before have left: somebody else removed them.

        Called once the agent's container is made, so no other one is there; but other interfaces may be
        about to make one, and will find that they are too late.
        """
        if place.volume:
            _remove_other_volumes(self._engine.api, place, identity)
        else:
            _remove_other_folders(place)


def _is_not_seen(error: APIError, place: Place) -> bool:
    """Whether the engine lives where the place is not: on another machine, or as a user who may not enter."""
    text = str(error.explanation)
    reasons = ("does not exist", "no such file", "permission denied", "not shared")
    return str(place.base) in text and any(reason in text for reason in reasons)


# -- what there is (pure) ----------------------------------------------------------------------------------


def entries(
    accounts: Accounts,
    owner: Owner,
    private: Mapping[str, str],
    shared: Sequence[str] = (),
    definition: Definition | None = None,
    judged: Sequence[Judged] = (),
) -> list[Entry]:
    """The files of a container whose agent runs as `owner`; `private` has texts by name, `shared` texts.

    Programs ask who they are (git, ssh, Python's pwd); a bare uid makes them fail.
    """
    passwd = _with_line(
        accounts.passwd, str(owner.uid), f"agent:x:{owner.uid}:{owner.gid}:agent:{HOME}:/bin/sh"
    )
    group = _with_line(accounts.group, str(owner.gid), f"agent:x:{owner.gid}:")
    return [
        Entry("passwd", passwd.encode(), 0o644),
        Entry("group", group.encode(), 0o644),
        Entry("empty", b"", 0o444),
        Entry("home", None, 0o700, owned=True),
        Entry("private", None, 0o700, owned=True),
        *(Entry(f"private/{name}", text.encode(), 0o400, owned=True) for name, text in private.items()),
        Entry("shared", None, 0o755),
        *(Entry(f"shared/{number}", text.encode(), 0o444) for number, text in enumerate(shared)),
        *([Entry("judged", None, 0o755)] if judged else []),
        *(
            Entry(f"judged/{number}", each.content, 0o555 if each.program else 0o444)
            for number, each in enumerate(judged)
        ),
        *([Entry(_copy_name(definition), definition.content, 0o444)] if definition else []),
    ]


def judged_files(project: Project, config: AgentConfig, judged: Sequence[Judged]) -> list[Judged]:
    """Those that the agent would see in the project: only over these there can be a copy, and need be."""
    unseen = [path for path, _ in project.hidden((*config.hide, ".claude/users", ".claude/sessions"))]
    paths = ((each, PurePosixPath(each.path)) for each in judged)
    return [
        each
        for each, path in paths
        if project.inside(each.path) == path and not any(path.is_relative_to(hidden) for hidden in unseen)
    ]


def judged_mounts(config: AgentConfig, judged: Sequence[Judged], place: Place) -> list[Mount]:
    """The copies over the project's files."""
    work = PurePosixPath(config.workdir)
    return [bind(place.base / "judged" / str(number), work / each.path) for number, each in enumerate(judged)]


def definition_mount(
    project: Project, config: AgentConfig, definition: Definition | None, place: Place, *, trusted: bool
) -> Mount | None:
    """The agent's copy of its definition, where it gets one: that of a trusted project is in the project."""
    if definition is None or (trusted and not definition.own):
        return None
    return bind(place.definition(definition), definition_target(project, config, trusted=trusted))


def _copy_name(definition: Definition) -> str:
    return f"{_COPY}{definition.sha256}"


def _with_line(table: str, number: str, line: str) -> str:
    """The table with a line added, unless somebody has that number already."""
    rows = [row for row in table.splitlines() if row]
    taken = any(row.split(":")[2:3] == [number] for row in rows)
    return "\n".join(rows if taken else [*rows, line]) + "\n"


def mounts(base: Path, private: bool, shared: Sequence[str] = ()) -> list[Mount]:
    """What of it stands where; `shared` has the paths inside, in the order of the entries' texts."""
    found = [
        bind(base / "passwd", PurePosixPath("/etc/passwd")),
        bind(base / "group", PurePosixPath("/etc/group")),
        bind(base / "home", PurePosixPath(HOME), writable=True),
    ]
    if private:
        found.append(bind(base / "private", PurePosixPath(f"/{PRIVATE}")))
    for number, path in enumerate(shared):
        found.append(bind(base / "shared" / str(number), PurePosixPath(path)))
    return found


def as_tar(found: Sequence[Entry], owner: Owner) -> bytes:
    """The entries as an archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for entry in found:
            member, content = tarfile.TarInfo(entry.path), entry.content or b""
            member.mode, member.size = entry.mode, len(content)
            if entry.content is None:
                member.type = tarfile.DIRTYPE
            if entry.owned:
                member.uid, member.gid = owner.uid, owner.gid
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


# -- on this machine ---------------------------------------------------------------------------------------


@waiting_for(DISK)
def _place_here(identity: Identity, engine: str) -> Place:
    """A new, empty place below the state folder; `engine` is its address. Raises EngineError."""
    agent = _agent_folder(identity, engine)
    base = agent / secrets.token_hex(8)
    with _writing(base):
        make_own_folder(base)
        for folder in (agent, agent.parent):
            folder.chmod(0o700)
        replace_file(agent / PROJECT, os.fsencode(identity.project))
    return Place(base)


@waiting_for(DISK)
def _write(place: Place, found: Sequence[Entry], owner: Owner) -> None:
    """Make the entries; only root has to hand files over. Raises EngineError."""
    with _writing(place.base):
        for entry in found:
            path = place.base / entry.path
            if entry.content is None:
                path.mkdir()
                opened = open_folder(path)
            else:
                opened = make_file(path)
            with closing(opened):
                if entry.content:
                    with open(opened, "wb", closefd=False) as stream:
                        stream.write(entry.content)
                os.fchmod(opened, entry.mode)
                if entry.owned and os.geteuid() == 0:
                    os.fchown(opened, owner.uid, owner.gid)


@waiting_for(DISK)
def _remove_other_folders(place: Place) -> None:
    for path in place.base.parent.iterdir():
        if path != place.base and _NAME.fullmatch(path.name) and time.time() - path.stat().st_mtime > YOUNG:
            remove_tree(path)


@waiting_for(DISK)
def remove_tree(path: Path) -> None:
    """Remove a folder in which an agent could write; follows no link. What resists stays."""
    shutil.rmtree(path, ignore_errors=True)
    if not os.path.exists(path):  # or nobody can see it: Path.exists would raise that
        return
    pending = [path]  # folders that the agent has locked, for itself too
    while pending:
        folder = pending.pop()
        with contextlib.suppress(OSError):
            folder.chmod(0o700)
            with os.scandir(folder) as inside:
                pending += [folder / entry.name for entry in inside if entry.is_dir(follow_symlinks=False)]
    shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def _writing(base: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EngineError(
            refused(error, base),
            hint=state_remedy(error, "an agent's container gets its files there; is the folder yours?"),
        ) from error


def _agent_folder(identity: Identity, engine: str) -> Path:
    return containers_folder() / f"{identity.container}-{hashlib.sha256(engine.encode()).hexdigest()[:8]}"


# -- on the engine's -----------------------------------------------------------------------------------------


def _place_there(api: APIClient, identity: Identity) -> Place:
    """A new volume, where the engine keeps it. Raises what the docker SDK raises."""
    name = f"{identity.container}-{secrets.token_hex(8)}"
    made = api.create_volume(name, driver="local", labels={**identity.labels, LABEL_MAKER: maker()})
    return Place(Path(made["Mountpoint"]), name)


def _remove_other_volumes(api: APIClient, place: Place, identity: Identity) -> None:
    labels = [f"{name}={value}" for name, value in identity.labels.items()]
    now = seconds(api.info()["SystemTime"])
    for volume in api.volumes(filters={"label": labels})["Volumes"] or ():
        if volume["Name"] != place.volume and now - seconds(volume["CreatedAt"]) > YOUNG:
            remove_volume(api, volume["Name"])


def remove_volume(api: APIClient, name: str) -> None:
    """Remove a volume; gone already or in use is fine."""
    try:
        api.remove_volume(name)
    except APIError as error:
        if error.status_code not in (404, 409):
            raise


# -- either ------------------------------------------------------------------------------------------------


def remove_files(api: APIClient, labels: Mapping[str, str]) -> None:
    """Remove the files of a container that is gone, by its labels; nothing but what we made goes."""
    volume = labels.get(LABEL_VOLUME)
    if volume and _is_ours(api, volume):  # a label may come from the image, which anybody can have made
        remove_volume(api, volume)
    if path := _place_of(labels):
        remove_tree(path)
        _remove_if_last(path.parent)


def home_folder(labels: Mapping[str, str]) -> Path | None:
    """The home folder of a container with these labels, as far as its files are on this machine."""
    path = _place_of(labels)
    return path / "home" if path else None


def _place_of(labels: Mapping[str, str]) -> Path | None:
    """A label may come from the image, which anybody can have made: it names what we made, or nothing."""
    path = Path(labels.get(LABEL_FILES) or "/")
    return path if path.parent.parent == containers_folder() and _NAME.fullmatch(path.name) else None


def _is_ours(api: APIClient, volume: str) -> bool:
    try:
        facts = api.inspect_volume(volume)
    except NotFound:
        return False
    return (facts.get("Labels") or {}).get(LABEL_MAKER) == maker()


def _remove_if_last(agent: Path) -> None:
    with contextlib.suppress(OSError):
        if [path.name for path in agent.iterdir()] == [PROJECT]:
            (agent / PROJECT).unlink()
            agent.rmdir()


def project_of(folder: Path) -> str | None:
    """The root of the project for whose containers a folder of `containers_folder()` is."""
    try:
        return os.fsdecode(read_regular_file(folder / PROJECT, LONGEST_PATH)) or None
    except OSError:
        return None
