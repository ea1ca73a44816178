"""One container with an agent's mounts, started and removed: what the engine refuses is said once, and what
holds an agent in there is looked at from inside (isolation.py).

Nothing of the project is written: in place of an agent's own folders stand others, which go with the
container.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from docker.types import Mount
from msgspec import Struct

from qms_tui.config import AgentConfig
from qms_tui.doctor.finding import Finding, Verdict, error, failed, ok, warning
from qms_tui.doctor.isolation import LOOK as LOOK_AT_WALLS
from qms_tui.doctor.isolation import Walls, isolation
from qms_tui.doctor.traffic import traffic
from qms_tui.errors import QmsTuiError
from qms_tui.project import AgentFolders, Owner, Project
from qms_tui.runtime.docker import agent_files, podman, quotas, read_only, seccomp, selinux
from qms_tui.runtime.docker import container as spec
from qms_tui.runtime.docker.accounts import Accounts
from qms_tui.runtime.docker.agent_files import AgentFiles, Entry, Place
from qms_tui.runtime.docker.container import LABEL_MAKER, LABEL_THROWAWAY, NO_LABELS
from qms_tui.runtime.docker.engine import Engine, engine_errors
from qms_tui.runtime.docker.image import find_image
from qms_tui.runtime.docker.maker import maker
from qms_tui.runtime.docker.private import Private

PATIENCE = 20  # seconds for a container that looks around and ends
LONGEST = 16000  # bytes of what it says
AGENT = "doctor-trial"  # an agent cannot be called so
# With what every shell has built in; a word for each promise that does not hold. Whether something can be
# written is tried where that harms nothing: some shells only look at the mode.
LOOK = """
own=.claude/users/doctor-trial
[ -r . ] && cd . || echo project
[ -r CLAUDE.md ] || [ -r /etc/claude-code/CLAUDE.md ] || echo definition
(: >$own/workspace/file) 2>/dev/null || echo workspace
(: >/claude-config/file) 2>/dev/null || echo config
(: >/home/agent/file) 2>/dev/null || echo home
[ -r $own/inbox ] || echo inbox
(: >$own/inbox/file) 2>/dev/null && echo inbox-writable
[ -s .env ] && echo env-file
(read -r line </run/qms-tui/environment.json; [ "$line" ]) 2>/dev/null || echo environment
while read -r source place kind options rest; do
    [ "$place" = "$PWD" ] && case ",$options," in *,ro,*) ;; *) echo project-writable ;; esac
done </proc/mounts
echo looked
"""
_BROKEN = {
    "project": "it cannot enter the project",
    "definition": "it cannot read its definition",
    "workspace": "it cannot write its workspace",
    "config": "it cannot write its configuration",
    "home": "it cannot write its home folder",
    "inbox": "it cannot read its inbox",
    "project-writable": "it can write the project",
    "inbox-writable": "it can write its inbox",
    "env-file": "it can read a hidden file",
    "environment": "it cannot read its environment",
}


@dataclass(frozen=True, slots=True)
class _StandIn(Project):
    """A project whose agents have folders elsewhere."""

    base: Path

    def folders(self, agent: str) -> AgentFolders:
        """Those of the trial."""
        return AgentFolders(self.base / "inbox", self.base / "workspace", self.base / "config")


_OWN = [Entry(name, None, 0o700, owned=True) for name in ("inbox", "workspace", "config")]
_DEFINITION = Entry("definition", b"# doctor\n", 0o444)
_PROJECT = [
    *(Entry(name, None, 0o755) for name in ("project", "project/.claude", "project/.claude/users")),
    *(Entry(f"project/{name}", b"doctor\n", 0o644) for name in ("CLAUDE.md", ".env")),
]


def trial(
    engine: Engine,
    project: Project | None,
    owner: Owner,
    config: AgentConfig,
    private: Sequence[Private] = (),
) -> Iterator[Finding]:
    """Try it with the agents' image and user; nothing is tried without an image."""
    try:
        image = find_image(engine, config.image)
    except QmsTuiError as why:
        yield failed("engine", why)
        return
    if image is None:
        yield warning("engine", "whether agents can start was not tried: there is no image", "qms-tui build")
        return
    if project is not None and not project.has_folder(".claude/users"):
        project = None
    if project is None and engine.remote:
        yield ok("engine", "whether agents can start was not tried: no agent has folders here yet")
        return
    root = str(project.root) if project else ""
    with ThreadPoolExecutor(1) as pool:  # the knock takes as long as the rest
        knock = pool.submit(traffic, engine, root, config.network, image.id)
        try:
            with engine_errors("an agent's container does not start"):
                yield from _judged(engine, config, _look(engine, project, owner, config, private, image.id))
            yield knock.result()
        except QmsTuiError as why:
            yield failed("engine", why)


