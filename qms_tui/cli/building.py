"""`qms-tui build`: which image, and what a person sees of its making."""

from __future__ import annotations

import time
from dataclasses import replace

import click

from qms_tui.config import BuildConfig
from qms_tui.config import parse as values
from qms_tui.config.text import WrongValue
from qms_tui.errors import UsageError
from qms_tui.runtime.docker.build_log import Output, Progress, Pull, Step
from qms_tui.runtime.docker.build_options import BASE, CLIENT, as_flags
from qms_tui.runtime.docker.engine import Engine
from qms_tui.runtime.docker.image import Image, Recipe, build_image, configured, find_image
from qms_tui.text.printable import plain

_CLEAR = "\r\x1b[K"
LONGEST = 100  # columns of what is shown of a step


class Report:
    """Prints a line per step; on a terminal, below it, what the step prints at the moment."""

    def __init__(self, live: bool, columns: int) -> None:
        self._live, self._columns = live, min(columns, LONGEST)

    def __call__(self, progress: Progress) -> None:
        """Show what the build has come to."""
        match progress:
            case Pull(image):
                self._line(f"pulling {image}")
            case Step(number, count, instruction):
                self._line(f"[{number}/{count}] {instruction}")
            case Output(line) if self._live:
                click.echo(f"{_CLEAR}{self._cut(f'    {plain(line)}')}", nl=False)

    def clear(self) -> None:
        """Take away what is not to stay."""
        if self._live:
            click.echo(_CLEAR, nl=False)

    def _line(self, line: str) -> None:
        self.clear()
        click.echo(self._cut(plain(line)))

    def _cut(self, line: str) -> str:
        return line if len(line) < self._columns else f"{line[: self._columns - 4]}..."


def recipe(build: BuildConfig, base: str | None, client_version: str | None, image: str | None) -> Recipe:
    """What to build: options over the configuration. Raises UsageError, ImageError."""
    chosen = configured(build)
    try:
        options = {}
        if base:
            options[BASE] = values.image(base)
        if client_version:
            options[CLIENT] = values.client_version(client_version)
        chosen = chosen.choosing(options)
        return replace(chosen, tag=values.image(image)) if image else chosen
    except WrongValue as error:
        raise UsageError(error.what, hint=error.hint) from None


def build(engine: Engine, wanted: Recipe, report: Report, *, use_cache: bool = True) -> None:
    """Build, showing how far it is; say what came of it. Raises ImageError, EngineError.

    What the options leave open is as it was when the image was built last.
    """
    began = time.monotonic()
    before = find_image(engine, wanted.tag)
    wanted, chosen = wanted.repeating(before.labels if before else {}), wanted.options
    again = {name: value for name, value in wanted.options.items() if name not in chosen}
    click.echo(plain(f"building {wanted.tag}: Claude Code {wanted.client} on {wanted.base}"))
    if again:
        click.echo(plain(f"as it was built last, with {as_flags(again)}"))
    if not wanted.checked:
        click.echo("this qms-tui knows no digest of that version: only its registry vouches for it", err=True)
    try:
        built = build_image(engine, wanted, report, use_cache=use_cache)
    finally:
        report.clear()
    seconds = time.monotonic() - began
    click.echo(plain(f"{_outcome(before, built)}: {wanted.tag}, {built.size_text}, {seconds:.0f} s"))
    if before is not None and before.id != built.id:
        click.echo("agents that run go on with the old image: restart them to have the new one")


def _outcome(before: Image | None, built: Image) -> str:
    if before is None:
        return "built"
    return "nothing has changed" if before.id == built.id else "built again"
