"""Many scenarios, some at a time, each in a process of its own; and their evidence kept."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from lab.evidence import keep
from lab.find import find
from lab.judge.result import Result
from lab.judge.scenario import Scenario
from lab.judge.verdict import Verdict
from lab.run import Builder, Run, run


def run_all(
    scenarios: Mapping[str, str],
    out: Path,
    jobs: int,
    builder: Builder,
    faults: tuple[str, ...],
    html: bool = False,
    skip: Collection[str] = (),
) -> Iterator[Result]:
    """Runs scenarios, given by name and by where to find each, `jobs` at a time; gives each result as soon as it is there.

    Evidence goes to `out`/NAME, with a page where `html` says so. Those of `skip` that are long (Scenario.lasts) are not run, and
    SKIP with the reason. Raises what lab.run.run() does.
    """
    if jobs == 1 or len(scenarios) == 1:
        yield from (run_one(source, name, out, builder, faults, html, skip=name in skip) for name, source in scenarios.items())
        return
    # What one scenario alone would load in vain.
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor, as_completed

    from lab.workers import stay_with_parent

    # Spawned, not forked: a worker shares nothing with us that a thread may hold at the moment of the fork.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(scenarios)), spawn, stay_with_parent) as pool:
        waiting = [
            pool.submit(run_one, source, name, out, builder, faults, html, skip=name in skip) for name, source in scenarios.items()
        ]
        try:
            for done in as_completed(waiting):
                yield done.result()
        except BaseException:
            for worker in multiprocessing.active_children():
                worker.terminate()
            raise


def run_one(
    source: str,
    name: str,
    out: Path,
    builder: Builder,
    faults: tuple[str, ...],
    html: bool,
    lab: str | None = None,
    *,
    skip: bool = False,
) -> Result:
    """Runs one scenario, found again by its source, as it may be another process that asked for it; and keeps its evidence.

    With `skip` one that is long is not run: the result says so.
    """
    scenario = next(scenario for scenario in find(source) if scenario.name == name)
    done = not_run(scenario) if skip and scenario.is_long else run(scenario, builder, faults, lab)
    keep(done, out / scenario.name, html)
    # Between processes a user's own kind of expectation could not pass; and it has been judged.
    return replace(done.result, scenario=replace(scenario, acts=()))


def not_run(scenario: Scenario) -> Run:
    """A SKIP, with how it is run all the same."""
    reason = f"it lasts {scenario.lasts:.0f} s: run it by its name, with --long, or in seconds with `pmtulab kernels run --warp`"
    return Run(Result(scenario, (), 0.0, Verdict.SKIP, reason), {})
