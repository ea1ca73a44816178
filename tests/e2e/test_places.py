"""What the host reads and mounts by its path, while somebody bends that path: agents get nothing by it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qms_tui.config import AgentConfig, Config
from qms_tui.config.paths import Mount
from qms_tui.errors import EngineError, ProjectError, QmsTuiError
from qms_tui.project import Project
from qms_tui.runtime import Condition
from qms_tui.runtime.docker import connect
from tests.trusted import prepared

from .direct import DirectRuntime
from .held import started
from .project import owner
from .relay import Relay

SECRET = "hush-hush"
WRITES = "where an agent can write"


class Attacker(Relay):
    """Acts at the moment a request passes, before the engine has it."""

    def __init__(self, path: Path, moment: bytes, act: Callable[[], object]) -> None:
        self._moment, self._act, self.acted = moment, act, False
        super().__init__(path)

    def _passes(self, data: bytes) -> bool:
        if self._moment in data and not self.acted:
            self.acted = True
            self._act()
        return super()._passes(data)


CREATE, START = b"/containers/create?name=qms-project-", b"/start HTTP/1.1\r\n"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A folder that no agent is to see."""
    folder = tmp_path / "secret"
    folder.mkdir(mode=0o755)
    (folder / "id_ed25519").write_text(f"{SECRET}\n")
    os.chown(folder, owner(), owner())
    return folder


@pytest.fixture
def attack(image: str, qms_project: Path, tmp_path: Path) -> Iterator[Callable[..., DirectRuntime]]:
    """`attack(moment, act, mounts=...)`: a runtime whose engine hears of it after the attacker has acted."""
    made: list[tuple[DirectRuntime, Attacker]] = []

    def make(moment: bytes, act: Callable[[], object], **agent: object) -> DirectRuntime:
        relay = Attacker(tmp_path / f"engine{len(made)}.sock", moment, act)
        config = Config(every_agent=AgentConfig(**{"image": image, **agent}))  # type: ignore[arg-type]
        made.append((DirectRuntime(connect(relay.host), Project(qms_project), config, {}), relay))
        return made[-1][0]

    yield make
    for runtime, relay in made:
        runtime.let_go()
        with relay:
            assert relay.acted, "nobody attacked"


def replaced(place: Path, by: Path) -> Callable[[], None]:
    def act() -> None:
        place.rename(place.with_name("kept"))
        place.symlink_to(by)

    return act


@pytest.mark.parametrize("moment", [CREATE, START])
async def test_a_definition_swapped_after_it_was_hashed(
    attack: Callable[..., DirectRuntime], qms_project: Path, secret: Path, moment: bytes
) -> None:
    definition = qms_project / ".claude/agents/qa.md"
    runtime = attack(moment, replaced(definition, secret / "id_ed25519"))
    async with started(runtime, "qa") as qa:
        await qa.expect(rb"agent ready")
        qa.type(b"sh\r cat CLAUDE.md; echo over $((1+1))\r")
        await qa.expect(rb"(?s)You are qa\..*over 2")
        assert SECRET.encode() not in qa.before
    await runtime.stop("qa")


@pytest.mark.parametrize("moment", [CREATE, START])
async def test_a_definition_written_anew_after_it_was_hashed(
    attack: Callable[..., DirectRuntime], qms_project: Path, moment: bytes
) -> None:
    definition = qms_project / ".claude/agents/qa.md"
    runtime = attack(moment, lambda: definition.write_text("You are mine.\n"))
    async with started(runtime, "qa") as qa:
        await qa.expect(rb"agent ready")
        qa.type(b"sh\r cat CLAUDE.md; echo over $((1+1))\r")
        await qa.expect(rb"(?s)You are qa\..*over 2")
    await runtime.stop("qa")


@pytest.mark.parametrize("moment", [CREATE, START])
@pytest.mark.parametrize(
    "place", [".claude/users/qa/workspace", ".claude/users/qa/container", ".claude/users/qa/inbox"]
)
async def test_a_folder_swapped_after_it_was_judged(
    attack: Callable[..., DirectRuntime], qms_project: Path, secret: Path, place: str, moment: bytes
) -> None:
    """As its owner can, under the hands of root: the container does not stay."""
    prepared(qms_project, "qa")
    runtime = attack(moment, replaced(qms_project / place, secret))
    with pytest.raises(EngineError, match=f"{place} was replaced while"):
        async with started(runtime, "qa"):
            pass
    assert (await runtime.find("qa")).condition is Condition.ABSENT


@pytest.mark.parametrize("moment", [CREATE, START])
async def test_a_parent_swapped_after_it_was_judged(
    attack: Callable[..., DirectRuntime], qms_project: Path, secret: Path, moment: bytes
) -> None:
    for own in ("inbox", "workspace", "container"):
        (secret / own).mkdir()
    prepared(qms_project, "qa")
    runtime = attack(moment, replaced(qms_project / ".claude/users/qa", secret))
    with pytest.raises(EngineError, match="was replaced while"):
        async with started(runtime, "qa"):
            pass
    assert (await runtime.find("qa")).condition is Condition.ABSENT


