"""What the command line asks of a daemon: which agents it is to hold, and with whose environment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qms_tui.cli.options import Common
from qms_tui.config import Config, Overrides, RuntimeKind

if TYPE_CHECKING:  # loaded only where something is asked
    from qms_tui.api.commands import Environment, Hold


def wish_to_start(agents: Sequence[str], overrides: Overrides, common: Common) -> Hold:
    """Also what the configuration leaves to a task is started."""
    from msgspec.structs import replace

    return replace(wish_to_open(agents, overrides, common), start=True)


def wish_to_open(agents: Sequence[str], overrides: Overrides, common: Common) -> Hold:
    """Each is opened once its pane has a size."""
    from qms_tui.api.commands import Hold

    asked = overrides.runtime, overrides.command, overrides.image
    return Hold(tuple(agents), *asked, config_file=config_file_of(common), open=False)


def config_file_of(common: Common) -> str:
    """Which file the daemon reads in place of the user's own; empty for none."""
    return str(common.config.absolute()) if common.config is not None else ""


def environment_of(config: Config) -> Environment:
    """What agents need of ours."""
    from qms_tui.api.environment import own_environment

    named = [name for agent in (config.every_agent, *config.overrides.values()) for name in agent.env]
    return own_environment(named, whole=config.engine.runtime is RuntimeKind.LOCAL)
