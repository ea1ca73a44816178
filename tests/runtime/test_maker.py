"""Who made something on the engine."""

from __future__ import annotations

import os
import socket

import pytest

from qms_tui.runtime.docker.maker import is_foreign, maker
from tests.somebody import ROOT, SOMEBODY


def test_what_another_user_or_machine_made_is_foreign(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = {"qms-tui.maker": maker()}
    assert not is_foreign(mine)
    assert not is_foreign({})
    assert not is_foreign(None)
    monkeypatch.setattr(socket, "gethostname", lambda: "another")
    assert is_foreign(mine)


@pytest.mark.skipif(not ROOT, reason="root becomes somebody else here")
def test_what_root_made_is_foreign_to_others() -> None:
    mine = {"qms-tui.maker": maker()}
    os.setresuid(SOMEBODY.uid, SOMEBODY.uid, 0)
    try:
        assert is_foreign(mine)
    finally:
        os.setresuid(0, 0, 0)
