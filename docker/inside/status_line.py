"""The status line of Claude Code: prints one, and keeps what it shows in qms-tui/status.json for the host.

Gets the client's numbers on standard input after every turn and every few seconds, most often the same ones:
the file is written when they differ, and now and then as a sign of life. Figures of sessions that are not the
agent's own are not kept. Always succeeds.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time

# Isolated Python does not look beside the program.
sys.path.append(os.path.dirname(os.path.abspath(__file__)))
import kept
import sessions

LARGEST = 2**20  # bytes of what the client gives
LONGEST = 100  # characters of a model's name
FRESH_SECONDS = 10.0  # after which it is written even so: 75 s of silence are a client that hangs
WINDOWS = ("five_hour", "seven_day")


def main() -> None:
    """Print the line, keep the numbers."""
    given = json.loads(sys.stdin.buffer.read(LARGEST))
    told = numbers(given)
    print(" · ".join(words(told)), flush=True)
    if not sessions.is_agents(sessions.of_name(str(told.get("session", "")))):
        return
    path = os.path.join(kept.folder(), "status.json")
    before = kept.read_object(path)
    at = number(before.pop("at", None)) or 0.0
    now = time.time()
    if before != told or not 0 <= now - at < FRESH_SECONDS:
        kept.write_object(path, {"at": round(now, 3), **told})


def numbers(given: dict[str, object]) -> dict[str, object]:
    """As far as given: session, cost in dollars, context and limits in percent, model, client's version."""
    told: dict[str, object] = {
        "session": text(given.get("session_id")),
        "cost": number(table(given, "cost").get("total_cost_usd")),
        "context": number(table(given, "context_window").get("used_percentage")),
        "model": text(table(given, "model").get("display_name")),
        "version": text(given.get("version")),
    }
    limits = table(given, "rate_limits")
    used = {name: number(table(limits, name).get("used_percentage")) for name in WINDOWS}
    told["limits"] = {name: value for name, value in used.items() if value is not None}
    return {name: value for name, value in told.items() if value not in (None, "", {})}


def words(told: dict[str, object]) -> list[str]:
    """What the line says."""
    said = [os.environ.get("QMS_USER", ""), str(told.get("model", ""))]
    said.append(f"{told['context']:.0f}% of context" if "context" in told else "")
    said.append(f"${told['cost']:.2f}" if told.get("cost") else "")
    return [word for word in said if word]


def table(parent: dict[str, object], name: str) -> dict[str, object]:
    """The object of that name, or an empty one."""
    found = parent.get(name)
    return found if isinstance(found, dict) else {}


def text(value: object) -> str:
    """One line without anything that a terminal obeys."""
    return "".join(c for c in value[:LONGEST] if c.isprintable()) if isinstance(value, str) else ""


def number(value: object) -> float | None:
    """A finite number, else nothing."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return round(value, 4)


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError, KeyError, AttributeError, TypeError, OverflowError, RecursionError):
        sys.exit(0)
