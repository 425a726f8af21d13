"""Between which two of Debian's kernels a trait or a verdict changed, by booting few of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from lab.judge.bisection import Bisection
from lab.judge.guest import KernelRun
from lab.judge.verdict import Verdict
from lab.kernels import Job, run_on, to_boot
from lab.kernels_at_hand import available, located
from lab.model.debian import order
from lab.model.kernel import Kernel
from lab.world.errors import Broken, NoKernel

Shown = str | None
"""What a kernel has shown: "yes" or "no" of a trait, "pass" or "fail" of scenarios; None where it cannot be told."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One kernel that was booted, what it has shown and in which words, and how many may still be the first that differs."""

    run: KernelRun
    shown: Shown
    words: str
    left: int | None = None


class NoChange(NoKernel):
    """Both ends show the same."""


class Untold(Broken):
    """One of the ends cannot be told. The message says which, and why."""


def bisect(good: str, bad: str, job: Job, out: Path, say: Callable[[str], None]) -> Iterator[Tried]:
    """Boots both ends, and then those of Debian's kernels between them that halve what is left, each as it comes.

    The last that is given has the largest version that shows what `good` does, or the smallest that does not: what is between
    these two, if anything, cannot be told. Raises NoKernel, NoChange, NotFetched and Untold.
    """
    ends = to_boot((good, bad), say)
    if any(not kernel.version for kernel in ends):
        raise NoKernel("both ends must be Debian's: debian:6.12.100; of a tree of your own `git bisect run` finds the commit")
    first, last = sorted(ends, key=lambda kernel: order(kernel.version))
    between = [
        each.kernel.word for each in available("", say) if order(first.version) < order(each.kernel.version) < order(last.version)
    ]
    words = [first.name, *between, last.name]
    shown = {}
    for kernel in (first, last):
        tried = trial(kernel, job, out)
        yield tried
        if tried.shown is None:
            raise Untold(f"{kernel.name} cannot be told: {tried.words}")
        shown[kernel.name] = tried.shown
    if shown[first.name] == shown[last.name]:
        raise NoChange(f"nothing changed: {shown[first.name]} on {first.name} and on {last.name}")
    search = Bisection(len(words))
    while (number := search.next()) is not None:
        tried = trial(located(words[number], say), job, out)
        search.tell(number, None if tried.shown is None else tried.shown == shown[first.name])
        yield replace(tried, left=search.left)


def trial(kernel: Kernel, job: Job, out: Path) -> Tried:
    """One kernel, booted, and what it shows."""
    run = next(told.run for told in run_on([kernel], job, out) if told.run)
    return Tried(run, *shows(run, job))


def shows(run: KernelRun, job: Job) -> tuple[Shown, str]:
    """What it has shown of the first trait that was asked for, or of all scenarios; and in words."""
    if run.verdict is Verdict.BROKEN:
        return None, run.reason or "broken"
    if job.traits:
        # One that panicked before has not answered: that is neither yes nor no.
        answers = [(known.holds, known.seen) for known in run.traits]
        holds, seen = answers[0] if answers else (None, run.reason)
        return {True: "yes", False: "no", None: None}[holds], seen
    if run.verdict is Verdict.SKIP:
        return None, next((outcome.reason for outcome in run.outcomes if outcome.reason), "skipped")
    failed = [f"{outcome.scenario}: {claim}: {seen}" for outcome in run.outcomes for claim, seen in outcome.failed]
    return run.verdict.value, run.reason or "; ".join(failed) or "every claim holds"
