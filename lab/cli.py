"""The command `pmtulab`. A thin door: what it does is in lab.run, what it prints in lab.report."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lab.find import NoScenario, about, find, group_of, located
from lab.judge.faults import FAULTS
from lab.judge.result import Result
from lab.judge.verdict import Verdict
from lab.theory.problems import BadTopology, problems

if TYPE_CHECKING:
    from lab.judge.scenario import Scenario
    from lab.run import Builder

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
    pmtulab traits              what the running kernel does where kernels differ
    """


@cli.command("run")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("out"),
    show_default=True,
    help="Evidence goes to DIR/NAME/.",
)
@click.option("--format", "form", type=click.Choice(["ktap", "junit", "json"]), help="Print this instead of the report.")
@click.option("-j", "--jobs", type=click.IntRange(1), default=1, metavar="N", help="Run N scenarios at a time.")
@click.option(
    "--builder",
    type=click.Choice(["netlink", "mininet"]),
    default="netlink",
    show_default=True,
    help="What makes nodes and links: pmtulab itself, or Mininet.",
)
@click.option(
    "--fault",
    "faults",
    type=click.Choice(tuple(FAULTS)),
    multiple=True,
    help="Break a fact first, to see what fails. " + " ".join(f"{f.name}: {f.says}." for f in FAULTS.values()),
)
def run_command(names: tuple[str, ...], out: Path, form: str | None, jobs: int, builder: Builder, faults: tuple[str, ...]) -> None:
    """Run scenarios and judge them. NAME is a scenario, a group, a path of scenario files, or `all`.

    \b
    Exit: 0 all pass, 1 a claim failed, 2 bad usage or input, 125 the lab is broken or cannot run here.
    Example: pmtulab run 576-router black-hole --format ktap
    """
    scenarios = chosen(names)
    prepare_folders(scenarios, out)
    results = []
    many = len(scenarios) > 1
    for number, result in enumerate(run_all(scenarios, out, jobs, builder, faults), 1):
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


def chosen(names: Sequence[str]) -> dict[str, str]:
    """Every scenario asked for, once: its name, and where to find it. What is wrong with any is said for all, before any is run."""
    found: dict[str, str] = {}
    wrong: list[str] = []
    for source in names:
        try:
            for path, scenario in located(source):
                found[scenario.name] = str(path)
                if faults := problems(scenario.topology):
                    wrong.append(f"scenario {scenario.name}: {BadTopology(faults)}")
        except NoScenario as error:
            wrong.append(str(error))
    if wrong:
        raise click.UsageError("\n".join(wrong))
    return found


def prepare_folders(names: Iterable[str], out: Path) -> None:
    from lab.evidence import prepare

    for folder in (out / name for name in names):
        try:
            prepare(folder)
        except OSError as error:
            raise click.UsageError(f"cannot write evidence to {folder}: {error.strerror}; --out DIR names another place") from error


def run_all(scenarios: Mapping[str, str], out: Path, jobs: int, builder: Builder, faults: tuple[str, ...]) -> Iterator[Result]:
    """Runs them, `jobs` at a time, each result as soon as it is there."""
    if jobs == 1 or len(scenarios) == 1:
        yield from (run_one(source, name, out, builder, faults) for name, source in scenarios.items())
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor, as_completed

    from lab.workers import stay_with_parent

    # Spawned, not forked: a worker shares nothing with us that a thread may hold at the moment of the fork.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(scenarios)), spawn, stay_with_parent) as pool:
        waiting = [pool.submit(run_one, source, name, out, builder, faults) for name, source in scenarios.items()]
        try:
            for done in as_completed(waiting):
                yield done.result()
        except BaseException:
            for worker in multiprocessing.active_children():
                worker.terminate()
            raise


def run_one(source: str, name: str, out: Path, builder: Builder, faults: tuple[str, ...]) -> Result:
    """Runs one scenario, found again by its source, as it may be another process that asked for it; and keeps its evidence."""
    from lab.evidence import keep
    from lab.run import run

    scenario = next(scenario for scenario in find(source) if scenario.name == name)
    done = run(scenario, builder, faults)
    keep(done, out / scenario.name)
    # Between processes a user's own kind of expectation could not pass; and it has been judged.
    return replace(done.result, scenario=replace(scenario, acts=()))


def say(result: Result, out: Path, number: int | None, of: int) -> None:
    """The whole report of one scenario run alone, or of one that fails or breaks; a line for each of many others."""
    from lab.report.terminal import one_line, render

    if number is not None:
        click.echo(f"[{number:{len(str(of))}}/{of}] ", nl=False)
    colour = "NO_COLOR" not in os.environ  # and click takes it out where nobody would see it
    if number is not None and result.verdict in (Verdict.PASS, Verdict.SKIP):
        click.echo(one_line(result, colour))
    else:
        click.echo(render(result, colour, out=str(out / result.scenario.name)), nl=False)


def formatted(results: Sequence[Result], form: str) -> str:
    """In a form for programs. JSON is an object for one scenario, a list of them for several."""
    from lab.report.json import result_json
    from lab.report.junit import junit
    from lab.report.ktap import ktap

    if form == "ktap":
        return ktap(results)
    if form == "junit":
        return junit(results)
    objects = [result_json(result, kernel=os.uname().release).rstrip() for result in results]
    return objects[0] + "\n" if len(objects) == 1 else "[\n" + ",\n".join(objects) + "\n]\n"


