"""What a build says becomes steps, lines, and an error that helps. `builds/` has real streams."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_tui.errors import ImageError
from qms_tui.runtime.docker.build_log import BuildLog, Output, Progress, Step
from qms_tui.runtime.docker.buildkit import TRACE, Traces
from qms_tui.runtime.docker.image import follow

BUILDS = Path(__file__).with_name("builds")
COMPLETE = sorted(path.stem for path in BUILDS.glob("*.jsonl") if "failed" not in path.stem)
FAILED = sorted(path.stem for path in BUILDS.glob("*-failed.jsonl"))
STEP = "Step 3/9 : RUN make\n"


def recorded(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (BUILDS / f"{name}.jsonl").read_text().splitlines()]


def progress(events: Iterable[dict[str, Any]]) -> list[Progress]:
    seen: list[Progress] = []
    follow(events, BuildLog(seen.append))
    return seen


def failure(events: Iterable[dict[str, Any]]) -> ImageError:
    with pytest.raises(ImageError) as caught:
        progress(events)
    return caught.value


@pytest.mark.parametrize("build", COMPLETE)
def test_real_builds_show_their_steps_and_what_they_print(build: str) -> None:
    seen = progress(recorded(build))
    steps = [item for item in seen if isinstance(item, Step)]
    assert [step.number for step in steps] == list(range(1, steps[-1].count + 1))
    words = [step.instruction.partition(" ")[0] for step in steps if not step.instruction.startswith("ARG")]
    assert words == ["FROM", "RUN", "COPY", "WORKDIR"]
    printed = seen.index(next(step for step in steps if step.instruction.startswith("RUN")))
    wanted = [Output(line) for line in ("one", "two", "10%", "100%")]
    assert [item for item in seen[printed:] if item in wanted] == wanted
    assert Output("grün") in seen[printed:]  # on stderr: its place among the others is a matter of luck


@pytest.mark.parametrize("build", FAILED)
def test_real_failures_say_which_step_and_what_it_said(build: str) -> None:
    first, *lines = failure(recorded(build)).message.split("\n  ")
    step = 4 if build.startswith("classic") else 3  # it counts ARG, too
    assert first == f"cannot build the image: step {step} ended with 3"
    assert sorted(lines) == ["it begins", "it breaks"]


def test_pieces_of_a_stream_become_steps_and_lines() -> None:
    pieces = [
        "Step 1/9 : FROM x\n",
        " ---> 12",
        "34\nStep 2/9 : RU",
        "N make\n",
        "half",
        " a line\r\x1b[31mred\n",
    ]
    assert progress({"stream": piece} for piece in pieces) == [
        Step(1, 9, "FROM x"),
        Output("---> 1234"),
        Step(2, 9, "RUN make"),
        Output("half a line"),
        Output("red"),
    ]


def test_a_long_step_in_pieces_keeps_its_beginning() -> None:
    (step,) = progress({"stream": piece} for piece in ("Step 3/9 : RUN ", "x" * 5000, "y" * 5000, "\n"))
    assert isinstance(step, Step)
    assert step.instruction.startswith("RUN xxx")
    assert len(step.instruction) < 500


def test_stages_of_podman_are_steps() -> None:
    assert progress([{"stream": "[2/2] STEP 5/12: COPY a b\n"}]) == [Step(5, 12, "COPY a b")]


def test_a_failure_shows_the_last_lines_of_its_step() -> None:
    events = [{"stream": "Step 1/9 : FROM x\nold\n"}, {"stream": STEP + "---> Running in 12\n"}]
    events += [{"stream": f"line {n}\n12 %\r34 %\r\n"} for n in range(100)]
    events += [{"error": "The command '/bin/sh -c make' returned a non-zero code: 2"}]
    first, *lines = failure(events).message.split("\n  ")
    assert first == "cannot build the image: step 3 ended with 2"
    assert lines == [line for n in range(92, 100) for line in (f"line {n}", "34 %")][1:]


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("npm error notarget No matching version found for a@9.9.9", "--client-version"),
        ("E: Unable to locate package x", "build.packages"),
        ("Could not resolve 'mirror'", "network"),
        ("npm error code EAI_AGAIN", "network"),
        ("npm error code EINTEGRITY", "proxy or mirror"),
        ("make: *** no rule", "the lines above"),
    ],
)
def test_a_failure_says_what_to_do(said: str, hint: str) -> None:
    code = {"error": "The command 'echo etarget' returned a non-zero code: 1"}
    for events in ([{"stream": f"{STEP}{said}\n"}, code], [{"stream": STEP}, {"error": said}]):
        assert hint in failure(events).hint


def test_a_character_may_come_in_two_messages() -> None:
    logs = [b"gr\xc3", b"\xbcn\n"]
    assert progress(trace(field(3, field(4, piece))) for piece in logs) == [Output("grün")]


def test_a_step_is_shown_once_however_often_it_is_reported() -> None:
    vertex = field(1, b"sha256:12") + field(3, b"[2/5] RUN make")
    started = vertex + field(5, b"\x08\x01")
    events = [
        trace(field(1, vertex)),
        trace(field(1, started)),
        trace(field(1, started + field(6, b"\x08\x02"))),
    ]
    assert progress(events) == [Step(2, 5, "RUN make")]


@given(st.binary(max_size=60))
def test_a_message_that_cannot_be_read_is_skipped(message: bytes) -> None:
    Traces(BuildLog(lambda progress: None)).add(base64.b64encode(message).decode())


@pytest.mark.parametrize("trace", ["", "?", "abc", "Cm8K"])
def test_a_trace_that_is_cut_or_not_in_base64_is_skipped(trace: str) -> None:
    assert progress([{"id": TRACE, "aux": trace}]) == []


def field(number: int, content: bytes) -> bytes:
    """Of a message of protobuf; shorter than 128 bytes."""
    return bytes([number << 3 | 2, len(content)]) + content


def trace(message: bytes) -> dict[str, str]:
    return {"id": TRACE, "aux": base64.b64encode(message).decode()}
