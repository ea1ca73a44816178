"""What a pane says of its agent: name and state in the title, what to know or do at the bottom."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from rich.cells import cell_len
from textual.content import Content

from qms_tui.api.agents import AgentState, AgentView, Word
from qms_tui.terminal import Terminal
from qms_tui.ui.figures import BETWEEN, CALM, Figure, figures, fitting
from qms_tui.ui.words import ACTIVITIES, STATES

LEADER_LENGTH = 20  # characters of another interface's name; it is whatever that process says
_MARKS = {
    AgentState.RUNNING: "●",
    AgentState.STARTING: "◌",
    AgentState.ATTACHING: "◌",
    AgentState.RECONNECTING: "▲",
    AgentState.STOPPING: "◌",
    AgentState.PAUSED: "‖",
    AgentState.UNREACHABLE: "▲",
}

_DOING = {
    Word.STARTING: "◌",
    Word.BUSY: "◐",
    Word.NEEDS_YOU: "◆",
    Word.BACKGROUND: "◔",
    Word.ERROR: "✖",
    Word.UNKNOWN: "?",
}
_UNDISTURBED = (Word.IDLE, Word.BUSY, Word.BACKGROUND)
_LOOKS = {
    Word.NEEDS_YOU: "bold $background on $warning",
    Word.ERROR: "bold $error",
    Word.UNKNOWN: "bold $warning",
}


def mark(agent: AgentView) -> str:
    """The state of its program as one character."""
    if agent.wrong:
        return "✖"
    if agent.activity is not None:
        return _DOING.get(agent.activity.word, "●")
    return _MARKS.get(agent.state, "○")


def word(agent: AgentView) -> str:
    """The state of its program as a word or two."""
    if agent.wrong:
        return "not itself"
    return ACTIVITIES[agent.activity.word] if agent.activity is not None else STATES[agent.state]


def look(agent: AgentView, color: str) -> str:
    """How both are to be painted: what a human has to see stands out."""
    if agent.wrong:
        return "bold $error"
    return _LOOKS.get(agent.activity.word, color) if agent.activity is not None else color


def detail(agent: AgentView) -> str:
    """Which tool, question or error; empty if the word says it all."""
    return agent.activity.detail if agent.activity is not None and not agent.wrong else ""


def wish(agent: AgentView) -> str:
    """The same of an agent that wants something of the human: not of one that works or rests."""
    return "" if agent.activity is not None and agent.activity.word in _UNDISTURBED else detail(agent)


def alarm(agent: AgentView) -> Content:
    """A sign that there is something to know of it that the word does not say."""
    return Content.styled("! ", "bold $warning") if agent.remark or agent.alarm else Content("")


def badge(waiting: int) -> Content:
    """How many items wait in the inbox; nothing if none do."""
    return Content.styled(f" {waiting:,} ", "bold $background on $warning") if waiting else Content("")


def title(agent: AgentView, number: int, color: str, waiting: int) -> Content:
    """Number, name, badge, state, and the program's own title."""
    where = "" if agent.isolated else " · local, not isolated"
    said = Content.styled(f" {number} {agent.name} ", f"bold {color}")
    if waiting:
        said += badge(waiting) + Content(" ")
    why = f" · {detail(agent)}" if detail(agent) else ""
    said += Content.styled(f"{mark(agent)} {word(agent)}{why}{where} ", look(agent, color))
    said += alarm(agent)
    if agent.title not in ("", agent.name):
        said += Content.styled(f"· {agent.title} ", "$text-muted")
    return said


def footnote(
    agent: AgentView,
    terminal: Terminal,
    back: int,
    cut: str,
    same_size: bool,
    width: int,
    *,
    above: int | None = None,
    keys: int = 0,
    menu: str = "F12",
) -> Content:
    """The most important thing to know, at most `width` cells if there are words for that; else what it uses.

    `back` counts rows scrolled back, of those `above` that there are if the keys move the view; `cut` names
    what is out of view; `same_size` as the pane; `keys` wait for the program; `menu` is the key of the menu.
    """
    said = "" if above is None else _fitting(_looking_back(terminal, back, above), width)
    if said := said or _pressing(agent, terminal, cut, same_size, width, keys, menu):
        return Content.styled(said, CALM)
    return _standing(agent, cut, width)


def _pressing(
    agent: AgentView, terminal: Terminal, cut: str, same_size: bool, width: int, keys: int, menu: str
) -> str:
    """What goes before all else of the agent; empty if nothing does."""
    if agent.state is AgentState.ENDED:
        return _fitting(_ended(agent, menu), width)
    if agent.state is AgentState.PAUSED:
        return _fitting(_paused(agent), width)
    if keys or agent.state is AgentState.UNREACHABLE:
        return _lost(agent, keys)
    if agent.state is AgentState.RUNNING and not agent.leads:
        return _fitting(_following(agent, terminal, cut, same_size), width)
    return ""


