"""Who could put something else in the place of what a path leads to."""

from __future__ import annotations

import grp
import os
import pwd
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from qms_tui.runtime import replaceable as subject
from qms_tui.runtime.host_path import ACL, walk
from qms_tui.runtime.replaceable import Refusal, is_private, replaceable
from tests.somebody import ROOT, SOMEBODY

ME = frozenset({os.geteuid()})
OTHERS = 4321  # a user and a group without a name


def judge(path: Path, trusted: frozenset[int] = ME) -> Refusal | None:
    with walk(path) as way:
        return replaceable(way.steps, trusted)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    path = tmp_path / "team/project"
    path.mkdir(parents=True)
    return path


def test_a_way_of_ones_own(place: Path) -> None:
    assert judge(place) is None


def test_the_end_itself_may_be_anybodys_to_write(place: Path) -> None:
    place.chmod(0o777)
    assert judge(place) is None


@pytest.mark.parametrize(("mode", "safe"), [(0o755, True), (0o777, False), (0o757, False), (0o1777, True)])
def test_what_everybody_may_write(place: Path, mode: int, safe: bool) -> None:
    place.parent.chmod(mode)
    refusal = judge(place)
    if safe:
        assert refusal is None
    else:
        assert refusal is not None
        assert refusal.why == f"everybody may write {place.parent}, and so could replace {place}"
        assert f"chmod +t {place.parent}" in refusal.remedy


def test_every_parent_counts(place: Path) -> None:
    deep = place / "a/b/c"
    deep.mkdir(parents=True)
    place.parent.chmod(0o777)
    assert judge(deep) is not None


def test_a_link_counts_where_it_is_and_where_it_leads(place: Path, tmp_path: Path) -> None:
    there, link = tmp_path / "there", tmp_path / "links/link"
    (there / "end").mkdir(parents=True)
    link.parent.mkdir()
    link.symlink_to("../there/end")
    assert judge(link) is None
    there.chmod(0o777)
    assert judge(link) is not None
    there.chmod(0o755)
    link.parent.chmod(0o777)
    assert judge(link) is not None


@pytest.mark.skipif(not ROOT, reason="only root gives folders away")
class TestOthers:
    def test_a_folder_of_another_user(self, place: Path) -> None:
        os.chown(place.parent, OTHERS, 0)
        refusal = judge(place)
        assert refusal is not None
        assert refusal.why == f"{place.parent} belongs to user {OTHERS}, who could replace {place}"
        assert judge(place, frozenset({OTHERS})) is None

    def test_the_end_itself_may_belong_to_them(self, place: Path) -> None:
        os.chown(place, OTHERS, 0)
        assert judge(place) is None

    def test_but_not_in_a_sticky_folder_where_they_can_replace_it(self, place: Path) -> None:
        place.parent.chmod(0o1777)
        os.chown(place, OTHERS, 0)
        assert judge(place) is not None

    def test_a_link_of_theirs_in_a_sticky_folder(self, place: Path, tmp_path: Path) -> None:
        link = tmp_path / "tmp/link"
        link.parent.mkdir()
        link.parent.chmod(0o1777)
        link.symlink_to(place)
        os.chown(link, OTHERS, 0, follow_symlinks=False)
        assert judge(link) is not None

    def test_a_folder_of_a_team(self, place: Path) -> None:
        os.chown(place.parent, os.geteuid(), OTHERS)
        place.parent.chmod(0o2775)
        refusal = judge(place)
        assert refusal is not None
        assert refusal.why.startswith(f"the group {OTHERS} may write")
        place.parent.chmod(0o3775)  # sticky: each replaces only their own
        assert judge(place) is None

    def test_a_group_of_ones_own(self, place: Path, accounts: None) -> None:
        os.chown(place.parent, SOMEBODY.uid, SOMEBODY.gid)
        place.parent.chmod(0o775)
        assert judge(place, frozenset({SOMEBODY.uid})) is None

    @pytest.mark.parametrize("tag", [0x02, 0x08])
    @pytest.mark.parametrize(("mask", "safe"), [(7, False), (5, True)])
    def test_an_access_control_list(self, place: Path, tag: int, mask: int, safe: bool) -> None:
        """Of a user or a group; what its mask leaves out is not allowed."""
        rows = [(0x01, 7, 2**32 - 1), (0x04, 5, 2**32 - 1), (0x10, mask, 2**32 - 1), (0x20, 5, 2**32 - 1)]
        rows = sorted([*rows, (tag, 7, OTHERS)])
        packed = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *row) for row in rows)
        try:
            os.setxattr(place.parent, ACL, packed)
        except OSError as why:
            pytest.skip(f"no access control lists here: {why}")
        assert (judge(place) is None) == safe


USERS = {0: "root", 1000: "jo", 1001: "al", 1002: "mo"}
GROUPS = {
    1000: ("jo", []),
    1001: ("al", ["jo"]),
    50: ("team", ["jo", "al"]),
    60: ("alone", ["jo"]),
    70: ("domain", []),
    80: ("staff", []),
}
PRIMARY = {0: 0, 1000: 1000, 1001: 1001, 1002: 80}


@pytest.fixture
def accounts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def user(uid: int) -> pwd.struct_passwd:
        if uid not in USERS:
            raise KeyError(uid)
        return pwd.struct_passwd((USERS[uid], "x", uid, PRIMARY[uid], "", "/", "/bin/sh"))

    def group(gid: int) -> grp.struct_group:
        name, members = GROUPS[gid]
        return grp.struct_group((name, "x", gid, members))

    def users() -> Sequence[pwd.struct_passwd]:
        return [user(uid) for uid in USERS]

    monkeypatch.setattr(pwd, "getpwuid", user)
    monkeypatch.setattr(pwd, "getpwall", users)
    monkeypatch.setattr(grp, "getgrgid", group)
    subject._primary.cache_clear()
    yield
    subject._primary.cache_clear()


@pytest.mark.parametrize(
    ("gid", "private"),
    [
        (1000, True),  # the user's own
        (1001, False),  # somebody else's, which the user is in
        (50, False),
        (60, True),  # with nobody else in it
        (70, False),  # nobody is listed, which says nothing
        (80, False),  # another user's first group, which does not list its users
    ],
)
def test_whose_group_it_is(accounts: None, gid: int, private: bool) -> None:
    assert is_private(gid, frozenset({0, 1000})) is private
