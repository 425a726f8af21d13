"""Many scenarios, some at a time, each in a process of its own; and their evidence kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from lab.evidence import keep
from lab.find import find
from lab.judge.result import Result
from lab.run import Builder, run


def run_all(
    scenarios: Mapping[str, str], out: Path, jobs: int, builder: Builder, faults: tuple[str, ...], html: bool = False
) -> Iterator[Result]:
    """Runs scenarios, given by name and by where to find each, `jobs` at a time; gives each result as soon as it is there.

    Evidence goes to `out`/NAME, with a page where `html` says so. Raises what lab.run.run() does.
    """
    if jobs == 1 or len(scenarios) == 1:
        yield from (run_one(source, name, out, builder, faults, html) for name, source in scenarios.items())
        return
    # What one scenario alone would load in vain.
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor, as_completed

    from lab.workers import stay_with_parent

    # Spawned, not forked: a worker shares nothing with us that a thread may hold at the moment of the fork.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(scenarios)), spawn, stay_with_parent) as pool:
        waiting = [pool.submit(run_one, source, name, out, builder, faults, html) for name, source in scenarios.items()]
        try:
            for done in as_completed(waiting):
                yield done.result()
        except BaseException:
            for worker in multiprocessing.active_children():
                worker.terminate()
            raise


def run_one(
    source: str, name: str, out: Path, builder: Builder, faults: tuple[str, ...], html: bool, lab: str | None = None
) -> Result:
    """Runs one scenario, found again by its source, as it may be another process that asked for it; and keeps its evidence."""
    scenario = next(scenario for scenario in find(source) if scenario.name == name)
    done = run(scenario, builder, faults, lab)
    keep(done, out / scenario.name, html)
    # Between processes a user's own kind of expectation could not pass; and it has been judged.
    return replace(done.result, scenario=replace(scenario, acts=()))
