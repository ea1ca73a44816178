"""One session over streamable HTTP. A session that the server has lost is begun anew."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import httpx2

from qms_tui.mcp.budget import Usage
from qms_tui.mcp.http_events import Event, EventBuffer, Place, TooLong
from qms_tui.mcp.http_reasons import of_beginning, of_content, of_failure, of_status
from qms_tui.mcp.jsonrpc import (
    INVALID_REQUEST,
    Interrupted,
    Message,
    NotDelivered,
    answer_of,
    complaint,
    error,
    is_large,
    mended,
    notification,
    number_of,
    pieces_of,
    request,
    weight,
)
from qms_tui.mcp.replies import Unreadable, check_reply, reason_of, wrong_id
from qms_tui.mcp.server import INITIALIZE_PATIENCE, LONGEST_ANSWER

_log = logging.getLogger(__name__)

SESSION, VERSION = "mcp-session-id", "mcp-protocol-version"
MOST_BEGINNINGS = 3  # of sessions for one message
CLOSE_PATIENCE = 2.0  # seconds to say goodbye in
DRAIN_PATIENCE = 0.02  # seconds for the end of a stream after the answer: then its connection serves again
LISTEN_AGAIN = 1.0  # seconds until the stream of the server's own messages is opened again
MOST_RESUMED = 5  # tries in a row to go on with a stream
LONGEST_RESUMED = 3600.0  # seconds; some servers end streams on purpose, again and again
_BROKEN = (httpx2.HTTPError,)
_OTHER = (httpx2.StreamError,)
_BEFORE = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)  # nothing was sent
Heard = Callable[[Message], None]
Hold = Callable[[int], None]  # so many bytes more belong to a call
Read = Callable[[Sequence[bytes]], Awaitable[Message]]  # what text says; raises ValueError


class SessionLost(NotDelivered):
    """The server does not know our session any more, and so has taken nothing."""


class Rejected(NotDelivered):
    """The server, or something on the way to it, does not begin a session, and says so by its status."""


class Cut(Interrupted):
    """A stream ended before the answer came."""


class HttpSession:
    """A client's session with a server."""

    def __init__(
        self,
        http: httpx2.AsyncClient,
        url: str,
        headers: dict[str, str],
        client: Message,
        heard: Heard,
        usage: Usage | None = None,
        read: Read | None = None,
        name: str = "NAME",
    ) -> None:
        """`http` is this session's own; `usage` counts answers that are not complete, `read` reads them.

        `name` is the server's in the configuration, `client` the parameters of `initialize`;
        `heard` gets the server's requests and notifications.
        """
        self.initialized: Message | None = None
        self._name = name
        self._usage, self._read_message = usage, read or _read_here
        self._http, self._url, self._headers, self._client, self._heard = http, url, headers, client, heard
        self._session = ""
        self._beginning = asyncio.Lock()
        self._listening: asyncio.Task[None] | None = None

    # -- its life -----------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Have a session. Raises NotDelivered or Interrupted."""
        async with self._beginning:
            if self.initialized is not None:
                return
            try:
                async with asyncio.timeout(INITIALIZE_PATIENCE):
                    answer = await self._post(request(0, "initialize", self._client))
            except Interrupted as reason:
                raise NotDelivered(
                    of_beginning(str(reason), self._url)
                ) from None  # what follows was not sent
            except Unreadable as reason:
                raise NotDelivered(f"its answer to initialize cannot be read: {reason}") from None
            except TimeoutError:
                raise NotDelivered(f"no answer to initialize within {INITIALIZE_PATIENCE:.0f} s") from None
            if not isinstance(answer.get("result"), dict):
                said = complaint(answer).get("message") or "it does not say why"
                raise NotDelivered(f"it refuses initialize: {str(said)[:200]}")
            self.initialized = answer["result"]
            await self._post(notification("notifications/initialized"))
            if self._session and self._listening is None:
                self._listening = asyncio.get_running_loop().create_task(self._listen())

    async def request(self, message: Message, hold: Hold = lambda _size: None) -> Message:
        """The answer's result or error. Raises NotDelivered or Interrupted."""
        for _ in range(MOST_BEGINNINGS):
            await self.begin()
            used = self._session
            try:
                return answer_of(await self._post(message, hold))
            except SessionLost:
                self._forget(used)
            except Rejected as reason:
                return error(INVALID_REQUEST, f"the server does not take it: {reason}")
            except Unreadable as problem:
                return error(INVALID_REQUEST, f"the server's answer cannot be read: {problem}")
        raise NotDelivered("the server loses every session")

    async def post_only(self, message: Message) -> None:
        """Something that nobody answers; without a session there is nobody who would care."""
        if self.initialized is not None:
            await self._post(message)

    async def close(self) -> None:
        """Tell the server, and listen no more."""
        if self._listening is not None:
            self._listening.cancel()
        session, self._session, self.initialized = self._session, "", None
        if session:
            try:
                async with asyncio.timeout(CLOSE_PATIENCE):
                    await self._http.delete(self._url, headers={**self._headers, SESSION: session})
            except (httpx2.HTTPError, TimeoutError) as problem:
                _log.debug("a session was not ended: %r", problem)
        await self._http.aclose()

    def _forget(self, session: str) -> None:
        if self._session == session:
            self._session, self.initialized = "", None

    # -- messages -----------------------------------------------------------------------------------------

    async def _post(self, message: Message, hold: Hold = lambda _size: None) -> Message:
        """Send; the answer to a request, {} to anything else."""
        place, content = Place(), pieces_of(message)
        headers = {**self._all_headers(), "content-length": str(sum(map(len, content)))}
        try:
            async with self._http.stream(
                "POST", self._url, content=_in_pieces(content), headers=headers
            ) as response:
                return await self._read(response, message, place, hold)
        except _BEFORE as problem:
            raise NotDelivered(of_failure(problem, self._url)) from None
        except (*_BROKEN, Cut) as problem:
            if not place.last:
                raise self._interrupted(problem) from None
        except _OTHER as problem:
            raise self._interrupted(problem) from None
        return await self._go_on(message["id"], place, hold)

    async def _go_on(self, number: object, place: Place, hold: Hold) -> Message:
        """The answer behind that place, as long as the server knows the stream."""
        tries, clock = 0, asyncio.get_running_loop().time
        until = clock() + LONGEST_RESUMED
        while tries < MOST_RESUMED and clock() < until:
            tries += 1
            await asyncio.sleep(place.pause)
            headers = {**self._all_headers(), **place.headers}
            try:
                async with self._http.stream("GET", self._url, headers=headers) as response:
                    if response.status_code >= 400:
                        reason = self._status_reason(response)
                        raise Interrupted(f"the stream is lost: {reason}")
                    tries = 0
                    return await self._read_events(response, number, place, hold)
            except (*_BROKEN, Cut) as problem:
                _log.info("a stream broke: %r", problem)
            except _OTHER as problem:
                raise self._interrupted(problem) from None
        raise Interrupted("the stream broke, and could not be gone on with")

    def _all_headers(self) -> dict[str, str]:
        found = {
            **self._headers,
            "accept": "application/json, text/event-stream",
            "content-type": "application/json",
        }
        if self._session:
            found[SESSION] = self._session
        if self.initialized is not None:
            found[VERSION] = str(self.initialized.get("protocolVersion", ""))
        return found

    async def _read(self, response: httpx2.Response, message: Message, place: Place, hold: Hold) -> Message:
        if not response.is_success:
            return self._refusal(response, await self._body(response), message)
        if "id" not in message or "method" not in message:
            return {}
        if message["method"] == "initialize":
            self._session = response.headers.get(SESSION, "")
        kind = response.headers.get("content-type", "").lower()
        if response.status_code in (202, 204):
            raise Rejected(of_content(response.status_code, kind, self._url))
        if kind.startswith("application/json"):
            return _reply_to(message["id"], await self._decoded(await self._body(response), hold))
        if kind.startswith("text/event-stream"):
            return await self._read_events(response, message["id"], place, hold)
        raise Rejected(of_content(response.status_code, kind, self._url))

    async def _read_events(
        self, response: httpx2.Response, number: object, place: Place, hold: Hold
    ) -> Message:
        answers: list[Message] = []
        try:
            async with asyncio.timeout(None) as patience:
                async for message in self._messages(response, place, hold):
                    if "method" in message or _is_for_another(message, number):
                        self._heard(message)
                        continue
                    answers.append(_reply_to(number, message))
                    patience.reschedule(asyncio.get_running_loop().time() + DRAIN_PATIENCE)
        except (TimeoutError, *_BROKEN):
            if not answers:
                raise
        if not answers:
            raise Cut("the answer ended before it was complete")
        return answers[0]

    async def _messages(
        self, response: httpx2.Response, place: Place, hold: Hold = lambda _size: None
    ) -> AsyncIterator[Message]:
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        counted = response.stream = _CountedStream(response.stream, self._usage)
        if not response.headers.get("content-type", "").lower().startswith("text/event-stream"):
            raise Unreadable("it is no stream of events")
        events = EventBuffer(LONGEST_ANSWER)
        async for data in response.aiter_bytes():
            for event in _added(events, data):
                place.passed(event)
                counted.let_go()
                if event.kind == "message" and any(event.data):
                    yield await self._decoded(event.data, hold)

    async def _body(self, response: httpx2.Response) -> tuple[bytes, ...]:
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _CountedStream(response.stream, self._usage)
        found, size = [], 0
        async for part in response.aiter_bytes():
            found.append(part)
            size += len(part)
            if size > LONGEST_ANSWER:
                raise Unreadable(f"it has more than {LONGEST_ANSWER >> 20} MB")
        return tuple(found)

    async def _decoded(self, pieces: tuple[bytes, ...], hold: Hold) -> Message:
        try:
            large = is_large(pieces)
            hold(sum(map(len, pieces)) if large else weight(b"".join(pieces)))
            return await self._read_message(pieces)
        except ValueError as problem:
            raise Unreadable(reason_of(problem)) from None

    def _refusal(self, response: httpx2.Response, body: tuple[bytes, ...], message: Message) -> Message:
        """A status that says no; the message had not been looked at if the session was not known."""
        status = response.status_code
        try:
            said = {} if is_large(body) else mended(b"".join(body))
        except ValueError:
            said = {}
        lost = status == 404 or (status == 400 and said.get("id") is None)
        if lost and SESSION in response.request.headers:  # ours may be another one by now
            raise SessionLost("the server has lost the session")
        if isinstance(said.get("error"), dict) and message.get("method") != "initialize":
            return said
        raise Rejected(self._status_reason(response, str(complaint(said).get("message") or "")))

    def _status_reason(self, response: httpx2.Response, said: str = "") -> str:
        known = "authorization" in (header.lower() for header in self._headers)
        return of_status(response.status_code, response.headers, self._url, self._name, said, logged_in=known)

    def _interrupted(self, problem: Exception) -> Interrupted:
        return Interrupted(str(problem) if isinstance(problem, Cut) else of_failure(problem, self._url))

    async def _listen(self) -> None:
        """Hear what the server says by itself, as long as it offers that."""
        place = Place()
        while self._session:
            try:
                headers = {**self._all_headers(), **place.headers}
                async with self._http.stream("GET", self._url, headers=headers) as response:
                    if response.status_code >= 400:
                        break
                    async for message in self._messages(response, place):
                        self._heard(message)
            except (*_BROKEN, *_OTHER, Interrupted, Unreadable) as problem:
                _log.debug("a stream broke: %r", problem)
            await asyncio.sleep(LISTEN_AGAIN)
        self._listening = None