def summary(results: Sequence[Result]) -> str:
    counts = [(verdict, sum(result.verdict is verdict for result in results)) for verdict in Verdict]
    return ", ".join(f"{count} {verdict.value}" for verdict, count in counts if count)


def exit_code(results: Sequence[Result]) -> int:
    verdicts = {result.verdict for result in results}
    if Verdict.FAIL in verdicts:
        return CLAIM_FAILED
    return CANNOT_RUN if Verdict.BROKEN in verdicts else ALL_PASS


@cli.command("list")
@click.argument("names", nargs=-1)
def list_command(names: tuple[str, ...]) -> None:
    """The groups of scenarios there are; with NAMES the scenarios of a group or a path, or `all`.

    \b
    Example: pmtulab list path
    """
    from rich.console import Console
    from rich.table import Table

    rows: dict[str, tuple[int, int, str]] = {}
    for path, scenario in (each for name in names or ("all",) for each in wanted(name)):
        key, title = (scenario.name, scenario.title) if names else (group_of(path), about(path.parent))
        number, claims, _ = rows.get(key, (0, 0, ""))
        counted = len(scenario.acts) if names else 1
        rows[key] = number + counted, claims + sum(len(act.expect) for act in scenario.acts), title
    table = Table(box=None, pad_edge=False)
    table.add_column("scenario" if names else "group", no_wrap=True, min_width=max(map(len, rows)))
    for column in ("acts" if names else "scenarios", "claims"):
        table.add_column(column, justify="right", no_wrap=True, min_width=len(column))
    table.add_column("what it shows", no_wrap=True, overflow="ellipsis")
    for key, (number, claims, title) in rows.items():
        table.add_row(key, str(number), str(claims), title)
    # A pipe has no width: nothing is cut off for whoever searches in it.
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def wanted(name: str) -> tuple[tuple[Path, Scenario], ...]:
    try:
        return located(name)
    except NoScenario as error:
        raise click.UsageError(str(error)) from error


@cli.command("show")
@click.argument("name")
def show_command(name: str) -> None:
    """What a scenario is, without running it: picture, addresses, routes, prediction, claims. Needs no privileges.

    \b
    Example: pmtulab show 576-router
    """
    from lab.report.show import show

    chosen([name])
    for scenario in find(name):
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


@cli.command("traits")
@click.option("--json", "as_json", is_flag=True, help="Print an object for programs.")
def traits_command(as_json: bool) -> None:
    """What the running kernel does where kernels differ, and what it lacks; each tried, with what was seen.

    \b
    Exit: 0 all told (unknown, too, where a program is not installed), 125 where the lab is broken or cannot run here.
    Example: pmtulab traits
    """
    from lab.report.traits import told, traits_json
    from lab.traits import Known, known_features, known_traits

    traits: list[Known] = []
    features: list[Known] = []
    for rows, known in ((traits, known_traits()), (features, known_features())):
        for row in known:
            rows.append(row)
            if not as_json:
                click.echo(told(row))
    if as_json:
        click.echo(traits_json(traits, features, os.uname().release), nl=False)
    sys.exit(CANNOT_RUN if any(row.broken for row in (*traits, *features)) else ALL_PASS)


@cli.command("fuzz")
@click.option("--n", "count", type=click.IntRange(1), default=1000, show_default=True, metavar="N", help="Play N random networks.")
@click.option("--seed", type=int, default=1, show_default=True, metavar="S", help="One seed gives the same networks each time.")
def fuzz_command(count: int, seed: int) -> None:
    """Random networks and stories: is everything as the theory foresees it? What is not is shrunk, and printed as a scenario file.

    \b
    Exit: 0 all as foreseen, 1 something is not, 125 the lab is broken or cannot run here.
    Example: pmtulab fuzz --n 1000 --seed 7
    """
    from importlib.util import find_spec

    if find_spec("hypothesis") is None:
        click.echo("pmtulab fuzz draws its networks with hypothesis, which is not installed: pip install 'pmtulab[fuzz]'", err=True)
        sys.exit(CANNOT_RUN)
    from lab.fuzz.run import fuzz, scenario_file

    def progress(done: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{done} of {count}", nl=done == count, err=True)

    fuzzed = fuzz(count, seed, progress)
    for mismatch in fuzzed.mismatches:
        place, text = scenario_file(fuzzed, mismatch)
        seen = "" if mismatch.again else " (seen once, and not again)"
        click.echo(f"{place}{seen}:", err=True)
        click.echo(text, nl=False)
    click.echo(fuzzed.summary, err=bool(fuzzed.mismatches))
    sys.exit(CLAIM_FAILED if fuzzed.mismatches else ALL_PASS)


def main() -> None:
    """Runs the command, and turns what went wrong into one message and the exit code for it."""
    try:
        # Not cli.main(): that makes 1 of a broken pipe, which for us is a failed claim.
        with cli.make_context("pmtulab", sys.argv[1:]) as context:
            cli.invoke(context)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
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
