"""The group `pmtulab kernels`: other kernels than the one that runs."""

from __future__ import annotations

from lab.cli.group import cli


@cli.group("kernels")
def kernels() -> None:
    """Other kernels: which there are, and what the catalogue says of them.

    \b
    Example: pmtulab kernels ls 6.12
    """
