"""What an HTTP server says that is no answer, and what is wrong on the way to it, each with a remedy. Pure.

The words are a sentence about "it", the server. They stand in the status, in `qms-tui mcp`, and in the errors
that agents get.
"""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from types import MappingProxyType
from urllib.parse import urljoin, urlsplit

import httpx2

from qms_tui.text.printable import plain

LONGEST = 200  # characters of what a server says that are repeated
_ENDED = "it ended the connection without an answer"
_LOGIN = 'write headers = ["Authorization: Bearer ..."], or what it wants, below [mcp.{name}]'
_PATH = "is the path right?{often}"
_WORDS = MappingProxyType(
    {
        400: "it does not understand the request",
        402: "it wants to be paid",
        403: f"it forbids that: the login may not be allowed to, or it serves other hosts only; {_LOGIN}",
        404: f"it has nothing at {{path}}: {_PATH}",
        405: "it takes no POST at {path}: it speaks the old SSE transport, which qms-tui does not; "
        "write the url of its streamable HTTP, if it has one.{often}",
        406: f"it answers neither in JSON nor in events: {_PATH}",
        407: "a proxy on the way wants a login: write it into HTTPS_PROXY or HTTP_PROXY, or set NO_PROXY",
        408: "it waited too long for the request: is the network slow?",
        410: f"it has nothing at {{path}} any more: {_PATH}",
        413: "the request is too large for it",
        415: f"it takes no JSON at {{path}}: {_PATH}",
        421: "it serves another host name than {host}: write the one that it expects into url",
        426: "it wants another version of HTTP or TLS",
        429: "it gets too many requests",
        500: "it failed by itself: its own log says why",
        501: f"it does not know such requests: {_PATH}",
        502: "a proxy answers, and the server behind it does not: is that started?",
        503: "it is overloaded, or not ready yet",
        504: "a proxy answers, and the server behind it takes too long",
    }
)
_CERTIFICATES = MappingProxyType(
    {
        9: "its certificate is not valid yet: is the clock of this machine right?",
        10: "its certificate has expired: it needs a new one",
        18: "its certificate is signed by itself: {authority}",
        19: "its certificate is signed by an authority that is not known here: {authority}",
        20: "its certificate is signed by an authority that is not known here: {authority}",
        21: "its certificate is signed by an authority that is not known here: {authority}",
        23: "its certificate was revoked",
        62: "its certificate is for another name than {host}: write that name into url",
        64: "its certificate is for another address than {host}: write its name into url",
    }
)
_AUTHORITY = "set SSL_CERT_FILE to a file with that certificate where qms-tui is started"
_TLS = MappingProxyType(
    {
        "WRONG_VERSION_NUMBER": "it does not speak TLS at {place}: write http:// into url",
        "HTTP_REQUEST": "it does not speak TLS at {place}: write http:// into url",
        "PROTOCOL_VERSION": "it speaks other versions of TLS only",
        "UNSUPPORTED_PROTOCOL": "it speaks other versions of TLS only",
        "CERTIFICATE_REQUIRED": "it wants a client's certificate, and qms-tui has none",
        "BAD_CERTIFICATE": "it wants a client's certificate, and qms-tui has none",
        "UNRECOGNIZED_NAME": "it does not know the name {host}: write the one that it expects into url",
        "HANDSHAKE_FAILURE": "it has no way to encrypt in common with this machine",
        "NO_SHARED_CIPHER": "it has no way to encrypt in common with this machine",
        "EOF": "it ended the connection before it was encrypted: does it speak TLS at {place}?",
    }
)
_ERRNOS = MappingProxyType(
    {
        errno.ECONNREFUSED: "nobody listens at {place}: is it started, and is the port right?",
        errno.EHOSTUNREACH: "there is no way to {host}: is it on, and is this machine in its network?",
        errno.ENETUNREACH: "there is no way to {host}: is this machine in its network?",
        errno.ETIMEDOUT: "{host} does not answer: is it on, and does a firewall let this through?",
        errno.ECONNRESET: _ENDED,
        errno.EPIPE: _ENDED,
        errno.EMFILE: "this machine has no more connections for it",
    }
)


def of_status(
    status: int, headers: Mapping[str, str], url: str, name: str, said: str = "", *, logged_in: bool = False
) -> str:
    """A status that is no success; `said` are the server's own words, `logged_in`: it was given a login."""
    if 300 <= status < 400:
        words = _redirected(headers.get("location", ""), url)
    elif status == 401:
        words = _wants_login(headers.get("www-authenticate", ""), logged_in=logged_in)
    else:
        words = _WORDS.get(status, "it refuses that" if status < 500 else "it failed by itself")
    wait = headers.get("retry-after", "")
    if wait and status in (429, 503):
        words += f": it wants to be asked again after {plain(wait[:40])}" + (" s" if wait.isdigit() else "")
    words = _filled(words, url, name)
    if status != 405 and urlsplit(url).path.rstrip("/").endswith("/sse"):
        words += "; a path that ends with /sse is the old SSE transport's, which qms-tui does not speak"
    return f"{words} (status {_named(status)}{_quoted(said)})"


