"""What can be typed at the agent's prompt: one function per command, and the table that names them."""

from __future__ import annotations

import contextlib
import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from qms_tui.demo import page, shows
from qms_tui.demo.ink import bold, clean, clip, faint, in_color, ink, markdown, one_line, pad, width, wrapped
from qms_tui.demo.items import Item
from qms_tui.demo.keyboard import is_terminal, size
from qms_tui.demo.qms import Outcome
from qms_tui.demo.questions import ask, ask_login, ask_permission
from qms_tui.demo.session import Session
from qms_tui.demo.work import be_busy, parse_seconds, work
from qms_tui.errors import ProjectError, UsageError
from qms_tui.status_report import ProgramState

_MAX_WORD = 40  # characters of a word that is compared with commands or shown
_HANDBOOK = "SOP-001"  # what `page` shows unless told otherwise


@dataclass(frozen=True)
class Command:
    """A command: its first word is its name. `run` gets the rest of the line, split and as it was typed."""

    usage: str
    summary: str
    run: Callable[[Session, list[str], str], None]
    is_turn: bool = False
    """Whether it is work of the agent, which is busy then, and done; other commands only show something."""

    @property
    def name(self) -> str:
        return self.usage.split()[0]


def run_line(session: Session, line: str) -> None:
    """Do what `line` says; nothing for an empty one.

    Raises:
        QmsTuiError: it cannot be done.
        SystemExit: it said so.
    """
    name, rest = [*line.split(None, 1), "", ""][:2]
    command = _find(name.lower()) if name else None
    if command is None or not command.is_turn:
        session.reporter.report(ProgramState.IDLE)  # the human has seen how the last turn ended
    if command is None:
        return
    typed = rest.strip()
    with session.reporter.turn(line.strip()) if command.is_turn else contextlib.nullcontext():
        command.run(session, typed.split(), typed)


def complete(session: Session, line: str, word: str) -> list[str]:
    """What `word`, the last one of `line`, can become: a command first, then an agent or a document."""
    if not line.strip() or line.lstrip() == word:
        return [f"{name} " for name in names() if name.startswith(word.lower())]
    documents = [document.doc_id for document in session.qms.documents()]
    return [f"{name} " for name in [*session.others(), *documents] if name.lower().startswith(word.lower())]


def names() -> list[str]:
    """All commands, as `help` orders them."""
    return [command.name for command in COMMANDS]


def count_line(count: int) -> str:
    """One line about how many items there are."""
    if not count:
        return faint("Your inbox is empty")
    return ink("1;33", f"{count} item{'s' if count > 1 else ''} in your inbox")


def _find(name: str) -> Command:
    name = {"colors": "colours", "?": "help", "quit": "exit"}.get(name, name)
    for command in COMMANDS:
        if command.name == name:
            return command
    word = clip(one_line(name), _MAX_WORD)
    close = difflib.get_close_matches(word[:_MAX_WORD], names(), n=1)
    hint = f"did you mean {close[0]}?" if close else "'help' lists the commands"
    raise UsageError(f"there is no command {word}", hint=hint)


def _help(_session: Session, _words: list[str], _rest: str) -> None:
    for command in COMMANDS:
        print(f"  {bold(pad(command.usage, 26))} {command.summary}")
    print(faint("  Tab completes, ↑ repeats, Ctrl+C interrupts"))


def _colours(_session: Session, _words: list[str], _rest: str) -> None:
    _print(shows.colors())


def _unicode(_session: Session, _words: list[str], _rest: str) -> None:
    _print(shows.unicode())


def _inbox(session: Session, _words: list[str], _rest: str) -> None:
    items = session.qms.inboxes.items(session.agent)
    print(count_line(len(items)))
    for number, item in enumerate(items, 1):
        print(_item_line(number, item, size().columns - 1))


def _item_line(number: int, item: Item, columns: int) -> str:
    what = item.workflow.value.lower().replace("_", "-") if item.workflow else item.kind.value
    sender = f"  from {item.sender}" if item.sender else ""
    head = f"{number:3}  {pad(what, 13)} "
    room = max(10, columns - width(head))
    headline = clip(one_line(item.headline), room)
    return head + bold(headline) + faint(clip(one_line(sender).rjust(width(sender)), room - width(headline)))


def _read(session: Session, words: list[str], rest: str) -> None:
    file_name = _wanted_item(session, words, rest)
    text = session.qms.inboxes.text(session.agent, file_name)
    print(faint(clean(file_name)))
    _print(markdown(line) for line in wrapped(text.rstrip(), size().columns - 1))


def _done(session: Session, words: list[str], rest: str) -> None:
    file_name = _wanted_item(session, words, rest)
    session.qms.inboxes.discard(session.agent, file_name)
    print(f"{one_line(file_name)} is put away")


def _wanted_item(session: Session, words: list[str], rest: str) -> str:
    """The file name that is meant by the number or the name in `rest`."""
    if not words:
        raise UsageError("which item?", hint="write its number, like: read 1")
    if not re.fullmatch(r"[0-9]{1,4}", rest):
        return rest
    items = session.qms.inboxes.items(session.agent)
    number = int(rest)
    if not 1 <= number <= len(items):
        raise UsageError(f"there is no item {number}", hint="'inbox' lists them with their numbers")
    return items[number - 1].file_name


