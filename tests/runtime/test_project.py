"""The QMS project on disk: where it is, who is in it, and what strangers and agents may have planted."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from qms_tui.errors import OwnerError, ProjectError, UnknownAgentError
from qms_tui.project import AGENT_NAME, Owner, Project, find_project
from tests.somebody import ROOT, SOMEBODY, somebody

ME = Owner(os.getuid(), os.getgid())


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with claude, qa and tu_ui, and no folders of agents yet."""
    root = tmp_path / "project"
    (root / ".claude/agents").mkdir(parents=True)
    for agent in ("qa", "tu_ui"):
        (root / f".claude/agents/{agent}.md").write_text(f"You are {agent}.\n")
    return Project(root)


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A folder of the host that nothing may reach."""
    folder = tmp_path / "victim"
    folder.mkdir(mode=0o755)
    (folder / "file").write_text("precious\n")
    return folder


def untouched(victim: Path) -> bool:
    same = [p.name for p in victim.iterdir()] == ["file"] and (victim / "file").read_text() == "precious\n"
    return same and stat.S_IMODE(victim.stat().st_mode) == 0o755 and victim.stat().st_uid == os.getuid()


def make_huge(file: Path) -> None:
    with file.open("wb") as stream:
        stream.truncate(2**30)


class TestFinding:
    def test_from_below(self, project: Project) -> None:
        below = project.root / "QMS/CR"
        below.mkdir(parents=True)
        assert find_project(None, below) == project
        assert find_project(None, project.root) == project

    def test_the_nearest_counts(self, project: Project) -> None:
        inner = project.root / "vendor/inner"
        (inner / ".claude").mkdir(parents=True)
        assert find_project(None, inner).root == inner

    def test_through_a_link(self, project: Project, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(project.root)
        assert find_project(tmp_path / "link", tmp_path).root == project.root
        assert find_project(None, tmp_path / "link") == project

    def test_the_home_folder_is_none(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """~/.claude is Claude Code's own."""
        (tmp_path / ".claude").mkdir()
        (tmp_path / "work").mkdir()
        monkeypatch.setenv("HOME", str(tmp_path))
        with pytest.raises(ProjectError, match="no QMS project here") as caught:
            find_project(None, tmp_path / "work")
        assert "--project" in caught.value.hint
        assert find_project(tmp_path, tmp_path).root == tmp_path  # but who names it means it

    def test_without_a_home(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        """A uid without an account, as in a container."""

        def nobody(_: Path) -> Path:
            raise RuntimeError("Could not determine home directory.")

        monkeypatch.setattr(Path, "expanduser", nobody)
        monkeypatch.setattr(Path, "home", lambda: nobody(project.root))
        assert find_project(None, project.root) == project

    def test_none_anywhere(self, tmp_path: Path) -> None:
        with pytest.raises(ProjectError, match=f"neither {tmp_path} nor a folder above it has .claude"):
            find_project(None, tmp_path)

    def test_from_a_folder_that_is_gone(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "gone").mkdir()
        monkeypatch.chdir(tmp_path / "gone")
        (tmp_path / "gone").rmdir()
        with pytest.raises(ProjectError, match="the current folder: No such file"):
            find_project(None, Path())
        with pytest.raises(ProjectError, match=r"no QMS project at '\.'"):
            find_project(Path(), Path())

    @pytest.mark.parametrize("name", ["missing", "file", "empty", "loop", "~no_such_user/x", "a\0b"])
    def test_what_is_named_wrong(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "file").write_text("")
        (tmp_path / "empty").mkdir()
        (tmp_path / "loop").symlink_to("loop")
        path = Path(name) if name.startswith("~") else tmp_path / name
        with pytest.raises(ProjectError, match="no QMS project at"):
            find_project(path, tmp_path)

    def test_a_file_named_claude_is_none(self, tmp_path: Path) -> None:
        (tmp_path / ".claude").write_text("")
        with pytest.raises(ProjectError):
            find_project(None, tmp_path)

    @pytest.mark.skipif(not ROOT, reason="root becomes somebody else here")
    def test_a_project_that_may_not_be_entered(self, project: Project) -> None:
        project.root.chmod(0o700)
        os.seteuid(65534)
        try:
            with pytest.raises(ProjectError, match="no QMS project at"):
                find_project(project.root, Path("/"))
        finally:
            os.seteuid(0)


class TestRoster:
    def test_claude_then_definitions_then_added(self, project: Project) -> None:
        assert project.roster(("zeta", "bu", "qa")) == ("claude", "qa", "tu_ui", "zeta", "bu")

    def test_what_is_no_agent(self, project: Project, victim: Path) -> None:
        agents = project.root / ".claude/agents"
        for name in ("README.txt", "Big.md", "1st.md", "a-b.md", ".hidden.md", "x" * 64 + ".md", "ä.md"):
            (agents / name).write_text("")
        (agents / "linked.md").symlink_to(victim / "file")
        (agents / "[bold]\n.md").write_text("")
        assert project.roster() == ("claude", "qa", "tu_ui")

    def test_without_definitions(self, tmp_path: Path) -> None:
        (tmp_path / ".claude").mkdir()
        assert Project(tmp_path).roster() == ("claude",)

    @pytest.mark.parametrize("name", ["", "Qa", "qa ", "qa\n", "../qa", "qa/..", "q" * 64, "ä", "_qa", "1qa"])
    def test_names_that_never_reach_a_path(self, name: str) -> None:
        assert not AGENT_NAME.fullmatch(name)

    @pytest.mark.parametrize(
        ("name", "hint"), [("qaa", "did you mean qa? The roster: claude, qa"), ("zzz", "The roster: claude")]
    )
    def test_unknown_agents(self, project: Project, name: str, hint: str) -> None:
        with pytest.raises(UnknownAgentError, match=f"no agent '{name}' in project") as caught:
            project.check_agents(["claude", name], project.roster())
        assert caught.value.hint.startswith(hint)
        project.check_agents(["claude", "qa"], project.roster())


class TestDefinition:
    def test_by_name(self, project: Project) -> None:
        assert project.definition("qa") == PurePosixPath(".claude/agents/qa.md")
        assert project.definition("bu") is None
        (project.root / ".claude/agents/claude.md").write_text("")
        assert project.definition("claude") is None  # the project's own CLAUDE.md is its context

    def test_configured(self, project: Project) -> None:
        (project.root / "docs").mkdir()
        (project.root / "docs/reviewer.md").write_text("")
        assert project.definition("claude", "docs/reviewer.md") == PurePosixPath("docs/reviewer.md")
        with pytest.raises(ProjectError, match=r"docs/missing.md: No such file"):
            project.definition("qa", "docs/missing.md")

    def test_links_and_others_are_refused(self, project: Project, victim: Path) -> None:
        agents = project.root / ".claude/agents"
        (agents / "a.md").symlink_to(victim / "file")
        (agents / "b.md").symlink_to("/nowhere")
        (agents / "c.md").mkdir()
        os.mkfifo(agents / "d.md")
        for agent in "abcd":
            with pytest.raises(ProjectError, match=f"agents/{agent}.md is not a regular file"):
                project.definition(agent)
        (project.root / "docs").symlink_to(victim)
        with pytest.raises(ProjectError, match="docs/file"):
            project.definition("qa", "docs/file")


class TestHidden:
    def test_what_exists_of_it(self, project: Project) -> None:
        for name in (".env", ".env.local", ".envrc", ".mcp.json", "keys.txt"):
            (project.root / name).write_text("")
        (project.root / ".env.d").mkdir()
        (project.root / "deep/vault").mkdir(parents=True)
        (project.root / "deep/.env").write_text("")
        hidden = project.hidden(("keys.txt", "deep/vault", "not-there", ".env"))
        assert {str(path): is_folder for path, is_folder in hidden} == {
            ".env": False,
            ".env.d": True,
            ".env.local": False,
            ".envrc": False,
            ".mcp.json": False,
            "keys.txt": False,
            "deep/vault": True,
        }

    def test_links_are_hidden_by_what_they_lead_to(self, project: Project, victim: Path) -> None:
        (project.root / "elsewhere").write_text("")
        links = {
            ".env": "elsewhere", ".env.absolute": str(project.root / "elsewhere"), ".env.missing": "nothing",
            ".env.out": str(victim / "file"), ".env.loop": ".env.loop", ".env.all": ".",
            ".env.d": ".claude/agents",
        }  # fmt: skip
        for name, target in links.items():
            (project.root / name).symlink_to(target)
        hidden = project.hidden(("elsewhere", ".env"))
        assert dict(hidden) == {PurePosixPath("elsewhere"): False, PurePosixPath(".claude/agents"): True}
        assert len(hidden) == 2

    def test_a_project_that_is_gone(self, tmp_path: Path) -> None:
        with pytest.raises(ProjectError, match="No such file"):
            Project(tmp_path / "gone").hidden(())


class TestPreparing:
    def test_what_is_missing_is_made(self, project: Project) -> None:
        folders = project.prepare("qa", ME)
        assert folders == project.folders("qa")
        assert folders.inbox == project.root / ".claude/users/qa/inbox"
        for folder, mode in ((folders.inbox, 0o755), (folders.workspace, 0o755), (folders.config, 0o700)):
            status = folder.stat()
            assert stat.S_ISDIR(status.st_mode)
            assert stat.S_IMODE(status.st_mode) & mode == stat.S_IMODE(status.st_mode)
            assert (status.st_uid, status.st_gid) == (ME.uid, ME.gid)
        assert stat.S_IMODE(folders.config.stat().st_mode) == 0o700
        assert (folders.config / ".gitignore").read_text() == "*\n"
        assert project.prepare("qa", ME) == folders

    def test_nothing_else_is_touched(self, project: Project) -> None:
        before = {str(p): p.lstat().st_mtime_ns for p in project.root.rglob("*") if p.is_file()}
        project.prepare("qa", ME)
        after = {str(p): p.lstat().st_mtime_ns for p in project.root.rglob("*") if p.is_file()}
        new = str(project.root / ".claude/users/qa/container/.gitignore")
        assert after == before | {new: after[new]}
        content = (project.folders("qa").config / ".gitignore").stat().st_mtime_ns
        project.prepare("qa", ME)
        assert (project.folders("qa").config / ".gitignore").stat().st_mtime_ns == content

    def test_a_folder_that_is_too_open_is_closed(self, project: Project) -> None:
        project.prepare("qa", ME)
        project.folders("qa").config.chmod(0o755)
        project.prepare("qa", ME)
        assert stat.S_IMODE(project.folders("qa").config.stat().st_mode) == 0o700

    def test_an_agents_own_folder_is_nobody_elses(self, project: Project) -> None:
        own = project.prepare("qa", ME).inbox.parent
        assert stat.S_IMODE(own.stat().st_mode) == 0o700
        assert stat.S_IMODE(own.parent.stat().st_mode) & 0o700 == 0o700
        for mode in (0o755, 0o2777, 0o4711):
            own.chmod(mode)
            project.prepare("qa", ME)
            assert stat.S_IMODE(own.stat().st_mode) == 0o700
        with project.open_inbox("claude", ME):
            assert stat.S_IMODE((own.parent / "claude").stat().st_mode) == 0o700

    def test_a_narrow_mask_hinders_nobody(self, project: Project) -> None:
        before = os.umask(0o077)
        try:
            project.prepare("qa", ME)
        finally:
            os.umask(before)
        assert (project.folders("qa").config / ".gitignore").read_text() == "*\n"

    def test_what_an_agent_wrote_stays(self, project: Project) -> None:
        config = project.prepare("qa", ME).config
        (config / ".credentials.json").write_text("mine")
        (config / ".gitignore").write_text("changed\n")
        project.prepare("qa", ME)
        assert (config / ".credentials.json").read_text() == "mine"
        assert (config / ".gitignore").read_text() == "changed\n"

    @pytest.mark.parametrize(
        "place",
        [
            ".claude/users",
            ".claude/users/qa",
            ".claude/users/qa/inbox",
            ".claude/users/qa/workspace",
            ".claude/users/qa/container",
        ],
    )
    @pytest.mark.parametrize("what", ["link", "dangling", "file", "fifo"])
    def test_what_is_planted_is_named_and_not_followed(
        self, project: Project, victim: Path, place: str, what: str
    ) -> None:
        path = project.root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        plant: dict[str, Callable[[], object]] = {
            "link": lambda: path.symlink_to(victim),
            "dangling": lambda: path.symlink_to(victim / "made-through-it"),
            "file": lambda: path.write_text(""),
            "fifo": lambda: os.mkfifo(path),
        }
        plant[what]()
        with pytest.raises(ProjectError, match=path.name) as caught:
            project.prepare("qa", ME)
        assert "no link" in caught.value.hint
        assert untouched(victim)

    def test_the_projects_own_folder_as_a_link(self, tmp_path: Path, victim: Path) -> None:
        (tmp_path / "odd").mkdir()
        (tmp_path / "odd/.claude").symlink_to(victim)
        with pytest.raises(ProjectError):
            Project(tmp_path / "odd").prepare("qa", ME)
        assert untouched(victim)

    @pytest.mark.parametrize("what", ["link", "dangling", "fifo", "folder", "huge"])
    def test_a_planted_gitignore_is_left_alone(self, project: Project, victim: Path, what: str) -> None:
        config = project.prepare("qa", ME).config
        ignore = config / ".gitignore"
        ignore.unlink()
        plant: dict[str, Callable[[], object]] = {
            "link": lambda: ignore.symlink_to(victim / "file"),
            "dangling": lambda: ignore.symlink_to(victim / "made-through-it"),
            "fifo": lambda: os.mkfifo(ignore),
            "folder": lambda: ignore.mkdir(),
            "huge": lambda: make_huge(ignore),
        }
        plant[what]()
        before = ignore.lstat()
        project.prepare("qa", ME)
        assert ignore.lstat() == before
        assert untouched(victim)

    @pytest.mark.skipif(not ROOT, reason="only root can give files to somebody else")
    def test_root_gives_what_it_makes_to_the_projects_owner(self, project: Project) -> None:
        os.chown(project.root, SOMEBODY.uid, SOMEBODY.gid)
        assert project.owner() == SOMEBODY
        folders = project.prepare("qa", SOMEBODY)
        made = [project.root / ".claude/users", folders.inbox.parent, folders.inbox, folders.workspace]
        for path in (*made, folders.config, folders.config / ".gitignore"):
            assert (path.stat().st_uid, path.stat().st_gid) == (SOMEBODY.uid, SOMEBODY.gid), path

    @pytest.mark.skipif(not ROOT, reason="only root can give files to somebody else")
    def test_two_that_prepare_at_the_same_time(self, project: Project) -> None:
        """The other one has made a folder, and not given it away yet."""
        os.chown(project.root, SOMEBODY.uid, SOMEBODY.gid)
        for name in ("workspace", "container"):
            (project.root / ".claude/users/qa" / name).mkdir(parents=True)
        folders = project.prepare("qa", SOMEBODY)
        assert {f.stat().st_uid for f in (folders.workspace, folders.config)} == {SOMEBODY.uid}
        (folders.workspace / "letter").write_text("")
        os.chown(folders.workspace, 0, 0)  # somebody works there as root: that is for a human to decide
        with pytest.raises(ProjectError, match="workspace belongs to root"):
            project.prepare("qa", SOMEBODY)

    @pytest.mark.skipif(not ROOT, reason="only root can give files to somebody else")
    @pytest.mark.parametrize("name", ["workspace", "container"])
    def test_folders_of_root_in_somebodys_project_are_to_be_given_back(
        self, project: Project, name: str
    ) -> None:
        os.chown(project.root, SOMEBODY.uid, SOMEBODY.gid)
        folders = project.prepare("qa", SOMEBODY)
        os.chown(folders.inbox.parent / name, 0, 0)
        (folders.inbox.parent / name / "left by the first attempt").touch()
        with pytest.raises(ProjectError, match=f"{name} belongs to root") as caught:
            project.prepare("qa", SOMEBODY)
        assert caught.value.hint == f"sudo chown -R 1000:1000 {folders.inbox.parent / name}"

    @pytest.mark.skipif(not ROOT, reason="only root can give files to somebody else")
    @pytest.mark.parametrize("name", ["workspace", "container"])
    @pytest.mark.parametrize(("uid", "who"), [(4321, "user 4321"), (1, pwd.getpwuid(1).pw_name)])
    def test_folders_of_another_user_stay_theirs(
        self, project: Project, name: str, uid: int, who: str
    ) -> None:
        folders = project.prepare("qa", ME)
        os.chown(folders.inbox.parent / name, uid, uid)
        with pytest.raises(OwnerError, match=f"{name} belongs to {who}: ") as caught:
            project.prepare("qa", ME)
        assert caught.value.hint.startswith(f"only {who} starts them; ")
        assert "chown" not in caught.value.hint

    @pytest.mark.skipif(not ROOT, reason="root becomes somebody else here")
    def test_roots_own_agents_stay_roots(self, project: Project) -> None:
        """Its project is root's, too."""
        project.prepare("qa", ME)
        with somebody(project) as here, pytest.raises(OwnerError, match=" belongs to root: "):
            here.prepare("qa", SOMEBODY)

    @pytest.mark.skipif(not ROOT, reason="root becomes somebody else here")
    @pytest.mark.parametrize("agent", ["qa", "tu_ui"])
    def test_where_another_user_may_not_write(self, project: Project, agent: str) -> None:
        """Of qa there are folders that may not even be opened, of tu_ui none can be made."""
        os.chown(project.root, 4321, 4321)
        project.prepare("qa", Owner(4321, 4321)).workspace.chmod(0o700)
        with somebody(project) as here, pytest.raises(OwnerError, match=" belongs to user 4321: "):
            here.prepare(agent, SOMEBODY)

    @pytest.mark.skipif(not ROOT, reason="root becomes somebody else here")
    def test_a_project_that_may_not_be_written(self, project: Project) -> None:
        with somebody(project) as here, pytest.raises(ProjectError, match="Permission denied"):
            here.prepare("qa", SOMEBODY)
        assert not (project.root / ".claude/users").exists()


def test_folders_are_told_from_links(project: Project, victim: Path) -> None:
    assert not project.has_folder(".claude/sessions")
    (project.root / ".claude/sessions").symlink_to(victim)
    assert not project.has_folder(".claude/sessions")
    (project.root / ".claude/sessions").unlink()
    (project.root / ".claude/sessions").mkdir()
    assert project.has_folder(".claude/sessions")


@pytest.mark.skipif(not ROOT, reason="only root can give files to somebody else")
def test_agents_of_roots_project_own_their_folders_and_no_others(project: Project) -> None:
    """Under an id of their own, the same each time."""
    (project.root / ".claude/sessions").mkdir()
    owner = project.owner()
    assert owner == project.owner()
    assert owner.uid == owner.gid
    assert not owner.has_account
    for _ in range(2):
        folders = project.prepare("qa", owner)
        own = (folders.inbox, folders.workspace, folders.config, folders.config / ".gitignore")
        for path in (*own, project.root / ".claude/sessions"):
            assert (path.stat().st_uid, path.stat().st_gid) == (owner.uid, owner.gid), path
        for path in (project.root, folders.inbox.parents[1], folders.inbox.parent):
            assert (path.stat().st_uid, path.stat().st_gid) == (0, 0), path


@pytest.mark.skipif(not ROOT, reason="root becomes somebody else here")
def test_to_others_they_are_roots(project: Project) -> None:
    project.prepare("qa", project.owner())
    with somebody(project) as here, pytest.raises(OwnerError, match=" belongs to root: "):
        here.prepare("qa", SOMEBODY)


@pytest.mark.skipif(not ROOT, reason="only root can give files to somebody else")
def test_a_user_with_such_an_id_is_somebody(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a directory of accounts of a big site: nothing of theirs is taken or asked for."""
    monkeypatch.setattr("qms_tui.ownership.has_account", lambda number: number == 70_000)
    folders = project.prepare("qa", ME)
    os.chown(folders.workspace, 70_000, 70_000)
    with pytest.raises(OwnerError, match="workspace belongs to "):
        project.prepare("qa", project.owner())
    os.chown(project.root, 70_000, 70_000)
    project.root.chmod(0o700)
    assert project.owner().has_account
