"""The process of the tests as an ordinary user, for a while; only root can."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qms_tui.project import Owner, Project

ROOT = os.geteuid() == 0
SOMEBODY = Owner(1000, 1000)


@contextmanager
def somebody(project: Project) -> Iterator[Project]:
    """Be SOMEBODY, in the project: the way there, below root's temporary folder, may be closed to them."""
    before, groups = Path.cwd(), os.getgroups()
    os.chdir(project.root)
    os.setgroups([])
    os.setresgid(SOMEBODY.gid, SOMEBODY.gid, 0)
    os.setresuid(SOMEBODY.uid, SOMEBODY.uid, 0)
    try:
        yield Project(Path())
    finally:
        os.setresuid(0, 0, 0)
        os.setresgid(0, 0, 0)
        os.setgroups(groups)
        os.chdir(before)
