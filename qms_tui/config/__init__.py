"""The configuration: a user's file and a project's file become one frozen, checked Config.

Precedence: the command line goes over files, files over defaults, and inside a file [agent.NAME] over
[agent]; a trusted project's file goes over the user's, being about this very project, and an untrusted one
below it, so that it can only fill in what the user left open and never lift a limit above its default.
`agents` and `hide` add up over the files.

values              what there is to set: the one table
parse, paths, text  how each kind of value is written
files               files on disk, read within bounds
layers              a file, checked
faults              what is wrong in it: raised or collected
load                layers, laid over each other
unknown             agents that it names and nobody knows
show                the result for people, and the README's table
"""

from qms_tui.config.faults import Faults, OnFault, refuse
from qms_tui.config.files import (
    LARGEST_FILE,
    PROJECT_FILE,
    ConfigFile,
    ConfigFiles,
    read_files,
    user_file,
)
from qms_tui.config.layers import Assignment
from qms_tui.config.load import (
    NO_OVERRIDES,
    NO_TRUST,
    Overrides,
    Trust,
    load_config,
    override_assignments,
    read_assignments,
    settings_needing_trust,
)
from qms_tui.config.parse import Memory
from qms_tui.config.paths import Mount
from qms_tui.config.programs import Program, refusal
from qms_tui.config.show import Row, config_table_markdown, describe, format_config, toml
from qms_tui.config.unknown import unknown_agents
from qms_tui.config.values import (
    TABLE,
    AgentConfig,
    BuildConfig,
    Clipboard,
    Config,
    EngineConfig,
    InboxConfig,
    Judged,
    Laid,
    Launch,
    McpServer,
    Need,
    NotifyConfig,
    Origin,
    OuterNotification,
    PermissionMode,
    RuntimeKind,
    Setting,
    Shutdown,
    Source,
    TerminalConfig,
    Theme,
    Wake,
)

__all__ = [
    "LARGEST_FILE",
    "NO_OVERRIDES",
    "NO_TRUST",
    "PROJECT_FILE",
    "TABLE",
    "AgentConfig",
    "Assignment",
    "BuildConfig",
    "Clipboard",
    "Config",
    "ConfigFile",
    "ConfigFiles",
    "EngineConfig",
    "Faults",
    "InboxConfig",
    "Judged",
    "Laid",
    "Launch",
    "McpServer",
    "Memory",
    "Mount",
    "Need",
    "NotifyConfig",
    "OnFault",
    "Origin",
    "OuterNotification",
    "Overrides",
    "PermissionMode",
    "Program",
    "Row",
    "RuntimeKind",
    "Setting",
    "Shutdown",
    "Source",
    "TerminalConfig",
    "Theme",
    "Trust",
    "Wake",
    "config_table_markdown",
    "describe",
    "format_config",
    "load_config",
    "override_assignments",
    "read_assignments",
    "read_files",
    "refusal",
    "refuse",
    "settings_needing_trust",
    "toml",
    "unknown_agents",
    "user_file",
]
