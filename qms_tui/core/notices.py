"""What a human is told: whose agent waits, has finished or failed, in time and not too often."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from qms_tui.config import NotifyConfig
from qms_tui.core.events import Notice, NoticeKind, Severity
from qms_tui.core.news import News, NewsKind, Newsroom
from qms_tui.core.view import AgentView

_TOLD: dict[NewsKind, tuple[NoticeKind, Severity]] = {
    NewsKind.WAITS: (NoticeKind.WAITS, "warning"),
    NewsKind.FINISHED: (NoticeKind.FINISHED, "information"),
    NewsKind.FAILED: (NoticeKind.FAILED, "error"),
}


class Notices:
    """Makes notices of news, and hands on those of others; `tell` is called within the event loop."""

    def __init__(
        self, settings: NotifyConfig, is_looked_at: Callable[[str], bool], tell: Callable[[Notice], None]
    ) -> None:
        self._settings, self._is_looked_at, self._tell = settings, is_looked_at, tell
        self._news = Newsroom(settings.dwell, settings.cooldown)
        self._once: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None

    def configure(self, settings: NotifyConfig) -> None:
        """The settings are these from now on."""
        self._settings = settings
        self._news.change(settings.dwell, settings.cooldown)

    def give(self, notice: Notice) -> None:
        """Tell it, unless it is one that is told once and has been."""
        if notice.once and notice.text in self._once:
            return
        if notice.once:
            self._once.add(notice.text)
        self._tell(notice)

    def look(self, agent: AgentView) -> None:
        """The agent does this now."""
        self._news.saw(agent.name, agent.activity, time.monotonic())
        self._tell_in_time()

    def close(self) -> None:
        """Tell no more; idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell_in_time(self) -> None:
        self.close()
        if (due := self._news.due) is not None:
            delay = max(0.0, due - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(delay, self._tell_news)

    def _tell_news(self) -> None:
        self._timer = None
        for news in self._news.take(time.monotonic()):
            if self._is_wanted(news):
                kind, severity = _TOLD[news.kind]
                self.give(Notice(f"{news.agent} {news.text}", severity, news.agent, kind))
        self._tell_in_time()

    def _is_wanted(self, news: News) -> bool:
        wanted = {
            NewsKind.WAITS: self._settings.waits,
            NewsKind.FINISHED: self._settings.finished,
            NewsKind.FAILED: self._settings.failed,
        }[news.kind]
        return wanted and (self._settings.focused or not self._is_looked_at(news.agent))
