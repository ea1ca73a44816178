"""What an agent's container is made of. Pure: facts in, the engine's request out.

An agent is hostile. It sees the project read-only, and of `.claude/users` only its own inbox (read-only)
and workspace; no credentials but its own; no other container; no capabilities.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from docker.types import LogConfig, Mount

from qms_tui.config import AgentConfig
from qms_tui.programs.base import Program
from qms_tui.programs.registry import program_of
from qms_tui.project import Owner, Project
from qms_tui.runtime.docker import masks
from qms_tui.runtime.docker.private import Private
from qms_tui.runtime.docker.quotas import limits
from qms_tui.runtime.environment import TERMINAL

SCHEMA = "1"
LABEL_PROJECT = "qms-tui.project"
LABEL_AGENT = "qms-tui.agent"
LABEL_SCHEMA = "qms-tui.schema"
LABEL_MAKER = "qms-tui.maker"
LABEL_RESUMES = "qms-tui.resumes"
LABEL_DEFINITION = "qms-tui.definition"
LABEL_FILES = "qms-tui.files"  # where on the engine's machine the container's own files are (agent_files.py)
LABEL_VOLUME = "qms-tui.volume"  # the volume that they are in, where they are in one
LABEL_THROWAWAY = "qms-tui.throwaway"  # the project that a container was made for which never runs
LABELS = (
    LABEL_PROJECT,
    LABEL_AGENT,
    LABEL_SCHEMA,
    LABEL_MAKER,
    LABEL_RESUMES,
    LABEL_DEFINITION,
    LABEL_FILES,
    LABEL_VOLUME,
    LABEL_THROWAWAY,
)
NO_LABELS = dict.fromkeys(LABELS, "")  # under one's own: a container has its image's labels too
CONFIG_FOLDER = "/claude-config"
HOME = "/home/agent"
MASK_BYTES = 1024 * 1024  # size of the empty file systems that hide folders
LOG_BYTES, LOG_FILES = "4m", "2"  # the engine's log of one container


@dataclass(frozen=True, slots=True)
class Identity:
    """Of one agent in one project, as names and labels on the engine."""

    project: str
    agent: str

    @property
    def labels(self) -> dict[str, str]:
        """What containers are found again by."""
        return {LABEL_PROJECT: self.project, LABEL_AGENT: self.agent, LABEL_SCHEMA: SCHEMA}

    @property
    def container(self) -> str:
        """The container's name: tells the project and the agent to people, differs between projects."""
        return f"{project_slug(self.project)}-{self.agent}"


PROJECT_SLUG = re.compile(r"qms-[a-z0-9-]{1,24}-[0-9a-f]{8}")


def project_slug(root: str) -> str:
    """A name for the engine's objects of the project at `root`, readable and unlikely to collide."""
    readable = re.sub(r"[^a-z0-9]+", "-", Path(root).name.lower()).strip("-")[:24] or "project"
    return f"qms-{readable}-{hashlib.sha256(os.fsencode(root)).hexdigest()[:8]}"


def unlabelled(image: Mapping[str, str]) -> dict[str, str]:
    """What takes the labels of ours away that an image brings: anybody may have put them there.

    Those that every agent's container gets win by themselves.
    """
    always = (LABEL_PROJECT, LABEL_AGENT, LABEL_SCHEMA)
    return {name: "" for name in LABELS if name in image and name not in always}