def _route(session: Session, words: list[str], _rest: str) -> None:
    wanted = [word for word in words if word != "to"]
    if len(wanted) != 2:
        other = next(iter(session.others()), "qa")
        raise UsageError("route which document to whom?", hint=f"write it like: route CR-001 to {other}")
    task = session.qms.route(wanted[0], to=wanted[1], by=session.agent, now=session.now())
    document = task.document
    print(f"{bold(document.doc_id)} {one_line(document.title)}, version {document.version}")
    print(f"is {document.status} now; {in_color(wanted[1], wanted[1])} has a task in the inbox")


def _review(session: Session, words: list[str], _rest: str) -> None:
    answers = {"recommend": True, "reject": False}
    if len(words) not in (1, 2) or (answer := words[1] if len(words) == 2 else "recommend") not in answers:
        raise UsageError("recommend or reject?", hint="write it like: review CR-001 recommend")
    outcome = session.qms.review(words[0], by=session.agent, recommend=answers[answer], now=session.now())
    _print_outcome(outcome)


def _approve(session: Session, words: list[str], _rest: str) -> None:
    if len(words) != 1:
        raise UsageError("approve which document?", hint="write it like: approve CR-001")
    _print_outcome(session.qms.approve(words[0], by=session.agent, now=session.now()))


def _print_outcome(outcome: Outcome) -> None:
    document = outcome.document
    told = f"; {in_color(outcome.told, outcome.told)} has been told" if outcome.told else ""
    print(f"{bold(document.doc_id)} is {one_line(document.status)}, version {document.version}{told}")


def _message(session: Session, words: list[str], rest: str) -> None:
    if len(words) < 2:
        other = next(iter(session.others()), "qa")
        raise UsageError("a message to whom, saying what?", hint=f"write it like: message {other} hello")
    text = rest[len(words[0]) :]
    session.qms.message(words[0], text, by=session.agent, now=session.now())
    print(f"sent to {in_color(words[0], words[0])}")


def _page(session: Session, words: list[str], _rest: str) -> None:
    doc_id = words[0] if words else _HANDBOOK
    text = session.qms.text_of(doc_id)
    if not is_terminal():
        print(text)
        return
    page.show(text, doc_id.upper(), session.jobs.look)


def _after(session: Session, words: list[str], rest: str) -> None:
    if len(words) < 2 or words[1].lower() == "after":
        raise UsageError("after how long, and then what?", hint="write it like: after 5 ask")
    command, then = _find(words[1].lower()), rest[len(words[0]) :].strip()
    if be_busy(session, f"after {rest}", parse_seconds(words)):
        typed = then[len(words[1]) :].strip()
        command.run(session, typed.split(), typed)


def _fail(_session: Session, _words: list[str], rest: str) -> None:
    raise ProjectError(one_line(rest) or "this failed, as you asked", hint="Enter alone is enough to go on")


def _documents(session: Session, _words: list[str], _rest: str) -> None:
    columns = size().columns
    for document in session.qms.documents():
        head = f" {pad(document.doc_id, 14)} {document.version!s:>4}  {pad(one_line(document.status), 16)} "
        print(head + clip(one_line(document.title), max(10, columns - 1 - width(head))))


def _size(_session: Session, _words: list[str], _rest: str) -> None:
    now = size()
    print(f"{now.columns} x {now.lines}")


def _whoami(session: Session, _words: list[str], _rest: str) -> None:
    description = one_line(session.qms.description(session.agent))
    print(in_color(session.agent, session.agent) + (f"  {description}" if description else ""))


def _clear(_session: Session, _words: list[str], _rest: str) -> None:
    print("\x1b[H\x1b[2J\x1b[3J", end="")


def _exit(_session: Session, words: list[str], rest: str) -> None:
    if rest and not (re.fullmatch(r"[0-9]{1,3}", rest) and int(rest) <= 255):
        raise UsageError("this is no exit code", hint="it goes from 0 to 255, like: exit 3")
    raise SystemExit(int(words[0]) if words else 0)


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


COMMANDS = (
    Command("inbox", "what waits for you", _inbox),
    Command("read N|FILE", "show an item", _read),
    Command("done N|FILE", "put a message away", _done),
    Command("documents", "the controlled documents", _documents),
    Command("route DOC to AGENT", "ask for a review, an approval", _route, is_turn=True),
    Command("review DOC [reject]", "recommend or reject it", _review, is_turn=True),
    Command("approve DOC", "approve it", _approve, is_turn=True),
    Command("message AGENT TEXT", "write to somebody", _message, is_turn=True),
    Command("work [SECONDS] [&]", "be busy; & in the background", work, is_turn=True),
    Command("ask [QUESTION]", "ask you something, and wait", ask, is_turn=True),
    Command("permission [COMMAND]", "ask whether it may run that", ask_permission, is_turn=True),
    Command("login", "ask you to log in", ask_login, is_turn=True),
    Command("fail [REASON]", "stop with an error", _fail, is_turn=True),
    Command("after SECONDS COMMAND", "be busy, then do that", _after, is_turn=True),
    Command("page [DOC]", "read on the whole screen", _page),
    Command("colours", "what this terminal can show", _colours),
    Command("unicode", "letters, emoji, boxes", _unicode),
    Command("size", "columns x lines", _size),
    Command("whoami", "who you are", _whoami),
    Command("clear", "an empty screen", _clear),
    Command("help", "this list", _help),
    Command("exit [CODE]", "end this agent", _exit),
)
