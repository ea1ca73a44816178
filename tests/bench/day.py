"""A scripted day with the real client: whether what the pane says is true, and how soon.

A human does one thing after the other, at random but the same each time: prompts, tools, dialogs, errors,
commands, ends, and Esc in the middle. truth.py says what counts as late, false or missing.
"""

from __future__ import annotations

import itertools
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field

from qms_tui.programs.values import Word
from qms_tui.runtime.docker import connect
from tests.bench import truth
from tests.bench.human import DWELL, Human
from tests.bench.model import Model
from tests.bench.situations import SITUATIONS
from tests.bench.table import Bar, Bench, Line, Unavailable, percentile, row
from tests.bench.truth import Span, Told
from tests.bench.witness import ANSWERED, EXITED, NEEDS_YOU, Witness
from tests.e2e import debian
from tests.e2e import engine as engines
from tests.e2e import project as projects
from tests.e2e.clients import closed_network, login
from tests.e2e.test_app import App

SEED = 11
THINKING = 0.7  # seconds until the model answers: what is over sooner need not be shown
IDLE, BUSY, BACKGROUND, ERROR = (word.value for word in (Word.IDLE, Word.BUSY, Word.BACKGROUND, Word.ERROR))
SETTINGS = f'[notify]\nfocused = true\nouter = "osc9"\ndwell = {DWELL}\ncooldown = 0\n'


@dataclass
class _Day:
    """What was true and what was shown, what was told, and what was done when."""

    true: list[Span] = field(default_factory=list)
    shown: list[Span] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    log: list[tuple[float, str]] = field(default_factory=list)
    broken: int = 0
    """Things that did not come to their end."""

    def complain(self, what: str, wrong: Sequence[Span]) -> int:
        """Say on the other stream where to look, and how many there are."""
        for span in wrong:
            step = next((name for at, name in reversed(self.log) if at <= span.begin), "the start")
            print(
                f"{what}: for {span.length:.2f} s in or after {step}; {self._around(span)}", file=sys.stderr
            )
        return len(wrong)

    def _around(self, span: Span) -> str:
        """What was true and what was shown then, in seconds from its beginning."""
        parts = []
        for name, those in (("true", self.true), ("shown", self.shown)):
            near = (one for one in those if one.end > span.begin - 1 and one.begin < span.end + 1)
            words = ", ".join(f"{one.begin - span.begin:+.2f} {one.word or 'nobody knows'}" for one in near)
            parts.append(f"{name}: {words}")
        return "; ".join(parts)


@row("needs you")
def needs_you(bench: Bench) -> Iterator[Line]:
    """A day of several hundred things."""
    steps = bench.times(300, 12)
    day = _lived(bench, steps)
    waits = sum(span.word == NEEDS_YOU for span in day.true)
    what = f"of {waits} dialogs in {steps} random things; for longer than {truth.GRACE} s"
    false = day.complain("needs you, false", truth.false(day.true, day.shown, NEEDS_YOU))
    missed = day.complain("needs you, missed", truth.missed(day.true, day.shown, NEEDS_YOU))
    yield Line("needs you, false", what, "", false, bar=Bar(0))
    yield Line("needs you, missed", what, "", missed, bar=Bar(0))
    yield Line("things broken off", "something did not come within 30 s", "", day.broken, bar=Bar(0))
    yield from _of_news(day)
    for word in (IDLE, BUSY, NEEDS_YOU, BACKGROUND, ERROR, EXITED):
        yield from _of_state(day, word)


def _of_state(day: _Day, word: str) -> Iterator[Line]:
    """How soon it was shown."""
    day.complain(f"{word}, not shown", truth.missed(day.true, day.shown, word))
    taken = truth.delays(day.true, day.shown, word)
    what = f"from the client's own time, or the engine's, until the title says it; {len(taken)} times"
    if taken:
        yield Line(f"{word} shown, p50", what, "s", percentile(taken, 50))
        yield Line(f"{word} shown, p99", what, "s", percentile(taken, 99), bar=Bar(truth.GRACE))


