"""`python -m tests.bench.programs`: real programs before our terminal and in a pane of tmux, cell by cell.

Each program is run twice with the same keys at the same sizes, once on each side ("live"). Then the bytes
that it wrote to our side are played into a pane of tmux ("played"): there is nothing left by which the two
inputs could differ. Text is compared cell by cell, and so is the look of every cell.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from wcwidth import iter_graphemes, wcswidth

from qms_tui.terminal import Attribute, Run, Style, Terminal, Underline
from tests.bench.scenes import SCENES, Scene, Stage, Step, staged
from tests.bench.seats import Ours, Screen, Seat, Tmux, wait_quiet, wait_rows

FIRST, SECOND = (100, 30), (80, 24)
"""Columns and lines at the start, and after the resize."""

MAX_KEPT = 40_000  # bytes of a recording's part: a repository is no attic

Look = tuple[object, ...]
Cell = tuple[str, Look | None]
"""A cluster and its look; None where tmux does not tell."""


@dataclass(frozen=True)
class Moment:
    """A screen that was still: its rows as cells."""

    rows: list[list[Cell]]
    text: list[str]


@dataclass(frozen=True)
class Difference:
    """How two screens of one moment differ: cells in text, and cells only in look."""

    texts: int
    looks: int
    shown: list[str]

    def __str__(self) -> str:
        if not self.texts and not self.looks:
            return "equal"
        return f"{self.texts} cells" + (f", {self.looks} looks" if self.looks else "")


@dataclass
class Outcome:
    """What came of one scene: a difference for each step, of each way (live, played)."""

    scene: Scene
    steps: dict[str, list[Difference]] = field(default_factory=dict)

    def compare(self, way: str, ours: Sequence[Moment], tmux: Sequence[Moment]) -> None:
        """Note how the screens of all steps differ."""
        pairs = list(zip(ours, tmux, strict=True))
        if way == "live" and self.scene.unequal:
            pairs = [_without(self.scene.unequal, *pair) for pair in pairs]
        self.steps[way] = [Difference(*differing(*pair), _shown(*pair)) for pair in pairs]

    def is_as_known(self) -> bool:
        """Whether nothing differs, or it is known why."""
        return bool(self.scene.known) or all(
            str(step) == "equal" for steps in self.steps.values() for step in steps
        )

    def line(self) -> str:
        """Its row of the table: the worst step of each part."""
        cut = len(self.scene.before)
        parts = [part for steps in self.steps.values() for part in (steps[:cut], steps[cut:])]
        worst = [max(part, key=lambda step: (step.texts, step.looks)) for part in parts]
        counts = f"{cut} + {len(self.scene.after)} steps"
        return f"{self.scene.name:26} {counts:14} " + " ".join(f"{step!s:>20}" for step in worst)

    def details(self) -> Iterator[str]:
        """Every step that differs, with the rows."""
        for way, steps in self.steps.items():
            for number, step in enumerate(steps, 1):
                if str(step) != "equal":
                    yield f"--- {self.scene.name}, {way}, step {number}: {step}"
                    yield from step.shown


HEADING = f"{'program':26} {'':14} " + " ".join(
    f"{size[0]}x{size[1]} {way}".rjust(20) for way in ("live", "played") for size in (FIRST, SECOND)
)


def _without(unequal: re.Pattern[str], *screens: Moment) -> tuple[Moment, Moment]:
    """Both screens without the rows that no two runs show alike."""
    numbers = {y for screen in screens for y, row in enumerate(screen.text) if unequal.search(row)}
    first, second = (
        Moment(
            [[] if y in numbers else row for y, row in enumerate(screen.rows)],
            ["" if y in numbers else row for y, row in enumerate(screen.text)],
        )
        for screen in screens
    )
    return first, second


def differing(ours: Moment, tmux: Moment) -> tuple[int, int]:
    """How many cells differ in text, and how many only in look."""
    texts = looks = 0
    for mine, theirs in zip(ours.rows, tmux.rows, strict=True):
        for x in range(max(len(mine), len(theirs))):
            a = mine[x] if x < len(mine) else None
            b = theirs[x] if x < len(theirs) else None
            if a == b or (a and b and _is_unknown(a, b)):
                continue
            if a is None or b is None or a[0] != b[0]:
                texts += 1
            else:
                looks += 1
    return texts, looks


def _is_unknown(mine: Cell, theirs: Cell) -> bool:
    """capture-pane stops at the last cell that was written: how erased cells behind it look is not told."""
    return mine[0] == theirs[0] and theirs[1] is None


def _shown(ours: Moment, tmux: Moment) -> list[str]:
    out = []
    for y, (mine, theirs) in enumerate(zip(ours.rows, tmux.rows, strict=True)):
        if mine == theirs:
            continue
        columns = [
            x
            for x in range(min(len(mine), len(theirs)))
            if mine[x] != theirs[x] and not _is_unknown(mine[x], theirs[x])
        ]
        if not columns and len(mine) == len(theirs):
            continue
        out += [f"{y + 1:3} ours |{ours.text[y]}", f"    tmux |{tmux.text[y]}"]
        if columns:
            x = columns[0]
            out.append(f"    {len(columns)} cells from column {x + 1}: {mine[x]!r} / {theirs[x]!r}")
    return out


def look(seat: Screen) -> Moment:
    """The screen as it is now."""
    text = seat.rows()
    rows = [cells(runs) for runs in seat.styled()]
    if isinstance(seat, Tmux):
        rows = [_with_unknown(row, told) for row, told in zip(rows, seat.told(), strict=True)]
    return Moment(rows, text)


def looks(row: Sequence[Cell]) -> str:
    """How a row's cells look, as text: each look with the number of cells that have it."""
    groups = groupby(row, key=lambda cell: cell[1])
    return ", ".join(f"{len(list(group))} of {' '.join(map(str, look or ()))}" for look, group in groups)


