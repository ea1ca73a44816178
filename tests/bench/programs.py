"""`python -m tests.bench.programs`: real programs before our terminal and in a pane of tmux, cell by cell.

Each program is run twice with the same keys at the same sizes, once on each side ("live"). Then the bytes that
it wrote to our side are played into a pane of tmux ("played"): there is nothing left by which the two inputs
could differ. Text is compared cell by cell, and so is the look of every cell.
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
from pathlib import Path

from wcwidth import iter_graphemes, wcswidth

from qms_tui.terminal import Attribute, Run, Style, Terminal, Underline
from tests.bench.scenes import SCENES, Scene, Stage, Step, staged
from tests.bench.seats import Ours, Seat, Tmux, wait_quiet, wait_rows

FIRST, SECOND = (100, 30), (80, 24)
"""Columns and lines at the start, and after the resize."""

Cell = tuple[str, object]


@dataclass(frozen=True)
class Moment:
    """A screen that was still: its rows as cells."""

    rows: list[list[Cell]]
    text: list[str]


@dataclass
class Outcome:
    """What came of one scene: the differing cells of each pair of screens, by when it was."""

    name: str
    lines: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)

    def compare(self, when: str, ours: Moment, tmux: Moment) -> None:
        """Note how two screens differ."""
        texts, looks = differing(ours, tmux)
        verdict = f"{texts} cells differ in text" if texts else "equal"
        if looks:
            verdict += f", {looks} in look"
        self.lines.append(f"{self.name:26} {when:22} {verdict}")
        if texts or looks:
            self.details += [f"--- {self.name}, {when}", *_shown(ours, tmux)]


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
        columns = [x for x in range(min(len(mine), len(theirs))) if mine[x] != theirs[x] and not _is_unknown(mine[x], theirs[x])]
        if not columns and len(mine) == len(theirs):
            continue
        out += [f"{y + 1:3} ours |{ours.text[y]}", f"    tmux |{tmux.text[y]}"]
        if columns:
            x = columns[0]
            out.append(f"    {len(columns)} cells from column {x + 1}: {mine[x]!r} / {theirs[x]!r}")
    return out


def look(seat: Seat, scene: Scene | None = None) -> Moment:
    """The screen as it is now; what is unequal by nature is blanked."""
    text = seat.rows()
    rows = [cells(runs) for runs in seat.styled()]
    if isinstance(seat, Tmux):
        rows = [_with_unknown(row, told) for row, told in zip(rows, seat.told(), strict=True)]
    if scene and scene.unequal:
        for y, row in enumerate(text):
            if scene.unequal.search(row):
                text[y], rows[y] = "", [(" ", None)]
    return Moment(rows, text)


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


def _visible(style: Style, text: str) -> object:
    """The style as the eye sees it: a blank has no colour of its own, and links are for the hand."""
    attributes = style.attributes
    has_line = style.underline is not Underline.NONE or attributes & (Attribute.STRIKE | Attribute.OVERLINE)
    if text in " \xa0" and not has_line:
        return ("blank", style.foreground if attributes & Attribute.INVERSE else style.background)
    color = style.underline_color if style.underline is not Underline.NONE else None
    return (style.foreground, style.background, int(attributes), style.underline, color)


def perform(seat: Seat, scene: Scene) -> Iterator[Moment]:
    """Type the whole script; the screen after each step."""
    for step in scene.before:
        yield _take_step(seat, scene, step)
    seat.resize(*SECOND)
    for step in scene.after:
        yield _take_step(seat, scene, step)


def _take_step(seat: Seat, scene: Scene, step: Step) -> Moment:
    if step.keys:
        seat.type(step.keys.encode())
    wait_quiet(seat, step.expected)
    return look(seat, scene)


@dataclass(frozen=True)
class Recording:
    """What a program wrote to our side, step by step; the screen is resized before number `resized`."""

    pieces: list[bytes]
    resized: int


def run_scene(scene: Scene, place: Path, save: Path | None = None) -> Outcome:
    """Compare one program in all ways."""
    outcome = Outcome(scene.name)
    folder = place / "here"
    with staged(scene, folder) as stage, Ours(stage.argv, *FIRST, stage.env, _cwd(stage, folder)) as seat:
        ours, recording = _record(seat, scene)
    with staged(scene, folder) as stage, Tmux(stage.argv, *FIRST, stage.env, _cwd(stage, folder)) as pane:
        tmux = list(perform(pane, scene))
    _compare_steps(outcome, "live", scene, ours, tmux)
    played = list(play(recording, place))
    again = list(replayed(recording))
    _compare_steps(outcome, "played", scene, again, played)
    if save:
        keep(save, scene.name, recording, played)
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


def _compare_steps(
    outcome: Outcome, name: str, scene: Scene, ours: Sequence[Moment], tmux: Sequence[Moment]
) -> None:
    for number, (mine, theirs) in enumerate(zip(ours, tmux, strict=True)):
        is_resized = number >= len(scene.before)
        size = SECOND if is_resized else FIRST
        outcome.compare(f"{size[0]}x{size[1]} {name} {number + 1}", mine, theirs)


class _Fed:
    """Our terminal with bytes fed to it, as a seat to look at."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def rows(self) -> list[str]:
        return [row.rstrip() for row in self._terminal.display]

    def styled(self) -> list[tuple[Run, ...]]:
        return [self._terminal.styled(y) for y in range(self._terminal.lines)]


def replayed(recording: Recording) -> Iterator[Moment]:
    """What our terminal shows of a recording, step by step."""
    terminal = Terminal(*FIRST)
    for number, piece in enumerate(recording.pieces):
        if number == recording.resized:
            terminal.resize(*SECOND)
        terminal.feed(piece)
        yield look(_Fed(terminal))  # type: ignore[arg-type]


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


def keep(folder: Path, name: str, recording: Recording, played: Sequence[Moment]) -> None:
    """Write a recording as a regression test's data: before the resize, and the end, as tmux showed them."""
    stem = "_".join(re.findall(r"\w+", name.lower()))
    screens = []
    at = 0
    for index, size in ((recording.resized, FIRST), (len(recording.pieces), SECOND)):
        data = b"".join(recording.pieces[at:index])
        (folder / f"{stem}.{len(screens)}.bytes").write_bytes(data)
        screens.append({"columns": size[0], "lines": size[1], "text": played[index - 1].text})
        at = index
    (folder / f"{stem}.json").write_text(json.dumps(screens, ensure_ascii=False, indent=0) + "\n")


def main() -> None:
    """Print the table, then every difference."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.programs", description=__doc__)
    names = [scene.name for scene in SCENES]
    parser.add_argument("names", nargs="*", metavar="PROGRAM", help=f"only these of: {', '.join(names)}")
    parser.add_argument("--steps", action="store_true", help="a line for each step, not only for each size")
    parser.add_argument("--save", type=Path, metavar="FOLDER", help="keep what they wrote as recordings")
    chosen = parser.parse_args()
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="qms-programs-") as place:
        for scene in SCENES:
            if chosen.names and scene.name not in chosen.names:
                continue
            if not scene.is_possible():
                print(f"{scene.name:26} not there", flush=True)
                continue
            try:
                outcome = run_scene(scene, Path(place), chosen.save)
            except TimeoutError as error:
                print(f"{scene.name:26} {error}", flush=True)
                continue
            outcomes.append(outcome)
            print("\n".join(outcome.lines), flush=True)
    details = [line for outcome in outcomes for line in outcome.details]
    print("\n".join(["", *details]))
    sys.exit(bool(details))


if __name__ == "__main__":
    main()