def _standing(agent: AgentView, cut: str, width: int) -> Content:
    """What is wrong or out of view, then as many figures as there is room for."""
    words = BETWEEN.join(part for part in (*_upkeep(agent), agent.remark, agent.alarm, cut) if part)
    parts = [Figure(words, 0)] if words else []
    if agent.state is AgentState.RUNNING:
        parts += fitting(figures(agent), width - cell_len(f" {words}{BETWEEN if words else ''} "))
    said = Content.styled(BETWEEN, CALM).join(Content.styled(part.text, part.look) for part in parts)
    return Content.assemble(" ", said, " ") if parts else said


def instead(agent: AgentView, width: int, menu: str) -> list[str] | None:
    """What stands in the pane instead of a terminal: under way, or why there is none."""
    trouble = agent.trouble
    if agent.state is AgentState.FAILED and trouble is not None:
        plan, how = [agent.plan] if agent.plan else [], wrap(f"r tries again{_in(menu)}", width)
        return [*wrap(trouble.message, width), "", *wrap(trouble.hint, width), "", *plan, *how]
    if agent.state is AgentState.ABSENT and agent.plan:
        return ["not started", agent.plan, "", *wrap(f"r starts it now{_in(menu)}", width)]
    if agent.state in (AgentState.STARTING, AgentState.ATTACHING):
        return [f"{STATES[agent.state]} {agent.name} …"]
    return None


def leader(agent: AgentView) -> str:
    """The name of whoever leads while we follow, fit to be shown."""
    name = "".join(c for c in agent.leader if c.isprintable()).strip()
    return name[:LEADER_LENGTH] or "another interface"


def _upkeep(agent: AgentView) -> tuple[str, ...]:
    """What is wrong with who the agent is, and with what it runs in."""
    if agent.building:
        return agent.wrong, f"building the image: {agent.building}"
    return agent.wrong, _outdated(agent.needs_build) if agent.outdated else ""


def _outdated(needs_build: bool) -> str:
    """What brings today's image."""
    remedy = "b in the menu builds it anew" if needs_build else "r in the menu restarts it in the new one"
    return f"outdated image: {remedy}"


def _looking_back(terminal: Terminal, rows: int, above: int) -> Sequence[str]:
    """From wordy to terse."""
    where = f"{rows} row{'' if rows == 1 else 's'} back"
    if not above:
        whole = terminal.modes.alternate_screen
        why = "a full-screen program scrolls by itself" if whole else "no history yet"
        return f" {where}: {why} · Esc or q returns ", f" {where}: no history · Esc ", f" {where} · Esc "
    return (
        f" {where} · ↑ ↓ PgUp PgDn Home End scroll · Esc or q returns ",
        f" {where} · ↑ ↓ scroll · Esc returns ",
        f" {where} · Esc ",
    )


def _ended(agent: AgentView, menu: str) -> Sequence[str]:
    """From wordy to terse."""
    plan = f" · {agent.plan}" if agent.plan else ""
    ended = agent.ending.text if agent.ending is not None else "ended"
    if agent.ending is not None and agent.ending.resuming:
        how, keys = f"{ended}, going on with its conversation failed", "f starts fresh · r tries again"
    else:
        how, keys = ended, "r restarts"
    return (
        f" {how}{plan} · {keys}{_in(menu)} ",
        f" {ended}{plan} · {keys}{_in(menu)} ",
        f" {ended} · {keys}{_in(menu)} ",
        f" {ended} · {keys}, in the menu ",
        f" {keys}, in the menu ",
        f" {menu} r restarts ",
    )


def _in(menu: str) -> str:
    """Where the letter works that was just named: by itself it would be the end of somebody's sentence."""
    return f", in the menu ({menu})"


def _lost(agent: AgentView, keys: int) -> str:
    waiting = f"{keys} key{'' if keys == 1 else 's'} wait{'s' if keys == 1 else ''}" if keys else ""
    trouble = (
        f"{agent.trouble.message} · trying again"
        if agent.state is AgentState.UNREACHABLE and agent.trouble is not None
        else ""
    )
    return f" {' · '.join(part for part in (waiting, trouble) if part)} "


def _paused(agent: AgentView) -> Sequence[str]:
    """From wordy to terse."""
    why = agent.remark or "from outside"
    return (
        f" paused: {why} · g in the menu lets it go on ",
        f" paused: {why} · menu g ",
        f" {why} · menu g " if agent.remark else " paused · menu g ",
        " paused · menu g ",
    )


def _following(agent: AgentView, terminal: Terminal, cut: str, same_size: bool) -> Sequence[str]:
    """From wordy to terse."""
    name = leader(agent)
    size = "" if same_size else f" at {terminal.columns}x{terminal.lines}"
    parts = (
        (cut, f"{name} leads{size}", "type to take over"),
        (cut, f"{name} leads", "type to take over"),
        (cut, f"{name} leads"),
        (f"{name} leads",),
    )
    return [f" {' · '.join(part for part in some if part)} " for some in parts]


def _fitting(candidates: Sequence[str], width: int) -> str:
    return next((text for text in candidates if cell_len(text) <= width), candidates[-1])
