"""What a screen of ours says once a newer keeper has taken its own over."""

from __future__ import annotations

from pathlib import Path

import pytest

from qms_tui.keeper import guest, keeper
from qms_tui.keeper.protocol import NEWER_HOLDS, PROTOCOL
from tests.ui.terminals.test_link import world


async def test_its_pane_says_to_open_the_screen_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(tmp_path) as here:
        await here.start()
        here.link.follow(here.where)
        await here.shown("ready")
        with monkeypatch.context() as newer:
            newer.setattr(keeper, "PROTOCOL", PROTOCOL + 1)
            newer.setattr(guest, "PROTOCOL", PROTOCOL + 1)
            here.hang_up()
            await here.until(lambda: here.link.remark == NEWER_HOLDS)
        await here.until(lambda: not here.link.remark)
