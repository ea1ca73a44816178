"""What doctor says of an engine's kind, and of the container that it tries."""

from __future__ import annotations

import dataclasses
import os
from typing import Any, cast

import pytest
from docker import APIClient

from qms_tui.doctor.engine import character, users
from qms_tui.doctor.finding import Verdict
from qms_tui.doctor.trial import _BROKEN, LOOK, judge
from qms_tui.runtime.docker.engine import Engine, security_options

DEBIAN_12: dict[str, Any] = {  # what engines really say, shortened
    "Driver": "overlay2",
    "DriverStatus": [["Backing Filesystem", "extfs"]],
    "CgroupVersion": "1",
    "SecurityOptions": ["name=seccomp,profile=default"],
}
FEDORA_42: dict[str, Any] = {
    "Driver": "overlayfs",
    "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]],
    "CgroupVersion": "2",
    "SecurityOptions": ["name=seccomp,profile=builtin", "name=selinux", "name=cgroupns"],
}


class Api:
    """The one thing of a client that is asked here."""

    api_version = "1.51"


ENGINE = Engine(cast(APIClient, Api()), "unix:///engine.sock", "28.5.2", 2, False)


def test_a_line_has_what_sets_engines_apart() -> None:
    assert character(ENGINE, DEBIAN_12) == "API 1.51, image store overlay2, cgroup v1, rootful, seccomp"
    fedora = (
        "API 1.51, image store containerd, cgroup v2, rootless, users remapped, cgroupns, seccomp, selinux"
    )
    other = dataclasses.replace(ENGINE, rootless=True, remapped=True, containerd_store=True)
    assert character(other, FEDORA_42) == fedora
    assert character(ENGINE, {}) == "API 1.51, image store ?, cgroup v?, rootful, no security modules"


def test_the_names_of_security_options() -> None:
    assert security_options(FEDORA_42) == {"seccomp", "selinux", "cgroupns"}
    assert security_options({"SecurityOptions": None}) == set()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, ""),
        ({"kernel": os.uname().release}, ""),
        ({"rootless": True}, "rootless: an agent is root"),
        ({"remapped": True}, "it remaps users; agents' containers are exempt"),
        ({"kernel": "6.10.14-linuxkit", "system": "Docker Desktop"}, "in a virtual machine (Docker Desktop)"),
        ({"kernel": "6.10.14-linuxkit", "host": "ssh://build"}, ""),
    ],
)
def test_every_mode_that_changes_what_a_user_is(change: dict[str, Any], said: str) -> None:
    found = list(users(dataclasses.replace(ENGINE, **change)))
    assert [one.text[: len(said)] for one in found] == ([said] if said else [])


def test_a_container_that_is_as_it_should_be() -> None:
    assert judge("looked\n").verdict is Verdict.OK


@pytest.mark.parametrize("word", _BROKEN)
def test_each_promise_that_does_not_hold_is_named(word: str) -> None:
    found = judge(f"{word}\nlooked\n")
    assert (found.verdict, _BROKEN[word] in found.text) == (Verdict.ERROR, True)
    assert f"echo {word}" in LOOK


@pytest.mark.parametrize("said", ["", "exec: no such file\n", "\x1b[31mproject\n"])
def test_a_container_that_says_something_else(said: str) -> None:
    found = judge(said)
    assert found.verdict is Verdict.WARNING
    assert "\x1b" not in found.text
