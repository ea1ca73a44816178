"""The client's status line, and what the host reads of it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from .programs import read, run

GIVEN = {
    "session_id": "728fdc29",
    "cost": {"total_cost_usd": 1.23456},
    "context_window": {"used_percentage": 41},
    "model": {"id": "some-model", "display_name": "Opus"},
    "rate_limits": {"five_hour": {"used_percentage": 12.5, "resets_at": 1}, "seven_day": {}},
}
KEPT = {"session": "728fdc29", "cost": 1.2346, "context": 41, "model": "Opus", "limits": {"five_hour": 12.5}}


def shown(config: Path, given: object) -> str:
    ran = run("status_line.py", config, given, QMS_USER="qa")
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


def test_it_prints_one_line_and_keeps_the_numbers(config: Path) -> None:
    assert shown(config, GIVEN) == "qa · Opus · 41% of context · $1.23\n"
    kept = read(config / "qms-tui/status.json")
    assert time.time() - 30 < kept.pop("at") <= time.time() + 0.01
    assert kept == KEPT


def test_the_file_is_only_written_for_news(config: Path) -> None:
    file = config / "qms-tui/status.json"
    shown(config, GIVEN)
    first = file.stat().st_ino, file.read_bytes()
    shown(config, GIVEN)
    assert (file.stat().st_ino, file.read_bytes()) == first
    shown(config, GIVEN | {"cost": {"total_cost_usd": 2}})
    assert read(file)["cost"] == 2


@pytest.mark.parametrize("age", [-3600, 61])
def test_the_file_shows_that_it_is_still_asked_for(config: Path, age: float) -> None:
    file = config / "qms-tui/status.json"
    file.write_text(json.dumps({"at": time.time() - age} | KEPT))
    shown(config, GIVEN)
    assert abs(read(file)["at"] - time.time()) < 30


def test_what_is_not_given_is_not_told(config: Path) -> None:
    assert shown(config, {"session_id": "s", "context_window": {"used_percentage": None}}) == "qa\n"
    kept = read(config / "qms-tui/status.json")
    assert kept.keys() == {"at", "session"}


@pytest.mark.parametrize("number", ["1e999", "NaN", '"12"', "true", "[1]"])
def test_what_is_no_number_is_not_told(config: Path, number: str) -> None:
    shown(config, f'{{"session_id": "s", "cost": {{"total_cost_usd": {number}}}, "model": 1}}')
    assert read(config / "qms-tui/status.json").keys() == {"at", "session"}


def test_a_models_name_is_one_line_of_text(config: Path) -> None:
    name = "Opus\x1b[2J\r\n\u202e" + "x" * 10_000
    said = shown(config, {"session_id": "s", "model": {"display_name": name}})
    assert said.count("\n") == 1
    assert said[:-1].isprintable()
    assert len(said) < 150


@pytest.mark.parametrize("given", ["", "{", "[]", "[" * 100_000, "3"])
def test_nonsense_is_kept_nowhere(config: Path, given: str) -> None:
    shown(config, given)
    assert not (config / "qms-tui/status.json").exists()


@pytest.mark.parametrize("planted", ["[1]", "{", '{"at": "x"}', '{"at": NaN}'])
def test_what_lies_there_is_replaced(config: Path, planted: str) -> None:
    file = config / "qms-tui/status.json"
    file.write_text(planted)
    shown(config, GIVEN)
    assert read(file)["model"] == "Opus"