def _is_for_another(message: Message, number: object) -> bool:
    """Whether a reply has another number of ours: a wrong kind of id is meant for the one that waits."""
    found = number_of(message.get("id"))
    return found != 0 and found != number


def _reply_to(number: object, message: Message) -> Message:
    """The reply to a request; an error may be without an id. Raises Unreadable."""
    if "method" in message:
        raise Unreadable("it is a request")
    check_reply(message)
    unnamed = message.get("id") is None and "error" in message
    if not unnamed and (isinstance(message.get("id"), bool) or message.get("id") != number):
        raise Unreadable(wrong_id(message))
    return message


class _CountedStream(httpx2.AsyncByteStream):
    """What comes of an answer counts until it has been read as a message."""

    def __init__(self, stream: httpx2.AsyncByteStream, usage: Usage | None) -> None:
        self._stream, self._usage, self._held = stream, usage, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            if self._usage is not None:
                self._held += len(part)
                self._usage.add(len(part))
            yield part

    def let_go(self) -> None:
        """It has been read."""
        if self._usage is not None:
            self._usage.remove(self._held)
        self._held = 0

    async def aclose(self) -> None:
        self.let_go()
        await self._stream.aclose()


def _added(events: EventBuffer, data: bytes) -> list[Event]:
    try:
        return events.add(data)
    except TooLong as problem:
        raise Unreadable(str(problem)) from None


async def _read_here(pieces: Sequence[bytes]) -> Message:
    return mended(b"".join(pieces))


async def _in_pieces(content: tuple[bytes, ...]) -> AsyncIterator[bytes]:
    for piece in content:
        yield piece