async def test_a_mount_swapped_after_it_was_judged(
    attack: Callable[..., DirectRuntime], tmp_path: Path, secret: Path
) -> None:
    """A file."""
    data = tmp_path / "data"
    data.write_text("data\n")
    runtime = attack(START, replaced(data, secret / "id_ed25519"), mounts=(Mount(data, "/data"),))
    with pytest.raises(EngineError, match=f"{data} was replaced while"):
        async with started(runtime, "qa"):
            pass


async def test_what_nobody_touches_is_what_was_judged(
    make_runtime: Callable[..., DirectRuntime], qms_project: Path, tmp_path: Path
) -> None:
    """Links on the way, mounts one over the other, and in an image's linked folders are no attack."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real/file").write_text("file\n")
    (tmp_path / "link").symlink_to("real")
    mounts = (
        Mount(tmp_path / "link", "/data"),
        Mount(tmp_path / "real/file", "/data/../srv/file"),
        Mount(tmp_path / "link/file", "/var/run/deep/file"),
        Mount(qms_project / ".claude/users/claude/workspace", "/claudes"),
    )
    runtime = make_runtime(qms_project, mounts=mounts)
    async with started(runtime, "qa") as qa:
        await qa.expect(rb"agent ready")
        qa.type(b"sh\r cat /data/file /srv/file /var/run/deep/file; ls -d /claudes; echo over $((1+1))\r")
        await qa.expect(rb"(?s)file\s+file\s+file\s+/claudes.*over 2")
    await runtime.stop("qa")


async def test_a_program_that_ends_at_once_is_no_attack(
    make_runtime: Callable[..., DirectRuntime], qms_project: Path
) -> None:
    """Its mounts go with it, perhaps while they are looked at."""
    runtime = make_runtime(qms_project, command=("/bin/true",))
    for _ in range(10):
        async with started(runtime, "qa") as qa:
            await qa.end()
    await runtime.stop("qa")


async def refused(runtime: DirectRuntime, match: str, agent: str = "qa") -> QmsTuiError:
    with pytest.raises(QmsTuiError, match=match) as raised:
        async with started(runtime, agent):
            pass
    assert (await runtime.find(agent)).condition is Condition.ABSENT
    return raised.value


async def test_a_definition_that_an_agent_can_write(
    make_runtime: Callable[..., DirectRuntime], qms_project: Path
) -> None:
    (qms_project / ".claude/sessions/x.md").write_text("You are mine.\n")
    await refused(make_runtime(qms_project, definition=".claude/sessions/x.md"), WRITES)
    mine = qms_project / ".claude/users/claude/workspace/mine.md"
    os.link(qms_project / ".claude/agents/qa.md", mine)
    await refused(make_runtime(qms_project), "hard links")


@pytest.mark.parametrize("setting", ["env_file", "mounts"])
@pytest.mark.parametrize("link", [False, True])
async def test_what_is_read_or_mounted_from_where_an_agent_writes(
    make_runtime: Callable[..., DirectRuntime], qms_project: Path, tmp_path: Path, setting: str, link: bool
) -> None:
    """The agent would choose what another one gets, of all that the host can read."""
    planted = qms_project / ".claude/users/claude/workspace/planted"
    planted.write_text("NAME=value\n")
    os.chown(planted, owner(), owner())
    named = planted
    if link:
        named = tmp_path / "named"
        named.symlink_to(planted)
    value = (Mount(named, "/data"),) if setting == "mounts" else named
    await refused(make_runtime(qms_project, **{setting: value}), WRITES)


async def test_a_project_in_a_folder_of_another_projects_agent(
    make_qms_project: Callable[..., Path], make_runtime: Callable[..., DirectRuntime], qms_project: Path
) -> None:
    inner = make_qms_project("project/.claude/users/qa/workspace/inner")
    await refused(make_runtime(inner), f"lies in the workspace of qa in {qms_project}, {WRITES}")


async def test_a_project_in_what_another_projects_agent_has_mounted(
    make_qms_project: Callable[..., Path],
    make_runtime: Callable[..., DirectRuntime],
    qms_project: Path,
    tmp_path: Path,
) -> None:
    """Known from its container."""
    shared = tmp_path / "shared"
    shared.mkdir()
    inner = make_qms_project("shared/inner")
    theirs = make_runtime(qms_project, mounts=(Mount(shared, "/shared", read_only=False),))
    async with started(theirs, "qa") as qa:
        await qa.expect(rb"agent ready")
        await refused(make_runtime(inner), f"{shared} .which a container can write.")
    await theirs.stop("qa")
    mine = make_runtime(inner)
    async with started(mine, "qa") as qa:
        await qa.expect(rb"agent ready")
    await mine.stop("qa")


async def test_a_project_whose_parent_others_may_write(
    make_qms_project: Callable[..., Path], make_runtime: Callable[..., DirectRuntime], tmp_path: Path
) -> None:
    team = tmp_path / "team"
    team.mkdir()
    root = make_qms_project("team/project")
    team.chmod(0o777)
    error = await refused(make_runtime(root), f"everybody may write {team}")
    assert f"chmod +t {team}" in error.hint
    assert isinstance(error, ProjectError)
    team.chmod(0o1777)
    runtime = make_runtime(root)
    async with started(runtime, "qa") as qa:
        await qa.expect(rb"agent ready")
    await runtime.stop("qa")
