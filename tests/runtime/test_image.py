"""What the agents' image is made of, and what it says of itself."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest

from qms_tui.runtime.docker.image import Image, Recipe
from qms_tui.runtime.docker.kit import Kit, our_kit

DOCKER = Path(__file__).parents[2] / "docker"


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


def test_the_labels_are_the_last_instruction() -> None:
    recipe = Recipe(
        Kit({"Dockerfile": b"FROM x\nARG CLIENT_VERSION=1.0.0"}), "debian:13", packages=("make", "g++")
    )
    with tarfile.open(fileobj=io.BytesIO(recipe.context())) as archive:
        dockerfile = archive.extractfile("Dockerfile")
        assert dockerfile is not None
        *before, labels = dockerfile.read().decode().splitlines()
    assert before == ["FROM x", "ARG CLIENT_VERSION=1.0.0"]
    assert labels.startswith(
        f'LABEL qms-tui.kit="{recipe.kit.hash}" qms-tui.client="1.0.0" qms-tui.client-check="registry" '
        'qms-tui.base="debian:13" qms-tui.packages="make g++" org.opencontainers.image.'
    )


def test_the_archives_of_the_pinned_version_have_known_digests() -> None:
    """For every processor that the recipe has a client for; nothing is known of another version."""
    kit = our_kit()
    processors = set(re.findall(r"cpu=(\w+) ;;", kit.files["Dockerfile"].decode()))
    assert set(kit.client_digests(kit.client_version)) == processors == {"x64", "arm64"}
    assert len(set(kit.client_digests(kit.client_version).values())) == 2
    assert Recipe(kit).labels["qms-tui.client-check"] == "qms-tui"
    assert not Recipe(kit, client_version="2.1.300").checked
    assert Recipe(kit, client_version="2.1.300").labels["qms-tui.client-check"] == "registry"


@pytest.mark.parametrize("known", [True, False])
def test_one_command_pins_another_version(tmp_path: Path, known: bool) -> None:
    """With the digests that npm says, or not at all."""
    for name in ("Dockerfile", "pin.py"):
        shutil.copy(DOCKER / name, tmp_path)
    digest = f"sha512-{'A' * 86}=="
    npm = tmp_path / "npm"
    other = f"echo {digest}" if known else "exit 1"
    npm.write_text(f"#!/bin/sh\ncase $2 in *-x64@3.0.0) echo {digest} ;; *) {other} ;; esac\n")
    npm.chmod(0o755)
    command = [sys.executable, str(tmp_path / "pin.py"), "3.0.0"]
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(command, env=path, capture_output=True, text=True)
    kit = Kit({"Dockerfile": (tmp_path / "Dockerfile").read_bytes()})
    if known:
        assert done.returncode == 0, done.stderr
        assert kit.client_version == "3.0.0"
        assert kit.client_digests("3.0.0") == {"x64": digest, "arm64": digest}
    else:
        assert "npm names no sha512 of" in done.stderr
        assert kit.files["Dockerfile"] == our_kit().files["Dockerfile"]


def test_every_step_of_the_recipe_is_in_one_stage() -> None:
    """Docker's classic builder and Podman leave an image without a name of every other stage."""
    dockerfile = our_kit().files["Dockerfile"].decode()
    assert len(re.findall(r"^FROM ", dockerfile, re.MULTILINE)) == 1


def test_a_size_says_what_is_counted() -> None:
    assert Image("x", 703_938_690, {}).size_text == "704 MB"
    assert Image("x", 1_041_524_344, {}, counted_twice=True).size_text == "1042 MB (compressed and unpacked)"
