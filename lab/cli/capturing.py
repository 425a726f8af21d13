"""`pmtulab capture`: what passes in a lab that stands, as it passes."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from lab.cli.completing import ends as link_ends
from lab.cli.group import cli
from lab.cli.standing import in_a_lab, told


@cli.command("capture")
@in_a_lab
@click.argument("ends", nargs=-1, metavar="[NODE:NODE]...", shell_complete=link_ends)
@click.option(
    "-w",
    "file",
    metavar="FILE|-",
    type=click.Path(allow_dash=True),
    help="Write pcapng to FILE, or to stdout for a program that reads it.",
)
@click.option("-c", "frames", type=click.IntRange(1), metavar="N", help="End after N frames.")
@click.option("--for", "seconds", type=click.FloatRange(0, min_open=True), metavar="SECONDS", help="End after so many seconds.")
def capture_command(lab: str | None, ends: tuple[str, ...], file: str | None, frames: int | None, seconds: float | None) -> None:
    """Frames of a lab as they pass, a line each or as pcapng, until Ctrl-C.

    client:r1 is client's end of its link to r1, client alone each end that client has; without any it is every link end of the
    lab. What is forwarded is seen at each end that it passes. At the end it says how many frames each tap had to drop.

    \b
    Exit: 0, also after Ctrl-C and where the reader or the lab goes, 2 bad usage, no such lab or link end,
    125 no room for more.
    Example: pmtulab capture client:r1 r1:r2 -w - | wireshark -k -i -
    """
    from lab.capture import CannotOpen, End, Limits, capture
    from lab.report.live import captured_words

    if file == "-" and sys.stdout.isatty():
        raise click.UsageError("pcapng is not for a terminal: pipe it into a program (| wireshark -k -i -), or leave -w out")
    with told():
        try:
            captured = capture(lab, ends, file, Limits(frames, seconds), ready)
        except CannotOpen as error:
            raise click.UsageError(str(error)) from error
    if captured.end in (End.LAB, End.READER):
        click.echo(captured.end.value, err=True)
    click.echo(captured_words(captured.frames, captured.seconds, captured.taps), err=True)


def ready(ends: Sequence[str]) -> None:
    where = ", ".join(ends) if len(ends) <= 4 else f"{len(ends)} link ends"
    click.echo(f"capturing at {where}; Ctrl-C ends it", err=True)
