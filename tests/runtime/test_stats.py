"""Asking an engine what a container uses: one that answers, refuses, talks without end, or says nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from docker import APIClient

from qms_tui.errors import EngineError
from qms_tui.runtime.docker import stats
from qms_tui.runtime.docker.stats import Stats

FIRST, SECOND = (Path(__file__).parent / "stats/docker-cgroup-v1.json").read_bytes().splitlines()


def answer(status: str, body: bytes, length: int | None = None) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body) if length is None else length}\r\n\r\n"
    return head.encode() + body


@asynccontextmanager
async def engine(folder: Path, *answers: bytes) -> AsyncIterator[tuple[Stats, list[bytes]]]:
    """Gives these answers, the last one again and again; and what it was asked."""
    asked: list[bytes] = []
    serving: list[asyncio.Task[None] | None] = []
    told = iter(answers)
    at_last = answers[-1]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.current_task())
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                asked.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(next(told, at_last))
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_unix_server(serve, folder / "socket")
    api = APIClient(base_url=f"unix://{folder}/socket", version="1.41")
    asking = Stats(api)
    try:
        yield asking, asked
    finally:
        asking.close()
        api.close()
        server.close()
        await asyncio.wait([task for task in serving if task])


async def test_two_answers(tmp_path: Path) -> None:
    async with engine(tmp_path, answer("200 OK", FIRST), answer("200 OK", SECOND)) as (asking, asked):
        first = await asking.usage("qa", "qms-?-qa")
        second = await asking.usage("qa", "qms-?-qa")
    assert first is not None
    assert first.cpu is None
    assert second is not None
    assert second.cpu == pytest.approx(0.34, abs=0.01)
    assert asked[0].startswith(b"GET /v1.41/containers/qms-%3F-qa/stats?stream=false&one-shot=true ")


async def test_no_such_container(tmp_path: Path) -> None:
    async with engine(tmp_path, answer("404 Not Found", b"{}")) as (asking, _):
        assert await asking.usage("qa", "qms-qa") is None


async def test_an_answer_without_end_is_not_read(tmp_path: Path) -> None:
    endless = answer("200 OK", b" " * 2 * stats.LARGEST, length=2**40)
    async with engine(tmp_path, endless) as (asking, _):
        assert await asking.usage("qa", "qms-qa") is None


@pytest.mark.parametrize(
    "said",
    [
        answer("500 Internal Server Error", b"{}"),
        b"",
        b"HTTP/1.1 200 OK\r\n",
        answer("200 OK", FIRST, length=len(FIRST) + 1),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
    ],
    ids=range(5),
)
async def test_what_fails_or_hangs_is_told_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    """The request itself gives up, so that no thread is left behind with it."""
    monkeypatch.setattr(stats, "PATIENCE", 0.1)
    async with engine(tmp_path, said) as (asking, _):
        for _ in range(3):
            with pytest.raises(EngineError, match="ask what qa uses"):
                await asking.usage("qa", "qms-qa")
        assert asking._workers._abandoned == []
