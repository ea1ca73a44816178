"""Ending a process whose files are not what they should be."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from qms_tui.ipc.lock import end_owner, take_lock
from qms_tui.keeper.paths import LOCK
from tests.somebody import ROOT, SOMEBODY


@pytest.mark.timeout(10)
def test_a_pipe_in_the_place_of_the_lock_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / LOCK)
    assert not end_owner(tmp_path / LOCK)


@pytest.mark.skipif(not ROOT, reason="only root ends what others have")
def test_root_ends_nothing_that_another_users_file_names(tmp_path: Path) -> None:
    """That user may hold the lock, and have written anybody's number."""
    lock = take_lock(tmp_path / LOCK, "/project", "")
    assert lock is not None
    with subprocess.Popen(["sleep", "600"]) as victim:
        (tmp_path / LOCK).write_text(json.dumps({"pid": victim.pid}))
        os.chown(tmp_path / LOCK, SOMEBODY.uid, SOMEBODY.gid)
        assert not end_owner(tmp_path / LOCK)
        assert victim.poll() is None
        os.chown(tmp_path / LOCK, 0, 0)
        end_owner(tmp_path / LOCK, pid=victim.pid + 1)
        assert victim.poll() is None
        victim.send_signal(signal.SIGKILL)
    os.close(lock)
