"""What of this machine agents are not shown, by what it is and where else it is seen."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest
from docker.types import Mount

from qms_tui.config import AgentConfig, Config, Origin, Source
from qms_tui.errors import ExposureError
from qms_tui.project import Project
from qms_tui.runtime.docker.container import bind
from qms_tui.runtime.docker.masks import check_sources, masks
from qms_tui.runtime.docker.private import Kind, Private, private_places
from qms_tui.runtime.docker.views import View, paths, process_views, views
from tests.somebody import ROOT, somebody

INSIDE = PurePosixPath("/p")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder with everything of qms-tui's where it is by default."""
    for name in ("STATE", "CONFIG", "CACHE"):
        monkeypatch.delenv(f"XDG_{name}_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def engine(home: Path) -> Iterator[Path]:
    """A socket in a folder of its own."""
    path = home / "run/engine.sock"
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        before = Path.cwd()
        os.chdir(path.parent)  # its path is too long for an address
        listening.bind(path.name)
        os.chdir(before)
        yield path


def hidden(
    mounted: list[Mount], config: Config | None = None, host: str = "tcp://x", *, make: bool = True
) -> set[str]:
    """Where something empty stands; a file has a mark."""
    found = masks(mounted, private_places(config or Config(), host), make=make)
    return {f"{path}" if is_folder else f"{path} file" for path, is_folder in found}


OURS = {"/p/.local/state/qms-tui", "/p/.config/qms-tui", "/p/.cache/qms-tui"}


def test_a_project_that_is_the_home_folder_shows_nothing_of_ours(home: Path) -> None:
    assert hidden([bind(home, INSIDE)]) == OURS
    for folder in (".local/state", ".config", ".cache"):  # so that what comes later has a mask over it
        assert (home / folder / "qms-tui").stat().st_mode & 0o777 == 0o700


def test_a_look_makes_nothing(home: Path) -> None:
    assert hidden([bind(home, INSIDE)], make=False) == set()
    assert list(home.iterdir()) == []


def test_a_project_elsewhere_has_no_masks(home: Path) -> None:
    (home / "work").mkdir()
    assert hidden([bind(home / "work", INSIDE)]) == set()
    assert [path.name for path in home.iterdir()] == ["work"]


def test_keys_and_login_in_a_home_folder_are_hidden(home: Path) -> None:
    (home / ".ssh").mkdir()
    (home / ".claude").mkdir()
    (home / ".claude/.credentials.json").write_text("{}")
    assert hidden([bind(home, INSIDE)]) == {*OURS, "/p/.ssh", "/p/.claude/.credentials.json file"}


def test_keys_that_somebody_mounts_on_purpose_are_their_choice(home: Path) -> None:
    (home / ".ssh").mkdir()
    assert hidden([bind(home / ".ssh", INSIDE), bind(home / ".ssh", INSIDE / "w", writable=True)]) == set()


def test_files_with_secrets_that_the_configuration_names_are_hidden(home: Path) -> None:
    (home / "work/secret").mkdir(parents=True)
    for name in ("token", "agent.env", "secret/mine.toml"):
        (home / "work" / name).write_text("")
    config = Config(
        every_agent=AgentConfig(env_file=home / "work/agent.env"),
        overrides={"claude": AgentConfig(token_file=home / "work/token")},
        origins={"theme": (Origin(Source.USER, "mine", home / "work/secret/mine.toml"),)},
    )
    found = hidden([bind(home / "work", INSIDE)], config)
    assert found == {"/p/token file", "/p/agent.env file", "/p/secret/mine.toml file"}


def test_links_are_known_for_what_they_lead_to(home: Path) -> None:
    (home / "work/kept").mkdir(parents=True)
    (home / ".local").mkdir()
    (home / ".local/state").symlink_to(home / "work/kept")
    (home / "link").symlink_to(home / "work")
    assert hidden([bind(home / "link", INSIDE)]) == {"/p/kept/qms-tui"}


def test_what_another_mount_stands_over_needs_no_mask(home: Path) -> None:
    tmpfs = Mount("/p/.local", None, type="tmpfs")
    assert hidden([bind(home, INSIDE), tmpfs]) == OURS - {"/p/.local/state/qms-tui"}
    (home / "other").mkdir()
    assert hidden([bind(home, INSIDE), bind(home / "other", INSIDE / ".config")]) == OURS - {
        "/p/.config/qms-tui"
    }


def test_a_mount_within_a_mount_is_masked_by_itself(home: Path) -> None:
    (home / ".local/state").mkdir(parents=True)
    (home / "other").mkdir()
    found = hidden([bind(home / "other", INSIDE), bind(home / ".local", INSIDE / "in")])
    assert found == {"/p/in/state/qms-tui"}


@pytest.mark.parametrize("source", ["", ".local", ".local/state", ".config"])
def test_a_writable_mount_is_refused_also_for_what_is_not_there_yet(home: Path, source: str) -> None:
    (home / source).mkdir(parents=True, exist_ok=True)
    with pytest.raises(ExposureError, match="let it replace qms-tui's own files"):
        hidden([bind(home / source, INSIDE, writable=True)])


def test_a_socket_is_hidden_with_its_folder_or_refused(home: Path, engine: Path) -> None:
    (home / "run/more").mkdir()
    host = f"unix://{engine}"
    assert hidden([bind(home, INSIDE)], host=host) == {*OURS, "/p/run"}
    assert hidden([bind(home / "run/more", INSIDE)], host=host) == set()
    for source in (engine, engine.parent):
        with pytest.raises(ExposureError, match="would show the engine's socket"):
            hidden([bind(source, INSIDE)], host=host)
    with pytest.raises(ExposureError, match="would let it replace"):
        hidden([bind(home, INSIDE, writable=True)], host=host)


@pytest.mark.parametrize("name", ["", "projects", "projects/x/.mcp/claude", "trust.json"])
def test_nothing_of_ours_is_a_mount_of_somebody(home: Path, name: str) -> None:
    state = home / ".local/state/qms-tui"
    (state / name).mkdir(parents=True)
    check_sources([home, home / ".local/state"])
    (home / "link").symlink_to(state / name)
    for source in (state / name, home / "link"):
        with pytest.raises(ExposureError, match="lies in"):
            check_sources([source])


# -- where else things are seen ----------------------------------------------------------------------------

ROWS = rb"""22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 8:1 /home/me /mnt/other\040name rw - ext4 /dev/sda1 rw
24 22 8:1 /home/me/.local/state/qms-tui/projects /srv/part rw - ext4 /dev/sda1 rw
25 22 0:5 / /proc rw - proc proc rw
26 22 8:2 / /data rw - ext4 /dev/sdb1 rw
broken
"""


@pytest.fixture
def listed(tmp_path: Path) -> tuple[View, ...]:
    (tmp_path / "mountinfo").write_bytes(ROWS)
    return views(tmp_path / "mountinfo")


def test_a_folder_is_seen_under_all_its_paths(listed: tuple[View, ...]) -> None:
    assert paths(Path("/home/me/.local/state/qms-tui"), listed) == [
        Path("/home/me/.local/state/qms-tui"),
        Path("/mnt/other name/.local/state/qms-tui"),
        Path("/srv/part"),  # a part of it
    ]
    assert paths(Path("/mnt/other name/x"), listed)[:2] == [Path("/mnt/other name/x"), Path("/home/me/x")]
    assert paths(Path("/data/x"), listed) == [Path("/data/x")]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such files")
def test_the_processes_of_this_machine_are_hidden_in_what_has_them(home: Path) -> None:
    assert "/p/proc" in hidden([bind(Path("/"), INSIDE)])
    with pytest.raises(ExposureError, match="let it replace"):
        hidden([bind(Path("/"), INSIDE, writable=True)])
    with pytest.raises(ExposureError, match="processes of this machine"):
        hidden([bind(Path("/proc"), INSIDE)])


def test_the_kind_of_a_mount_stands_behind_the_hyphen(tmp_path: Path) -> None:
    (tmp_path / "mountinfo").write_bytes(
        b"22 27 0:21 / /proc rw,relatime - proc proc rw\n"
        b"23 27 0:22 / /a rw shared:3 master:1 - ext4 /dev/sda1 rw\n"
        b"24 27 0:23 / /- rw - proc - ro\n"
        b"25 27 0:24 / /b rw\n"
    )
    listed = views(tmp_path / "mountinfo")
    assert [view.kind for view in listed] == [b"proc", b"ext4", b"proc", b""]
    assert [view.place for view in process_views(listed)] == ["/proc", "/-"]


def test_no_list_is_no_other_path(tmp_path: Path) -> None:
    assert views(tmp_path / "missing") == ()
    assert paths(tmp_path, ()) == [Path(os.path.realpath(tmp_path))]


def test_a_place_that_is_no_file_any_more_is_none(home: Path) -> None:
    assert masks([bind(home, INSIDE)], [Private(home / "gone", "x", Kind.FILE)], make=True) == []


@pytest.mark.skipif(not ROOT, reason="root becomes somebody else here")
def test_a_home_folder_that_may_not_be_looked_into_hinders_nobody(home: Path) -> None:
    (home / "work").mkdir()
    home.chmod(0o700)
    project = Project(home / "work")
    with somebody(project):
        assert hidden([bind(Path(), INSIDE)]) == set()
