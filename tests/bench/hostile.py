"""How long the worst 4 KiB take that a program can write, and a resize with a full history."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from qms_tui.terminal import Terminal
from tests.bench.table import Bar, Bench, Line, row

CHUNK = 4096  # bytes
HISTORY = 5000  # rows
SIZES = ((200, 50), (400, 150))


@dataclass(frozen=True, slots=True)
class Case:
    """`unit` is repeated to a chunk, on a screen that `screenful` filled; it may also be random."""

    name: str
    screenful: Callable[[int, int], str]
    unit: str
    before: str = ""

    def prepare(self, columns: int, lines: int) -> Terminal:
        """A terminal just before the attack."""
        terminal = Terminal(columns, lines)
        terminal.feed(self.screenful(columns, lines).encode())
        terminal.feed(self.before.format(right=columns - 1).encode())
        return terminal

    @property
    def data(self) -> bytes:
        """The chunk."""
        unit = self.unit.encode()
        return unit * max(CHUNK // len(unit), 1)


def _letters(columns: int, lines: int) -> str:
    return "\x1b#8"


def _numbered(columns: int, lines: int) -> str:
    return "\r\n".join(f"{y:03d}" + f"{y * 7919 % 1000:03d}" * (columns // 3 - 2) for y in range(lines))


def _wide(columns: int, lines: int) -> str:
    return "\r\n".join("漢" * (columns // 2) for _ in range(lines))


def _coloured(columns: int, lines: int) -> str:
    def cell(x: int, y: int) -> str:
        return f"\x1b[38;5;{(x * 7 + y) % 256}mx"

    return "\r\n".join("".join(cell(x, y) for x in range(columns)) for y in range(lines)) + "\x1b[m"


def _guarded(columns: int, lines: int) -> str:
    return "\r\n".join("\x1bVx\x1bWy" * (columns // 2) for _ in range(lines))


def _protected(columns: int, lines: int) -> str:
    return "\r\n".join('\x1b[1"qx\x1b[0"qy' * (columns // 2) for _ in range(lines))


_BETWEEN = "\x1b[?69h\x1b[2;{right}s\x1b[999;9H"
_NARROW = "\x1b[?69h\x1b[2;3s\x1b[;2H"
_ANY_LINES = "".join(chr(33 + i * 31 % 90) + "\n" for i in range(CHUNK // 2))
_ANY_ERASURES = "".join(f"\x1b[48;5;{i % 256}m\x1b[2J" for i in range(250))
_ANY_FLIPS = "".join(f"\x1b[;{i * 7 % 150};;{i % 150 + 9};{i % 3 * 3 + 1}$t" for i in range(230))
_ANY_CLUSTERS = "".join(chr(0x4E00 + i % 20000) + chr(0x300 + i % 100) for i in range(820))
_ANY_LOOKS = "".join(f"\x1b[38;2;{i % 256};{i % 9};7mx" for i in range(240))
_MANY_RECORDS = "".join(f"\x1b]7501;state=idle:id=a{i}\x07" for i in range(256))
CASES = (
    Case("reports that clear none of many", _letters, "\x1b]7501;state=clear:id=z\x07", _MANY_RECORDS),
    Case("a report of empty pairs", _letters, f"\x1b]7501;{':' * (CHUNK - 8)}\x07"),
    Case("prompts among many reports", _letters, "\x1b]133;A\x07", _MANY_RECORDS),
    Case("ED on guarded cells", _guarded, "\x1b[2J"),
    Case("ED of any colour on guarded cells", _guarded, _ANY_ERASURES),
    Case("DECSED on protected cells", _protected, "\x1b[?2J"),
    Case("DECSERA", _protected, "\x1b[${"),
    Case("LF between margins", _numbered, "\n", _BETWEEN),
    Case("lines between margins", _numbered, _ANY_LINES, _BETWEEN),
    Case("lines between margins beside wide text", _wide, _ANY_LINES, _BETWEEN),
    Case("SU and SD between margins", _coloured, "\x1b[S\x1b[9T", _BETWEEN),
    Case("IL and DL between margins", _coloured, "\x1b[L\x1b[3M", _BETWEEN),
    Case("DECFI", _coloured, "\x1b9", "\x1b[999C"),
    Case("DECFI and text", _numbered, "x\x1b9", "\x1b[999C"),
    Case("DECBI", _coloured, "\x1b6", "\x1b[H"),
    Case("SL and SR", _numbered, "\x1b[ @\x1b[ A"),
    Case("DECIC", _coloured, "\x1b['}"),
    Case("DECCRA", _coloured, "\x1b[;;;;;;2$v"),
    Case("DECFRA and DECERA", _letters, "\x1b[88$x\x1b[$z"),
    Case("DECCARA", _coloured, "\x1b[;;;;4;7$r"),
    Case("DECRARA", _coloured, "\x1b[;;;;1$t"),
    Case("DECRARA of any area", _coloured, _ANY_FLIPS),
    Case("REP", _letters, "x\x1b[65535b"),
    Case("REP between margins", _letters, "\x1b[65535b", _NARROW + "漢"),
    Case("REP without autowrap", _letters, "\x1b[65535b", "\x1b[?7l漢"),
    Case("REP while inserting", _letters, "\x1b[65535b", "\x1b[4hx"),
    Case("backspace over edges", _letters, "\x1b[65535D", "\x1b[?45h" + _NARROW),
    Case("tabs without stops", _letters, "\r\t", "\x1b[3g"),
    Case("tabs back", _letters, "\x1b[999G\x1b[65535Z"),
    Case("DECALN and SU", _letters, "\x1b#8\x1b[S"),
    Case("coloured LF", _letters, "\n", "\x1b[41m\x1b[999H"),
    Case("alternate screen", _letters, "\x1b[?1049h\x1b[?1049l"),
    Case("RIS", _coloured, "\x1bc"),
    Case("marks", _letters, "\u0301"),
    Case("clusters", _letters, _ANY_CLUSTERS),
    Case("families", _letters, "👨\u200d👩\u200d👧"),
    Case("widened characters between margins", _letters, "❤\ufe0f", _NARROW),
    Case("looks", _letters, _ANY_LOOKS),
    Case("OSC", _letters, "\x1b]2;x\x07"),
    Case("OSC without end", _letters, "\x1b]"),
    Case("palette reset", _letters, "\x1b]104\x07"),
    Case("C1", _letters, "\x9b2J\x84\x85"),
    Case("broken escapes", _letters, "\x1bä"),
    Case("replies", _letters, "\x1b[c"),
)


def cost(case: Case, columns: int, lines: int) -> float:
    """Milliseconds of processor time for a chunk, at worst of two."""
    terminal = case.prepare(columns, lines)
    taken = []
    for _ in range(2):
        start = time.process_time()
        terminal.feed(case.data)
        taken.append((time.process_time() - start) * 1000 * CHUNK / len(case.data))
    return max(taken)


@row("hostile")
def hostile(bench: Bench) -> Iterator[Line]:
    """The costliest sequences known."""
    for columns, lines in SIZES[:1] if bench.quick else SIZES:
        worst, name = max((cost(case, columns, lines), case.name) for case in CASES)
        what = f"processor time for the worst 4 KiB of {len(CASES)} known, {columns}x{lines}: {name}"
        bar = Bar(100) if (columns, lines) == SIZES[0] else None
        yield Line(f"hostile 4 KiB, {columns}x{lines}", what, "ms", worst, bar=bar)


@row("resize")
def resize(bench: Bench) -> Iterator[Line]:
    """A window's edge that is dragged."""
    terminal = Terminal(200, 50, scrollback=HISTORY)
    terminal.feed(b"".join(b"%06d %s\r\n" % (i, b"word " * 38) for i in range(HISTORY + 100)))
    start = time.process_time()
    for i in range(40):
        terminal.resize(200 - i % 20 * 5, 50 - i % 7)
    taken = (time.process_time() - start) / 40 * 1000
    what = f"processor time of one of 40 resizes with {HISTORY} full rows of history"
    yield Line("resize", what, "ms", taken, bar=Bar(10))
    start = time.process_time()
    assert terminal.history_length <= HISTORY
    taken = (time.process_time() - start) * 1000
    yield Line("history after a resize", "laying all of it out when it is first read", "ms", taken)
