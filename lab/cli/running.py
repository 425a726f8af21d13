"""`pmtulab run`: scenarios by name, group or path; each result as it comes, in a form for people or for programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lab.cli.completing import labs, scenarios_or_files
from lab.cli.group import ALL_PASS, CANNOT_RUN, CLAIM_FAILED, cli
from lab.find import NoScenario, find, group_of, located
from lab.judge.faults import FAULTS
from lab.judge.verdict import Verdict
from lab.model.story import LONG
from lab.theory.problems import BadTopology, problems

if TYPE_CHECKING:
    from lab.judge.result import Result
    from lab.judge.scenario import Scenario
    from lab.run import Builder


@cli.command("run")
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=scenarios_or_files)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("out"),
    show_default=True,
    help="Evidence goes to DIR/NAME/.",
)
@click.option("--format", "form", type=click.Choice(["ktap", "junit", "json"]), help="Print this instead of the report.")
@click.option("--html", is_flag=True, help="Make a page of each run, report.html, and of several an index, DIR/index.html.")
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
@click.option(
    "--in",
    "lab",
    metavar="LAB",
    shell_complete=labs,
    help="Run in this standing lab, one after another, and leave it as they leave it.",
)
@click.option("--long", is_flag=True, help=f"Of groups and folders, run also what waits for more than {LONG:.0f} s.")
def run_command(
    names: tuple[str, ...],
    out: Path,
    form: str | None,
    html: bool,
    jobs: int,
    builder: Builder,
    faults: tuple[str, ...],
    lab: str | None,
    long: bool,
) -> None:
    """Run scenarios and judge them. NAME is a scenario, a group, a path of scenario files, or `all`.

    With --in LAB the scenarios' topology must be the lab's, but for MTUs and silent routers: those are as they are in the lab, and
    said before. Its route caches are flushed first; what was set or learned otherwise stays, and afterwards what the story has set.
    What waits for minutes (`pmtulab show` says so) is run where it is asked for by name or by file, and otherwise with --long only.

    \b
    Exit: 0 all pass, 1 a claim failed, 2 bad usage or input, 125 the lab is broken or cannot run here.
    Example: pmtulab run 576-router black-hole --format ktap
    """
    from lab.run_all import run_all

    scenarios = chosen(names)
    if lab is not None:
        check_fits(lab, scenarios, jobs, builder)
    prepare_folders(scenarios, out)
    results = []
    many = len(scenarios) > 1
    skip = set() if long else brought(names, scenarios)
    if lab is None:
        done = run_all(scenarios, out, jobs, builder, faults, html, skip)
    else:
        done = run_in(lab, scenarios, out, faults, html, skip, aside=bool(form))
    for number, result in enumerate(done, 1):
        results.append(result)
        if not form:
            say(result, out, number if many else None, len(scenarios), html)
        elif many and sys.stderr.isatty():
            click.echo(f"\r{number} of {len(scenarios)}", nl=number == len(scenarios), err=True)
    index = write_index(results, scenarios, out) if html and many else None
    if form:
        click.echo(formatted(results, form), nl=False)
    elif many:
        click.echo(summary(results) + (f"      {index}" if index else ""))
    sys.exit(exit_code(results))


def chosen(names: Sequence[str]) -> dict[str, str]:
    """Every scenario asked for, once: its name, and where to find it. What is wrong with any is said for all, before any is run."""
    found: dict[str, str] = {}
    wrong: list[str] = []
    for source in names:
        try:
            for path, scenario in located(source):
                other = found.setdefault(scenario.name, str(path))
                if other != str(path):
                    wrong.append(f"two scenarios are called {scenario.name}: in {other} and in {path}")
                if faults := problems(scenario.topology):
                    wrong.append(f"scenario {scenario.name}: {BadTopology(faults)}")
        except NoScenario as error:
            wrong.append(str(error))
    if wrong:
        raise click.UsageError("\n".join(wrong))
    return found


def brought(names: Sequence[str], scenarios: Mapping[str, str]) -> set[str]:
    """Those of chosen() that a group or a folder has brought, and that nobody has asked for by name or by file."""
    return {name for name, source in scenarios.items() if not {name, source} & {*names}}


def check_fits(lab: str, scenarios: Mapping[str, str], jobs: int, builder: Builder) -> None:
    """Says of all scenarios why they cannot run in a lab, before any does."""
    from lab.run_in import misfits
    from lab.standing import NoLab

    if jobs > 1 or builder != "netlink":
        raise click.UsageError("with --in LAB scenarios run one after another, and nothing is built: leave out -j and --builder")
    try:
        whys = {each.name: misfits(lab, each.topology) for each in found_again(scenarios)}
    except NoLab as error:
        raise click.ClickException(str(error)) from error
    if any(whys.values()):
        raise click.ClickException(
            "\n".join(f"lab {lab}: {name} does not fit: {'; '.join(why)}" for name, why in whys.items() if why)
        )


def run_in(
    lab: str,
    scenarios: Mapping[str, str],
    out: Path,
    faults: tuple[str, ...],
    html: bool,
    skip: Collection[str],
    *,
    aside: bool,
) -> Iterator[Result]:
    """Runs one after another in a lab, and says before each what is not as it was written; `aside` on stderr."""
    from lab.run_all import run_one
    from lab.run_in import altered

    for scenario in found_again(scenarios):
        if differs := altered(lab, scenario.topology):
            click.echo(f"in lab {lab}, and not as {scenario.name} has it: {differs}", err=aside)
        skipped = scenario.name in skip
        yield run_one(scenarios[scenario.name], scenario.name, out, "netlink", faults, html, lab, skip=skipped)


def found_again(scenarios: Mapping[str, str]) -> Iterator[Scenario]:
    """Each scenario by its name and where it is, as chosen() gives them."""
    return (each for name, source in scenarios.items() for each in find(source) if each.name == name)


def prepare_folders(names: Iterable[str], out: Path) -> None:
    from lab.evidence import prepare

    for folder in (out / name for name in names):
        try:
            prepare(folder)
        except OSError as error:
            raise click.UsageError(f"cannot write evidence to {folder}: {error.strerror}; --out DIR names another place") from error


def write_index(results: Sequence[Result], scenarios: Mapping[str, str], out: Path) -> Path:
    from lab.pages import index_results

    # In the order of the catalogue, and not in that in which they came to an end.
    by_name = {result.scenario.name: result for result in results}
    return index_results([(by_name[name], group_of(Path(source))) for name, source in scenarios.items()], out)


def say(result: Result, out: Path, number: int | None, of: int, html: bool) -> None:
    """The whole report of one scenario run alone, or of one that fails or breaks; a line for each of many others."""
    from lab.report.terminal import one_line, render

    if number is not None:
        click.echo(f"[{number:{len(str(of))}}/{of}] ", nl=False)
    colour = "NO_COLOR" not in os.environ  # and click takes it out where nobody would see it
    if number is not None and result.verdict in (Verdict.PASS, Verdict.SKIP):
        click.echo(one_line(result, colour))
    else:
        click.echo(render(result, colour, out=str(out / result.scenario.name), html=html), nl=False)


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
