"""What SELinux lets containers use, decided from labels; and labels on this machine's own file system.

No kernel with SELinux is needed: a label is an attribute of a file, which root may set on any kernel.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from docker import APIClient
from docker.types import Mount

from qms_tui.errors import EngineError
from qms_tui.runtime.docker.container import bind
from qms_tui.runtime.docker.engine import Engine
from qms_tui.runtime.docker.selinux import (
    LABEL,
    Source,
    admit,
    enforced,
    fitting_label,
    is_on,
    judge,
    label_of,
    label_ours,
    refusals,
)
from tests.labels import HOME, set_label

PROJECT = Path("/home/u/pipe-dream")


def of(label: str | None, path: Path = PROJECT, *, writable: bool = False, is_folder: bool = True) -> Source:
    return Source(path, label, writable, is_folder)


def typed(kind: str, *, writable: bool = False) -> Source:
    return of(f"system_u:object_r:{kind}:s0", writable=writable)


def off(boolean: str) -> bool:
    return False


def on(boolean: str) -> bool:
    return True


@pytest.mark.parametrize(
    ("kind", "read", "write"),
    [
        ("container_file_t", True, True),
        ("svirt_sandbox_file_t", True, True),
        ("fusefs_t", True, True),
        ("container_ro_file_t", True, False),
        ("usr_t", True, False),
        ("etc_t", True, False),
        ("user_home_t", False, False),
        ("var_log_t", False, False),
        ("container_var_lib_t", False, False),
        ("unlabeled_t", False, False),
    ],
)
def test_the_type_decides(kind: str, read: bool, write: bool) -> None:
    assert (judge(typed(kind), off) is None) is read
    assert (judge(typed(kind, writable=True), off) is None) is write


@pytest.mark.parametrize("label", [None, "", "nonsense", "a:b"])
def test_what_has_no_label_is_let_through(label: str | None) -> None:
    assert judge(of(label, writable=True), off) is None


def test_a_project_in_a_home_folder() -> None:
    refusal = judge(of(HOME), off)
    assert refusal is not None
    assert refusal.text == (
        "SELinux keeps agents' containers from /home/u/pipe-dream: "
        "its type is user_home_t, not container_file_t"
    )
    assert refusal.remedy == (
        "sudo semanage fcontext -a -t container_file_t '/home/u/pipe-dream(/.*)?' && "
        "sudo restorecon -R /home/u/pipe-dream, or: chcon -R -t container_file_t /home/u/pipe-dream"
    )


def test_one_file() -> None:
    refusal = judge(of(HOME, Path("/home/u/my agents.token"), is_folder=False), off)
    assert refusal is not None
    assert refusal.remedy == (
        r"sudo semanage fcontext -a -t container_file_t '/home/u/my\sagents\.token' && "
        "sudo restorecon '/home/u/my agents.token', or: chcon -t container_file_t '/home/u/my agents.token'"
    )


def test_what_may_only_be_read() -> None:
    refusal = judge(typed("usr_t", writable=True), off)
    assert refusal is not None
    assert refusal.text.endswith("its type is usr_t, which they may only read")


def test_another_type_may_be_needed_by_another_program() -> None:
    refusal = judge(typed("var_log_t"), off)
    assert refusal is not None
    assert refusal.remedy.endswith(" (or mount a copy, if other programs need var_log_t)")


@pytest.mark.parametrize(
    ("kind", "boolean", "writable"),
    [
        ("nfs_t", "virt_use_nfs", True),
        ("cifs_t", "virt_use_samba", True),
        ("cert_t", "container_read_certs", False),
    ],
)
def test_a_boolean_decides_where_labels_cannot(kind: str, boolean: str, writable: bool) -> None:
    source = typed(kind, writable=writable)
    refusal = judge(source, off)
    assert refusal is not None
    assert refusal.remedy == f"sudo setsebool -P {boolean} on"
    assert judge(source, on) is None


def test_no_boolean_lets_certificates_be_written() -> None:
    refusal = judge(typed("cert_t", writable=True), on)
    assert refusal is not None
    assert "chcon" in refusal.remedy


def test_what_belongs_to_another_container_by_its_categories() -> None:
    refusal = judge(of("system_u:object_r:container_file_t:s0:c12,c340"), off)
    assert refusal is not None
    assert refusal.text.endswith("its level is s0:c12,c340, of another container")
    assert refusal.remedy == "chcon -R -l s0 /home/u/pipe-dream"


def test_below_a_refused_folder_nothing_is_said_again() -> None:
    inside, beside = of(HOME, PROJECT / ".claude/sessions"), of(HOME, Path("/home/u/pipe-dream-2"))
    found = refusals([of(HOME), inside, beside], off)
    assert [refusal.path for refusal in found] == [PROJECT, Path("/home/u/pipe-dream-2")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, LABEL),
        ("nonsense", LABEL),
        ("staff_u:object_r:data_home_t:s0", "staff_u:object_r:container_file_t:s0"),
        ("system_u:object_r:container_file_t:s0:c1,c2", LABEL),
    ],
)
def test_a_label_becomes_fitting_and_keeps_its_user(before: str | None, after: str) -> None:
    assert fitting_label(before) == after
    assert fitting_label(after) == after
    assert judge(of(after, writable=True), off) is None


# -- this machine ------------------------------------------------------------------------------------------


@pytest.fixture
def engine() -> Iterator[Engine]:
    """An engine that is never asked, as one on Fedora's description of itself."""
    with APIClient(base_url="unix:///nowhere.sock", version="1.41") as api:
        yield Engine(api, "unix:///nowhere.sock", "28", 2, False, selinux=True, kernel=os.uname().release)


