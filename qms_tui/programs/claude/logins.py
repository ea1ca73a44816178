"""By which ways Claude Code logs in, and what its own files say of that. Pure.

The order of ways is its own: what stands first is what it uses.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from qms_tui.config import Judged
from qms_tui.programs.logins import NO_OWN, OwnLogin, Turn, Way

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
VARIABLES = (*CLOUDS, *KEYS, OAUTH)


def way_in(variables: Mapping[str, str], *, token: bool) -> Way | None:
    """Which of these variables it takes; None if it takes none, or the login of a file besides (`token`)."""
    name = next(_ways(variables), None)
    if name is None or (
        token and name not in (*CLOUDS, KEYS[0])
    ):  # inside the file becomes one of the others
        return None
    return Way(name, _identity(name, variables))


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


def project_login(judged: Sequence[Judged]) -> str:
    """The same of the project's own settings, which its agents' clients read if it is trusted."""
    for each in judged:
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
