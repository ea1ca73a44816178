"""Bytes both ways between the event loop and one descriptor, bounded in both directions."""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
from collections import deque
from collections.abc import Callable
from typing import Protocol

_log = logging.getLogger(__name__)

READ_SIZE = 16_384  # bytes per turn of the loop: a flooding agent must not hold up a key
LAST_READS = 64  # of READ_SIZE, after a program's end: far more than a terminal's buffer can hold
WRITE_SIZE = 65_536  # bytes per send: more only copies what the kernel refuses
QUEUE_LIMIT = 16 * 1024 * 1024  # bytes waiting for a program that does not read, then pastes are refused
URGENT_ROOM = 64 * 1024  # bytes beyond the limit that are kept free for keys and replies


class Channel(Protocol):
    """The non-blocking end of something; `recv` and `send` raise BlockingIOError like a socket's."""

    def fileno(self) -> int: ...
    def recv(self, size: int, /) -> bytes: ...
    def send(self, data: memoryview, /) -> int: ...
    def close(self) -> None: ...


class PtyChannel:
    """A pseudo-terminal's master side as a channel; owns the descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        os.set_blocking(descriptor, False)

    def fileno(self) -> int:
        """The descriptor, or -1 once closed."""
        return self._descriptor

    def recv(self, size: int, /) -> bytes:
        """At most `size` bytes; b"" at the end (Linux says EIO when the last program has gone)."""
        try:
            return os.read(self._descriptor, size)
        except BlockingIOError:
            raise
        except OSError:
            return b""

    def send(self, data: memoryview, /) -> int:
        """How many bytes the terminal took."""
        return os.write(self._descriptor, data)

    def close(self) -> None:
        """Close the descriptor once."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class TlsChannel:
    """A TLS socket as a channel: its "try again" errors become BlockingIOError."""

    def __init__(self, socket: ssl.SSLSocket) -> None:
        self._socket = socket

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self._socket.fileno()

    def recv(self, size: int, /) -> bytes:
        """At most `size` bytes, whole records: what stays inside TLS would not wake the loop."""
        try:
            data = self._socket.recv(size)
            while waiting := self._socket.pending():
                data += self._socket.recv(waiting)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
            raise BlockingIOError from error
        return data

    def send(self, data: memoryview, /) -> int:
        """How many bytes the socket took."""
        try:
            return self._socket.send(data)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
            raise BlockingIOError from error

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def _not_told(data: bytes) -> None:
    pass


def _not_counted(size: int) -> None:
    pass


def _nothing() -> None:
    pass


class Stream:
    """Reads a channel as it fills and writes a queue as it empties, within the running loop."""

    def __init__(
        self, channel: Channel, *, early: bytes = b"", on_close: Callable[[], None] = _nothing
    ) -> None:
        """`early` are bytes that were read already; `on_close` frees what the channel hangs on."""
        self._loop = asyncio.get_running_loop()
        self._channel = channel
        self._early = early
        self._on_close = on_close
        self._on_data: Callable[[bytes], None] = _not_told
        self._on_closed: Callable[[], None] = _nothing
        self._on_drained: Callable[[], None] = _nothing
        self._on_sent: Callable[[int], None] = _not_counted
        self._paused = False
        self._queue: deque[memoryview] = deque()
        self._queued = 0
        self._writing = False
        self.closed = False

    @property
    def queued(self) -> int:
        """Bytes that wait to be written."""
        return self._queued

    def listen(
        self,
        on_data: Callable[[bytes], None],
        on_closed: Callable[[], None],
        on_drained: Callable[[], None] = _nothing,
        on_sent: Callable[[int], None] = _not_counted,
    ) -> None:
        """Begin to read. `on_drained` is called when all that had to wait is written, `on_sent` with how many
        bytes the other side has just taken.
        """
        self._on_data, self._on_closed, self._on_drained = on_data, on_closed, on_drained
        self._on_sent = on_sent
        early, self._early = self._early, b""
        if early:
            on_data(early)
        if not self.closed and not self._paused:
            self._loop.add_reader(self._channel.fileno(), self._readable)

    def pause(self) -> None:
        """Read no more for now: whoever writes at the other end will have to wait."""
        if not self._paused and not self.closed:
            self._loop.remove_reader(self._channel.fileno())
        self._paused = True

    def resume(self) -> None:
        """Read on."""
        if self._paused and not self.closed:
            self._loop.add_reader(self._channel.fileno(), self._readable)
        self._paused = False

    def has_room(self, size: int, *, urgent: bool = False) -> bool:
        """Whether so many bytes would be queued."""
        limit = QUEUE_LIMIT + URGENT_ROOM if urgent else QUEUE_LIMIT
        return not self.closed and self._queued + size <= limit

    def write(self, data: bytes, *, urgent: bool = False) -> bool:
        """Queue bytes; False if they do not fit."""
        if not self.has_room(len(data), urgent=urgent):
            return False
        if data:
            self._queue.append(memoryview(data))
            self._queued += len(data)
            if not self._writing:
                self._flush()
        return True

    def finish(self) -> None:
        """The program has ended: hand out what is left to read, then report the end.

        Needed because a background process that outlives its program keeps the terminal open. It may print
        for ever, so there is a bound.
        """
        for _ in range(LAST_READS):
            if self.closed:
                return
            try:
                data = self._channel.recv(READ_SIZE)
            except OSError:
                break
            if not data:
                break
            self._on_data(data)
        self._gone()

    def close(self) -> None:
        """Let go of the channel; idempotent."""
        if self.closed:
            return
        self.closed = True
        descriptor = self._channel.fileno()
        if descriptor >= 0:
            self._loop.remove_reader(descriptor)
            self._loop.remove_writer(descriptor)
        self._queue.clear()
        self._queued = 0
        self._channel.close()
        self._on_close()
        # Whoever listens holds this stream: let go of it, so that neither waits for the garbage collector.
        self._on_data, self._on_closed, self._on_drained = _not_told, _nothing, _nothing
        self._on_sent = _not_counted

    def _readable(self) -> None:
        try:
            data = self._channel.recv(READ_SIZE)
        except BlockingIOError:
            return
        except OSError as error:
            _log.info("attachment broke: %s", error)
            data = b""
        if data:
            self._on_data(data)
        else:
            self._gone()

    def _flush(self) -> None:
        """Send until the other side is full, then go on when the loop says that there is room."""
        try:
            while self._queue:
                sent = self._channel.send(self._queue[0][:WRITE_SIZE])
                self._queued -= sent
                if sent == len(self._queue[0]):
                    self._queue.popleft()
                else:
                    self._queue[0] = self._queue[0][sent:]
                self._on_sent(sent)
        except BlockingIOError:
            self._watch(True)
            return
        except OSError as error:
            # Reading reports the end; what was typed into a dead program has nowhere to go.
            _log.info("attachment takes no more: %s", error)
            self._queue.clear()
            self._queued = 0
        waited = self._writing
        self._watch(False)
        if waited and not self.closed:
            self._on_drained()

    def _watch(self, wanted: bool) -> None:
        if wanted and not self._writing:
            self._loop.add_writer(self._channel.fileno(), self._flush)
        elif self._writing and not wanted:
            self._loop.remove_writer(self._channel.fileno())
        self._writing = wanted

    def _gone(self) -> None:
        if not self.closed:
            told = self._on_closed
            self.close()
            told()
