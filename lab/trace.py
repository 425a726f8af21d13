"""The conductor of a trace: a scenario is run, and what the kernel called meanwhile is set beside its frames."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.evidence import TRACE, write
from lab.evidence import keep as keep_run
from lab.judge.calls import Trace
from lab.judge.chains import Aligned, align
from lab.judge.result import Result
from lab.judge.scenario import Scenario
from lab.report.calls.json import read_back, told_json
from lab.report.calls.lines import render
from lab.report.calls.telling import tell
from lab.report.calls.told import Told
from lab.run import Broken, Forbidden, Run, run
from lab.theory.calls import names
from lab.world.tracing.tracer import tracer

__all__ = ["PAGE", "Broken", "Forbidden", "Traced", "keep", "keep_without_page", "kept", "page", "trace", "written"]

PAGE = "trace.html"


@dataclass(frozen=True, slots=True)
class Traced:
    """A run, and what the kernel called during it: the trace itself, beside the frames, and told.

    `trace` is None where the run broke before. `told` is all that reports are made of, and crosses from a guest as JSON
    (lab.report.calls.json).
    """

    run: Run
    trace: Trace | None
    aligned: Aligned
    told: Told

    @property
    def result(self) -> Result:
        return self.run.result


def trace(scenario: Scenario, functions: Sequence[str] = ()) -> Traced:
    """Runs one scenario, and traces these functions (none: every step in lab.theory.calls) in the lab's own namespaces.

    Raises BadTopology, and Forbidden where this machine does not let us trace or make namespaces. What the trace has lost makes the
    result BROKEN.
    """
    with tracer(functions or names()) as tracing:
        done = run(scenario, beside=tracing.beside)
    frames = [frame for act in done.result.acts for frame in act.observation.frames]
    seen = tracing.trace
    aligned = align(seen, frames) if seen else Aligned((), (), 0)
    return Traced(done, seen, aligned, tell(done.result, seen, aligned, tracing.why))


def written(told: Told, form: str | None, *, colour: bool) -> str:
    """The report, or with `form` "json" an object for programs."""
    return told_json(told) if form == "json" else render(told, colour)


def page(told: Told, path: Path) -> None:
    """Makes a page of it. Raises Broken where the disk refuses that."""
    from lab.report.html.calls import page as made  # only here, as most traces have no page

    write(path, made(told))


def keep(traced: Traced, folder: Path) -> None:
    """Writes the run's evidence, the trace as JSON, and its page. Raises Broken."""
    keep_without_page(traced, folder)
    page(traced.told, folder / PAGE)


def keep_without_page(traced: Traced, folder: Path) -> None:
    keep_run(traced.run, folder)
    write(folder / TRACE, told_json(traced.told).encode())


def kept(folder: Path) -> Told:
    """The trace that is kept in a folder. Raises OSError, and ValueError for what is none."""
    return read_back(json.loads((folder / TRACE).read_bytes()))
