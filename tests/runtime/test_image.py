"""What the agents' image is made of, and how a build is told."""

from __future__ import annotations

import io
import tarfile
import tomllib
from pathlib import Path

import pytest

from qms_tui.errors import ImageError
from qms_tui.runtime.docker.image import Output, Progress, Recipe, Step, _follow
from qms_tui.runtime.docker.kit import Kit, our_kit

DOCKER = Path(__file__).parents[2] / "docker"
STEP = "Step 3/9 : RUN make\n"


def test_our_kit_is_what_stands_in_docker() -> None:
    kit = our_kit()
    assert kit.files["Dockerfile"] == (DOCKER / "Dockerfile").read_bytes()
    assert {name for name in kit.files if name != "Dockerfile"} == {
        f"inside/{path.name}" for path in (DOCKER / "inside").iterdir() if path.name != "__pycache__"
    }
    assert f"ARG CLIENT_VERSION={kit.client_version}\n" in kit.files["Dockerfile"].decode()


def test_the_kit_travels_in_the_package() -> None:
    project = tomllib.loads((DOCKER.parent / "pyproject.toml").read_text())
    packed = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert packed == {f"docker/{name}": f"qms_tui/docker/{name}" for name in ("Dockerfile", "inside")}
    assert {name.partition("/")[0] for name in our_kit().files} == {"Dockerfile", "inside"}


def test_the_hash_names_the_content() -> None:
    assert len({kit.hash for kit in (Kit({"a": b"bc"}), Kit({"ab": b"c"}), Kit({"a": b"b", "c": b""}))}) == 3
    assert Kit({"a": b"1", "b": b"2"}).hash == Kit({"b": b"2", "a": b"1"}).hash


def test_the_context_is_readable_for_everybody() -> None:
    with tarfile.open(fileobj=io.BytesIO(our_kit().context())) as archive:
        members = archive.getmembers()
    assert {member.name for member in members} == set(our_kit().files)
    assert {(member.mode, member.uid, member.mtime) for member in members} == {(0o644, 0, 0)}


def test_what_an_image_tells_of_itself() -> None:
    recipe = Recipe(our_kit(), "debian:13", "2.1.300", ("make", "g++"))
    assert recipe.arguments == {
        "BASE_IMAGE": "debian:13",
        "CLIENT_VERSION": "2.1.300",
        "PACKAGES": "make g++",
    }
    assert recipe.labels["qms-tui.kit"] == our_kit().hash
    assert recipe.labels["qms-tui.client"] == "2.1.300"
    assert Recipe(our_kit()).client == our_kit().client_version


def test_a_builds_stream_becomes_steps_and_lines() -> None:
    told: list[Progress] = []
    pieces = [
        "Step 1/9 : FROM x\n",
        " ---> 12",
        "34\nStep 2/9 : RU",
        "N make\n",
        "half",
        " a line\r\x1b[31mred\n",
    ]
    _follow([{"stream": piece} for piece in pieces], told.append)
    assert told == [
        Step(1, 9, "FROM x"),
        Output("---> 1234"),
        Step(2, 9, "RUN make"),
        Output("half a line"),
        Output("red"),
    ]


def test_a_failure_shows_the_last_lines_of_its_step() -> None:
    events = [{"stream": "Step 1/9 : FROM x\nold\n"}, {"stream": STEP + "---> Running in 12\n"}]
    events += [{"stream": f"line {n}\n"} for n in range(100)]
    events += [{"error": "The command '/bin/sh -c make' returned a non-zero code: 2"}]
    with pytest.raises(ImageError) as caught:
        _follow(events, lambda progress: None)
    lines = caught.value.message.split("\n  ")
    assert lines[0] == "cannot build the image: step 3 ended with 2"
    assert lines[1:] == [f"line {n}" for n in range(85, 100)]


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("npm ERR! code ETARGET", "--client-version"),
        ("manifest for x not found", "--base"),
        ("E: Unable to locate package x", "build.packages"),
        ("Could not resolve 'mirror'", "network"),
        ("make: *** no rule", "the lines above"),
    ],
)
def test_a_failure_says_what_to_do(said: str, hint: str) -> None:
    with pytest.raises(ImageError) as caught:
        _follow([{"stream": STEP}, {"error": said}], lambda progress: None)
    assert hint in caught.value.hint
