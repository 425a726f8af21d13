"""`pmtulab trace`: a scenario, and what the kernel called for each of its packets."""

from __future__ import annotations

import os
import sys
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lab.cli.completing import scenarios_or_files
from lab.cli.group import ALL_PASS, CANNOT_RUN, CLAIM_FAILED, cli
from lab.cli.running import chosen
from lab.judge.verdict import Verdict

if TYPE_CHECKING:
    from lab.judge.scenario import Scenario
    from lab.report.calls.told import Told


@cli.command("trace")
@click.argument("name", shell_complete=scenarios_or_files)
@click.option(
    "--function", "functions", multiple=True, metavar="NAME", help="Trace this alone; may be given again.  [default: all]"
)
@click.option("--kernel", metavar="K", help="Trace on this kernel, in a guest, as `pmtulab kernels run` does.")
@click.option("--format", "form", type=click.Choice(["json"]), help="Print this instead of the report.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Make a page of it, too.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Keep the run's evidence in DIR/NAME/, of a guest in DIR/K/NAME/, and there trace.json and trace.html.",
)
def trace_command(
    name: str, functions: tuple[str, ...], kernel: str | None, form: str | None, html: Path | None, out: Path | None
) -> None:
    """Run a scenario, and show what the kernel called for each packet, beside its frames.

    The functions are those that documents on path MTU discovery name, of sending, forwarding and reception. Only what is of the
    lab's own network is shown. To trace the kernel that runs needs root. Where that is forbidden, and a guest can be booted, it is
    done there, on the newest kernel of Debian's that is cached, or on debian:trixie.

    \b
    Exit: 0 traced, 1 a claim of the scenario failed, 2 bad usage or input, 125 cannot trace here, or events were lost.
    Example: pmtulab trace 576-router --html trace.html
    """
    from lab.trace import Broken, Forbidden, page, written

    scenario = the_one(name)
    check_functions(functions)
    for folder in (out, html and html.parent):
        if folder:
            prepare(folder)
    try:
        told = elsewhere(kernel, name, functions, out) if kernel else here(scenario, name, functions, out)
        if html:
            page(told, html)
    except (Forbidden, Broken) as error:
        click.echo(str(error), err=True)
        sys.exit(CANNOT_RUN)
    click.echo(written(told, form, colour="NO_COLOR" not in os.environ), nl=False)
    sys.exit(exit_code(told))


def here(scenario: Scenario, name: str, functions: tuple[str, ...], out: Path | None) -> Told:
    """On the kernel that runs; in a guest where that is forbidden. Raises Forbidden where neither can be."""
    from lab.kernels import require_guests
    from lab.trace import Forbidden, keep, trace

    try:
        traced = trace(scenario, functions)
    except Forbidden as error:
        try:
            require_guests()
        except Forbidden as too:
            raise Forbidden(f"{error}\n{too}") from error
        click.echo(f"{error}", err=True)
        return elsewhere(None, name, functions, out)
    if out:
        prepare(out / scenario.name)
        keep(traced, out / scenario.name)
    return traced.told


def elsewhere(kernel: str | None, name: str, functions: tuple[str, ...], out: Path | None) -> Told:
    """On another kernel, in a guest; None is the usual one. Its evidence is kept in `out`, or nowhere."""
    from lab.kernels import NoKernel, NotFetched
    from lab.trace_in_guest import trace_in_guest

    ((scenario, source),) = chosen([name]).items()
    try:
        return trace_in_guest(kernel, scenario, source, functions, out, lambda line: click.echo(line, err=True))
    except NotFetched as error:
        click.echo(str(error), err=True)
        sys.exit(CANNOT_RUN)
    except NoKernel as error:
        raise click.UsageError(str(error)) from error


def the_one(name: str) -> Scenario:
    """The scenario of this name. Raises click.UsageError, also where it stands for several."""
    from lab.find import find

    names = list(chosen([name]))
    if len(names) > 1:
        raise click.UsageError(f"{name} stands for {len(names)} scenarios; name one: {names[0]}, for example")
    return next(scenario for scenario in find(name) if scenario.name == names[0])


def check_functions(functions: tuple[str, ...]) -> None:
    from lab.theory.calls import names

    wrong = []
    for function in functions:
        if function not in names():
            near = get_close_matches(function, names())
            hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names())}"
            wrong.append(f"no step is called {function!r}; {hint}")
    if wrong:
        raise click.BadParameter("\n".join(wrong), param_hint="--function")


def prepare(folder: Path) -> None:
    from lab.evidence import prepare as prepare_folder

    try:
        prepare_folder(folder)
    except OSError as error:
        raise click.UsageError(f"cannot write to {folder}: {error.strerror}; --out and --html name another place") from error


def exit_code(told: Told) -> int:
    if told.verdict is Verdict.FAIL:
        return CLAIM_FAILED
    return CANNOT_RUN if told.verdict is Verdict.BROKEN else ALL_PASS
