"""Bounded lines on a connected stream socket."""

from __future__ import annotations

import asyncio
import contextlib
from socket import socket

from qms_tui.api.errors import ApiError, ErrorCode

MOST_BUFFERED = 256 * 1024  # bytes that wait here beside the kernel's buffer; beyond, writers wait
LAST_WORDS = 1.0  # seconds for what waits to go out before the connection ends


async def open_stream(endpoint: socket, longest: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Reader and writer, which own the socket from now on; lines have at most `longest` bytes."""
    reader, writer = await asyncio.open_connection(sock=endpoint, limit=longest)
    writer.transport.set_write_buffer_limits(high=MOST_BUFFERED)
    return reader, writer


async def read_line(reader: asyncio.StreamReader) -> bytes | None:
    """The next line without its end; None after the last whole one. Raises ApiError for one too long."""
    try:
        return (await reader.readuntil(b"\n"))[:-1]
    except (asyncio.IncompleteReadError, OSError):
        return None
    except asyncio.LimitOverrunError as error:
        said = f"a line is longer than {reader._limit} bytes"  # type: ignore[attr-defined]
        raise ApiError(ErrorCode.TOO_LONG, said, "ask for less at a time") from error


async def finish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, last: bytes) -> None:
    """Say a last line. What still comes is dropped: bytes that nobody reads would take the line with them."""
    writer.write(last)
    with contextlib.suppress(OSError, TimeoutError):
        writer.write_eof()
        async with asyncio.timeout(LAST_WORDS):
            while await reader.read(MOST_BUFFERED):
                pass


async def close(writer: asyncio.StreamWriter) -> None:
    """End the connection: what waits still goes out, if the other side takes it at once. Idempotent."""
    writer.close()
    try:
        with contextlib.suppress(OSError, TimeoutError):
            await asyncio.wait_for(writer.wait_closed(), LAST_WORDS)
    finally:
        writer.transport.abort()