def _with_unknown(row: list[Cell], told: int) -> list[Cell]:
    return [cell if x < told else (cell[0], None) for x, cell in enumerate(row)]


def cells(runs: Sequence[Run]) -> list[Cell]:
    """What is to be seen in each cell of a row; a wide character's second cell is empty."""
    out: list[Cell] = []
    for run in runs:
        for cluster in iter_graphemes(run.text):
            seen = _visible(run.style, cluster)
            out.append((cluster, seen))
            out += [("", seen)] * (wcswidth(cluster) - 1)
    return out


def _visible(style: Style, text: str) -> Look:
    """The style as the eye sees it: a blank has no colour of its own, and links are for the hand."""
    attributes = style.attributes
    has_line = style.underline is not Underline.NONE or attributes & (Attribute.STRIKE | Attribute.OVERLINE)
    if text in " \xa0" and not has_line:
        return ("blank", style.foreground if attributes & Attribute.INVERSE else style.background)
    color = style.underline_color if style.underline is not Underline.NONE else None
    return (style.foreground, style.background, int(attributes), style.underline.name.lower(), color)


def perform(seat: Seat, scene: Scene) -> Iterator[Moment]:
    """Type the whole script; the screen after each step."""
    for step in scene.before:
        yield _take_step(seat, step)
    seat.resize(*SECOND)
    for step in scene.after:
        yield _take_step(seat, step)


def _take_step(seat: Seat, step: Step) -> Moment:
    if step.keys:
        seat.type(step.keys.encode())
    wait_quiet(seat, step.expected)
    return look(seat)


@dataclass(frozen=True)
class Recording:
    """What a program wrote to our side, step by step; the screen is resized before number `resized`."""

    pieces: list[bytes]
    resized: int


def run_scene(scene: Scene, place: Path, save: Path | None = None) -> Outcome:
    """Compare one program in all ways."""
    outcome = Outcome(scene)
    folder = place / "here"
    with staged(scene, folder) as stage, Ours(stage.argv, *FIRST, stage.env, _cwd(stage, folder)) as seat:
        ours, recording = _record(seat, scene)
    with staged(scene, folder) as stage, Tmux(stage.argv, *FIRST, stage.env, _cwd(stage, folder)) as pane:
        outcome.compare("live", ours, list(perform(pane, scene)))
    played, again = list(play(recording, place)), list(replayed(recording))
    outcome.compare("played", again, played)
    if save:
        keep(save, scene.name, recording, again, played)
    return outcome


def _record(seat: Ours, scene: Scene) -> tuple[list[Moment], Recording]:
    pieces, moments, at = [], [], 0
    for moment in perform(seat, scene):
        moments.append(moment)
        pieces.append(bytes(seat.output[at:]))
        at = len(seat.output)
    return moments, Recording(pieces, len(scene.before))


def _cwd(stage: Stage, folder: Path) -> Path:
    return Path(stage.env.get("PWD", folder))


