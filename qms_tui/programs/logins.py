"""Whether an agent is logged in, by which way, and which agents share a login: one answer for everybody.

Names only, never a secret. The order of ways is Claude Code's own: what stands first is what it uses.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from qms_tui.config import AgentConfig, Config
from qms_tui.errors import ConfigError
from qms_tui.runtime.client import is_client
from qms_tui.runtime.environment import passed_on

# A cloud's own login, where the switch is on, and how the variables begin that say which one.
CLOUDS = {
    "CLAUDE_CODE_USE_BEDROCK": ("AWS_",),
    "CLAUDE_CODE_USE_VERTEX": ("GOOGLE_", "CLOUD_ML_", "GCLOUD_", "ANTHROPIC_VERTEX_"),
    "CLAUDE_CODE_USE_FOUNDRY": ("AZURE_", "ANTHROPIC_FOUNDRY_"),
    "CLAUDE_CODE_USE_ANTHROPIC_AWS": ("AWS_", "ANTHROPIC_AWS_"),
    "CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD": ("GOOGLE_", "CLOUD_ML_", "GCLOUD_"),
    "CLAUDE_CODE_USE_MANTLE": ("AWS_",),
    "CLAUDE_CODE_USE_GATEWAY": ("CLAUDE_CODE_GATEWAY_",),
}
KEYS = ("ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY")
HELPER = "apiKeyHelper"
OAUTH = "CLAUDE_CODE_OAUTH_TOKEN"
_OFF = frozenset({"", "0", "false", "no", "off"})
CREDENTIALS, SETTINGS = ".credentials.json", "settings.json"
PROJECT_SETTINGS = frozenset({".claude/settings.json", ".claude/settings.local.json"})
REFUSED = "authentication_failed"
_LATEST = 10**14  # milliseconds since 1970: what a date can show


@dataclass(frozen=True, slots=True)
class Given:
    """A login from outside: `where` for people, and `identity`, which is the same for the same login."""

    where: str
    identity: tuple[str, ...]
    place: str = ""
    """What has the variable: the environment, or the env_file; empty for a file of its own."""


@dataclass(frozen=True, slots=True)
class OwnLogin:
    """What the client keeps of a login by /login, and when it did; times in seconds since 1970."""

    at: float = 0.0
    usable: bool = False
    until: float | None = None
    """When it ends, 0 if that makes no sense; None if it is renewed, or nobody knows."""
    renewed_after: float | None = None
    """When it is renewed, 0 if that makes no sense; None if it is not."""


NO_OWN = OwnLogin()


@dataclass(frozen=True, slots=True)
class Turn:
    """The newest turn that tells of the login: the model has answered, or refused it."""

    at: float
    refused: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that there is to decide by."""

    given: str = ""
    """Where its login comes from by the configuration, in words."""
    own: OwnLogin = NO_OWN
    settings: str = ""
    """What of its client's own settings is a login, in words."""
    turn: Turn | None = None
    unset: str = ""
    """A variable that is to be its login and is not set here: who started it may have had it."""


class Answer(Enum):
    """Whether an agent is logged in."""

    YES = "yes"
    NO = "no"
    REFUSED = "refused"
    ENDED = "ended"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Login:
    """The answer, by what, and since when (seconds since 1970; 0 if nobody knows)."""

    answer: Answer
    by: str = ""
    since: float = 0.0


OWN = "its own, by /login"
ANSWERED = "its model has answered"


def decide(evidence: Evidence, now: float) -> Login:
    """Whether it is logged in: the same for the doctor, the lights and the lists."""
    own, turn = evidence.own, evidence.turn
    outside = evidence.given or evidence.settings
    if turn is not None and turn.refused and turn.at > own.at:
        return Login(Answer.REFUSED, outside or (OWN if own.at else ""), turn.at)
    if outside:
        return Login(Answer.YES, outside)
    if own.usable and own.until is not None and own.until <= now:
        return Login(Answer.ENDED, OWN, own.until)
    if own.usable:
        return Login(Answer.YES, OWN, own.at)
    if turn is not None and not turn.refused:  # by a way that we do not know of
        return Login(Answer.YES, ANSWERED, turn.at)
    return Login(Answer.UNKNOWN, evidence.unset) if evidence.unset else Login(Answer.NO)


# -- from outside ------------------------------------------------------------------------------------------


def given(config: AgentConfig, host: Mapping[str, str], *, isolated: bool) -> Given | None:
    """Its login by the configuration; None for an agent that logs in on its own.

    What is not isolated has all of the host's environment.
    """
    variables = {} if isolated else dict(host)
    try:
        variables |= passed_on(config, host)
    except ConfigError:  # whoever starts it says so
        variables |= {name: host[name] for name in config.env if name in host}
    for name in _ways(variables):
        if config.token_file is not None and name not in (*CLOUDS, KEYS[0]):
            break  # inside it becomes one of these variables
        place = "your environment" if variables[name] == host.get(name) else "its env_file"
        return Given(name, _identity(name, variables), place)
    return Given(str(config.token_file), _identity_of(config.token_file)) if config.token_file else None


