"""How what is mounted below a read-only bind is asked for."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any, cast

import pytest
from docker import APIClient
from docker.types import Mount

from qms_tui.config import AgentConfig
from qms_tui.config.paths import Mount as Configured
from qms_tui.runtime.docker import read_only
from qms_tui.runtime.docker.container import bind
from qms_tui.runtime.docker.engine import FEATURES, Engine, recursive_runtimes
from qms_tui.runtime.docker.mount_points import MountPoint, mount_points
from qms_tui.runtime.docker.read_only import reach_of, throughout

OLD = Engine(cast(APIClient, None), "unix:///engine.sock", "20.10.24", 2, False, kernel=os.uname().release)
NEW = dataclasses.replace(OLD, version="28.5.2", recursive=frozenset({"", "runc"}))
ROOTLESS = dataclasses.replace(OLD, rootless=True)
ELSEWHERE = dataclasses.replace(OLD, host="ssh://build")
INSIDE = PurePosixPath("/pipe-dream")


def shown(mount: Mount) -> str:
    """TARGET ro|rw|tmpfs with its option."""
    options = "".join(f" {name}" for name in mount.get("BindOptions") or {})
    kind = "tmpfs" if mount["Type"] == "tmpfs" else "ro" if mount["ReadOnly"] else "rw"
    return f"{mount['Target']} {kind}{options}"


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`asked(engine, "data", "box/proc:proc")`: a project with these mounted below it."""

    def asked(
        engine: Engine,
        *below: str,
        runtime: str = "",
        also: tuple[Mount, ...] = (),
        reach: Sequence[Path] = (),
    ) -> list[str]:
        points = []
        for each in below:
            name, _, kind = each.partition(":")
            (tmp_path / name).mkdir(parents=True, exist_ok=True)
            points.append(MountPoint(tmp_path / name, kind or "ext4"))
        points.append(MountPoint(Path("/"), "ext4"))
        monkeypatch.setattr(read_only, "mount_points", lambda: points)
        return [shown(mount) for mount in throughout(engine, [bind(tmp_path, INSIDE), *also], runtime, reach)]

    return asked


def test_each_file_system_below_gets_a_bind_of_its_own(asked: Any) -> None:
    assert asked(OLD, "data/deep", "data") == [
        "/pipe-dream ro NonRecursive",
        "/pipe-dream/data ro NonRecursive",
        "/pipe-dream/data/deep ro NonRecursive",
    ]


def test_an_engine_that_can_does_it_by_itself(asked: Any) -> None:
    assert asked(NEW, "data") == asked(NEW) == ["/pipe-dream ro ReadOnlyForceRecursive"]
    assert asked(NEW, "data", runtime="runc") == ["/pipe-dream ro ReadOnlyForceRecursive"]
    assert asked(NEW, runtime="runsc") == ["/pipe-dream ro NonRecursive"]


def test_of_another_machine_nothing_is_known(asked: Any) -> None:
    assert asked(ELSEWHERE, "data") == ["/pipe-dream ro NonRecursive"]


@pytest.mark.parametrize("kind", ["proc", "sysfs", "devtmpfs", "cgroup2", "fuse.sshfs", "fuse"])
def test_what_is_not_shown_takes_what_is_below_with_it(asked: Any, kind: str) -> None:
    below = (f"box:{kind}", "box/deep", "data")
    assert asked(OLD, *below) == ["/pipe-dream ro NonRecursive", "/pipe-dream/data ro NonRecursive"]


def test_no_engine_shows_what_is_the_kernels(asked: Any) -> None:
    assert asked(NEW, "box:proc") == ["/pipe-dream ro NonRecursive"]


def test_a_rootless_engine_has_them_covered(asked: Any) -> None:
    assert asked(ROOTLESS) == ["/pipe-dream ro NonRecursive"]
    assert asked(ROOTLESS, "box:proc", "box/deep", "data", "mine:fuse.sshfs") == [
        "/pipe-dream ro",
        "/pipe-dream/box tmpfs",
        "/pipe-dream/data ro",
        "/pipe-dream/mine ro",
    ]


def test_where_something_else_stands_nothing_comes_back(asked: Any, tmp_path: Path) -> None:
    mask = Mount("/pipe-dream/users", None, type="tmpfs")
    own = bind(tmp_path / "users/qa", INSIDE / "users/qa")
    asked_for = asked(OLD, "users/bu", "users/qa", "users/qa/inbox", "users2", also=(mask, own))
    assert asked_for == [
        "/pipe-dream ro NonRecursive",
        "/pipe-dream/users2 ro NonRecursive",
        "/pipe-dream/users tmpfs",
        "/pipe-dream/users/qa ro NonRecursive",
        "/pipe-dream/users/qa/inbox ro NonRecursive",
    ]


def test_what_the_agent_can_write_stays_as_it_is(asked: Any, tmp_path: Path) -> None:
    own = bind(tmp_path / "build", PurePosixPath("/build"), writable=True)
    assert asked(OLD, "build/deep", also=(own,)) == ["/pipe-dream ro NonRecursive", "/build rw"]


def test_nor_what_another_agent_can_write(asked: Any, tmp_path: Path) -> None:
    other = AgentConfig(mounts=(Configured(tmp_path / "build", "/b", False), Configured(tmp_path, "/all")))
    reach = reach_of([AgentConfig(), other])
    assert reach == [tmp_path / "build"]
    assert asked(OLD, "build/deep", "data", reach=reach) == [
        "/pipe-dream ro NonRecursive",
        "/pipe-dream/data ro NonRecursive",
    ]


def test_a_mount_point_behind_a_link_is_not_followed(asked: Any, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert asked(OLD, "link/deep") == ["/pipe-dream ro NonRecursive"]


def test_the_table_of_mounts(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_bytes(
        b"22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
        b"23 22 0:5 / /a\\040b\\134c\\011 rw - tmpfs tmp\\040fs rw,size=1k\n"
        b"24 22 0:6 / /far ro master:1 propagate_from:2 - fuse.sshfs host: rw,user_id=1000\n"
        b"25 22 0:7 / /far ro - fuse.sshfs host: rw,allow_other\n"
        b"26 22 0:8 / /bytes\xff rw - tmpfs tmpfs rw\nnonsense\n\n"
    )
    found = {str(point.path): (point.kind, point.private) for point in mount_points(table)}
    assert found == {
        "/": ("ext4", False),
        "/a b\\c\t": ("tmpfs", False),
        "/far": ("fuse.sshfs", False),
        "/bytes\udcff": ("tmpfs", False),
    }
    assert mount_points(tmp_path / "none") == []


def test_a_path_that_is_no_text_is_left_out(asked: Any) -> None:
    assert asked(OLD, "bytes\udcff") == ["/pipe-dream ro NonRecursive"]


@pytest.mark.parametrize("kernel", ["6.1.0-13-amd64", "5.12.0", "4.19.0", "", "linux"])
def test_what_engines_say_of_their_runtimes(kernel: str) -> None:
    able = {"status": {FEATURES: json.dumps({"mountOptions": ["ro", "rro"]})}}
    runtimes = {"runc": able, "old": {"path": "runc"}, "odd": {"status": {FEATURES: "[1"}}}
    info = {"KernelVersion": kernel, "DefaultRuntime": "runc", "Runtimes": runtimes}
    expected = {"", "runc"} if kernel[:1] in ("5", "6") else set()
    assert recursive_runtimes(info) == expected
    assert recursive_runtimes({**info, "DefaultRuntime": "old"}) == expected - {""}
    assert recursive_runtimes({}) == frozenset()
