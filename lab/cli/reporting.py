"""`pmtulab report`: pages of runs that are on disk."""

from __future__ import annotations

from pathlib import Path

import click

from lab.cli.group import cli


@cli.command("report")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False))
def report_command(folder: Path) -> None:
    """Make the page of a run, DIR/report.html, from the evidence in its folder; or an index of the runs in DIR, DIR/index.html.

    \b
    Exit: 0 made, 2 there is no run, or its files cannot be read, 125 the page cannot be written.
    Example: pmtulab report out/576-router
    """
    from lab.pages import NoReport, make

    try:
        click.echo(make(folder))
    except NoReport as error:
        raise click.UsageError(str(error)) from error
