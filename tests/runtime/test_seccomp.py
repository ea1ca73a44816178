"""The profile of agents' containers, and that it is still made of what we say."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, cast

from docker import APIClient

import qms_tui
from qms_tui.runtime.docker import seccomp
from qms_tui.runtime.docker.engine import Engine

DEFAULT: dict[str, Any] = json.loads(seccomp.DEFAULT.read_bytes())
OURS: dict[str, Any] = json.loads(seccomp.profile())
FOR_COMPOSE = Path(qms_tui.__file__).parents[1] / "docker/seccomp.json"
FILES = Path("/files")
ENGINE = Engine(cast(APIClient, None), "unix:///engine.sock", "28.5.2", 2, False)
GATED = {"chmod", "fchmod", "fchmodat", "fchmodat2", "mknod", "mknodat", "creat", "open", "openat"}
ABSENT = {"openat2", "io_uring_setup", "io_uring_enter", "io_uring_register"}


def groups(profile: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [group for group in profile["syscalls"] if name in group["names"]]


def test_the_default_is_that_of_the_named_version_unchanged() -> None:
    assert hashlib.sha256(seccomp.DEFAULT.read_bytes()).hexdigest() == seccomp.SHA256
    assert seccomp.VERSION.split()[-1] in seccomp.DEFAULT.with_name("README.md").read_text()
    assert "Apache License" in seccomp.DEFAULT.with_name("LICENSE").read_text()


def test_every_other_call_is_as_in_the_default() -> None:
    names = {name for group in DEFAULT["syscalls"] for name in group["names"]} - GATED - ABSENT
    assert len(names) > 350
    for name in names:
        was, now = groups(DEFAULT, name), groups(OURS, name)
        assert [{**group, "names": 0} for group in was] == [{**group, "names": 0} for group in now]
    assert {**DEFAULT, "syscalls": 0} == {**OURS, "syscalls": 0}


def test_no_rule_without_conditions_is_left_beside_ours() -> None:
    """It would win: a condition of another rule for the same call would be of no use."""
    for name in GATED:
        for group in groups(OURS, name):
            assert group["names"] == [name]
            (condition,) = group["args"]
            assert (condition["op"], condition["valueTwo"]) == ("SCMP_CMP_MASKED_EQ", 0)
    for name in ABSENT:
        (group,) = groups(OURS, name)
        assert (group["action"], group["errnoRet"]) == ("SCMP_ACT_ERRNO", 38)


def allowed(name: str, *arguments: int) -> bool:
    """What the filter says to a call."""
    rules = groups(OURS, name)
    return any(
        (arguments[rule["args"][0]["index"]] & rule["args"][0]["value"]) == rule["args"][0]["valueTwo"]
        for rule in rules
    )


def test_the_conditions() -> None:
    assert allowed("chmod", 0, 0o1777)
    assert not allowed("chmod", 0, 0o4755)
    assert not allowed("fchmodat2", 0, 0, 0o2755, 0)
    assert not allowed("mknod", 0, 0o106755, 0)
    create, tmpfile, mode = 0o101, 0o20200002, 0o6755
    assert allowed("open", 0, 0, mode)
    assert allowed("openat", 0, 0, create, 0o644)
    for flags in (create, tmpfile):
        assert not allowed("open", 0, flags, mode)
        assert not allowed("openat", 0, 0, flags, mode)


def test_a_group_of_conditions_loses_such_a_call_too() -> None:
    group = {"names": ["chmod"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}}
    changed = seccomp.without_set_id({"syscalls": [group]})
    assert group not in changed["syscalls"]
    assert all(each["names"] for each in changed["syscalls"])


def test_each_engine_gets_it_its_own_way() -> None:
    podman = Engine(ENGINE.api, ENGINE.host, "4.3.1", 2, False, podman=True)
    without = Engine(ENGINE.api, ENGINE.host, "28.5.2", 2, False, seccomp=False)
    assert seccomp.options(ENGINE, FILES) == [f"seccomp={seccomp.profile()}"]
    assert seccomp.options(podman, FILES) == ["seccomp=/files/seccomp.json"]
    assert seccomp.options(without, FILES) == []
    assert [entry.path for entry in seccomp.entries(podman)] == ["seccomp.json"]
    assert seccomp.entries(ENGINE) == seccomp.entries(without) == []


def test_the_file_for_compose_is_the_same() -> None:
    """Make it anew with: python3 -c "from tests.runtime.test_seccomp import write; write()"."""
    assert FOR_COMPOSE.read_text() == _readable()


def write() -> None:
    """Make the file for compose."""
    FOR_COMPOSE.write_text(_readable())


def _readable() -> str:
    return json.dumps(OURS, indent=1) + "\n"
