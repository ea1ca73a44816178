"""A user and a project on disk, made for one test."""

from __future__ import annotations

from pathlib import Path

from qms_tui.config import NO_OVERRIDES, Config, Overrides, load_config
from qms_tui.project import Project
from qms_tui.trust import Answer, Standing, TrustStore, examine


class World:
    """A home folder with a configuration, and a project that may have one."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.project = folder / "project"
        self.user_file = self.home / ".config" / "qms-tui" / "config.toml"
        self.project_file = self.project / "qms-tui.toml"
        self.trust = TrustStore(self.home / ".local" / "state" / "qms-tui" / "trust")
        self.project.mkdir(parents=True)
        self.user_file.parent.mkdir(parents=True)

    def load(self, *, overrides: Overrides = NO_OVERRIDES, config: Path | None = None) -> Config:
        standing = self.standing(config)
        return load_config(standing.files, overrides=overrides, trust=standing.trust)

    def standing(self, config: Path | None = None) -> Standing:
        return examine(Project(self.project), user_file=config, store=self.trust)

    def answer(self, answer: Answer) -> None:
        self.trust.write(self.standing().answered(answer))

    def load_user(self, text: str) -> Config:
        self.user_file.write_text(text)
        return self.load()

    def load_project(self, text: str, *, trusted: bool = False) -> Config:
        self.project_file.write_text(text)
        if trusted:
            self.answer(Answer.TRUST)
        return self.load()