def source(config: AgentConfig, host: Mapping[str, str], *, isolated: bool = True) -> str:
    """The file, or the variable; empty for an agent that logs in on its own."""
    found = given(config, host, isolated=isolated)
    return found.where if found else ""


def login(config: AgentConfig, host: Mapping[str, str], *, isolated: bool) -> str:
    """Where its login comes from, in a few words; empty as above."""
    found = given(config, host, isolated=isolated)
    if found is None:
        return ""
    return found.where if found.place else "its token_file"


def unset(config: AgentConfig, host: Mapping[str, str]) -> str:
    """A variable that is to be its login and is not set here; the agent may have been started elsewhere."""
    names = (*CLOUDS, *KEYS, OAUTH)
    return next((name for name in names if name in config.env and not host.get(name)), "")


def shared_logins(
    configs: Iterable[AgentConfig], host: Mapping[str, str], *, isolated: bool = True
) -> list[str]:
    """A sentence for each login that several agents use."""
    users: dict[tuple[str, ...], list[str]] = {}
    words: dict[tuple[str, ...], str] = {}
    for config in configs:
        found = given(config, host, isolated=isolated) if isolated or is_client(config.command) else None
        if found is not None:
            users.setdefault(found.identity, []).append(config.name)
            words.setdefault(found.identity, found.where)
    return [
        f"shared login of {', '.join(names)}: {words[identity]}"
        for identity, names in users.items()
        if names[1:]
    ]


def _ways(variables: Mapping[str, str], helper: bool = False) -> Iterator[str]:
    """What of these the client takes for a login, in its order."""
    yield from (name for name in CLOUDS if variables.get(name, "").strip().lower() not in _OFF)
    yield from (name for name in KEYS if variables.get(name))
    if helper:
        yield HELPER
    if variables.get(OAUTH):
        yield OAUTH


def _identity(name: str, variables: Mapping[str, str]) -> tuple[str, ...]:
    """Hashes, so that no secret lies in a value of ours."""
    begins = CLOUDS.get(name, (name,))
    values = sorted(f"{each}={variables[each]}" for each in variables if each.startswith(begins))
    return (name, hashlib.sha256("\0".join(values).encode(errors="surrogateescape")).hexdigest())


def _identity_of(file: Path) -> tuple[str, ...]:
    """A file has several names; one that is not there has only that."""
    try:
        status = os.stat(file)
    except OSError:
        return ("file", str(file))
    return ("file", str(status.st_dev), str(status.st_ino))


# -- in the client's own files, which are an agent's: nothing in them need make sense ------------------------


def own_login(content: bytes, at: float) -> OwnLogin:
    """What `.credentials.json` says, last written at a time. Raises ValueError for what is no JSON object."""
    document = _object(content)
    if not document:  # the client keeps something there, and does not say what
        return OwnLogin(at, usable=True)
    oauth = document.get("claudeAiOauth")
    if not isinstance(oauth, dict) or not oauth.get("accessToken"):
        return NO_OWN  # that of MCP servers alone, say
    expires = oauth.get("expiresAt")
    sound = isinstance(expires, int | float) and not isinstance(expires, bool) and 0 < expires < _LATEST
    when = float(expires) / 1000 if sound and isinstance(expires, int | float) else 0.0
    if oauth.get("refreshToken"):
        return OwnLogin(at, usable=True, renewed_after=when)
    return OwnLogin(at, usable=True, until=when)


def settings_login(content: bytes) -> str:
    """What in a `settings.json` is a login, in words; empty if nothing is. Raises ValueError as above."""
    document = _object(content)
    helper, given = document.get(HELPER), document.get("env")
    pairs = given.items() if isinstance(given, dict) else ()
    variables = {name: value for name, value in pairs if isinstance(value, str)}
    found = next(_ways(variables, helper=isinstance(helper, str) and bool(helper.strip())), "")
    return f"{found} of its settings" if found else ""


def project_login(config: Config) -> str:
    """The same of the project's own settings, which its agents' clients read if it is trusted."""
    for each in config.judged if config.trusted else ():
        if each.path in PROJECT_SETTINGS:
            try:
                found = settings_login(each.content)
            except ValueError:
                continue
            if found:
                return found.replace("of its settings", f"of {each.path}")
    return ""


def newest_turn(events: Iterable[tuple[float, str, str]], began: float) -> Turn | None:
    """What turns tell, of events (at, name, error), oldest first; what came before the program is no news."""
    for at, name, error in reversed(list(events)):
        if at < began:
            continue
        if name == "Stop":
            return Turn(at, refused=False)
        if name == "StopFailure" and error == REFUSED:
            return Turn(at, refused=True)
    return None


def _object(content: bytes) -> dict[str, object]:
    try:
        found = json.loads(content)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(found, dict):
        raise ValueError("no JSON object")
    return found
