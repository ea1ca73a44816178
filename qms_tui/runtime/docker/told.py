"""What the engine says of a container, as values. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from qms_tui.runtime.docker import container as spec
from qms_tui.runtime.docker.engine import seconds
from qms_tui.runtime.docker.kit import LABEL_KIT, our_kit
from qms_tui.runtime.runtime import SOON, Condition, Ending, Found

REMOVED = Ending(None, "the container was removed", asked=True)


def found(facts: Mapping[str, Any]) -> Found:
    """The container as it is."""
    state = facts["State"]
    image, kit = str(facts["Config"].get("Image", "")), (facts["Config"].get("Labels") or {}).get(LABEL_KIT)
    name, started = str(facts["Name"]).lstrip("/"), str(state.get("StartedAt", ""))
    outdated, digest = kit is not None and kit != our_kit().hash, str(facts.get("Image") or "")
    ended = Found(
        Condition.EXITED, _ending(facts), started, image, name, outdated, digest=digest, id=str(facts["Id"]),
        ended=_finished(state),
    )  # fmt: skip
    if state.get("Paused"):
        return replace(ended, condition=Condition.PAUSED, ending=None, ended=0.0)
    if state.get("Running") or state.get("Restarting"):
        return replace(ended, condition=Condition.RUNNING, ending=None, ended=0.0)
    return ended


def _ending(facts: Mapping[str, Any]) -> Ending:
    state = facts["State"]
    said = "out of memory" if state.get("OOMKilled") else str(state.get("Error") or "")
    ending = Ending.by(int(state.get("ExitCode", 0)))
    reason, resuming = said or ending.reason, _failed_to_resume(facts)
    if state.get("Status") == "created":
        return Ending(None, reason or "never started", resuming)
    return Ending(ending.exit_code, reason, resuming)


def _finished(state: Mapping[str, Any]) -> float:
    """0 for what never ran, of which Docker says the year 1."""
    said = str(state.get("FinishedAt") or "")
    return max(0.0, seconds(said)) if said and not said.startswith("0001") else 0.0


def _failed_to_resume(facts: Mapping[str, Any]) -> bool:
    state, labels = facts["State"], facts["Config"].get("Labels") or {}
    if not labels.get(spec.LABEL_RESUMES) or not state.get("ExitCode"):
        return False
    return seconds(state["FinishedAt"]) - seconds(state["StartedAt"]) <= SOON
