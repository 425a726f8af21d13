"""A trace on another kernel, or where this machine does not let us trace the one that runs."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from lab.kernels import Job, folder_of, run_on, to_boot
from lab.kernels_at_hand import cached
from lab.report.calls.told import Told
from lab.run import Broken
from lab.trace import PAGE, kept, page

USUAL = "debian:trixie"
"""The kernel of a trace where none is named and none is cached."""


def usual_kernel() -> str:
    """The newest kernel that is cached, so that nothing is fetched for a trace alone; else USUAL."""
    here = cached()
    return here[-1].kernel.word if here else USUAL


def trace_in_guest(
    word: str | None, name: str, source: str, functions: Sequence[str], out: Path | None, say: Callable[[str], None]
) -> Told:
    """Runs one scenario on the kernel that `word` names, or the usual one, traced. Evidence and page go to `out`/K/NAME, if any.

    Raises NoKernel, NotFetched, Forbidden, and Broken where the guest came to no end, or has left no trace.
    """
    (kernel,) = to_boot([word or usual_kernel()], say)
    say(f"tracing on Linux {kernel.release}, in a guest")
    with tempfile.TemporaryDirectory(prefix="pmtulab-") as work:
        place = out or Path(work)
        run = next(told.run for told in run_on([kernel], Job({name: source}, trace=tuple(functions)), place) if told.run)
        if run.stopped:
            raise Broken("\n".join((f"{kernel.name}: {run.reason}; its console:", *(f"    {line}" for line in run.console))))
        folder = folder_of(place, kernel) / name
        try:
            told = kept(folder)
        except (OSError, ValueError) as error:
            raise Broken(f"{kernel.name}: the guest has left no trace that can be read: {error}") from error
    if out:
        page(told, folder / PAGE)
    return told
