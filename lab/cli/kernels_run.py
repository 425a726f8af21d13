"""`pmtulab kernels run`: scenarios on other kernels, each booted once; what each tells as it comes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lab.cli.completing import scenarios_or_files
from lab.cli.group import ALL_PASS, CANNOT_RUN, CLAIM_FAILED
from lab.cli.kernels import kernels
from lab.cli.running import chosen
from lab.judge.verdict import Verdict

if TYPE_CHECKING:
    from lab.judge.guest import KernelRun
    from lab.kernels import Told

DEFAULT = ("576-router",)


@kernels.command("run")
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=scenarios_or_files)
@click.option("--kernel", "words", multiple=True, required=True, metavar="K", help="A kernel; may be given several times.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("out/kernels"), show_default=True, metavar="DIR"
)
@click.option("-j", "--jobs", type=click.IntRange(1), default=1, metavar="N", help="Boot N kernels at a time.")
@click.option(
    "--cpus", type=click.IntRange(1), default=1, metavar="N", help="Give each guest N processors; it runs N scenarios at a time."
)
@click.option("--traits", is_flag=True, help="Also try every trait of each kernel.")
@click.option(
    "--timeout", type=click.FloatRange(1), default=1800.0, show_default=True, metavar="S", help="Seconds that a guest may take."
)
@click.option("-v", "--verbose", is_flag=True, help="The whole report of each run.")
def run_command(
    names: tuple[str, ...], words: tuple[str, ...], out: Path, jobs: int, cpus: int, traits: bool, timeout: float, verbose: bool
) -> None:
    """Run scenarios on other kernels: each K is booted once, in a guest that has no network but its own.

    NAME is as for `pmtulab run`; without one it is 576-router. Evidence goes to DIR/K/NAME/, and the guest's console to
    DIR/K/console.txt.

    \b
    Exit: 0 all pass, 1 a claim failed or a guest panicked or hung, 2 bad usage or input, 125 a guest never booted or broke.
    Example: pmtulab kernels run --kernel debian:bookworm --kernel debian:trixie 576-router
    """
    from lab.kernels import Job, NoKernel, NotFetched, located, run_on

    scenarios = chosen(names or (() if traits else DEFAULT))
    try:
        found = [located(word, tell) for word in words]
    except NotFetched as error:
        tell(str(error))
        sys.exit(CANNOT_RUN)
    except NoKernel as error:
        raise click.UsageError(str(error)) from error
    runs = []
    for told in run_on(found, Job(scenarios, cpus, traits, timeout), out, jobs):
        say(told, len(found) > 1, verbose)
        if told.run:
            runs.append(told.run)
    sys.exit(exit_code(runs))


def tell(line: str) -> None:
    click.echo(line, err=True)


def say(told: Told, several: bool, verbose: bool) -> None:
    """One line of each thing; all of it, where a claim failed."""
    from lab.report.terminal import one_line, render

    head = f"{told.kernel.name}: " if several else ""
    colour = "NO_COLOR" not in os.environ
    if told.booted is not None:
        click.echo(f"{head}Linux {told.kernel.release} has booted after {told.booted:.1f} s")
    if told.result:
        whole = verbose or told.result.verdict in (Verdict.FAIL, Verdict.BROKEN)
        click.echo(head + one_line(told.result, colour))
        if whole:
            click.echo(render(told.result, colour, out=None), nl=False)
    if told.known:
        from lab.report.traits import told as told_trait

        click.echo(told_trait(told.known))
    if told.run:
        click.echo(head + ended(told.run))


def ended(run: KernelRun) -> str:
    counts = [(verdict, sum(outcome.verdict is verdict for outcome in run.outcomes)) for verdict in Verdict]
    words = ", ".join(f"{count} {verdict.value}" for verdict, count in counts if count)
    if run.stopped:
        console = "".join(f"\n    {line}" for line in run.console)
        words += f"{', ' if words else ''}{run.stopped.name}: {run.reason}; its console:{console}\n"
    return f"{words} in {run.wall:.1f} s"


def exit_code(runs: Sequence[KernelRun]) -> int:
    verdicts = {run.verdict for run in runs}
    if Verdict.FAIL in verdicts:
        return CLAIM_FAILED
    return CANNOT_RUN if Verdict.BROKEN in verdicts else ALL_PASS
