"""`pmtulab probe`: the path MTU of a real network, and what is wrong with it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from lab.cli.group import ALL_PASS, CANNOT_RUN, CLAIM_FAILED, INTERRUPTED, cli

if TYPE_CHECKING:
    from lab.theory.probing.found import PathFound


@cli.command("probe")
@click.argument("host")
@click.option(
    "--udp", "udp", is_flag=True, help="Probe with UDP (the default): needs no privilege, and measures the way there alone."
)
@click.option("--icmp", "icmp", is_flag=True, help="Probe with ICMP echo, whose reply has to come back, too.")
@click.option("--tcp", "port", type=click.IntRange(1, 65535), metavar="PORT", help="Probe with SYNs; sizes are UDP's all the same.")
@click.option("-4", "four", is_flag=True, help="IPv4 alone.")
@click.option("-6", "six", is_flag=True, help="IPv6 alone.")
@click.option("--json", "as_json", is_flag=True, help="Print an object for programs.")
@click.option(
    "--rate", type=click.FloatRange(1, 100), default=20, show_default=True, metavar="N", help="At most N probes a second."
)
@click.option("--wait", type=click.FloatRange(0.05, 10), default=1, show_default=True, metavar="S", help="Seconds for an answer.")
@click.option(
    "--pace",
    type=click.FloatRange(0, 10),
    default=1,
    show_default=True,
    metavar="S",
    help="After a silence, ask on no sooner than S seconds later: Linux sends one ICMP error a second to each host.",
)
@click.option(
    "--max-hops", type=click.IntRange(1, 60), default=30, show_default=True, metavar="N", help="Go no further than N hops."
)
def probe_command(
    host: str,
    udp: bool,
    icmp: bool,
    port: int | None,
    four: bool,
    six: bool,
    as_json: bool,
    rate: float,
    wait: float,
    pace: float,
    max_hops: int,
) -> None:
    """The path MTU to HOST over a real network, hop by hop: who told it, and what nobody tells.

    Finds black holes, by search without ICMP (RFC 8899), and the hop where each lies; PTBs that lie; with --tcp an MSS that is
    rewritten on the way. One probe at a time, 500 and five minutes at most.

    \b
    Exit: 0 found, and no fault, 1 a fault, or not known to the end, 2 bad usage or unknown host, 125 cannot probe here.
    Example: pmtulab probe server.example --icmp
    """
    from lab.model.topology import IPV4, IPV6
    from lab.probe import INTERRUPTED as BY_CTRL_C
    from lab.probe import Lacking, UnknownHost, probe, resolve
    from lab.report.probing.json import probe_json
    from lab.report.probing.lines import Hops, summary
    from lab.theory.probing.exchange import Means

    if udp + icmp + (port is not None) > 1:
        raise click.UsageError("one of --udp, --icmp and --tcp at a time")
    if four and six:
        raise click.UsageError("-4 or -6, not both")
    means = Means.ECHO if icmp else Means.UDP if port is None else Means.SYN
    try:
        target = resolve(host, IPV4 if four else IPV6 if six else None, port or 0)
    except UnknownHost as error:
        raise click.ClickException(str(error)) from error
    colour = "NO_COLOR" not in os.environ  # and click takes it out where nobody would see it
    lines: list[Hops] = []

    def begun(source: str, found: PathFound) -> None:
        lines.append(Hops(host, target.text, source, colour))
        if not as_json:
            click.echo(lines[0].head(found, rate))

    def progress(found: PathFound, over: bool = False) -> None:
        if sys.stderr.isatty():
            click.echo("\r\x1b[K", nl=False, err=True)
        for line in () if as_json else lines[0].lines(found, over):
            click.echo(line)
        if sys.stderr.isatty() and not over:
            click.echo(f"hop {len(found.hops)}, {found.packets} probes so far", nl=False, err=True)

    try:
        found, seconds = probe(target, means, rate=rate, wait=wait, pace=pace, hops=max_hops, begun=begun, progress=progress)
    except Lacking as error:
        click.echo(str(error), err=True)
        sys.exit(CANNOT_RUN)
    if lines:
        progress(found, over=True)
    if as_json:
        click.echo(probe_json(host, target.text, lines[0].source if lines else None, found, seconds), nl=False)
    else:
        for line in summary(found, seconds, colour):
            click.echo(line)
    if found.stopped == BY_CTRL_C:
        sys.exit(INTERRUPTED)
    sys.exit(ALL_PASS if found.complete and not found.faulty else CLAIM_FAILED)
