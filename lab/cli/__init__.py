"""The command `pmtulab`. A thin door: what it does is in lab.run and its like, what it prints in lab.report."""

from __future__ import annotations

import errno
import os
import sys

import click

from lab.cli import (
    capturing,
    completing,
    drawing,
    exchanging,
    fuzzing,
    kernels_bisect,
    kernels_cached,
    kernels_matrix,
    kernels_run,
    living,
    looking,
    probing,
    reporting,
    running,
    standing,
    tracing,
)
from lab.cli.group import BAD_INPUT, CANNOT_RUN, INTERRUPTED, cli

__all__ = [
    "capturing",
    "cli",
    "completing",
    "drawing",
    "exchanging",
    "fuzzing",
    "kernels_bisect",
    "kernels_cached",
    "kernels_matrix",
    "kernels_run",
    "living",
    "looking",
    "main",
    "probing",
    "reporting",
    "running",
    "standing",
    "tracing",
]

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def main() -> None:
    """Runs the command, and turns what went wrong into one message and the exit code for it."""
    if (answered := completing.complete()) is not None:
        sys.exit(answered)
    try:
        # Not cli.main(): that makes 1 of a broken pipe, which for us is a failed claim.
        with cli.make_context("pmtulab", sys.argv[1:]) as context:
            cli.invoke(context)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(BAD_INPUT)
    except (click.Abort, KeyboardInterrupt):
        click.echo("\ninterrupted: nothing is left behind", err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        write_no_more()  # `pmtulab list | head`: nobody reads on
        sys.exit(INTERRUPTED)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        write_no_more()
        click.echo(f"cannot write {error.filename or 'all of it'}: {error.strerror}; make room, or write elsewhere", err=True)
        sys.exit(CANNOT_RUN)
    except Exception as error:
        from lab.run import Broken, Forbidden, Lacking

        if not isinstance(error, (Broken, Forbidden, Lacking)):
            raise
        click.echo(str(error), err=True)
        sys.exit(CANNOT_RUN)


def write_no_more() -> None:
    """What waits to be written to stdout is dropped, where Python would try it once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