class _Look(Struct, frozen=True):
    """What the container says, what was mounted in it, and what of the host does not show there."""

    said: str
    mounted: Sequence[Mount]
    unseen: Sequence[Path]


def _judged(engine: Engine, config: AgentConfig, look: _Look) -> Iterator[Finding]:
    yield (verdict := judge(look.said))
    if verdict.verdict is not Verdict.WARNING:
        asked = {str(mount["Target"]): bool(mount["ReadOnly"]) for mount in look.mounted}
        unseen = [str(path) for path in look.unseen]
        yield from isolation(Walls.of(look.said), config, engine.cpus, asked, unseen)


def _look(
    engine: Engine,
    project: Project | None,
    owner: Owner,
    config: AgentConfig,
    private: Sequence[Private],
    image: str,
) -> _Look:
    identity = spec.Identity(str(project.root) if project else "", AGENT)
    found = agent_files.entries(Accounts("", ""), owner, {"environment.json": "{}\n"})
    found += [*_OWN, _DEFINITION, *([] if project else _PROJECT), *seccomp.entries(engine)]

    def run(place: Place) -> _Look:
        root = project.root if project else place.base / "project"
        own = _mounts(_StandIn(root, place.base), place, config, private)
        own = quotas.beside_memory(own, config, spec.HOME)
        runtime = config.oci_runtime or ""
        mounted = read_only.throughout(engine, own, runtime)
        try:
            said = _run(engine, _request(engine, mounted, place, identity, owner, config))
        finally:
            agent_files.remove_files(engine.api, place.labels)
        return _Look(said, mounted, read_only.left_out(engine, own, runtime))

    return AgentFiles(engine).provide(identity, image, found, owner, run)


def _mounts(project: Project, place: Place, config: AgentConfig, private: Sequence[Private]) -> list[Mount]:
    """An agent's."""
    target = spec.definition_target(project, config, trusted=True)
    definition = spec.bind(place.base / "definition", target)
    return [
        *spec.mounts(project, AGENT, replace(config, name=AGENT), place.empty, definition, private),
        *agent_files.mounts(place.base, private=True),
    ]


def _request(
    engine: Engine,
    mounted: Sequence[Mount],
    place: Place,
    identity: spec.Identity,
    owner: Owner,
    config: AgentConfig,
) -> dict[str, Any]:
    """As an agent's, without a terminal; it looks around and ends."""
    selinux.label_ours(engine, mounted)
    looking = replace(config, command=("-c", LOOK_AT_WALLS + LOOK))
    asked = spec.request(identity, looking, owner, {}, mounted, "none", engine.cpus, {})
    asked["host_config"]["security_opt"] += seccomp.options(engine, place.base)
    if engine.podman:
        podman.keep_masks_empty(asked["host_config"])
        podman.keep_process_limit(asked["host_config"])
    labels = {**NO_LABELS, LABEL_THROWAWAY: identity.project, LABEL_MAKER: maker(), **place.labels}
    own = {"name": None, "entrypoint": ["/bin/sh"], "labels": labels, "tty": False, "stdin_open": False}
    return {**asked, **own, "host_config": engine.api.create_host_config(**asked["host_config"])}


def _run(engine: Engine, asked: dict[str, Any]) -> str:
    container = engine.api.create_container(**asked)["Id"]
    try:
        engine.api.start(container)
        engine.api.wait(container, timeout=PATIENCE)
        said: bytes = engine.api.logs(container)
    finally:
        engine.api.remove_container(container, v=True, force=True)
    return said[-LONGEST:].decode(errors="replace")


def judge(said: str) -> Finding:
    """What the container's words mean."""
    words = said.split()
    if "looked" not in words:
        shown = " ".join(words)[-200:] or "nothing"
        return warning("engine", f"an agent's container says: {shown}", "look at agent.image")
    wrong = [text for word, text in _BROKEN.items() if word in words]
    if wrong:
        return error("engine", f"an agent's container does not work: {', '.join(wrong)}", UID_REMEDY)
    return ok("engine", "an agent's container starts, and can write what it may and nothing else")


UID_REMEDY = "the engine's users or file sharing differ from this machine's: see docker/README.md, Engines"
