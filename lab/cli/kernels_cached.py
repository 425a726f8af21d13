"""`pmtulab kernels ls` and `fetch`: which kernels can be had, and are."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from lab.cli.group import CANNOT_RUN
from lab.cli.kernels import kernels

if TYPE_CHECKING:
    from lab.kernels_at_hand import Offered

REFRESH = click.option("--refresh", is_flag=True, help="Ask the archive again, though it was asked within a day.")


@kernels.command("ls")
@click.argument("pattern", default="")
@click.option("--cached", "here", is_flag=True, help="Those in the cache alone; asks nobody.")
@click.option("--json", "as_json", is_flag=True, help="Print a list for programs.")
@REFRESH
def ls_command(pattern: str, here: bool, as_json: bool, refresh: bool) -> None:
    """Debian's kernels that can be had, of each version the newest package, in Debian's order; and which are cached.

    PATTERN is a suite (trixie-backports), a version or its beginning (6.12), or has * and ? in it.

    \b
    Exit: 0, or 2 where none fits, or 125 where the archive cannot be asked.
    Example: pmtulab kernels ls 6.12
    """
    from lab.kernels_at_hand import NotFetched, available, cached
    from lab.model.debian import matching

    try:
        found = cached() if here else available(pattern, say, refresh=refresh)
    except NotFetched as error:
        click.echo(str(error), err=True)
        sys.exit(CANNOT_RUN)
    if here:
        kept = matching(pattern, [offered.kernel for offered in found])
        found = tuple(offered for offered in found if offered.kernel in kept)
    if as_json:
        click.echo(json.dumps([asdict(each.kernel) | {"word": each.kernel.word, "path": each.path} for each in found], indent=1))
    else:
        for line in lines(found):
            click.echo(line)
    if not found and pattern:
        raise click.ClickException(f"no kernel fits {pattern!r}" + ("" if here else "; without a pattern all are listed"))


def lines(found: tuple[Offered, ...]) -> list[str]:
    return [
        f"{each.kernel.word:32} {each.kernel.release:28} {each.kernel.suite:20} {each.kernel.octets / 1e6:4.0f} MB"
        + ("  cached" if each.path else "")
        for each in found
    ]


@kernels.command("fetch")
@click.argument("words", nargs=-1, required=True, metavar="K...")
@REFRESH
def fetch_command(words: tuple[str, ...], refresh: bool) -> None:
    """Fetch kernels into the cache, and print the path of each one's image. Nothing is installed.

    K is debian:SUITE (trixie, trixie-backports, sid), debian:VERSION (6.12, 6.12.118, 6.12.118-1, 6.12.118+deb13), the version of
    an installed kernel, or the path of an image or a build tree; with PATH:FOLDER the modules are in FOLDER. The cache is
    $PMTULAB_CACHE, by default ~/.cache/pmtulab/kernels; the archive is the machine's, or $PMTULAB_DEBIAN_MIRROR.

    \b
    Exit: 0 all are there, 2 there is no such kernel, 125 one cannot be fetched; the others are.
    Example: pmtulab kernels fetch debian:trixie debian:6.1
    """
    from lab.kernels_at_hand import NoKernel, NotFetched, located

    wrong: list[NoKernel] = []
    for word in dict.fromkeys(words):
        try:
            click.echo(located(word, say, refresh=refresh).image)
        except NoKernel as error:
            wrong.append(error)
    if any(isinstance(error, NotFetched) for error in wrong):
        click.echo("\n".join(map(str, wrong)), err=True)
        sys.exit(CANNOT_RUN)
    if wrong:
        raise click.ClickException("\n".join(map(str, wrong)))


def say(line: str) -> None:
    """Progress goes where it is in no program's way."""
    click.echo(line, err=True)
