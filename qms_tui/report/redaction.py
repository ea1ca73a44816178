"""Taking secrets out of a text: those that are known here by their values, others by their form.

Known are the values of environment variables, of settings that are not shown, of the files that settings
name for secrets, and what was typed as a value on the command line. Better hide too much than too little.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

HIDDEN = "[hidden]"
LEAST = 4  # characters of a value that is a secret by its place
LEAST_DOUBTFUL = 6  # of one that may be a word of every day
MOST_VALUES = 5000
# Their values are shown themselves, or are no more than the names of folders and languages.
HARMLESS = frozenset(
    (
        "PATH",
        "PWD",
        "OLDPWD",
        "HOME",
        "SHELL",
        "USER",
        "LOGNAME",
        "TERM",
        "COLORTERM",
        "TERM_PROGRAM",
        "TERM_PROGRAM_VERSION",
        "LANG",
        "LANGUAGE",
        "LC_ALL",
        "LC_CTYPE",
        "LC_MESSAGES",
        "LC_TIME",
        "LS_COLORS",
        "SHLVL",
        "TZ",
        "EDITOR",
        "VISUAL",
        "PAGER",
        "HOSTNAME",
        "PYTHONPATH",
        "VIRTUAL_ENV",
        "XDG_CONFIG_HOME",
        "XDG_STATE_HOME",
        "XDG_DATA_HOME",
        "XDG_CACHE_HOME",
        "XDG_RUNTIME_DIR",
        "COLUMNS",
        "LINES",
        "_",
    )
)
_SECRET = (
    r"token|secret|passw(?:or)?d|passwd|passphrase|pwd|api[_-]?key|access[_-]?key|private[_-]?key|credential"
    r"|authorization|auth|cookie|signature"
)
SECRET_NAME = re.compile(rf"(?i){_SECRET}|key$")
_ORDINARY = re.compile(r"[a-z_]{1,11}|-{1,2}[a-z-]+|[a-zA-Z]{1,11}:?|[\d.]{1,7}")  # in a setting
# Values of variables that are words of our own: hidden, they would make a report unreadable.
_OWN_WORDS = frozenset(("docker", "podman", "claude", "python", "linux", "textual", "qms-tui", "default"))
_PIECES = re.compile(r"[\s:=,;@/&?'\"|()\[\]{}<>]+")
_FORMS = tuple(
    (re.compile(pattern, re.DOTALL if "BEGIN" in pattern else 0), instead)
    for pattern, instead in (
        (r"-----BEGIN [A-Z ]*KEY-----.*?(?:-----END [A-Z ]*-----|\Z)", HIDDEN),
        (r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@'\"]*@", rf"\1{HIDDEN}@"),
        (r"([?&][\w.-]+=)[^\s&#'\"]+", rf"\1{HIDDEN}"),
        (r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie)(['\"]?\s*[:=]\s*)[^\n]+", rf"\1\2{HIDDEN}"),
        (r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{4,}", rf"\1 {HIDDEN}"),
        (
            rf"(?i)\b([\w.-]*(?:{_SECRET})[\w.-]*)(['\"]?\s*[:=]\s*['\"]?|\s+['\"])[^\s'\"&,;]+",
            rf"\1\2{HIDDEN}",
        ),
        (r"\b(?:sk|pk|rk)[-_][\w-]{8,}", HIDDEN),
        (r"\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|npm_|AIza|AKIA|ASIA|ya29\.)[\w-]{8,}", HIDDEN),
        (r"\beyJ[\w-]{8,}(?:\.[\w-]+){0,2}", HIDDEN),
        (r"\b(?=\w*\d)(?=\w*[A-Za-z])[\w+=]{32,}", HIDDEN),
    )
)


class Redaction:
    """Hides values wherever they stand. Longest first: one may be a part of another."""

    def __init__(self, values: Iterable[str], home: str = "") -> None:
        kept = sorted({value for value in values if value.strip()}, key=len, reverse=True)[:MOST_VALUES]
        self._values = re.compile("|".join(map(re.escape, kept))) if kept else None
        self._home = home.rstrip("/")

    def apply(self, text: str) -> str:
        """The text without them."""
        if self._values is not None:
            text = self._values.sub(HIDDEN, text)
        for form, instead in _FORMS:
            text = form.sub(instead, text)
        return text.replace(self._home, "~") if self._home else text


def of_environment(environment: Mapping[str, str]) -> Iterator[str]:
    """Values of variables; of those that are secrets by their names also each piece."""
    for name, value in environment.items():
        if name in HARMLESS:
            continue
        if SECRET_NAME.search(name):
            yield from of_secret(value)
        elif len(value) >= LEAST_DOUBTFUL and value.lower() not in _OWN_WORDS:
            yield value


def of_secret(value: str) -> Iterator[str]:
    """Something that is a secret by its place, whole and in pieces."""
    yield from (piece for piece in {value.strip(), *_PIECES.split(value)} if len(piece) >= LEAST)


def of_text(value: str) -> Iterator[str]:
    """Something that may have a secret in it: whole, and its pieces but for words of every day."""
    if len(value) >= LEAST_DOUBTFUL and not _ORDINARY.fullmatch(value):
        yield value
    for piece in _PIECES.split(value):
        if len(piece) >= LEAST_DOUBTFUL and not _ORDINARY.fullmatch(piece):
            yield piece


def of_words(words: Iterable[str]) -> Iterator[str]:
    """Words of a command line: what follows an option that is called like a secret is one."""
    before = ""
    for word in words:
        option, _, value = word.partition("=")
        if option.startswith("-") and value:
            yield from of_secret(value) if SECRET_NAME.search(option) else of_text(value)
        elif before.startswith("-") and SECRET_NAME.search(before):
            yield from of_secret(word)
        else:
            yield from of_text(word)
        before = word
