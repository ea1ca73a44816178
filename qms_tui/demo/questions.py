"""What the agent asks at its prompt while it cannot go on without its human."""

from __future__ import annotations

from qms_tui.demo.ink import bold, faint, ink, one_line
from qms_tui.demo.keyboard import check_hung_up
from qms_tui.demo.session import Session
from qms_tui.status_report import ProgramState

_QUESTION = "Which document comes next?"
_COMMAND = "git push"
_YES = ("y", "yes")


def ask(session: Session, _words: list[str], rest: str) -> None:
    """A question with any answer."""
    question = one_line(rest) or _QUESTION
    answer = _answer(session, "question", question, bold(question))
    if answer is not None:
        print(f"your answer: {bold(one_line(answer))}" if answer.strip() else faint("no answer"))


def ask_permission(session: Session, _words: list[str], rest: str) -> None:
    """A dialog before a command. Nothing is run, whatever the answer is."""
    command = one_line(rest) or _COMMAND
    answer = _answer(session, "permission", f"run {command}", f"May I run {bold(command)}? Type yes or no.")
    if answer is not None:
        allowed = answer.strip().lower() in _YES
        print(
            ink("32", "allowed") + faint(", but nothing runs in a demo") if allowed else ink("33", "denied")
        )


def ask_login(session: Session, _words: list[str], _rest: str) -> None:
    """A login that any line passes."""
    answer = _answer(session, "auth", "sample account", f"Please {bold('log in')}: here, Enter is enough.")
    if answer is not None:
        print(ink("32", "✓ logged in"))


def _answer(session: Session, kind: str, message: str, shown: str) -> str | None:
    """What the human answers; None if they leave it with Ctrl+C or Ctrl+D. The agent is blocked meanwhile."""
    session.reporter.report(ProgramState.BLOCKED, message, kind=kind)
    print(shown)
    try:
        answer = session.prompt.line(session.agent, "answer")
    except KeyboardInterrupt:
        print()
    except EOFError:
        check_hung_up()
        print()
    else:
        session.reporter.report(ProgramState.WORKING, message)
        return answer
    session.reporter.report(ProgramState.IDLE)
    print(ink("33", "stopped"))
    return None
