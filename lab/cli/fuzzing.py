"""`pmtulab fuzz`: random networks, the theory against the kernel."""

from __future__ import annotations

import sys

import click

from lab.cli.group import ALL_PASS, CANNOT_RUN, CLAIM_FAILED, cli


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
