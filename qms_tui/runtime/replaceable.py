"""Who besides us could put something else in the place of what a path leads to.

As OpenSSH judges the way to its keys (StrictModes) and sudo the way to its rules: every folder on the way
belongs to root, to us or to the agents' user, and nobody else may write it. Two things are allowed:

- a sticky folder, such as /tmp, that others may write: they can replace only what is their own there;
- a folder that a group may write if nobody else is in that group, as Debian's OpenSSH has it: with a group of
  one's own a umask of 002 is common.

So a folder that a team may write is refused; `chmod +t` lets the team go on writing there. Access control
lists count as the mode does.
"""

from __future__ import annotations

import grp
import pwd
import shlex
import stat
import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache

from msgspec import Struct

from qms_tui.runtime.host_path import Folder, Step

_ENTRY = struct.Struct("<HHI")  # tag, permissions, id: acl(5), linux/posix_acl_xattr.h
_ACL_VERSION = 4  # bytes before the first entry
_USER, _GROUP_OBJECT, _GROUP, _MASK = 0x02, 0x04, 0x08, 0x10
_WRITE = 2


class Refusal(Struct, frozen=True):
    """Why something is not used, and what changes that."""

    why: str
    remedy: str


def replaceable(steps: Iterable[Step], trusted: frozenset[int]) -> Refusal | None:
    """Who could replace a step, if anybody but the users `trusted`, by uid, and root could."""
    trusted |= {0}
    for step in steps:
        folder, uid = step.folder, step.folder.status.st_uid
        if uid not in trusted:
            return Refusal(
                f"{folder.path} belongs to {account(uid)}, who could replace {step.path}",
                f"use a folder of your own, or have {account(uid)} start it",
            )
        if folder.status.st_mode & stat.S_ISVTX and step.status.st_uid in trusted:
            continue
        for writer, remedy in _writers(folder, trusted):
            return Refusal(
                f"{writer} may write {folder.path}, and so could replace {step.path}",
                _sticky(step, remedy),
            )
    return None


def account(uid: int) -> str:
    """The name of a user."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _sticky(step: Step, remedy: str) -> str:
    path = shlex.quote(str(step.folder.path))
    if step.folder.status.st_mode & stat.S_ISVTX:
        return f"use a folder of your own: {step.path} is {account(step.status.st_uid)}'s"
    return f"{remedy} {path}, or chmod +t {path}: then others replace only what is their own there"


def _writers(folder: Folder, trusted: frozenset[int]) -> Iterator[tuple[str, str]]:
    """Who else may write the folder, with the command against it, which lacks the folder."""
    if folder.status.st_mode & stat.S_IWOTH:
        yield "everybody", "chmod o-w"
    if not folder.status.st_mode & stat.S_IWGRP:
        return
    users, groups = _by_list(folder)
    for uid in users:
        if uid not in trusted:
            yield account(uid), "setfacl -b"
    for gid in groups:
        if not is_private(gid, trusted):
            yield f"the group {_group(gid)}", "chmod g-w"


def _by_list(folder: Folder) -> tuple[list[int], list[int]]:
    """The users and groups that may write a folder whose mode says that the group may.

    With an access control list these bits of the mode are the most that anybody named there gets.
    """
    if not folder.acl:
        return [], [folder.status.st_gid]
    rows = list(_ENTRY.iter_unpack(folder.acl[_ACL_VERSION:]))
    most = next((permissions for tag, permissions, _ in rows if tag == _MASK), 7)
    writing = [(tag, number) for tag, permissions, number in rows if permissions & most & _WRITE]
    groups = [folder.status.st_gid for tag, _ in writing if tag == _GROUP_OBJECT]
    return [n for tag, n in writing if tag == _USER], [*groups, *(n for tag, n in writing if tag == _GROUP)]


def is_private(gid: int, trusted: frozenset[int]) -> bool:
    """Whether nobody but these users is in the group, as far as this machine's accounts tell.

    Directories of accounts (LDAP and the like) need not list everybody, so a group without known members is
    private only by its name: that of one of the users; or by its number, where it has no name.
    """
    names = set(_names(trusted))
    try:
        group = grp.getgrgid(gid)
    except KeyError:
        return gid in trusted
    members = {*group.gr_mem, *_primary().get(gid, ())}
    return members <= names and bool(group.gr_name in names or group.gr_mem)


def _names(uids: Iterable[int]) -> Iterator[str]:
    for uid in uids:
        with suppress(KeyError):
            yield pwd.getpwuid(uid).pw_name


@cache
def _primary() -> dict[int, list[str]]:
    """The users of each group that is somebody's first, which the group itself does not list."""
    found: dict[int, list[str]] = {}
    for user in pwd.getpwall():
        found.setdefault(user.pw_gid, []).append(user.pw_name)
    return found


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
