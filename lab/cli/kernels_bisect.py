"""`pmtulab kernels bisect`: which of Debian's kernels changed what is seen."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lab.cli.completing import scenarios_or_files
from lab.cli.group import ALL_PASS, CANNOT_RUN
from lab.cli.kernels import kernels
from lab.cli.kernels_run import OUT, TIMEOUT, WARP, tell, traits_asked
from lab.cli.running import chosen, prepare_folders

if TYPE_CHECKING:
    from lab.bisect import Tried


@kernels.command("bisect")
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=scenarios_or_files)
@click.option("--good", required=True, metavar="K", help="A kernel of Debian's that shows one thing.")
@click.option("--bad", required=True, metavar="K", help="A kernel of Debian's that shows the other.")
@click.option("--trait", metavar="TRAIT", help="What changed: a trait. Otherwise it is whether the scenarios NAME pass.")
@WARP
@TIMEOUT
@OUT
def bisect_command(names: tuple[str, ...], good: str, bad: str, trait: str | None, warp: bool, timeout: float, out: Path) -> None:
    """Find the two neighbours of Debian's kernels between which a trait, or the verdict on scenarios, changed.

    Both ends are booted first: what they show is found out, and must differ. Which is older does not matter. Take both from one
    series (6.12): a fix may have come to several, and then there is no one place.

    \b
    Exit: 0 found, 2 bad usage or input, or nothing changed, 125 it cannot be told.
    Example: pmtulab kernels bisect --good debian:6.12.107 --bad debian:6.12.118 --trait exception-needs-socket
    """
    from lab.bisect import bisect
    from lab.kernels import Job, NoKernel, NotFetched

    if bool(trait) == bool(names):
        raise click.UsageError("say what changed: --trait TRAIT, or scenarios by NAME")
    job = Job(chosen(names), traits=tuple(traits_asked((trait,))) if trait else (), within=timeout, warp=warp)
    prepare_folders([""], out)
    tried = []
    try:
        for each in bisect(good, bad, job, out, tell):
            left = "" if each.left is None else f"  ({each.left - 1} left)"
            click.echo(f"{each.run.kernel.name:28} {each.shown or 'untold':6}  {each.words}{left}")
            tried.append(each)
    except NotFetched as error:
        tell(str(error))
        sys.exit(CANNOT_RUN)
    except NoKernel as error:
        raise click.ClickException(str(error)) from error
    click.echo(found(tried))
    sys.exit(ALL_PASS)


def found(tried: Sequence[Tried]) -> str:
    """The two neighbours; and what is between them and cannot be told."""
    from lab.model.debian import order

    first, last = sorted(tried[:2], key=lambda each: order(each.run.kernel.version))
    told = [each for each in tried if each.shown is not None]
    before = max((each for each in told if each.shown == first.shown), key=lambda each: order(each.run.kernel.version))
    after = min((each for each in told if each.shown == last.shown), key=lambda each: order(each.run.kernel.version))
    names = f"{before.run.kernel.name} ({before.shown}) and {after.run.kernel.name} ({after.shown})"
    between = [
        each
        for each in tried
        if each.shown is None
        and order(before.run.kernel.version) < order(each.run.kernel.version) < order(after.run.kernel.version)
    ]
    return f"it changed between {names}" + (f"; {len(between)} between them cannot be told" if between else "")
