"""Words that people know from docker, tmux, zellij, git or claude, and the command of ours that is meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

LEAST_LIKENESS = 0.7  # of a misspelt word: `satrt` is start, `nobody` is nothing of ours
AGENT, AGENTS = "AGENT", "AGENT..."
"""Stand for the agents that were named besides, or else for themselves."""


def _table(**words: str) -> Mapping[str, str]:
    return {word: command for command, listed in words.items() for word in listed.split()}


_COMMANDS = {
    "help": "--help", "version": "--version", "open": f"[{AGENTS}]", "ps": "ps", "usage": "ps --usage",
    "log": f"log {AGENT}", "record": f"record {AGENT} --output FILE.cast", "stop": f"stop {AGENTS}",
    "start": f"start {AGENTS}", "stop_all": "stop --all", "prune": "prune", "build": "build",
    "send": f'send {AGENTS} "MESSAGE"',
    "inbox": "inbox", "doctor": "doctor", "config": "config", "mcp": "mcp", "trust": "trust",
    "unpause": f"unpause {AGENTS}", "demo": "demo", "local": "local",
}  # fmt: skip
WORDS = _table(
    help="help man manual commands h ?",
    version="version ver about",
    open="""a at attach attach-session run up exec enter join connect new new-session new-window add
        launch create shell sh bash ssh switch switch-client select view restart resume continue reopen
        claude-code screen respawn-pane split-window chat login logout""",
    ps="ls list list-sessions list-panes lsp lsw list-windows list-clients status st state states agents "
       "sessions containers container images show info inspect who jobs has-session query",
    usage="stats top htop",
    log="logs history tail cat output capture-pane transcript show-messages dump-screen less",
    record="rec save export cast asciinema dump pipe-pane",
    stop="""kill rm remove delete down end terminate halt close detach kill-session kill-pane kill-window
        delete-session exit quit shutdown pause""",
    stop_all="kill-server kill-all-sessions delete-all-sessions killall down-all",
    prune="clean cleanup gc purge system rmi reset",
    build="update upgrade pull push install rebuild image self-update setup",
    send="msg message mail write say tell post notify commit send-keys sendkeys type prompt reply",
    inbox="inboxes mailbox tasks task todo queue items messages notifications watch events wait read",
    doctor="check diagnose diag health debug troubleshoot test verify setup-check bugreport report",
    config="settings set get configure conf options preferences set-option show-options env context",
    mcp="servers server gateway",
    trust="allow untrust revoke safe approve permissions",
    unpause="unfreeze thaw cont",
    demo="try sample example tutorial init playground",
    local="host",
)  # fmt: skip
OPTIONS = _table(
    help="-? -help --halp --usage /? /h",
    version="-v --ver -version",
    open="--resume -r --continue -c --attach -a --agent --agents --name -n --session -s -it -i -t -d "
         "--detach --session-id --new-session",
    ps="--list -l --status --ps",
    stop_all="--stop --kill",
    config="""--model --permission-mode --dangerously-skip-permissions --allowedTools --allowed-tools --memory
        -m --cpus --env -e --env-file --volume -v: --mount --network --settings --mcp-config --add-dir
        --append-system-prompt""",
    send="--print -p --prompt",
)  # fmt: skip
_WHY = {
    **dict.fromkeys(("--resume", "-r", "--continue", "-c", "resume", "continue"),
                    "agents go on with their last conversation by themselves"),
    **dict.fromkeys(("-d", "--detach", "detach"), "Ctrl+Q leaves the screen, and agents go on"),
    **dict.fromkeys(("login", "logout"), "each agent has a login of its own, by /login in its pane"),
    **dict.fromkeys(("init",), "projects are made by the QMS"),
    **dict.fromkeys(("pause",), "agents are paused only at their disk limit, or with docker pause"),
    **dict.fromkeys(("untrust", "revoke"), "--revoke takes trust back"),
    **{word: "settings stand in qms-tui.toml and in your own file"
       for word, command in OPTIONS.items() if command == "config"},
}  # fmt: skip


def meant(word: str, commands: Sequence[str], agents: Sequence[str], further: Sequence[str] = ()) -> str:
    """What to write for a word or option that is neither a command nor an agent; "" if nobody knows.

    Args:
        word: what was typed.
        commands: of qms-tui.
        agents: of the project; none if there is none, and a misspelt word may then be anybody's name.
        further: what was typed besides; agents among them are put where they belong.
    """
    known = OPTIONS.get(word) or _known(word.casefold(), commands, agents)
    if known is None:
        return ""
    named = [other for other in further if other in agents]
    said = _COMMANDS.get(known, known)
    if known == "help":
        said = " ".join([*(other for other in further if other in commands), said])
    if named:
        said = said.replace(f"[{AGENTS}]", AGENTS).replace(AGENTS, " ".join(named)).replace(AGENT, named[0])
    why = f" ({_WHY[word]})" if word in _WHY else ""
    return f"write: qms-tui {said}{why}"


def _known(word: str, commands: Sequence[str], agents: Sequence[str]) -> str | None:
    """The command of a word; of one that is misspelt, unless it is more like an agent's name."""
    if word in commands:
        return word
    if word.startswith("-"):
        return None
    if known := WORDS.get(word) or WORDS.get(word.replace("_", "-")):
        return known
    from difflib import get_close_matches  # costs every start 5 ms, and is for mistakes only

    words = [*commands, *(WORDS if agents else ())]
    close = get_close_matches(word, [*agents, *words], 3, LEAST_LIKENESS)
    # Of equals, agents come first; those matches that `close` leaves out are less like it.
    best = next((name for name in close if name in agents), None)
    if not close or (best is not None and _likeness(word, best) >= _likeness(word, close[0])):
        return None
    return close[0] if close[0] in commands else WORDS[close[0]]


def _likeness(word: str, other: str) -> float:
    from difflib import SequenceMatcher

    return SequenceMatcher(None, other, word).ratio()