class Fed:
    """Our terminal with bytes fed to it, to look at."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def rows(self) -> list[str]:
        """The visible rows, trailing blanks removed."""
        return [row.rstrip() for row in self._terminal.display]

    def styled(self) -> list[tuple[Run, ...]]:
        """The visible rows as runs."""
        return [self._terminal.styled(y) for y in range(self._terminal.lines)]


def replayed(recording: Recording) -> Iterator[Moment]:
    """What our terminal shows of a recording, step by step."""
    terminal = Terminal(*FIRST)
    for number, piece in enumerate(recording.pieces):
        if number == recording.resized:
            terminal.resize(*SECOND)
        terminal.feed(piece)
        yield look(Fed(terminal))


_PLAYER = """
stty raw -echo
number=0
while :; do
    until [ -e "go$number" ]; do sleep 0.02; done
    cat "piece$number"
    touch "done$number"
    number=$((number + 1))
done
"""


def play(recording: Recording, place: Path) -> Iterator[Moment]:
    """What a pane of tmux shows of a recording, step by step."""
    folder = place / "played"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    env = {"PATH": "/usr/bin:/bin", "TERM": "xterm-256color", "LANG": "C.UTF-8", "HOME": str(folder)}
    with Tmux(["sh", "-c", _PLAYER], *FIRST, env, folder) as pane:
        for number, piece in enumerate(recording.pieces):
            if number == recording.resized:
                pane.resize(*SECOND)
            (folder / f"piece{number}").write_bytes(piece)
            (folder / f"go{number}").touch()
            done = folder / f"done{number}"
            wait_rows(pane, lambda rows, done=done: done.exists())  # type: ignore[misc]
            yield look(pane)


def keep(
    folder: Path, name: str, recording: Recording, ours: Sequence[Moment], tmux: Sequence[Moment]
) -> None:
    """Write a recording as a regression test's data: the bytes up to the resize and to the end, with what
    tmux showed then, and those rows that we show otherwise."""
    if max(map(len, _parts(recording))) > MAX_KEPT:
        return
    stem = "_".join(re.findall(r"\w+", name.lower()))
    screens = []
    ends = (recording.resized - 1, FIRST), (len(recording.pieces) - 1, SECOND)
    for number, (part, (end, size)) in enumerate(zip(_parts(recording), ends, strict=True)):
        (folder / f"{stem}.{number}.bytes").write_bytes(part)
        mine, theirs = ours[end], tmux[end].text
        otherwise = {y: row for y, row in enumerate(mine.text) if row != theirs[y]}
        screens.append(
            {
                "columns": size[0],
                "lines": size[1],
                "tmux": theirs,
                "otherwise": otherwise,
                "looks": [looks(row) for row in mine.rows],
            }
        )
    (folder / f"{stem}.json").write_text(json.dumps(screens, ensure_ascii=False, indent=0) + "\n")


def _parts(recording: Recording) -> tuple[bytes, bytes]:
    cut = recording.resized
    return b"".join(recording.pieces[:cut]), b"".join(recording.pieces[cut:])


def main() -> None:
    """Print the table, why screens differ, and with --details every difference."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.programs", description=__doc__)
    names = [scene.name for scene in SCENES]
    parser.add_argument("names", nargs="*", metavar="PROGRAM", help=f"only these of: {', '.join(names)}")
    parser.add_argument("--details", action="store_true", help="show the rows that differ")
    parser.add_argument("--save", type=Path, metavar="FOLDER", help="keep what they wrote as recordings")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(names):
        parser.error(f"no such program: {', '.join(sorted(unknown))}")
    print(HEADING, flush=True)
    outcomes = [
        outcome
        for scene in SCENES
        if (not chosen.names or scene.name in chosen.names) and (outcome := _try(scene, chosen.save))
    ]
    for outcome in outcomes:
        if outcome.scene.known:
            print(f"\n{outcome.scene.name}: {outcome.scene.known}.")
        if chosen.details or not outcome.is_as_known():
            print("\n".join(outcome.details()))
    sys.exit(not all(outcome.is_as_known() for outcome in outcomes))


def _try(scene: Scene, save: Path | None) -> Outcome | None:
    """Compare, and print the row."""
    if not scene.is_possible():
        print(f"{scene.name:26} is not on this machine", flush=True)
        return None
    try:
        with tempfile.TemporaryDirectory(prefix="qms-programs-") as place:
            outcome = run_scene(scene, Path(place), save)
    except TimeoutError as error:
        print(f"{scene.name:26} {error}", flush=True)
        return None
    print(outcome.line(), flush=True)
    return outcome


if __name__ == "__main__":
    main()
