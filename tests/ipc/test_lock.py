"""Ending a process whose files are not what they should be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qms_tui.ipc.lock import end_owner
from qms_tui.keeper.paths import LOCK


@pytest.mark.timeout(10)
def test_a_pipe_in_the_place_of_the_lock_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / LOCK)
    assert not end_owner(tmp_path / LOCK)
