"""When a human is asked, and what follows from the answer."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from qms_tui.config import load_config, refusal
from qms_tui.errors import ProjectError
from qms_tui.project import Project
from qms_tui.remembered import Memory, View
from qms_tui.trust import Answer, ConfigFolders, Standing, TrustStore, Word, examine

SETTINGS = ".claude/settings.json"


class World:
    """A project, and the user's state."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self.store = TrustStore(folder / "state/qms-tui/trust")
        (self.root / ".claude").mkdir(parents=True)
        self.project = Project(self.root)
        self.folders = ConfigFolders(self.project, self.store)

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    def look(self) -> Standing:
        return examine(self.project, user_file=Path(os.devnull), store=self.store)

    def answer(self, answer: Answer) -> None:
        self.store.write(self.look().answered(answer))

    @property
    def config_folder(self) -> Path:
        return self.root / ".claude/users/qa/container"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return World(tmp_path)


def test_nothing_special_is_not_asked_about_at_all(world: World) -> None:
    world.write("qms-tui.toml", 'theme = "light"\n')
    standing = world.look()
    assert standing.word is Word.TRUSTED
    world.store.write(standing.unasked())
    world.write("qms-tui.toml", 'theme = "dark"\n')
    assert world.look().word is Word.TRUSTED
    assert not world.look().trust.covers(b'theme = "dark"\n')


@pytest.mark.parametrize(
    "name", [SETTINGS, ".claude/settings.local.json", ".mcp.json", ".claude/skills/a/SKILL.md"]
)
def test_each_kind_of_file_is_asked_about_before_it_counts(world: World, name: str) -> None:
    world.write(name, "{}")
    assert world.look().word is Word.UNDECIDED
    assert not world.look().trust.project
    world.answer(Answer.TRUST)
    assert world.look().word is Word.TRUSTED
    world.answer(Answer.LOOK_ONLY)
    assert world.look().word is Word.LOOK_ONLY
    assert not world.look().trust.project


def test_it_is_asked_again_with_the_difference_when_bytes_change(world: World) -> None:
    world.write(SETTINGS, '{\n"model": "opus"\n}\n')
    world.answer(Answer.TRUST)
    world.write(SETTINGS, '{\n"model": "opus",\n"hooks": {}\n}\n')
    standing = world.look()
    assert (standing.word, standing.changes) == (Word.UNDECIDED, (SETTINGS,))
    assert standing.diff(SETTINGS)[1:] == (
        " {",
        '-"model": "opus"',
        '+"model": "opus",',
        '+"hooks": {}',
        " }",
    )
    world.answer(Answer.LOOK_ONLY)
    world.write(SETTINGS, "{}")
    assert world.look().word is Word.UNDECIDED


def test_a_new_file_is_a_change_and_one_that_is_gone_is_none(world: World) -> None:
    world.write(SETTINGS, "{}")
    world.write(".mcp.json", "{}")
    world.answer(Answer.TRUST)
    (world.root / ".mcp.json").unlink()
    assert world.look().word is Word.TRUSTED
    world.write(".claude/settings.local.json", "{}")
    assert world.look().word is Word.UNDECIDED


def test_a_change_of_what_is_only_named_is_not_asked_about(world: World) -> None:
    world.write(".claude/skills/a/SKILL.md", "a")
    world.answer(Answer.TRUST)
    world.write(".claude/skills/b/SKILL.md", "b")
    assert world.look().word is Word.TRUSTED


@pytest.mark.parametrize("name", [".claude/skills/a/SKILL.md", ".claude/rules/r.md", ".claude/hooks/h"])
@pytest.mark.parametrize("asked", [True, False])
def test_a_kind_that_was_not_named_is_asked_about(world: World, name: str, asked: bool) -> None:
    """Also in a project about which there was nothing to ask at first."""
    if asked:
        world.write(SETTINGS, "{}")
        world.answer(Answer.TRUST)
    else:
        world.store.write(world.look().unasked())
    assert world.look().word is Word.TRUSTED
    world.write(name, "x")
    assert world.look().word is Word.UNDECIDED
    world.answer(Answer.LOOK_ONLY)
    assert world.look().word is Word.LOOK_ONLY


def test_a_file_that_cannot_be_judged_ends_the_trust(world: World) -> None:
    world.write(SETTINGS, "{}")
    world.answer(Answer.TRUST)
    (world.root / SETTINGS).rename(world.root / "real")
    (world.root / SETTINGS).symlink_to("../real")
    assert world.look().word is Word.UNDECIDED


