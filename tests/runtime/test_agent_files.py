"""The files of its own that an agent's container gets."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from pathlib import Path

import pytest

from qms_tui.errors import EngineError
from qms_tui.project import Owner, Project
from qms_tui.runtime.docker import agent_files
from qms_tui.runtime.docker.accounts import Accounts
from qms_tui.runtime.docker.agent_files import (
    Entry,
    _place_here,
    _write,
    as_tar,
    entries,
    mounts,
    remove_tree,
)
from qms_tui.runtime.docker.container import Identity
from tests.somebody import ROOT, somebody

OWNER = Owner(1234, 5678)
NONE = Accounts("", "")
ENGINE = "unix:///engine.sock"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def content(found: list[Entry], path: str) -> str:
    (entry,) = (entry for entry in found if entry.path == path)
    return (entry.content or b"").decode()


def test_accounts_are_added() -> None:
    passwd, group = "root:x:0:0:root:/root:/bin/sh\nbin:x:2:2::/:/bin/false", "root:x:0:\n"
    found = entries(Accounts(passwd, group), OWNER, {})
    assert content(found, "passwd") == f"{passwd}\nagent:x:1234:5678:agent:/home/agent:/bin/sh\n"
    assert content(found, "group") == "root:x:0:\nagent:x:5678:\n"


def test_accounts_that_are_there_stay() -> None:
    passwd, group = "node:x:1234:5678::/home/node:/bin/sh\n", "node:x:5678:\n"
    found = entries(Accounts(passwd, group), OWNER, {})
    assert (content(found, "passwd"), content(found, "group")) == (passwd, group)


def test_an_image_without_accounts() -> None:
    found = entries(NONE, OWNER, {})
    assert content(found, "passwd") == "agent:x:1234:5678:agent:/home/agent:/bin/sh\n"


def test_they_stand_where_programs_look() -> None:
    found = mounts(Path("/base"), private=True, shared=["/usr/local/lib/list.json"])
    assert {str(mount["Target"]): (str(mount["Source"]), mount["ReadOnly"]) for mount in found} == {
        "/etc/passwd": ("/base/passwd", True),
        "/etc/group": ("/base/group", True),
        "/home/agent": ("/base/home", False),
        "/run/qms-tui": ("/base/private", True),
        "/usr/local/lib/list.json": ("/base/shared/0", True),
    }
    assert "/run/qms-tui" not in [mount["Target"] for mount in mounts(Path("/base"), private=False)]


def test_what_is_private_is_the_agents_alone_in_both_places() -> None:
    found = entries(NONE, OWNER, {"environment.json": "hush"}, ["for all"])
    with tarfile.open(fileobj=io.BytesIO(as_tar(found, OWNER))) as tar:
        packed = {member.name: (member.uid, member.gid, member.mode, member.isdir()) for member in tar}
    assert packed == {
        "passwd": (0, 0, 0o644, False),
        "group": (0, 0, 0o644, False),
        "empty": (0, 0, 0o444, False),
        "home": (1234, 5678, 0o700, True),
        "private": (1234, 5678, 0o700, True),
        "private/environment.json": (1234, 5678, 0o400, False),
        "shared": (0, 0, 0o755, True),
        "shared/0": (0, 0, 0o444, False),
    }
    place = _place_here(Identity("/p", "qa"), ENGINE)
    _write(place, found, OWNER)
    for path in sorted(place.base.rglob("*")):
        uid, _, mode, folder = packed.pop(str(path.relative_to(place.base)))
        status = path.lstat()
        assert (stat.S_IMODE(status.st_mode), path.is_dir()) == (mode, folder)
        assert status.st_uid == (uid if os.geteuid() == 0 and uid else os.geteuid())
    assert not packed
    assert (place.base / "private/environment.json").read_text() == "hush"


def test_nobody_else_on_this_machine_reaches_them() -> None:
    place = _place_here(Identity("/p", "qa"), ENGINE)
    assert stat.S_IMODE(place.base.stat().st_mode) == 0o700
    assert stat.S_IMODE(place.base.parent.stat().st_mode) == 0o700


def test_each_container_has_a_place_of_its_own() -> None:
    identity = Identity("/p", "qa")
    places = {_place_here(identity, ENGINE).base for _ in range(3)}
    assert len(places) == 3
    assert _place_here(identity, "unix:///other.sock").base.parent != next(iter(places)).parent


def test_a_state_folder_that_cannot_be_written_is_one_line(state: Path) -> None:
    state.write_text("in the way")
    with pytest.raises(EngineError) as caught:
        _place_here(Identity("/p", "qa"), ENGINE)
    assert str(state) in caught.value.message
    assert caught.value.hint


def test_a_tree_goes_although_an_agent_has_locked_it_and_links_are_not_followed(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    tree = tmp_path / "tree"
    (tree / "deep/deeper").mkdir(parents=True)
    (tree / "deep/deeper/link").symlink_to(kept)
    (tree / "deep/deeper").chmod(0)
    (tree / "deep").chmod(0)
    remove_tree(tree)
    assert not tree.exists()
    assert (kept / "file").exists()


@pytest.mark.parametrize("base", ["/etc", "{state}/qms-tui/containers", "{state}/qms-tui/containers/a/b"])
def test_a_label_of_somebody_elses_removes_nothing(tmp_path: Path, state: Path, base: str) -> None:
    path = Path(base.format(state=state))
    path.mkdir(parents=True, exist_ok=True)
    agent_files.remove_files(None, {"qms-tui.files": str(path)})  # type: ignore[arg-type]
    assert path.is_dir()


@pytest.mark.skipif(not ROOT, reason="root becomes somebody else here")
def test_what_nobody_may_see_stays_and_is_no_fault(tmp_path: Path) -> None:
    """A container that is stopped is stopped, whatever became of the folder with its files."""
    place = tmp_path / "closed" / "place"
    place.mkdir(parents=True)
    place.parent.chmod(0o700)
    tmp_path.chmod(0o755)
    with somebody(Project(tmp_path)) as here:
        remove_tree(here.root / "closed" / "place")
    assert place.exists()
