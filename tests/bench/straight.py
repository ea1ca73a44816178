"""`python -m tests.bench.straight`: qms-tui whose keys go past the keeper, as they do while that hangs."""

from __future__ import annotations

from collections.abc import Callable
from unittest.mock import patch

from qms_tui.keeper.keys import Keys

from qms_tui.__main__ import main
from qms_tui.ipc.stream import Stream


class StraightKeys(Keys):
    """Straight to the engine from the first key on."""

    def __init__(self, keeper: Stream, engine: Stream, on_refused: Callable[[int], None]) -> None:
        super().__init__(keeper, engine, on_refused)
        self.is_direct = True


if __name__ == "__main__":
    with patch("qms_tui.keeper.attachment.Keys", StraightKeys):
        main()
