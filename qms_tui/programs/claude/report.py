"""What an agent's folder says of Claude Code, and what follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from qms_tui.programs.claude import background, pulse, rules, sources
from qms_tui.programs.claude.client_versions import untested
from qms_tui.programs.claude.logins import newest_turn
from qms_tui.programs.claude.values import ClaudeFiles
from qms_tui.programs.logins import Evidence, OwnLogin
from qms_tui.programs.signs import Signs
from qms_tui.programs.values import Activity, Told


@dataclass(frozen=True, slots=True)
class ClaudeReport(ClaudeFiles):
    """All of it, with the answers that every program's report gives."""

    @property
    def has_state(self) -> bool:
        """Whether the program is Claude Code."""
        return self.is_client

    @property
    def ready_at(self) -> float:
        """When its session began."""
        return self.session.started if self.session else 0.0

    @property
    def untested(self) -> str:
        """What there is to say of its version."""
        return untested(self.version)

    @property
    def whereabouts(self) -> str:
        """Which of its sessions are in the background."""
        return background.whereabouts(self)

    @property
    def woken(self) -> bool:
        """Whether the last prompt was a wake."""
        prompts = (hook for hook in reversed(self.hooks) if hook.event == "UserPromptSubmit" and not hook.sub)
        return bool(next((hook.items for hook in prompts), ()))

    @property
    def details(self) -> tuple[Told, ...]:
        """What its registry and its hooks say."""
        return sources.details(self)

    def current(self, signs: Signs, now: float) -> Self:
        """Without what was said before this client began, by another one, or in another container."""
        return rules.current(self, signs, now)

    def judge(self, signs: Signs, now: float) -> tuple[Activity, float | None]:
        """What it is doing, by the rules that are written down."""
        return rules.judge(self, signs, now)

    def is_silent(self, now: float) -> bool:
        """Whether its status line stands still."""
        return pulse.is_silent(self, now)

    def next_look(self, seen_since: float, now: float) -> float | None:
        """When to look for its status line."""
        return pulse.next_look(self, seen_since, now)

    def evidence(self, began: float | None) -> Evidence:
        """What its credentials, settings and turns say."""
        own = self.credentials or OwnLogin(self.own_login, usable=self.own_login > 0)
        turn = None
        if began is not None:
            hooks = (hook for hook in self.hooks if not hook.sub)
            turn = newest_turn(((hook.at, hook.event, hook.facts.get("error", "")) for hook in hooks), began)
        return Evidence(own=own, settings=self.settings_login, turn=turn)