def kernel(folder: Path, **files: str) -> Path:
    """What the kernel says of SELinux, in a folder like its own."""
    (folder / "booleans").mkdir(parents=True)
    for name, content in files.items():
        (folder / name.replace("__", "/")).write_text(content)
    return folder


def test_booleans_are_read_from_the_kernel(tmp_path: Path) -> None:
    says = kernel(tmp_path / "says", booleans__virt_use_nfs="1 1", booleans__virt_use_samba="0 0")
    assert is_on("virt_use_nfs", says)
    assert not is_on("virt_use_samba", says)
    assert is_on("of another policy", says)


def test_only_what_is_enforced_here_keeps_agents_from_things(engine: Engine, tmp_path: Path) -> None:
    enforcing = kernel(tmp_path / "enforcing", enforce="1")
    assert enforced(engine, enforcing)
    assert not enforced(engine, kernel(tmp_path / "permissive", enforce="0"))
    for other in ({"selinux": False}, {"kernel": "of a virtual machine"}, {"host": "ssh://far"}):
        assert not enforced(replace(engine, **other), enforcing)


def mount(path: Path, *, writable: bool = False) -> Mount:
    return bind(path, PurePosixPath("/inside"), writable=writable)


def test_what_is_mounted_is_refused_by_its_label(engine: Engine, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    set_label(project, LABEL)
    admit(engine, [mount(project)])
    set_label(project, HOME)
    with pytest.raises(EngineError) as caught:
        admit(engine, [mount(project)])
    assert f"from {project}: its type is user_home_t" in caught.value.message
    assert f"chcon -R -t container_file_t {project}" in caught.value.hint
    assert label_of(project) == HOME  # nobody has asked us to change it
    admit(replace(engine, selinux=False), [mount(project)])


def test_links_are_judged_by_what_is_mounted_through_them(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    set_label(tmp_path / "real", HOME)
    with pytest.raises(EngineError):
        admit(engine, [mount(tmp_path / "link")])


def test_our_own_files_are_labelled_with_all_inside_and_nothing_else(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    ours, other = tmp_path / "state/qms-tui/containers/qa", tmp_path / "other"
    for folder in (ours / "private", other):
        folder.mkdir(parents=True)
        (folder / "file").write_text("")
    (ours / "link").symlink_to(other / "file")
    before = {path: label_of(path, follow=False) for path in (ours / "private/file", ours / "link", other)}
    set_label(ours, "staff_u:object_r:data_home_t:s0")
    set_label(other / "file", HOME)
    label_ours(replace(engine, selinux=False), [mount(ours)])
    assert label_of(ours / "private/file") == before[ours / "private/file"]
    label_ours(engine, [mount(ours), mount(other), Mount("/empty", None, type="tmpfs")])
    assert label_of(ours) == "staff_u:object_r:container_file_t:s0"
    for path in (ours / "private/file", ours / "link"):
        assert label_of(path, follow=False) == fitting_label(before[path])
    assert (label_of(other), label_of(other / "file")) == (before[other], HOME)
