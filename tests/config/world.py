"""A user and a project on disk, made for one test."""

from __future__ import annotations

from pathlib import Path

from qms_tui.config import NO_OVERRIDES, Config, Overrides, load_config
from qms_tui.trust import TrustStore


class World:
    """A home folder with a configuration, and a project that may have one."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.project = folder / "project"
        self.user_file = self.home / ".config" / "qms-tui" / "config.toml"
        self.project_file = self.project / "qms-tui.toml"
        self.trust = TrustStore(self.home / ".local" / "state" / "qms-tui" / "trust.json")
        self.project.mkdir(parents=True)
        self.user_file.parent.mkdir(parents=True)

    def load(self, *, overrides: Overrides = NO_OVERRIDES, config: Path | None = None) -> Config:
        return load_config(self.project, user_file=config, overrides=overrides, trust=self.trust)

    def load_user(self, text: str) -> Config:
        self.user_file.write_text(text)
        return self.load()

    def load_project(self, text: str, *, trusted: bool = False) -> Config:
        self.project_file.write_text(text)
        if trusted:
            self.trust.grant(self.project, self.project_file.read_bytes())
        return self.load()
