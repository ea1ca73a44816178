"""What has a name or labels of ours on the engine and is not ours: never used or removed, but named."""

from __future__ import annotations

from dataclasses import dataclass

from qms_tui.errors import EngineError


@dataclass(frozen=True, slots=True)
class Stranger:
    """A container or a network; `why` it is not ours, and what the human can do about it."""

    what: str
    name: str
    why: str
    remedy: str

    def __str__(self) -> str:
        return f"the {self.what} {self.name} is not ours ({self.why})"


def strange_container(name: str, why: str, engine: str) -> Stranger:
    """`engine` is its kind: what its command is called."""
    command = engine.lower()
    remedy = f"qms-tui does not touch it; {command} rm -f {name} removes it, {command} rename {name} keeps it"
    return Stranger("container", name, why, remedy)


def strange_network(name: str, why: str, engine: str) -> Stranger:
    """As of a container."""
    remedy = f"no agent gets it; {engine.lower()} network rm {name} removes it"
    return Stranger("network", name, why, remedy)


def not_ours(name: str, why: str, engine: str) -> EngineError:
    """Of a container that stands in an agent's way."""
    stranger = strange_container(name, why, engine)
    return EngineError(str(stranger), hint=stranger.remedy)
