"""The harness itself: rows run and say what they measured. No figure is asserted."""

from __future__ import annotations

import pytest

from tests.bench.__main__ import run
from tests.bench.table import ROWS, Bar, Line, percentile


def test_a_cheap_row_runs(capsys: pytest.CaptureFixture[str]) -> None:
    table = run(["version"], quick=True)
    (line,) = table.lines
    assert line.ours > 0
    assert line.peer is not None
    printed = capsys.readouterr().out
    assert printed.splitlines()[0].split() == ["what", "ours", "peer", "ours/peer", "bar"]
    assert f"{line.name}: {line.what}." in printed


def test_what_the_record_and_a_day_ask_for_is_measured() -> None:
    assert {"ei6", "needs you", "states", "waking", "waking lost"} <= ROWS.keys()


def test_bars_judge_figures_and_ratios() -> None:
    line = Line("x", "x", "MB/s", 5.0, 10.0, bar=Bar(0.6, at_least=True, of_ratio=True))
    assert (line.ratio, line.verdict, str(line.bar)) == (0.5, "no", ">= 0.6 x peer")
    assert Line("x", "x", "s", 0.1, bar=Bar(0.15)).verdict == "ok"
    assert Line("x", "x", "s", 0.1, bar=Bar(0.5, of_ratio=True)).verdict == "?"
    assert Line("x", "x", "s", 0.1).verdict == ""


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(n) for n in range(100, 0, -1)]
    assert (percentile(values, 50), percentile(values, 99), percentile(values, 100)) == (50, 99, 100)
    assert percentile([7.0], 99) == 7.0
