"""The group that all commands are of, and the exit codes that they end with."""

from __future__ import annotations

import click

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
    pmtulab graph 576-router    its network, with the path MTU and what sets it
    pmtulab up 576-router       its network, to live in: ls, exec, shell, inspect, set, down
    pmtulab capture             what passes in it, as it passes
    pmtulab trace 576-router    what the kernel calls for each packet
    pmtulab probe HOST          the path MTU of a real network, and what is wrong with it
    pmtulab doctor              what this machine can and cannot do
    pmtulab traits              what the running kernel does where kernels differ
    pmtulab kernels matrix      what several kernels do, side by side
    """
