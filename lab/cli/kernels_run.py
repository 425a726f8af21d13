"""`pmtulab kernels run`: scenarios on other kernels, each booted once; what each tells as it comes."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lab.cli.completing import scenarios_or_files
from lab.cli.group import ALL_PASS, CANNOT_RUN, CLAIM_FAILED
from lab.cli.kernels import kernels
from lab.cli.running import brought, chosen, prepare_folders
from lab.judge.verdict import Verdict
from lab.model.story import LONG

if TYPE_CHECKING:
    from lab.judge.guest import KernelRun
    from lab.judge.traits import Known
    from lab.kernels import Told
    from lab.model.kernel import Kernel

DEFAULT = ("576-router",)
ANSWERS = {"yes": True, "no": False}

OUT = click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("out/kernels"),
    show_default=True,
    metavar="DIR",
    help="Evidence goes to DIR/K/NAME/, a guest's console to DIR/K/console.txt.",
)
TIMEOUT = click.option(
    "--timeout",
    type=click.FloatRange(1),
    default=1800.0,
    show_default=True,
    metavar="S",
    help="Seconds a guest may take after its boot.",
)
WARP = click.option("--warp", is_flag=True, help="Make waiting free: a guest's clock jumps to the next timer when all in it waits.")


@kernels.command("run")
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=scenarios_or_files)
@click.option("--kernel", "words", multiple=True, metavar="K", help="A kernel; may be given several times.")
@click.option("--traits", "all_traits", is_flag=True, help="Try every trait and feature of each kernel, too.")
@click.option(
    "--trait",
    "asked",
    multiple=True,
    metavar="TRAIT[=yes|no]",
    help="Try this trait; with an answer, another one is a failed claim.",
)
@click.option(
    "-j", "--jobs", type=click.IntRange(1), metavar="N", help="Boot N kernels at a time; as many as there are cores and memory for."
)
@click.option(
    "--cpus", type=click.IntRange(1), default=1, metavar="N", help="Give each guest N processors, for N scenarios at a time."
)
@WARP
@click.option("--long", is_flag=True, help=f"Of groups, run also what waits for more than {LONG:.0f} s; --warp does.")
@TIMEOUT
@click.option("--format", "form", type=click.Choice(["ktap", "junit", "json"]), help="Print this, and what happens on stderr.")
@click.option("-v", "--verbose", is_flag=True, help="Print the whole report of each scenario.")
@OUT
def run_command(
    names: tuple[str, ...],
    words: tuple[str, ...],
    all_traits: bool,
    asked: tuple[str, ...],
    jobs: int | None,
    cpus: int,
    warp: bool,
    long: bool,
    timeout: float,
    form: str | None,
    verbose: bool,
    out: Path,
) -> None:
    """Run scenarios on other kernels: each K is booted once, in a guest that has no network but its own.

    Without K they are Debian's of today, from 5.10 to the newest (`pmtulab kernels ls` has more). NAME is as for `pmtulab run`;
    without one, and without traits, it is 576-router. In `git bisect run` a kernel that does not boot is one that cannot be told,
    and one that panics in a scenario is bad.

    \b
    Exit: 0 all pass, 1 a claim failed or a guest panicked or hung, 2 bad usage or input, 125 a guest never booted or broke.
    Example: pmtulab kernels run --kernel debian:bookworm --kernel debian:trixie 576-router
    """
    from lab.judge.traits import TRAITS
    from lab.kernels import Job, guests_at_once, run_on

    wanted = traits_asked(asked)
    scenarios = chosen(names or (() if all_traits or asked else DEFAULT))
    skip = () if warp or long else brought(names, scenarios)
    job = Job(scenarios, cpus, tuple(TRAITS) if all_traits else tuple(wanted), all_traits, timeout, warp, skip)
    prepare_folders([""], out)
    found = kernels_of(words)
    runs = []
    with redirect_stdout(sys.stderr) if form else nullcontext():
        for told in run_on(found, job, out, jobs or guests_at_once(cpus)):
            say(told, len(found) > 1, verbose, warp, wanted)
            if told.run:
                runs.append(told.run)
    if form:
        from lab.cli.kernels_matrix import formatted
        from lab.matrix import made

        click.echo(formatted(made(runs), form), nl=False)
    sys.exit(exit_code(runs, wanted))


def kernels_of(words: Sequence[str]) -> list[Kernel]:
    """Each kernel asked for, once, or the usual ones. Says what is wrong with any of them: by UsageError, or ends with 125."""
    from lab.kernels import NoKernel, NotFetched, to_boot

    try:
        return to_boot(words, tell)
    except NotFetched as error:
        tell(str(error))
        sys.exit(CANNOT_RUN)
    except NoKernel as error:
        raise click.UsageError(str(error)) from error


def traits_asked(words: Sequence[str]) -> dict[str, bool | None]:
    """What each trait should be, None where it is only asked. Raises UsageError for names that are none."""
    from lab.judge.traits import TRAITS
    from lab.model.features import FEATURES

    wanted = {}
    wrong = []
    for word in words:
        name, equals, answer = word.partition("=")
        if name in FEATURES:
            wrong.append(f"{name} is a feature, and no trait: --traits tells of it, too")
        elif name not in TRAITS:
            near = difflib.get_close_matches(name, TRAITS, n=3, cutoff=0.4)
            wrong.append(
                f"there is no trait {name!r}; " + (f"near it: {', '.join(near)}" if near else "`pmtulab traits` shows all")
            )
        elif equals and answer not in ANSWERS:
            wrong.append(f"--trait {word}: the answer is yes or no")
        wanted[name] = ANSWERS.get(answer)
    if wrong:
        raise click.UsageError("\n".join(wrong))
    return wanted


def tell(line: str) -> None:
    click.echo(line, err=True)


def say(told: Told, several: bool, verbose: bool, warp: bool, wanted: Mapping[str, bool | None]) -> None:
    """One line of each thing; all of it, where a claim failed."""
    head = f"{told.kernel.name}: " if several else ""
    if told.booted is not None:
        click.echo(f"{head}Linux {told.kernel.release} has booted after {told.booted:.1f} s")
    if told.result:
        from lab.report.terminal import one_line, render

        colour = "NO_COLOR" not in os.environ
        ours = f", {told.outcome.wall:.1f} s of ours" if told.outcome and warp else ""
        click.echo(head + one_line(told.result, colour) + ours)
        if verbose or told.result.verdict in (Verdict.FAIL, Verdict.BROKEN):
            click.echo(render(told.result, colour, out=None), nl=False)
    if told.known:
        from lab.report.traits import told as told_trait

        click.echo(head + told_trait(told.known))
        if differs(told.known, wanted):
            click.echo(f"{head}FAIL    {told.known.name} should be {'yes' if wanted[told.known.name] else 'no'}")
    if told.run:
        click.echo(head + ended(told.run))


def differs(known: Known, wanted: Mapping[str, bool | None]) -> bool:
    """Whether a trait is known, and not as it should be."""
    return known.holds is not None and wanted.get(known.name) is not None and known.holds is not wanted[known.name]


def ended(run: KernelRun) -> str:
    counts = [(verdict, sum(outcome.verdict is verdict for outcome in run.outcomes)) for verdict in Verdict]
    words = ", ".join(f"{count} {verdict.value}" for verdict, count in counts if count)
    if run.stopped:
        console = "".join(f"\n    {line}" for line in run.console)
        return f"{words}{', ' if words else ''}{run.stopped.name} after {run.wall:.1f} s: {run.reason}; its console:{console}"
    return f"{words or 'done'} in {run.wall:.1f} s, {run.guest_seconds:.1f} s of its own"


def exit_code(runs: Sequence[KernelRun], wanted: Mapping[str, bool | None]) -> int:
    verdicts = {run.verdict for run in runs}
    asked = [known for run in runs for known in run.traits if known.name in wanted]
    if Verdict.FAIL in verdicts or any(differs(known, wanted) for known in asked):
        return CLAIM_FAILED
    untold = any(known.holds is None and wanted[known.name] is not None for known in asked)
    return CANNOT_RUN if Verdict.BROKEN in verdicts or untold else ALL_PASS
