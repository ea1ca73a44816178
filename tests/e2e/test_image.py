"""The ground itself: what other tests take for granted of the tiny image and its agent."""

from __future__ import annotations

import contextlib
import hashlib
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from .engine import PROJECT_LABEL, Console, remove_project

MEMORY = 32 * 1024 * 1024
PROCESSES = 40

StartAgent = Callable[..., contextlib.AbstractContextManager[Console]]


@pytest.fixture
def container(engine: docker.APIClient, image: str, qms_project: Path) -> str:
    """A container of the tiny image that has not been started, with limits small enough to run into."""
    limits = engine.create_host_config(
        init=True, mem_limit=MEMORY, memswap_limit=MEMORY, pids_limit=PROCESSES
    )
    created = engine.create_container(
        image,
        tty=True,
        stdin_open=True,
        user="1000:1000",
        environment={"QMS_USER": "qa"},
        labels={PROJECT_LABEL: str(qms_project)},
        host_config=limits,
    )
    return str(created["Id"])


@pytest.fixture
def agent(engine: docker.APIClient, container: str) -> Iterator[Console]:
    """The terminal of an agent that has greeted, 80x24."""
    with Console(engine, container) as console:
        engine.start(container)
        console.expect(rb"agent ready qa uid=1000\r\n")
        console.resize(rows=24, columns=80)
        console.expect(rb"winch 24 80\r\n")
        yield console


def test_a_line_is_echoed(agent: Console) -> None:
    agent.type(b"hello * agent\r")
    agent.expect(rb"echo:hello \* agent\r\n")


def test_the_agent_follows_the_size(agent: Console) -> None:
    agent.type(b"half a")
    agent.expect(rb"half a")
    agent.resize(rows=30, columns=100)
    agent.expect(rb"winch 30 100\r\n")
    agent.type(b" line\r")
    agent.expect(rb"echo:half a line\r\n")
    agent.type(b"size\r")
    agent.expect(rb"size 30 100\r\n")


def test_a_big_paste_arrives_whole(agent: Console) -> None:
    pasted = random.Random(56).randbytes(5_000_000)
    agent.type(f"sum {len(pasted)}\r".encode())
    agent.expect(rb"sum ready\r\n")
    agent.type(pasted)
    agent.expect(b"sum " + hashlib.sha256(pasted).hexdigest().encode())
    agent.expect(rb"sum done\r\n")
    agent.type(b"after\r")
    agent.expect(rb"echo:after\r\n")


def test_every_key_arrives_in_a_raw_terminal(agent: Console) -> None:
    agent.type(b"raw\r")
    agent.expect(rb"raw ready\r\n")
    for key in b"\x10\x11\x00\x00\x00\x03\x1b[A\x04":
        agent.type(bytes([key]))
        agent.expect(rb"^key %02x\r\n" % key)
    agent.expect(rb"raw done\r\n")
    agent.type(b"cooked again\r")
    agent.expect(rb"echo:cooked again\r\n")


def test_a_shell_and_back(agent: Console) -> None:
    agent.type(b"sh\r")
    agent.type(b"echo $((6 * 7)); exit\r")
    agent.expect(rb"42\r\n")
    agent.type(b"back\r")
    agent.expect(rb"echo:back\r\n")


def test_a_flood_is_complete(agent: Console) -> None:
    agent.type(b"flood 20000\rend\r")
    flood = agent.expect(rb"(?s)flood 1\r\n.*flood 20000\r\n").group()
    assert flood.count(b"flood ") == 20_000


def test_processes_are_refused_above_the_limit(agent: Console) -> None:
    agent.type(b"forks 1000\r")
    started = int(agent.expect(rb"forks (\d+) of 1000\r\n").group(1))
    assert 0 < started < PROCESSES
    agent.type(b"alive\r")
    agent.expect(rb"echo:alive\r\n")


def test_a_hanging_agent_still_ends_when_asked(
    engine: docker.APIClient, agent: Console, container: str
) -> None:
    agent.type(b"hang\r")
    agent.expect(rb"hang ready\r\n")
    engine.kill(container, signal="TERM")
    assert engine.wait(container, timeout=20)["StatusCode"] == 143


def test_the_exit_status_is_told(engine: docker.APIClient, agent: Console, container: str) -> None:
    agent.type(b"exit 7\r")
    agent.read_to_end()
    assert engine.wait(container, timeout=20)["StatusCode"] == 7


def test_too_much_memory_kills(engine: docker.APIClient, agent: Console, container: str) -> None:
    agent.type(b"oom\r")
    agent.read_to_end()
    assert engine.wait(container, timeout=20)["StatusCode"] == 137
    assert engine.inspect_container(container)["State"]["OOMKilled"]


def test_a_project_takes_its_containers_and_networks_along(
    engine: docker.APIClient, container: str, qms_project: Path
) -> None:
    labels = {PROJECT_LABEL: str(qms_project)}
    network = engine.create_network(f"qms-tui-test-{container[:12]}", labels=labels)
    engine.connect_container_to_network(container, network["Id"])
    remove_project(engine, str(qms_project))
    filters = {"label": f"{PROJECT_LABEL}={qms_project}"}
    assert not engine.containers(all=True, filters=filters)
    assert not engine.networks(filters=filters)


def test_a_project_belongs_to_its_owner(make_qms_project: Callable[..., Path]) -> None:
    root = make_qms_project("other")
    assert {path.stat().st_uid for path in root.rglob("*")} == {root.stat().st_uid}
    assert root.stat().st_uid != 0
