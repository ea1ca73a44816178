"""What can happen between a human and an agent in a day, each from a free prompt to where one comes again."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.bench.human import ESC, Human

PERMISSION, QUESTION, MENU = "3. No", "Enter to select", "Select model"
"""What stands in each dialog, and nowhere else."""
TOOL = {"command": "sleep 3", "description": "Sleep"}
JOB = TOOL | {"run_in_background": True}


def _plain(human: Human) -> None:
    human.say("good day")
    human.busy()


def _thinking_escaped(human: Human) -> None:
    human.say("slow")
    human.busy()
    human.rest(0.3, 2)
    human.escape()


def _tool(human: Human) -> None:
    human.say(f"call Bash {json.dumps(TOOL)}")
    human.busy()


def _tool_escaped(human: Human) -> None:
    human.say(f"call Bash {json.dumps(TOOL)}")
    human.busy()
    human.seat.until(lambda: human.witness.hook() == "PreToolUse")
    human.rest(0.2, 1)
    human.escape()


def _dialog(prompt: str, dialog: str, keys: str) -> Callable[[Human], None]:
    def step(human: Human) -> None:
        human.say(prompt)
        human.face(dialog, keys)

    return step


def _job(human: Human) -> None:
    human.say(f"call Bash {json.dumps(JOB)}")
    human.seat.until(lambda: human.witness.registry()[0] == "shell")
    human.busy()  # when it has ended, the client hears of it


def _error(status: str) -> Callable[[Human], None]:
    def step(human: Human) -> None:
        human.say(f"refuse {status}")
        human.witness.fails = True
        human.busy()
        human.settle()
        if human.chance.random() < 0.5:
            human.say("/model")
            human.face(MENU, ESC)

    return step


def _overloaded(human: Human) -> None:
    human.model.scripted.append("status 529")
    human.say("good day")
    human.busy()


def _clear(human: Human) -> None:
    human.say("/clear")
    human.rest(0.5, 1)


def _compact(human: Human) -> None:
    _plain(human)  # else there may be nothing to sum up
    human.settle()
    asked = len(human.model.requests)
    human.say("/compact")
    human.seat.until(lambda: len(human.model.requests) > asked)


def _returning(human: Human) -> None:
    human.close()
    human.open()


def _returning_to_a_dialog(human: Human) -> None:
    human.say("tool")
    human.witness.faces(PERMISSION)
    human.seat.sees(PERMISSION)
    human.rest(0.1, 1)
    human.close()
    human.open()
    human.face(PERMISSION, ESC)


def _exit(human: Human) -> None:
    human.say("/exit")
    human.restart()


def _client_killed(human: Human) -> None:
    human.say("slow")
    human.busy()
    human.rest(0.2, 1)
    made = human.engine.exec_create(human.witness.container, ["kill", "-9", human.witness.process])
    human.engine.exec_start(made["Id"])
    human.restart()


def _container_killed(human: Human) -> None:
    human.say("tool")
    human.witness.faces(PERMISSION)
    human.seat.sees(PERMISSION)
    human.rest(0.2, 2)
    human.witness.dialog = ""
    human.meanwhile(lambda: human.engine.kill(human.witness.container))
    human.restart()


def _container_restarted(human: Human) -> None:
    before = len(human.witness.died)
    human.meanwhile(lambda: human.engine.restart(human.witness.container, timeout=0))
    human.seat.until(lambda: len(human.witness.died) > before and human.witness.is_idle)


SITUATIONS: dict[str, tuple[Callable[[Human], None], int]] = {
    "a turn": (_plain, 4),
    "Esc while it thinks": (_thinking_escaped, 4),
    "a tool": (_tool, 3),
    "Esc while a tool runs": (_tool_escaped, 4),
    "permission, yes": (_dialog("tool", PERMISSION, "1"), 6),
    "permission, no": (_dialog("tool", PERMISSION, "3"), 6),
    "permission, Esc": (_dialog("tool", PERMISSION, ESC), 6),
    "question, answered": (_dialog("ask", QUESTION, "1"), 5),
    "question, Esc": (_dialog("ask", QUESTION, ESC), 5),
    "menu": (_dialog("/model", MENU, ESC), 4),
    "background job": (_job, 2),
    "rate limit": (_error("429"), 2),
    "server error": (_error("500"), 2),
    "not logged in": (_error("401"), 2),
    "overloaded once": (_overloaded, 2),
    "/clear": (_clear, 1),
    "/compact": (_compact, 1),
    "interface started late": (_returning, 2),
    "interface started late, dialog": (_returning_to_a_dialog, 2),
    "exit": (_exit, 1),
    "client killed": (_client_killed, 1),
    "container killed": (_container_killed, 1),
    "container restarted": (_container_restarted, 1),
}
"""What can happen, and how often that does in proportion."""
