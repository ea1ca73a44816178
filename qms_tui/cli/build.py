"""`qms-tui build`: its options."""

from __future__ import annotations

import shutil
import sys

import click

from qms_tui.cli.engines import engine_here
from qms_tui.cli.loading import load_anywhere
from qms_tui.cli.options import Common, common_options


@click.command("build")
@common_options
@click.option(
    "--base",
    metavar="IMAGE",
    help="The image to build on, with apt; else as it was built last, or build.base.",
)
@click.option("--client-version", metavar="V", help="The version of Claude Code in it; else the last one.")
@click.option("--tag", metavar="NAME", help="The name of what is built; else qms-tui-agent.")
@click.option("--no-cache", is_flag=True, help="Build every step again, with the newest packages.")
def build(
    common: Common, base: str | None, client_version: str | None, tag: str | None, no_cache: bool
) -> int:
    """Build the image that agents run in, with Claude Code.

    Without options it is built as it was last: with the base and the version that were chosen then, unless
    the configuration has changed since.
    """
    from qms_tui.cli import building

    wanted = building.recipe(load_anywhere(common, starting=True).build, base, client_version, tag)
    engine = engine_here(common)
    try:
        live = sys.stdout.isatty()
        report = building.Report(live, shutil.get_terminal_size().columns)
        building.build(engine, wanted, report, use_cache=not no_cache)
    finally:
        engine.close()
    return 0
