"""What doctor makes of what a container says about its walls."""

from __future__ import annotations

import dataclasses

import pytest

from qms_tui.config import AgentConfig, Memory
from qms_tui.doctor import traffic
from qms_tui.doctor.finding import Finding, Verdict
from qms_tui.doctor.isolation import LOOK, Walls, isolation

INBOX = "/p/.claude/users/qa/inbox"
CONFIG = AgentConfig(memory=Memory(2**30), cpus=2, pids=512)
ASKED = {"/p": True, "/p/.claude/users": False, INBOX: True, "/p/data": True}
SAID = """
wall:users=0,0,4294967295
wall:seccomp=2
wall:bits=refused
wall:memory=1073741824,
wall:processes=512,
wall:processors=200000,100000
wall:below=rw,/p/.claude/users
wall:below=ro,/p/.claude/users/qa/inbox
wall:below=rw,/p/.claude/users/qa/workspace
wall:below=ro,/p/data
looked
"""
NAMESPACE, SECCOMP, LIMITS, READ_ONLY = range(4)


def findings(said: str, *unseen: str, cpus: int = 4) -> list[Finding]:
    return list(isolation(Walls.of(said), CONFIG, cpus, ASKED, unseen))


def test_walls_that_stand() -> None:
    found = findings(SAID)
    assert [one.text for one in found] == [
        "no user namespace: a user's number inside is that outside",
        "seccomp filters system calls: set-uid bits are refused",
        "limits: 512 processes, 1g of memory, 2 processors",
        "the project is read-only, with all that is mounted below it (2 places)",
    ]
    assert {one.verdict for one in found} == {Verdict.OK}


@pytest.mark.parametrize(
    ("was", "now", "line", "verdict", "text"),
    [
        ("users=0,0,4294967295", "users=0,1000,1", NAMESPACE, Verdict.OK, "user 0 inside is 1000 outside"),
        ("users=0,0,4294967295", "users=x", NAMESPACE, Verdict.OK, "could not be seen"),
        ("seccomp=2", "seccomp=0", SECCOMP, Verdict.WARNING, "no seccomp"),
        ("bits=refused", "bits=set", SECCOMP, Verdict.ERROR, "can make set-uid files"),
        ("wall:bits=refused", "", SECCOMP, Verdict.OK, "not tried"),
        ("memory=1073741824,", "memory=max,", LIMITS, Verdict.WARNING, "limits an agent to 1g of memory"),
        ("memory=1073741824,", "memory=9223372036854771712,", LIMITS, Verdict.WARNING, "1g of memory"),
        ("wall:processes=512,", "", LIMITS, Verdict.WARNING, "limits an agent to 512 processes"),
        ("processors=200000,", "processors=max,", LIMITS, Verdict.WARNING, "limits an agent to 2 processors"),
        ("processors=200000,100000", "processors=200000,0", LIMITS, Verdict.WARNING, "2 processors"),
        ("ro,/p/data", "rw,/p/data", READ_ONLY, Verdict.ERROR, "an agent can write /p/data"),
        ("looked", "wall:written=/p/data", READ_ONLY, Verdict.ERROR, "an agent can write /p/data"),
        ("ro,/p/data", "rw,/p/unknown", READ_ONLY, Verdict.ERROR, "an agent can write /p/unknown"),
        (
            "ro,/p/.claude/users/qa/inbox",
            "rw,/p/.claude/users/qa/inbox/x",
            READ_ONLY,
            Verdict.ERROR,
            "inbox/x",
        ),
    ],
)
def test_each_wall_that_does_not(was: str, now: str, line: int, verdict: Verdict, text: str) -> None:
    found = findings(SAID.replace(was, now))[line]
    assert (found.verdict, text in found.text) == (verdict, True), found
    assert bool(found.remedy) is (verdict is not Verdict.OK)


def test_cgroup_v1_has_its_numbers_in_two_files() -> None:
    older = SAID.replace("processors=200000,100000", "quota=150000,\nwall:period=100000,")
    assert findings(older)[LIMITS].verdict is Verdict.OK
    assert findings(older.replace("150000", "-1"))[LIMITS].verdict is Verdict.WARNING


def test_an_engine_with_fewer_processors_limits_to_those() -> None:
    one = SAID.replace("processors=200000", "processors=100000")
    assert findings(one, cpus=1)[LIMITS].text.endswith("1 processors")


def test_what_lies_below_another_mount_counts_for_nothing() -> None:
    covered = SAID.replace("wall:below=ro,/p/data", "wall:below=rw,/p/data\nwall:below=ro,/p/data")
    assert findings(covered)[READ_ONLY] == findings(SAID)[READ_ONLY]
    uncovered = SAID.replace("wall:below=ro,/p/data", "wall:below=ro,/p/data\nwall:below=rw,/p/data")
    assert findings(uncovered)[READ_ONLY].verdict is Verdict.ERROR


def test_what_is_not_shown_is_named() -> None:
    assert "/srv/project/chroot/proc" in findings(SAID, "/srv/project/chroot/proc")[-1].text


def test_a_container_that_says_anything_else_breaks_nothing() -> None:
    said = "wall:users=\nwall:below=\nwall:nonsense=1\nwall:memory=\x1b[31m\nwall:\nwall:processes=-1"
    assert [one.verdict for one in findings(said)][1:3] == [Verdict.WARNING] * 2
    assert not any("\x1b" in one.text for one in findings(said))


def test_the_container_says_all_that_is_read() -> None:
    said = {name for name in ("users", "seccomp", "bits", "below", "written") if f"wall:{name}=" in LOOK}
    said |= {
        name for name in ("memory", "processes", "processors", "quota", "period") if f"limit {name} " in LOOK
    }
    assert said == {field.name for field in dataclasses.fields(Walls)}


@pytest.mark.parametrize(
    ("said", "verdict", "text"),
    [
        ("reached\n", Verdict.WARNING, "reach each other"),
        ("silent\n", Verdict.OK, "no traffic"),
        ("", Verdict.OK, "not tried"),
        ("sh: reachedly", Verdict.OK, "not tried"),
    ],
)
def test_traffic(said: str, verdict: Verdict, text: str) -> None:
    found = traffic.judge(said)
    assert (found.verdict, text in found.text) == (verdict, True)
