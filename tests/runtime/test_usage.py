"""What agents use: the arithmetic, on answers of real engines and on nonsense."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qms_tui.runtime import Usage
from qms_tui.runtime.docker.stats import read_sample
from qms_tui.runtime.usage import Sample, Samples

ANSWERS = Path(__file__).parent / "stats"
NOW = Sample("one", at=100.0, busy=10.0, memory=2**20)
MEGABYTE = 2**20


@pytest.mark.parametrize(
    ("engine", "expected"),
    [
        # The file cache of 30 MB is left out where the engine tells it.
        ("docker-cgroup-v1", Usage(0.34, 32653312 - 31457280, 64 * MEGABYTE)),
        ("docker-cgroup-v2", Usage(0.35, 32460800 - 31457280, 64 * MEGABYTE)),
        ("podman", Usage(0.19, 32567296, 0)),
    ],
)
def test_two_answers_of_an_engine(engine: str, expected: Usage) -> None:
    samples = Samples()
    first, second = (ANSWERS / f"{engine}.json").read_bytes().splitlines()
    began = samples.usage("qa", read_sample(first))
    assert began is not None
    assert began.cpu is None
    usage = samples.usage("qa", read_sample(second))
    assert usage is not None
    assert usage.cpu is not None
    assert replace(usage, cpu=round(usage.cpu, 2)) == expected


def answer(**changes: Any) -> bytes:
    told = json.loads((ANSWERS / "docker-cgroup-v1.json").read_bytes().splitlines()[0])
    return json.dumps(told | changes).encode()


@pytest.mark.parametrize(
    "told",
    [
        b"",  # what Podman says of a container that has ended
        b"null",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b"\xff",
        answer(memory_stats={}),  # Docker of one that has ended
        answer(memory_stats=None),
        answer(memory_stats={"usage": -1}),
        answer(memory_stats={"usage": float("inf")}),
        answer(memory_stats={"usage": 10**30}),
        answer(memory_stats={"usage": 1, "stats": [1]}),
        answer(memory_stats={"usage": 1, "stats": {"inactive_file": "much"}}),
        answer(cpu_stats={"cpu_usage": {}}),
        answer(cpu_stats={"cpu_usage": {"total_usage": float("nan")}}),
        answer(read="yesterday"),
        answer(read=None),
    ],
    ids=range(17),
)
def test_an_answer_that_makes_no_sense_is_none(told: bytes) -> None:
    assert read_sample(told) is None


def test_more_cache_than_memory_is_no_memory() -> None:
    sample = read_sample(answer(memory_stats={"usage": 5, "stats": {"total_inactive_file": 9}}))
    assert sample is not None
    assert (sample.memory, sample.limit) == (0, 0)


@pytest.mark.parametrize(
    "second",
    [
        NOW,  # no time has passed
        replace(NOW, at=100.01, busy=10.01),  # hardly any
        replace(NOW, at=99.0, busy=11.0),  # the clock was set back
        replace(NOW, at=102.0, busy=9.0),  # a process has taken its time along
        replace(NOW, at=102.0, busy=11.0, program="two"),  # another program of the agent
    ],
)
def test_what_tells_nothing_of_the_processor(second: Sample) -> None:
    samples = Samples()
    samples.usage("qa", NOW)
    assert samples.usage("qa", second) == Usage(None, MEGABYTE)
    third = replace(second, at=second.at + 2, busy=second.busy + 1)
    assert samples.usage("qa", third) == Usage(0.5, MEGABYTE)


def test_agents_and_their_programs_are_kept_apart() -> None:
    samples, later = Samples(), replace(NOW, at=104.0, busy=11.0)
    samples.usage("qa", NOW)
    assert samples.usage("bu", later) == Usage(None, MEGABYTE)
    assert samples.usage("qa", later) == Usage(0.25, MEGABYTE)
    assert samples.usage("qa", None) is None
    assert samples.usage("qa", replace(later, at=106.0)) == Usage(None, MEGABYTE)


TOLD = Usage(0.20, 200 * MEGABYTE, 400 * MEGABYTE)


@pytest.mark.parametrize(
    ("now", "resembles"),
    [
        (TOLD, True),
        (replace(TOLD, cpu=0.22, memory=205 * MEGABYTE), True),
        (replace(TOLD, cpu=0.25), False),
        (replace(TOLD, cpu=None), False),
        (replace(TOLD, memory=220 * MEGABYTE), False),
        (replace(TOLD, limit=220 * MEGABYTE), False),  # tight now
    ],
)
def test_only_what_differs_clearly_is_news(now: Usage, resembles: bool) -> None:
    assert now.resembles(TOLD) is resembles


def test_what_grows_slowly_becomes_news_once_it_adds_up() -> None:
    idle = Usage(0.0, 10 * MEGABYTE)
    grown = [replace(idle, memory=idle.memory + n * MEGABYTE) for n in range(5)]
    assert [usage.resembles(idle) for usage in grown] == [True, True, True, False, False]
