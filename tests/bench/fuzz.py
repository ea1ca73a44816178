"""`python -m tests.bench.fuzz [SECONDS] [SEED]`: feed the terminal hostile bytes, 60 s if not given.

Checks that nothing raises, that splitting the bytes changes nothing, that rows stay as wide as the
screen and the cursor on it, through resizes; prints the bytes and the seed of what fails, and exits with
1. Material are random sequences and the captures, cut, swapped and corrupted. Now and then it repeats
some bytes for 4 KiB and notes how long the worst of these storms took.
"""

from __future__ import annotations

import random
import sys
import time
import traceback
from pathlib import Path

from qms_tui.terminal import Terminal
from tests.bench import hostile

STORM_EVERY = 20  # cases; preparing a screen takes longer than a case
ROOT = Path(__file__).parents[2]
TEXTS = [
    "a",
    "word ",
    "漢字",
    "e\u0301",
    "👨\u200d👩\u200d👧",
    "❤\ufe0f",
    "⌚\ufe0e",
    "🇺🇸",
    "👍🏽",
    "\u200d",
    "क्ष",
    "\r\n",
    "x" * 30,
]
CONTROLS = "\x00\x07\x08\t\n\x0b\x0c\r\x0e\x0f\x18\x1a\x1b\x7f\x84\x85\x8d\x90\x9b\x9c\x9d"
MODES = [1, 3, 4, 5, 6, 7, 12, 20, 25, 40, 41, 45, 47, 69, 1045, 1046, 1047, 1048, 1049, 2026]
SIZES = [(1, 1), (2, 2), (3, 1), (7, 3), (10, 4), (11, 5), (40, 10)]
CAPTURES = [path.read_bytes() for path in sorted((ROOT / "tests" / "terminal" / "captures").glob("*.raw"))]


def piece(rnd: random.Random) -> bytes:
    """Some bytes that a program could write, or an enemy."""
    kind = rnd.randrange(10)
    if kind < 2:
        return rnd.choice(TEXTS).encode()
    if kind == 2:
        return rnd.choice(CONTROLS).encode()
    if kind == 3:
        return bytes(rnd.randrange(256) for _ in range(rnd.randrange(8)))
    if kind == 4:
        mode = rnd.choice(MODES)
        return f"\x1b[{rnd.choice(['?', ''])}{mode}{rnd.choice('hl')}".encode()
    if kind == 5:
        data = rnd.choice(CAPTURES)
        at = rnd.randrange(len(data))
        return data[at : at + rnd.randrange(60)]
    if kind == 6:
        return b"\x1b" + bytes([rnd.randrange(0x20, 0x7F), rnd.randrange(0x20, 0x7F)])
    if kind == 7:
        start = rnd.choice(["\x1b]8;;http://e.org", "\x1b]4;1;?", "\x1b]2;t", "\x1bP$qm", "\x1b_G", "\x1bP"])
        return (start + rnd.choice(["\x07", "\x1b\\", "\x18", "", "\x9c"])).encode()
    choices = ["", "0", "1", "2", "3", "4", "9", "70000", "4:3"]
    numbers = ";".join(rnd.choice(choices) for _ in range(rnd.randrange(6)))
    middle = rnd.choice(["", "", "", " ", "$", '"', "'", "*", "!"])
    prefix = rnd.choice(["", "", "", "?", ">", "="])
    return f"\x1b[{prefix}{numbers}{middle}{chr(rnd.randrange(64, 127))}".encode()


def state(terminal: Terminal) -> tuple[object, ...]:
    """All that can be seen of a terminal."""
    rows = [terminal.styled(y) for y in range(-terminal.history_length, terminal.lines)]
    for row in rows[-terminal.lines :]:
        assert sum(run.width for run in row) == terminal.columns
    cursor = terminal.cursor
    assert 0 <= cursor.row < terminal.lines
    assert 0 <= cursor.column < terminal.columns
    display = terminal.display
    assert display == ["".join(run.text for run in row) for row in rows[-terminal.lines :]]
    return (
        rows,
        display,
        list(terminal.history),
        cursor,
        terminal.modes,
        terminal.take_replies(),
        terminal.take_events(),
    )


def run(rnd: random.Random) -> None:
    """One case."""
    parts = [b"".join(piece(rnd) for _ in range(rnd.randrange(1, 12))) for _ in range(rnd.randrange(1, 4))]
    sizes = [rnd.choice(SIZES) for _ in parts]
    try:
        whole, split = (Terminal(*sizes[0], scrollback=15) for _ in range(2))
        for part, size in zip(parts, sizes, strict=True):
            whole.resize(*size)
            split.resize(*size)
            whole.feed(part)
            step = rnd.randrange(1, 5)
            for at in range(0, len(part), step):
                split.feed(part[at : at + step])
            assert state(whole) == state(split), "splitting changed something"
    except Exception:
        print(sizes, parts)
        raise


def storm(rnd: random.Random) -> tuple[float, bytes]:
    """Some pieces again and again for 4 KiB on a full screen: milliseconds that took, and the pieces."""
    terminal = rnd.choice(hostile.CASES).prepare(200, 50)
    unit = b"".join(piece(rnd) for _ in range(rnd.randrange(1, 4))) or b" "
    start = time.process_time()
    terminal.feed(unit * (hostile.CHUNK // len(unit)))
    return (time.process_time() - start) * 1000, unit


def main(arguments: list[str]) -> int:
    """Run cases until the time is over."""
    seconds = float(arguments[0]) if arguments else 60.0
    seed = int(arguments[1]) if len(arguments) > 1 else random.randrange(1 << 30)
    end, cases, storms, worst = time.monotonic() + seconds, 0, 0, (0.0, b"")
    while time.monotonic() < end:
        try:
            run(random.Random(seed + cases))
            if cases % STORM_EVERY == 0:
                storms += 1
                worst = max(worst, storm(random.Random(seed + cases)))
        except Exception:
            traceback.print_exc()
            print(f"failed with seed {seed + cases}")
            return 1
        cases += 1
    print(f"{cases} cases and {storms} storms in {seconds:.0f} s, seed {seed}: clean")
    print(f"the slowest 4 KiB took {worst[0]:.0f} ms: {worst[1]!r}, again and again")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
