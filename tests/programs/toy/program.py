"""The toy: it counts, says so in a file of its own, and goes on with what it counted before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from qms_tui.config import AgentConfig, Judged, McpServer
from qms_tui.programs.base import Instructions, Program
from qms_tui.programs.config_folder import ConfigFolder
from qms_tui.programs.definition_wishes import NO_WISHES, Wishes, read_wishes
from qms_tui.programs.folder_reader import FolderReader
from qms_tui.programs.logins import Evidence, Way
from qms_tui.programs.parse import sound, text
from qms_tui.programs.report import Report
from qms_tui.programs.signs import Signs
from qms_tui.programs.values import Activity, Word
from qms_tui.project import Project

COMMAND = Path(__file__).parent / "toy"
KEY = "TOY_KEY"


@dataclass(frozen=True, slots=True)
class ToyReport(Report):
    state: str = ""

    @property
    def has_state(self) -> bool:
        return bool(self.state)

    def judge(self, signs: Signs, now: float) -> tuple[Activity, float | None]:
        word = {"counts": Word.BUSY, "rests": Word.IDLE}.get(self.state, Word.STARTING)
        return Activity(word, self.state, signs.began, "toy"), None


@sound
def state(content: bytes) -> str:
    return text(json.loads(content)["state"])


class ToyReader(FolderReader[ToyReport]):
    def _fresh(self) -> ToyReport:
        said = self._value(self._config, "state.json", state, "")
        return ToyReport(state=said, trouble=self._trouble, forbidden=self._forbidden)

    def _read_slow(self) -> None:
        pass


class ToyLogins:
    variables: Sequence[str] = (KEY,)

    def way_in(self, variables: Mapping[str, str], *, token: bool) -> Way | None:
        return Way(KEY, (KEY,)) if variables.get(KEY) else None

    def project_login(self, judged: Sequence[Judged]) -> str:
        return ""

    def evidence(self, folder: ConfigFolder, began: float | None) -> Evidence:
        return Evidence()


class Toy(Program):
    name, title = "toy", "The Toy"
    instructions = Instructions("TOY.md", PurePosixPath("/etc/TOY.md"))
    logins = ToyLogins()
    nothing: Report = ToyReport()

    def command_line(
        self, config: AgentConfig, kit: str | None, *, trusted: bool = True, wishes: Wishes = NO_WISHES
    ) -> tuple[str, ...]:
        model = config.model or wishes.model
        return (*config.command, *(("-m", model) if model else ()), *config.args)

    def wishes(self, definition: bytes, *, trusted: bool) -> Wishes:
        return replace(read_wishes(definition), tools=None)

    def resuming(self, config: AgentConfig, folder: ConfigFolder, cwd: str) -> tuple[str, ...]:
        try:
            folder.read("count", 1)
        except OSError:
            return config.command
        return (*config.command, "--again")

    def environment(self, folder: str) -> dict[str, str]:
        return {"TOY_HOME": folder}

    def server_list(
        self, agent: str, servers: Sequence[McpServer], bridge: Sequence[str], address: str = ""
    ) -> str:
        return "\n".join(server.name for server in servers)

    def reader(self, project: Project, agent: str, folder: ConfigFolder | None = None) -> ToyReader:
        return ToyReader(project, agent, folder, ToyReport())