def of_content(status: int, kind: str, url: str) -> str:
    """A success that is neither JSON nor a stream of events; `kind` is its content type."""
    return _filled(_content(status, kind), url, "")


def _content(status: int, kind: str) -> str:
    if status in (202, 204):
        return f"it takes requests and does not answer them (status {_named(status)}): {_PATH}"
    if kind.startswith(("text/html", "application/xhtml")):
        page = f"a web page ({plain(kind[:60])}) instead of JSON"
        return f"it answers with {page}: is that a login page? Else {_PATH}"
    named = f"content of type {plain(kind[:LONGEST])}" if kind else "content without a type"
    return f"it answers with {named} instead of JSON or events: {_PATH} (status {_named(status)})"


def of_failure(problem: BaseException, url: str) -> str:
    """An exchange that broke, or never began."""
    causes = list(_causes(problem))
    words = next((found for each in causes if (found := _of_cause(each))), "") or _of_kind(problem)
    return _filled(words, url, "")


def of_beginning(reason: str, url: str) -> str:
    """An exchange that broke before anything was heard of the server."""
    if reason == _ENDED and url.startswith("http://"):
        return f"{reason}: does it speak TLS there, so that url should say https://?"
    return reason


def _redirected(location: str, url: str) -> str:
    if not location:
        return "it sends on, and does not say where to: write the url of its streamable HTTP"
    target = urlsplit(urljoin(url, location))
    shown = plain(target._replace(netloc=target.netloc.rpartition("@")[2]).geturl()[:LONGEST])
    asked = urlsplit(url)
    if (target.scheme, target.netloc) == (asked.scheme, asked.netloc) or target.hostname == asked.hostname:
        return f"it sends on to {shown}: write that into url"
    return (
        f"it sends on to another host, {shown}: write that into url if it is meant; "
        "if it is a login page, it wants a login in headers"
    )


def _wants_login(challenge: str, *, logged_in: bool) -> str:
    scheme = challenge.partition(" ")[0]
    how = f" ({plain(scheme[:20])})" if scheme.isalnum() else ""
    if logged_in:
        return f"it does not take the login in headers{how}: has it expired? {_LOGIN}"
    return f"it wants a login{how}: {_LOGIN}"


def _causes(problem: BaseException | None) -> Iterator[BaseException]:
    """What led to it, the nearest first; of several addresses that were tried, each."""
    for _ in range(10):
        if problem is None:
            return
        yield problem
        if isinstance(problem, BaseExceptionGroup):
            for each in problem.exceptions:
                yield from _causes(each)
        problem = problem.__cause__ or problem.__context__


def _of_cause(cause: BaseException) -> str:
    if isinstance(cause, ssl.SSLCertVerificationError):
        reason = _CERTIFICATES.get(cause.verify_code, "its certificate is not trusted: {said}")
        return reason.replace("{authority}", _AUTHORITY).replace("{said}", _brief(cause.verify_message))
    if isinstance(cause, ssl.SSLError):
        reason = (cause.reason or "").upper()
        known = next((words for key, words in _TLS.items() if key in reason), "")
        return known or f"TLS fails: {_brief(cause.reason or str(cause))}"
    if isinstance(cause, socket.gaierror):
        if cause.errno == socket.EAI_AGAIN:
            return "the name {host} cannot be looked up now: does this machine reach its name server?"
        return "the name {host} is not known: is it written right in url?"
    return _ERRNOS.get(cause.errno or 0, "") if isinstance(cause, OSError) else ""


def _of_kind(problem: BaseException) -> str:
    if isinstance(problem, httpx2.ConnectTimeout):
        return _ERRNOS[errno.ETIMEDOUT]
    if isinstance(problem, httpx2.TimeoutException):
        return "it took too long to answer"
    if isinstance(problem, httpx2.ProxyError):
        return f"the proxy on the way fails: {_brief(str(problem))}: see HTTPS_PROXY, HTTP_PROXY, NO_PROXY"
    if isinstance(problem, httpx2.ConnectError):
        return f"no connection to {{place}}: {_brief(str(problem)) or 'it was ended at once'}"
    if isinstance(problem, httpx2.RemoteProtocolError) and "disconnected" not in str(problem):
        said = _brief(str(problem))
        return f"it does not speak HTTP at {{place}} ({said}): is the port right, or should url say https://?"
    if isinstance(problem, httpx2.NetworkError | httpx2.RemoteProtocolError):
        return _ERRNOS[errno.ECONNRESET]
    return f"{type(problem).__name__} {_brief(str(problem))}".strip()


def _brief(text: str) -> str:
    return plain(text[:LONGEST])


def _filled(words: str, url: str, name: str) -> str:
    """With the host, and the port, that the url means."""
    parts = urlsplit(url)
    host = plain(parts.hostname or "")
    place = f"{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
    path = plain(parts.path or "/")
    often = "" if path.rstrip("/").endswith("/mcp") else " Often it is /mcp"
    values = {"host": host, "place": place, "path": path, "name": name, "often": often}
    return re.sub(r"\{(host|place|path|name|often)\}", lambda found: values[found[1]], words)


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _quoted(said: str) -> str:
    return f", {plain(said[:LONGEST])!r}" if said else ""
