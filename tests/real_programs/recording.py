"""What a program wrote in a scene, kept: NAME.bytes is all of it, NAME.json what stands after each event."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from qms_tui.terminal import ProgramStatus

from .reporter import Row, words

FOLDER = Path(__file__).with_name("recordings")


@dataclass(frozen=True, slots=True)
class Mark:
    """After so many bytes the event is over, and the records say this: the root first, or - for none."""

    event: str
    written: int
    records: list[str]


def save(name: str, rows: Sequence[Row], output: bytes) -> None:
    """Keep it."""
    marks = [asdict(Mark(row.event, row.written, said(row.status))) for row in rows]
    (FOLDER / f"{name}.bytes").write_bytes(output[: rows[-1].written])
    (FOLDER / f"{name}.json").write_text(json.dumps(marks, indent=1, ensure_ascii=False) + "\n")


def load(name: str) -> tuple[bytes, list[Mark]]:
    """What `save` has kept."""
    marks = [Mark(**mark) for mark in json.loads((FOLDER / f"{name}.json").read_text())]
    return (FOLDER / f"{name}.bytes").read_bytes(), marks


def said(status: ProgramStatus) -> list[str]:
    """Its records, a line each."""
    return [words(record) for record in (status.root, *status.children)]