def test_trusted_are_the_bytes_that_were_judged(world: World) -> None:
    world.write("qms-tui.toml", '[agent]\nimage = "a"\n')
    world.answer(Answer.TRUST)
    standing = world.look()
    world.write("qms-tui.toml", '[agent]\nimage = "b"\n')
    config = load_config(standing.files, trust=standing.trust)
    assert (config.agent("qa").image, config.trusted) == ("a", True)
    changed = world.look()
    assert load_config(changed.files, trust=changed.trust).agent("qa").image == "qms-tui-agent"


def test_programs_of_the_project_run_here_only_as_they_were_judged(world: World) -> None:
    world.write("run", "one")
    world.write("qms-tui.toml", '[mcp.x]\ncommand = ["python3", "run"]\n[agent.qa]\nargs = ["run"]\n')
    (untrusted,) = world.look().config().programs
    assert (untrusted.path, untrusted.words) == ("run", ("run",))
    said = refusal(world.project, [untrusted], ["python3", "run"])
    assert said == "run is the project's, which is not trusted"
    world.answer(Answer.TRUST)
    config = world.look().config()
    assert refusal(world.project, config.programs, ["python3", "run"]) == ""
    assert [(each.path, each.content, each.program) for each in config.judged] == [("run", b"one", True)]
    world.write("run", "two")
    said = refusal(world.project, config.programs, ["claude", "run"])
    assert said == "run has changed since you trusted it"
    assert refusal(world.project, config.programs, ["python3", "other"]) == ""
    (world.root / "run").unlink()
    assert refusal(world.project, config.programs, ["python3", "run"]) == "run: No such file or directory"


