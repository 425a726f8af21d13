"""The command `pmtulab`. A thin door: what it does is in lab.run, what it prints in lab.report."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lab.find import NoScenario, catalogue, find
from lab.judge.result import Result
from lab.judge.scenario import Scenario
from lab.judge.verdict import Verdict
from lab.theory.problems import BadTopology, problems

if TYPE_CHECKING:
    from lab.run import Run

ALL_PASS, CLAIM_FAILED, BAD_INPUT, CANNOT_RUN, INTERRUPTED = 0, 1, 2, 125, 130
"""Exit codes; 125 is what `git bisect run` takes for "cannot tell"."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=True)
@click.version_option(package_name="pmtulab")
def cli() -> None:
    """A test lab for Path MTU Discovery on Linux.

    \b
    pmtulab run 576-router      a path MTU is discovered, packet by packet
    pmtulab list                the scenarios there are
    pmtulab show 576-router     what a scenario will do and claim
    pmtulab doctor              what this machine can and cannot do
    """


@cli.command("run")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("out"), show_default=True, help="Evidence goes to DIR/NAME/.")
@click.option("--format", "form", type=click.Choice(["ktap", "junit", "json"]), help="Print this instead of the report.")
@click.option("-j", "--jobs", type=click.IntRange(1), default=1, metavar="N", help="Run N scenarios at a time.")
def run_command(names: tuple[str, ...], out: Path, form: str | None, jobs: int) -> None:
    """Run scenarios and judge them. NAME is a scenario's name, the path of a scenario file, or `all`.

    \b
    Exit: 0 all pass, 1 a claim failed, 2 bad usage or input, 125 the lab is broken or cannot run here.
    Example: pmtulab run 576-router black-hole --format ktap
    """
    scenarios = chosen(names)
    prepare_folders(scenarios, out)
    results = []
    many = len(scenarios) > 1
    for number, result in enumerate(run_all(names, scenarios, out, jobs), 1):
        results.append(result)
        if not form:
            say(result, out, number if many else None, len(scenarios))
        elif many and sys.stderr.isatty():
            click.echo(f"\r{number} of {len(scenarios)}", nl=number == len(scenarios), err=True)
    if form:
        click.echo(formatted(results, form), nl=False)
    elif many:
        click.echo(summary(results))
    sys.exit(exit_code(results))


def chosen(names: Sequence[str]) -> tuple[Scenario, ...]:
    """Every scenario asked for, once; what is wrong with any of them is said for all, before anything is built."""
    scenarios: dict[str, Scenario] = {}
    wrong: list[str] = []
    for name in names:
        try:
            scenarios |= {s.name: s for s in (catalogue() if name == "all" else find(name))}
        except NoScenario as error:
            wrong.append(str(error))
    for scenario in scenarios.values():
        if found := problems(scenario.topology):
            wrong.append(f"scenario {scenario.name}: {BadTopology(found)}")
    if wrong:
        raise click.UsageError("\n".join(wrong))
    return tuple(scenarios.values())


def prepare_folders(scenarios: Sequence[Scenario], out: Path) -> None:
    from lab.evidence import prepare

    for scenario in scenarios:
        try:
            prepare(out / scenario.name)
        except OSError as error:
            raise click.UsageError(f"cannot write evidence to {out / scenario.name}: {error.strerror}; --out DIR names another place") from error


def run_all(names: Sequence[str], scenarios: Sequence[Scenario], out: Path, jobs: int) -> Iterator[Result]:
    """Runs them, `jobs` at a time, each result as soon as it is there."""
    if jobs == 1 or len(scenarios) == 1:
        for scenario in scenarios:
            yield run_one(scenario, out)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor, as_completed

    # Spawned, not forked: a worker shares nothing with us that a thread may hold at the moment of the fork.
    with ProcessPoolExecutor(min(jobs, len(scenarios)), multiprocessing.get_context("spawn")) as pool:
        waiting = [pool.submit(run_one, scenario, out) for scenario in scenarios]
        try:
            for done in as_completed(waiting):
                yield done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def run_one(scenario: Scenario, out: Path) -> Result:
    """Runs one scenario and keeps its evidence."""
    from lab.evidence import keep
    from lab.run import run

    done: Run = run(scenario)
    keep(done, out / scenario.name)
    return done.result


def say(result: Result, out: Path, number: int | None, of: int) -> None:
    """The whole report of one scenario run alone, or of one that does not pass; a line for each of many that do."""
    from lab.report.terminal import one_line, render

    if number is not None:
        click.echo(f"[{number:{len(str(of))}}/{of}] ", nl=False)
    if number is not None and result.verdict is Verdict.PASS:
        click.echo(one_line(result, colour=True))
    else:
        click.echo(render(result, colour=True, out=str(out / result.scenario.name)))


def formatted(results: Sequence[Result], form: str) -> str:
    from lab.report.json import results_json
    from lab.report.junit import junit
    from lab.report.ktap import ktap

    if form == "ktap":
        return ktap(results)
    return junit(results) if form == "junit" else results_json(results, kernel=os.uname().release)


def summary(results: Sequence[Result]) -> str:
    counts = [(verdict, sum(result.verdict is verdict for result in results)) for verdict in Verdict]
    return ", ".join(f"{count} {verdict.value}" for verdict, count in counts if count)


def exit_code(results: Sequence[Result]) -> int:
    verdicts = {result.verdict for result in results}
    if Verdict.FAIL in verdicts:
        return CLAIM_FAILED
    return CANNOT_RUN if Verdict.BROKEN in verdicts else ALL_PASS


@cli.command("list")
def list_command() -> None:
    """The scenarios there are.

    \b
    Example: pmtulab list
    """
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("scenario", "acts", "claims", "what it shows"):
        table.add_column(column, justify="right" if column in ("acts", "claims") else "left")
    for scenario in catalogue():
        claims = sum(len(act.expect) for act in scenario.acts)
        table.add_row(scenario.name, str(len(scenario.acts)), str(claims), scenario.title)
    Console().print(table)


@cli.command("show")
@click.argument("name")
def show_command(name: str) -> None:
    """What a scenario is, without running it: picture, addresses, routes, prediction, claims. Needs no privileges.

    \b
    Example: pmtulab show 576-router
    """
    from lab.report.show import show

    for scenario in chosen([name]):
        click.echo(show(scenario))


@cli.command("doctor")
def doctor_command() -> None:
    """What this machine can and cannot do, and how to get it. Exit 125 where scenarios cannot run here.

    \b
    Example: pmtulab doctor
    """
    from lab.doctor import examine

    able = True
    for check in examine():
        mark = click.style("ok     ", fg="green") if check.works else click.style("missing", fg="red" if check.needed else "yellow")
        click.echo(f"{mark}  {check.subject:<44}{check.seen if check.works else ''}".rstrip())
        if not check.works:
            click.echo("\n".join(f"         {line}" for line in [*check.seen.splitlines(), check.remedy] if line))
        able &= check.works or not check.needed
    sys.exit(ALL_PASS if able else CANNOT_RUN)


def main() -> None:
    """Runs the command, and turns what went wrong into one message and the exit code for it."""
    try:
        cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(BAD_INPUT)
    except (click.Abort, KeyboardInterrupt):
        click.echo("\ninterrupted: nothing is left behind", err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # `pmtulab list | head`: nobody reads on
        sys.exit(INTERRUPTED)
    except Exception as error:
        from lab.run import Broken, Forbidden

        if not isinstance(error, (Broken, Forbidden)):
            raise
        click.echo(str(error), err=True)
        sys.exit(CANNOT_RUN)
