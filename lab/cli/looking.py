"""What there is to know without running a scenario: `pmtulab list`, `show`, `doctor`, `traits`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lab.cli.completing import scenarios_or_files
from lab.cli.drawing import network
from lab.cli.group import ALL_PASS, CANNOT_RUN, cli
from lab.cli.running import chosen
from lab.find import NoScenario, about, find, group_of, located, topology_alone

if TYPE_CHECKING:
    from lab.judge.scenario import Scenario


@cli.command("list")
@click.argument("names", nargs=-1, shell_complete=scenarios_or_files)
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
@click.argument("name", shell_complete=scenarios_or_files)
@click.option("--yaml", "as_yaml", is_flag=True, help="Print the topology alone, as YAML.")
def show_command(name: str, as_yaml: bool) -> None:
    """What a scenario is, without running it: picture, addresses, routes, prediction, claims. Needs no privileges.

    NAME is a scenario, or a file: a topology in YAML, a topology or scenario in Python. Of a topology there is the network alone.

    \b
    Exit: 0, or 2 for bad usage or input.
    Example: pmtulab show 576-router
    """
    if as_yaml:
        from lab.model.exchange import dump

        click.echo(dump(network(name)), nl=False)
        return
    try:
        alone = topology_alone(name)
    except NoScenario as error:
        raise click.ClickException(str(error)) from error
    if alone:
        from lab.report.plan_text import plan_text
        from lab.theory.plan import plan

        click.echo(plan_text(plan(alone)), nl=False)
    else:
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
    from lab.judge.traits import Known
    from lab.report.traits import told, traits_json
    from lab.traits import known_features, known_traits

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
