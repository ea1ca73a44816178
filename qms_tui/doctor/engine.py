"""The engine, and the images that agents run in."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from qms_tui.config import AgentConfig, BuildConfig
from qms_tui.doctor.finding import Finding, error, ok, warning
from qms_tui.programs.registry import IN_IMAGE
from qms_tui.runtime.docker.engine import Engine, engine_errors, security_options
from qms_tui.runtime.docker.image import Image, configured, find_image
from qms_tui.runtime.docker.kit import LABEL_BASE, LABEL_PACKAGES, our_kit

LEAST_DISK = 5 * 2**30  # bytes: an image takes 0.7 to 1, a newer one beside it as much, agents the rest
_LIMITS = {"MemoryLimit": "memory", "CpuCfsQuota": "processors", "PidsLimit": "processes"}


def engine(found: Engine) -> Iterator[Finding]:
    """What the engine says of itself. Raises EngineError."""
    with engine_errors("cannot ask the engine"):
        facts: dict[str, Any] = found.api.info()
    yield ok("engine", f"{found.kind} {found.version} at {found.host}: {character(found, facts)}")
    yield from users(found)
    yield from limits(facts)
    if found.podman:
        yield warning("engine", "Podman does not keep agents' networks apart", "see docker/README.md")
    if not found.remote:
        yield from disk(str(facts.get("DockerRootDir") or ""))


def character(found: Engine, facts: Mapping[str, Any]) -> str:
    """What sets engines apart: API, image store, cgroups, whose users, what keeps containers in."""
    store = "containerd" if found.containerd_store else str(facts.get("Driver") or "?")
    modules = security_options(facts) - {"rootless", "userns"}
    parts = [
        f"API {found.api.api_version}",
        f"image store {store}",
        f"cgroup v{facts.get('CgroupVersion') or '?'}",
        "rootless" if found.rootless else "rootful",
        *(["users remapped"] if found.remapped else []),
        ", ".join(sorted(modules)) or "no security modules",
    ]
    return ", ".join(parts)


def users(found: Engine) -> Iterator[Finding]:
    """Every mode of the engine that changes what a user's number means."""
    if found.rootless:
        yield ok("engine", "rootless: an agent is root in its container, and you outside")
    if found.remapped:
        yield ok("engine", "it remaps users; agents' containers are exempt, so that they can write")
    if found.elsewhere and not found.remote:
        yield ok("engine", f"in a virtual machine ({found.system}), which maps users of shared files itself")


def limits(facts: Mapping[str, Any]) -> Iterator[Finding]:
    """What the engine cannot limit."""
    missing = [word for name, word in _LIMITS.items() if facts.get(name) is False]
    if missing:
        yield warning(
            "engine", f"it cannot limit {', '.join(missing)}", "give it cgroup v2 with these controllers"
        )


def disk(folder: str) -> Iterator[Finding]:
    """Whether there is room for images and containers."""
    try:
        status = os.statvfs(folder)
    except OSError:
        return  # not ours to look into
    free = status.f_bavail * status.f_frsize
    said = f"{free / 2**30:.1f} GB free in {folder}"
    if free < LEAST_DISK:
        yield warning("disk", said, "docker image prune, qms-tui prune")
    else:
        yield ok("disk", said)


def image(found: Engine, name: str, build: BuildConfig) -> Finding:
    """One image that agents run in. Raises EngineError, ImageError."""
    return judge(name, find_image(found, name), build)


def judge(name: str, there: Image | None, build: BuildConfig) -> Finding:
    """Whether an image is there and as it should be."""
    anew = "qms-tui build" if name == AgentConfig().image else f"qms-tui build --tag {name}"
    if there is None:
        return error("image", f"there is no {name}", anew)
    if not there.kit:
        return ok("image", f"{name}, not made by qms-tui build")
    if there.kit != our_kit().hash:
        return warning("image", f"{name} was built by another qms-tui", anew)
    wanted = configured(build).repeating(there.labels)
    if there.client != wanted.client:
        return warning("image", f"{name} has {IN_IMAGE.title} {there.client}, not {wanted.client}", anew)
    base = there.labels.get(LABEL_BASE, wanted.base)
    if base != wanted.base:
        return warning("image", f"{name} was built on {base}, not {wanted.base}", anew)
    missing = sorted({*wanted.packages} - {*there.labels.get(LABEL_PACKAGES, "").split()})
    if missing:
        return warning("image", f"{name} lacks {', '.join(missing)} of build.packages", anew)
    if said := IN_IMAGE.untested(there.client):
        remedy = f"{anew} --client-version {IN_IMAGE.newest_tested}, if states look wrong"
        return warning("image", f"{name}: {said}", remedy)
    return ok("image", f"{name}, {IN_IMAGE.title} {there.client}, {there.size_text}, kit {there.kit}")
