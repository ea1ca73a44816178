"""One container with an agent's mounts, started and removed: what the engine refuses is said once.

Nothing of the project is written: in place of an agent's own folders stand others, which go with the
container.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from qms_tui.config import AgentConfig
from qms_tui.doctor.finding import Finding, error, failed, ok, warning
from qms_tui.errors import QmsTuiError
from qms_tui.project import AgentFolders, Owner, Project
from qms_tui.runtime.docker import agent_files, podman, selinux
from qms_tui.runtime.docker import container as spec
from qms_tui.runtime.docker.accounts import Accounts
from qms_tui.runtime.docker.agent_files import AgentFiles, Entry, Place
from qms_tui.runtime.docker.container import LABEL_MAKER, LABEL_THROWAWAY
from qms_tui.runtime.docker.engine import Engine, engine_errors
from qms_tui.runtime.docker.image import find_image
from qms_tui.runtime.docker.maker import maker
from qms_tui.runtime.docker.private import Private

PATIENCE = 20  # seconds for a container that looks around and ends
LONGEST = 2000  # bytes of what it says
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
    """A project whose agents have folders and a definition elsewhere."""

    base: Path

    def folders(self, agent: str) -> AgentFolders:
        """Those of the trial."""
        return AgentFolders(self.base / "inbox", self.base / "workspace", self.base / "config")

    def definition(self, agent: str, configured: str | None = None) -> PurePosixPath:
        """That of the trial."""
        return PurePosixPath(self.base / "definition")


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
    try:
        with engine_errors("an agent's container does not start"):
            yield judge(_say(engine, project, owner, config, private, image.id))
    except QmsTuiError as why:
        yield failed("engine", why)


def _say(
    engine: Engine,
    project: Project | None,
    owner: Owner,
    config: AgentConfig,
    private: Sequence[Private],
    image: str,
) -> str:
    """What the container says."""
    identity = spec.Identity(str(project.root) if project else "", AGENT)
    found = agent_files.entries(Accounts("", ""), owner, {"environment.json": "{}\n"})
    found += [*_OWN, _DEFINITION, *([] if project else _PROJECT)]

    def run(place: Place) -> str:
        root = project.root if project else place.base / "project"
        try:
            stand_in = _StandIn(root, place.base)
            return _run(engine, _request(engine, stand_in, place, identity, owner, config, private))
        finally:
            agent_files.remove_files(engine.api, place.labels)

    return AgentFiles(engine).provide(identity, image, found, owner, run)


def _request(
    engine: Engine,
    project: Project,
    place: Place,
    identity: spec.Identity,
    owner: Owner,
    config: AgentConfig,
    private: Sequence[Private],
) -> dict[str, Any]:
    """As an agent's, without a terminal; it looks around and ends."""
    mounts = [
        *spec.mounts(project, AGENT, replace(config, name=AGENT), place.empty, private),
        *agent_files.mounts(place.base, private=True),
    ]
    selinux.label_ours(engine, mounts)
    looking = replace(config, command=("-c", LOOK))
    asked = spec.request(identity, looking, owner, {}, mounts, "none", engine.cpus, {})
    if engine.podman:
        podman.keep_masks_empty(asked["host_config"])
    labels = {LABEL_THROWAWAY: identity.project, LABEL_MAKER: maker(), **place.labels}
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
