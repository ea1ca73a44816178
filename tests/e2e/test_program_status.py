"""What a program reports of itself (OSC 7501), kept beyond screens and keepers, on a real engine."""

from __future__ import annotations

import base64
import time
from dataclasses import replace

import docker

from qms_tui.core import AgentState
from qms_tui.keeper.programs import reported
from qms_tui.runtime.docker.attachment import Direction, open_socket
from qms_tui.terminal import NO_STATUS, ProgramState, ProgramStatus, StatusRecord

from .faulty import until
from .kept import Client, House

# Asks as programs do, with DA1 as a fence, then takes a report a line.
PROGRAM = r"""
import os, sys, termios, tty
tty.setraw(0)
os.write(1, b"\x1b]7501;?\x1b\\\x1b[c")
answer = b""
while not answer.endswith(b"c"):
    answer += os.read(0, 64)
os.write(1, b"answer " + ascii(answer).encode() + b"\r\n")
line = b""
while not line.endswith(b"."):
    line += os.read(0, 1)
    if line.endswith(b"\r"):
        os.write(1, b"\x1b]7501;" + line[:-1] + b"\x07reported\r\n")
        line = b""
"""
COMMAND = ("/usr/bin/python3", "-c", PROGRAM)
QUESTION = base64.b64encode(b"answer: Which colour?").decode()


def type_past_screens(engine: docker.APIClient, container: str, keys: bytes) -> None:
    """Give the program keys while no screen is open."""
    opened = open_socket(engine, container, Direction.INPUT)
    try:
        opened.channel.send(memoryview(keys))
    finally:
        opened.channel.close()
        opened.free()


async def container_of(client: Client) -> str:
    """The id of its container."""
    return (await client.docker.find(client.agent.name)).id


def kept_status(home: House, container: str) -> ProgramStatus | None:
    """As `qms-tui ps` gets it; None of what the keeper does not hold."""
    return reported(home.keeper()).get(container)


def records(status: ProgramStatus | None) -> list[StatusRecord]:
    if status is None:
        return []
    return [*([status.root] if status.root else []), *status.children]


def states(status: ProgramStatus | None) -> dict[str, ProgramState]:
    return {record.id: record.state for record in records(status)}


def timeless(status: ProgramStatus) -> list[StatusRecord]:
    return [replace(record, at=0.0) for record in records(status)]


def times(status: ProgramStatus) -> list[float]:
    return [record.at for record in records(status)]


async def test_reports_outlive_screens_and_keepers(home: House, engine: docker.APIClient) -> None:
    began = time.time()
    client, _ = await home.start("qa", *COMMAND)
    await client.expect(r"answer b'\x1b]7501;?\x1b\\\x1b[?64;")
    client.type(b"state=working:app=probe\rstate=idle:id=a/b\r")
    await client.wait(lambda: len(states(client.link.terminal.status)) == 2, "two records")
    container = await container_of(client)
    await until(lambda: len(states(kept_status(home, container))) == 2, "the keeper's two records")

    await client.close()  # from here on nobody looks
    type_past_screens(engine, container, f"state=blocked:kind=question:app=probe:msg={QUESTION}\r".encode())
    await until(lambda: ProgramState.BLOCKED in states(kept_status(home, container)).values(), "a question")
    before = kept_status(home, container)
    assert before is not None
    assert before.root is not None
    assert (before.root.kind, before.root.message) == ("question", "answer: Which colour?")
    assert [(child.id, child.app) for child in before.children] == [("a/b", "probe")]
    assert before.root.at >= before.children[0].at > 1_000_000_000

    again = home.client("qa")
    await again.come_back()
    assert again.link.terminal.status == before
    assert again.asked == []
    await again.close()

    killed = time.time()
    home.kill_keeper()
    last = home.client("qa")
    await last.come_back()
    replayed = last.link.terminal.status
    assert replayed == kept_status(home, container)
    assert timeless(replayed) == timeless(before)
    # The journal has a clock of its own, and a busy keeper reads a report before it acts on it.
    assert times(replayed) == sorted(times(replayed), reverse=True)
    assert all(began - 0.1 < at < killed for at in times(replayed))

    last.type(b".")
    await last.wait(lambda: last.agent.state is AgentState.ENDED, "its end")
    assert states(last.link.terminal.status) == {"a/b": ProgramState.IDLE}
    await until(lambda: kept_status(home, container) is None, "the keeper to hear of it")


async def test_a_container_that_is_started_again_has_no_records_of_before(
    home: House, engine: docker.APIClient
) -> None:
    client, _ = await home.start("qa", *COMMAND)
    await client.expect("answer")
    client.type(b"state=idle:id=a\rstate=working\r")
    await client.wait(lambda: len(states(client.link.terminal.status)) == 2, "two records")
    container = await container_of(client)
    engine.restart(container, timeout=0)
    await client.wait(lambda: client.link.terminal.status == NO_STATUS, "a terminal without them")
    await until(lambda: kept_status(home, container) == NO_STATUS, "a keeper without them")


async def test_a_new_program_begins_without_records(home: House) -> None:
    client, _ = await home.start("qa", *COMMAND)
    await client.expect("answer")
    client.type(b"state=done:id=a\rstate=working\r")
    await client.wait(lambda: len(states(client.link.terminal.status)) == 2, "two records")
    client.agent.restart()
    await client.wait(lambda: client.agent.state is AgentState.STARTING, "its start")
    await client.expect("answer")
    client.docker.opened.free()  # for the witness that a new container would have
    assert client.link.terminal.status == NO_STATUS
    assert kept_status(home, await container_of(client)) == NO_STATUS