def _of_news(day: _Day) -> Iterator[Line]:
    """What was told of what there was to tell."""
    due = missing = doubled = groundless = 0
    for kind, (occasions, may) in _occasions(day.true).items():
        found = truth.news(occasions, [one for one in day.told if one.kind == kind], DWELL, may)
        due += found.due
        missing += day.complain(f"{kind}, not told", found.missing)
        doubled += day.complain(f"{kind}, told twice", found.doubled)
        baseless = [Span(kind, one.at, one.at) for one in found.groundless]
        groundless += day.complain(f"{kind}, told without a reason", baseless)
    what = f"of {due} waits, ends of turns and errors that lasted; {DWELL} s of dwell, no cooldown"
    yield Line("notifications missed", what, "", missing, bar=Bar(0))
    yield Line("notifications doubled", f"of the same {due}", "", doubled, bar=Bar(0))
    yield Line("notifications groundless", "of nothing that there was", "", groundless, bar=Bar(0))


def _occasions(true: Sequence[Span]) -> dict[str, tuple[list[Span], list[Span]]]:
    """Of what is to be told, and of what may be: ends of work that was too short to be shown."""
    ended = [(a, b) for a, b in itertools.pairwise(true) if a.word == BUSY and b.word in (IDLE, BACKGROUND)]
    return {
        "waits": ([span for span in true if span.word == NEEDS_YOU], []),
        "failed": (truth.through(true, ERROR, (NEEDS_YOU, ANSWERED)), []),
        "finished": (
            [now for work, now in ended if work.length > truth.GRACE],
            [now for work, now in ended if work.length <= truth.GRACE],
        ),
    }


def _lived(bench: Bench, steps: int) -> _Day:
    """The whole day; what does not come to its end is said, and all begins anew."""
    chance, day = random.Random(SEED), _Day()
    with ExitStack() as stack:
        human = _begun(bench, stack, chance)
        for name in _script(chance, steps):
            day.log.append((time.monotonic(), name))
            try:
                SITUATIONS[name][0](human)
                human.settle()
            except AssertionError as failure:
                print(f"{name}: {failure}", file=sys.stderr)
                day.broken += 1
                human.begin_anew()
            human.model.requests.clear()
            human.model.times.clear()
        end = time.monotonic()
    witness = human.witness
    day.true, day.shown = truth.spans(witness.true, end), truth.spans(witness.shown, end)
    day.told = witness.told
    return day


def _script(chance: random.Random, steps: int) -> list[str]:
    """All of them once, then what comes."""
    names = list(SITUATIONS)
    chance.shuffle(names)
    weights = [SITUATIONS[name][1] for name in names]
    return [*names, *chance.choices(names, weights, k=steps)][:steps]


def _begun(bench: Bench, stack: ExitStack, chance: random.Random) -> Human:
    """A human before a screen with one agent that is free."""
    root = projects.make_qms_project(bench.fresh("day"))
    try:
        engine = stack.enter_context(engines.connect())
        image = debian.ensure(stack.enter_context(closing(connect())), bench.fresh("debian"))
    except (engines.NoEngine, debian.NoDebian) as reason:
        raise Unavailable(str(reason)) from None
    network, address = stack.enter_context(closed_network(engine, f"qms-tui-bench-day-{os.getpid()}"))
    model = stack.enter_context(Model(address))
    model.pause = THINKING
    stack.callback(engines.remove_project, engine, str(root))
    app = App(root, bench.fresh("home") / "home", image)
    app.use(network, login(model), "Bash(sleep:*)")
    app.set(SETTINGS)
    stack.callback(app.run, "stop", "--all")
    witness = Witness(root)
    stack.enter_context(witness.hearing(engine))
    human = Human(app, model, engine, witness, chance)
    stack.callback(human.close)
    human.open()
    human.settle()
    return human