def mounts(
    project: Project,
    agent: str,
    config: AgentConfig,
    empty: Path,
    definition: Mount | None,
    private: Sequence[Private] = (),
    *,
    make: bool = False,
) -> list[Mount]:
    """The container's mounts, outer before inner. The agent's folders must have been prepared.

    Of what is `private` nothing is shown (masks.py has `make`). Raises ExposureError if that cannot be.

    `empty` is an empty file on the engine's machine: what stands over files that the agent must not see. No
    device: a rootless engine cannot remount one read-only, and programs expect a file. `definition` is the
    agent's copy of its own one, if it gets one.

    `mounts=` and never `volumes=`: the engine answers 400 to a missing source instead of making it as root.
    """
    work = PurePosixPath(config.workdir)
    folders = project.folders(agent)
    users = work / ".claude/users"
    found = [
        bind(project.root, work),
        _empty_folder(users),
        bind(folders.inbox, users / agent / "inbox"),
        bind(folders.workspace, users / agent / "workspace", writable=True),
        bind(folders.config, PurePosixPath(CONFIG_FOLDER), writable=True),
    ]
    if project.has_folder(".claude/sessions"):
        found.append(bind(project.root / ".claude/sessions", work / ".claude/sessions", writable=True))
    if definition is not None:
        found.append(definition)
    taken = {mount["Target"] for mount in found}
    for path, is_folder in project.hidden(config.hide):
        if str(work / path) in taken:  # CLAUDE.md is hidden by a definition already
            continue
        found.append(_empty_folder(work / path) if is_folder else bind(empty, work / path))
    found.extend(bind(m.source, PurePosixPath(m.target), writable=not m.read_only) for m in config.mounts)
    for target, is_folder in masks.masks(found, private, make=make):
        found.append(_empty_folder(target) if is_folder else bind(empty, target))
    return found


def definition_target(project: Project, config: AgentConfig, *, trusted: bool) -> PurePosixPath:
    """Where the agent's copy of its definition stands: over the project's instructions, as CLAUDE.md.

    A read-only project has no place for a mount over what is not there, and of a project that is not trusted
    the program reads nothing: there it is the machine's instructions.
    """
    instructions = program_of(config.command).instructions
    over = project.inside(instructions.project) if trusted else None
    return PurePosixPath(config.workdir) / over if over else instructions.machine


def check_sources(project: Project, config: AgentConfig) -> None:
    """Raise ExposureError if the project, or what is mounted besides, lies in a folder of our own."""
    masks.check_sources([project.root, *(mount.source for mount in config.mounts if not mount.ours)])


def bind(source: Path, target: PurePosixPath, *, writable: bool = False) -> Mount:
    """A file or folder of the engine's machine inside the container."""
    return Mount(str(target), str(source), type="bind", read_only=not writable)


def _empty_folder(target: PurePosixPath) -> Mount:
    return Mount(str(target), None, type="tmpfs", tmpfs_size=MASK_BYTES, tmpfs_mode=0o755)


def request(
    identity: Identity,
    config: AgentConfig,
    owner: Owner,
    environment: dict[str, str],
    mounted: Sequence[Mount],
    network: str,
    cpus: int,
    marks: Mapping[str, str],
) -> dict[str, Any]:
    """The keyword arguments of the SDK's `create_container`, its host configuration as plain arguments.

    `cpus` is how many the engine has: it refuses a limit above that. `marks` are labels besides those that
    the container is found by.
    """
    return {
        "image": config.image,
        "command": list(config.command),
        "name": identity.container,
        "hostname": identity.agent.replace("_", "-"),
        "labels": {**identity.labels, **marks},
        "environment": environment,
        "working_dir": config.workdir,
        "user": f"{owner.uid}:{owner.gid}",
        "tty": True,
        "stdin_open": True,
        "host_config": {
            "mounts": list(mounted),
            "network_mode": network,
            "init": True,
            "userns_mode": "host",  # users inside are those outside, also on an engine that remaps them
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges"],
            "pids_limit": config.pids,
            "mem_limit": config.memory,
            "memswap_limit": config.memory,  # equal: no swap on top of the limit
            "nano_cpus": int(min(config.cpus, cpus) * 1_000_000_000),
            "log_config": LogConfig(
                type=LogConfig.types.JSON, config={"max-size": LOG_BYTES, "max-file": LOG_FILES}
            ),
            **limits(config, owner, HOME),
        },
    }


def environment(agent: str, program: Program, passed: dict[str, str]) -> dict[str, str]:
    """The agent's environment: UTF-8, what was allowed to pass, then what must hold."""
    must = {"QMS_USER": agent, "HOME": HOME, **program.environment(CONFIG_FOLDER)}
    return {"LANG": "C.UTF-8"} | passed | TERMINAL | must
