"""`pmtulab kernels matrix`: what several kernels told, side by side, from the runs that are kept."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lab.cli.group import ALL_PASS, CANNOT_RUN, CLAIM_FAILED
from lab.cli.kernels import kernels

if TYPE_CHECKING:
    from lab.judge.matrix import Matrix
    from lab.judge.update import Update

RUNS = Path("out/kernels")
PIPE_WIDTH = 100  # a pipe has no width of its own


@kernels.command("matrix")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[DIR|FILE]...")
@click.option("--format", "form", type=click.Choice(["terminal", "json", "junit", "ktap"]), default="terminal", show_default=True)
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Also make a page of it, FILE.")
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Print what changed since FILE, a saved matrix (--format json) or a folder of runs; exit 1 only on a regression.",
)
def matrix_command(paths: tuple[Path, ...], form: str, html: Path | None, against: Path | None) -> None:
    """Scenarios and traits by rows, kernels by columns; first what differs between kernels, and where it changed.

    Reads what `pmtulab kernels run` has kept: FILE is a kernel's kernel.json or a saved matrix, DIR has folders with one. Without
    any, out/kernels. Runs of several days are put together: name all their folders.

    \b
    Exit: 0 all pass, 1 a claim failed or a guest did not come to its end, 2 bad usage or input, 125 one never booted, or broke.
    Example: pmtulab kernels matrix --html out/kernels.html
    """
    from lab.matrix import NoRuns, keep_page, kept_matrix

    try:
        made = kept_matrix(paths or (RUNS,))
        before = kept_matrix([against]) if against else None
    except NoRuns as error:
        raise click.UsageError(str(error)) from error
    if html:
        keep_page(made, html)
    if before is None or form != "terminal":
        click.echo(formatted(made, form), nl=False)
    if before is None:
        sys.exit(exit_code(made))
    from lab.judge.update import update

    sys.exit(say_update(update(before, made), made, aside=form != "terminal"))


def formatted(made: Matrix, form: str) -> str:
    """In a form for people or for programs, with a newline at its end."""
    if form == "json":
        from lab.report.matrix.json import matrix_json

        return matrix_json(made)
    if form == "junit":
        from lab.report.matrix.junit import junit

        return junit(made)
    if form == "ktap":
        from lab.report.matrix.ktap import ktap

        return ktap(made)
    from lab.report.matrix.terminal import render

    return render(made, width(), colour())


def say_update(found: Update, made: Matrix, *, aside: bool) -> int:
    """Prints what an update changed, on stderr where stdout has the matrix for programs; and gives the exit code for it."""
    from lab.report.matrix.update import update_text

    click.echo(update_text(found, width()), nl=False, err=aside)
    if found.regressed:
        return CLAIM_FAILED
    return CANNOT_RUN if exit_code(made) == CANNOT_RUN else ALL_PASS


def exit_code(made: Matrix) -> int:
    """As of `pmtulab run`: a failure is told before what broke."""
    from lab.judge.verdict import Verdict

    verdicts = {outcome.verdict for column in made.columns for outcome in column.run.outcomes}
    verdicts |= {column.verdict for column in made.columns} | {column.run.stopped for column in made.columns if column.run.stopped}
    if Verdict.FAIL in verdicts:
        return CLAIM_FAILED
    return CANNOT_RUN if Verdict.BROKEN in verdicts else ALL_PASS


def width() -> int:
    return shutil.get_terminal_size((PIPE_WIDTH, 24)).columns


def colour() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ
