"""How fast a terminal is saved and restored, as when an interface comes back to its agents."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator

from qms_tui.terminal import Terminal
from tests.bench.inputs import COLUMNS, LINES
from tests.bench.table import Bar, Bench, Line, row

HISTORY = 5000  # rows


@row("state")
def state(bench: Bench) -> Iterator[Line]:
    """A terminal that is full of coloured lines."""
    rounds = bench.times(9, 3)
    terminal = Terminal(COLUMNS, LINES, scrollback=HISTORY)
    terminal.feed(_coloured(HISTORY + LINES))
    what = f"a terminal of {COLUMNS}x{LINES} with {HISTORY} full rows of coloured words, best of {rounds}"
    saved = terminal.save()
    saving = _best(terminal.save, rounds)
    restoring = _best(lambda: Terminal.restored(saved), rounds)
    yield Line("save", f"{what}: processor time of saving it", "ms", saving, bar=Bar(20))
    yield Line("restore", f"{what}: processor time of restoring it", "ms", restoring, bar=Bar(20))
    yield Line("saved", f"{what}: what is saved of it", "MB", len(saved) / 1e6, bar=Bar(2.5))


def _coloured(lines: int) -> bytes:
    """Lines of 40 words, of full width, nine words in ten in a colour of their own."""
    rnd = random.Random(5)

    def word() -> str:
        colour = f"38;5;{rnd.randrange(256)}" if rnd.random() < 0.7 else f"1;{rnd.randrange(30, 38)}"
        return (
            f"\x1b[{colour}m{rnd.choice(('info', 'path', '1234', 'a==b'))}\x1b[m"
            if rnd.random() < 0.9
            else "...."
        )

    return "\r\n".join(" ".join(word() for _ in range(COLUMNS // 5)) for _ in range(lines)).encode()


def _best(act: Callable[[], object], rounds: int) -> float:
    """Milliseconds of processor time."""
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        act()
        taken.append((time.process_time() - start) * 1000)
    return min(taken)