def test_a_project_that_is_gone_is_said_to_be(world: World) -> None:
    shutil.rmtree(world.root)
    with pytest.raises(ProjectError, match="No such file or directory"):
        world.look()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_one_that_may_only_be_entered_can_be_looked_at(world: World) -> None:
    """By another user, who looks on."""
    end = Path(tempfile.gettempdir())
    for folder in (each for each in (world.root, *world.root.parents) if end in each.parents):
        folder.chmod(0o711)
    code = (
        "import os, sys; from pathlib import Path; from qms_tui.project import Project;"
        "from qms_tui.trust import TrustStore, examine; os.setresuid(65534, 65534, 65534);"
        "project, store = Project(Path(sys.argv[1])), TrustStore(Path('/nowhere'));"
        "print(examine(project, user_file=Path(os.devnull), store=store).word)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, world.root], capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("not decided", "")


def test_another_folder_at_the_same_path_is_asked_about(world: World) -> None:
    world.write(SETTINGS, "{}")
    world.answer(Answer.TRUST)
    world.root.rename(world.root.with_name("old"))
    world.write(SETTINGS, "{}")
    standing = world.look()
    assert (standing.word, standing.moved) == (Word.UNDECIDED, True)


def test_one_with_nothing_special_is_not(world: World) -> None:
    world.store.write(world.look().unasked())
    world.root.rename(world.root.with_name("old"))
    (world.root / ".claude").mkdir(parents=True)
    standing = world.look()
    assert (standing.word, standing.is_recorded) == (Word.TRUSTED, False)


def test_a_project_that_has_moved_is_asked_about(world: World) -> None:
    world.write(SETTINGS, "{}")
    world.answer(Answer.TRUST)
    moved = world.root.with_name("moved")
    world.root.rename(moved)
    assert examine(Project(moved), user_file=Path(os.devnull), store=world.store).word is Word.UNDECIDED


class TestConfigFolders:
    def made(self, world: World) -> None:
        with world.folders.making("qa"):
            world.config_folder.mkdir(parents=True, exist_ok=True)

    def test_what_is_made_here_counts(self, world: World) -> None:
        self.made(world)
        self.made(world)
        assert world.look().foreign == ()
        assert world.look().word is Word.TRUSTED

    def test_what_came_with_the_project_does_not(self, world: World) -> None:
        world.config_folder.mkdir(parents=True)
        assert [each.agent for each in world.look().foreign] == ["qa"]
        assert world.look().word is Word.UNDECIDED
        with pytest.raises(ProjectError) as caught:
            self.made(world)
        assert "qms-tui trust --adopt qa" in caught.value.hint

    def test_a_folder_in_the_place_of_ours_does_not_count(self, world: World) -> None:
        self.made(world)
        world.config_folder.rename(world.config_folder.with_name("away"))
        world.config_folder.mkdir()
        with pytest.raises(ProjectError):
            self.made(world)

    def test_one_that_comes_later_ends_the_trust(self, world: World) -> None:
        world.write(SETTINGS, "{}")
        world.answer(Answer.TRUST)
        world.config_folder.mkdir(parents=True)
        assert world.look().word is Word.UNDECIDED

    def test_trusting_adopts_it(self, world: World) -> None:
        world.config_folder.mkdir(parents=True)
        world.answer(Answer.TRUST)
        self.made(world)
        assert world.look().foreign == ()

    def test_setting_aside_is_a_rename_that_adopting_undoes(self, world: World) -> None:
        world.write(".claude/users/qa/container/settings.json", "theirs")
        assert world.folders.set_aside("qa") == "container.aside"
        self.made(world)
        assert list(world.config_folder.iterdir()) == []
        assert world.folders.adopt("qa") == "container.aside"
        assert (world.config_folder / "settings.json").read_text() == "theirs"
        assert world.config_folder.with_name("container.aside-2").is_dir()
        self.made(world)
        assert world.folders.adopt("qa") == "container.aside-2"
        assert list(world.config_folder.iterdir()) == []

    def test_a_name_that_is_taken_is_not_taken_again(self, world: World) -> None:
        for number in range(3):
            world.write(".claude/users/qa/container/number", str(number))
            world.folders.set_aside("qa")
        assert {
            path.name: (path / "number").read_text() for path in world.config_folder.parent.iterdir()
        } == {"container.aside": "0", "container.aside-2": "1", "container.aside-3": "2"}

    def test_there_may_be_nothing_to_adopt(self, world: World) -> None:
        with pytest.raises(ProjectError, match="no config folder of qa was set aside"):
            world.folders.adopt("qa")
        self.made(world)
        with pytest.raises(ProjectError, match="no config folder of qa was set aside"):
            world.folders.adopt("qa")

    def test_a_link_is_nobodys_folder(self, world: World, tmp_path: Path) -> None:
        world.config_folder.parent.mkdir(parents=True)
        world.config_folder.symlink_to(tmp_path)
        assert world.folders.identity("qa") is None
        assert world.look().claims.folders == ()


class TestFirstEdition:
    """It remembered no folders; its state shows which agents were in use."""

    def test_an_agent_that_was_open_keeps_its_folder(self, world: World, tmp_path: Path) -> None:
        world.config_folder.mkdir(parents=True)
        Memory(world.root, tmp_path / "state/qms-tui/layouts").write(View(("claude", "qa")))
        assert world.look().word is Word.TRUSTED

    def test_an_agent_that_was_not_does_not(self, world: World, tmp_path: Path) -> None:
        world.config_folder.mkdir(parents=True)
        Memory(world.root, tmp_path / "state/qms-tui/layouts").write(View(("claude",)))
        assert world.look().word is Word.UNDECIDED

    @pytest.mark.parametrize(("project", "word"), [("", Word.TRUSTED), ("/other", Word.UNDECIDED)])
    def test_a_journal_shows_it_too(self, world: World, tmp_path: Path, project: str, word: Word) -> None:
        world.config_folder.mkdir(parents=True)
        keeper = tmp_path / "state/qms-tui/projects/p-0123"
        (keeper / "qa").mkdir(parents=True)
        (keeper / "keeper.lock").write_text(json.dumps({"pid": 2, "project": project or str(world.root)}))
        assert world.look().word is word

    def test_only_as_long_as_this_edition_has_no_record(self, world: World, tmp_path: Path) -> None:
        world.store.write(world.look().unasked())
        Memory(world.root, tmp_path / "state/qms-tui/layouts").write(View(("qa",)))
        world.config_folder.mkdir(parents=True)
        assert world.look().word is Word.UNDECIDED

    def test_its_trust_holds_for_the_one_file_it_judged(self, world: World, tmp_path: Path) -> None:
        world.write("qms-tui.toml", '[agent]\nimage = "a"\n')
        digest = world.look().claims.files[0].sha256
        old = tmp_path / "state/qms-tui/trust.json"
        old.parent.mkdir(parents=True, exist_ok=True)
        old.write_text(json.dumps({"version": 1, "projects": {str(world.root): digest}}))
        assert world.look().word is Word.TRUSTED
        assert world.look().trust.settings == digest
        world.write(SETTINGS, "{}")
        assert world.look().word is Word.UNDECIDED
