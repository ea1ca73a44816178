"""The harness itself: rows run and say what they measured. No figure is asserted."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.bench.__main__ import run
from tests.bench.full import ROW_BYTES, printing
from tests.bench.processes import memory, work
from tests.bench.table import ROWS, Bar, Bench, Line, percentile
from tests.bench.turns import NO_TURN, longest_turn, probed

HELD = """
import asyncio, os, time
async def main():
    await asyncio.sleep(0)
    time.sleep(0.05)
    await asyncio.sleep(0)
print(os.getpid())
asyncio.run(main())
"""


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


def test_what_each_process_takes_is_measured() -> None:
    assert {"memory", "wakeups", "rotation", "burst", "first-paint-warm"} <= ROWS.keys()


def test_a_turn_that_holds_a_loop_is_noted(tmp_path: Path) -> None:
    began = time.perf_counter()
    held = subprocess.run(
        [sys.executable, "-c", HELD],
        env={**os.environ, **probed(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )
    ended, pid = time.perf_counter(), int(held.stdout)
    turn = longest_turn(tmp_path, pid, began, ended)
    assert 0.05 <= turn.length < ended - began
    assert turn.busy < turn.length  # it slept
    assert longest_turn(tmp_path, pid, ended, ended + 1) == NO_TURN


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_process_is_measured() -> None:
    own = psutil.Process()
    before = work(own)
    assert 0 < memory(own).pss <= memory(own).rss
    time.sleep(0.001)  # gives up the processor
    assert (work(own) - before).wakeups >= 1


def test_a_full_history_is_printed_as_it_is_described() -> None:
    shell, option, script = printing(3)
    printed = subprocess.run(
        [shell, option, script.partition("; ")[2].partition("; mkfifo")[0]], check=True, capture_output=True
    ).stdout.splitlines()
    assert [len(line) + len("\r\n") for line in printed] == [ROW_BYTES] * 3
    assert "\n" not in script  # the configuration takes no line breaks in a command


def test_the_human_says_how_long_to_look(tmp_path: Path) -> None:
    assert Bench(tmp_path).seconds(60, 5) == 60
    assert Bench(tmp_path, quick=True).seconds(60, 5) == 5
    assert Bench(tmp_path, quick=True, asked_seconds=7).seconds(60, 5) == 7


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
