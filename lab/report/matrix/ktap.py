"""Runs of kernels as KTAP version 1: a test a kernel, a subtest a scenario, and one, "the guest", for the boot to its end.

What a guest did not come to, as it stopped before, is "not ok" with the directive ERROR, as KTAP has it for a test that could not
run; what this kernel was not asked is left out. Traits are diagnostic lines.
"""

from __future__ import annotations

from collections.abc import Iterator

from lab.judge.matrix import Column, Kind, Matrix, Value
from lab.judge.verdict import Verdict
from lab.model.problem import printable
from lab.report.ktap import result_line
from lab.report.matrix.wording import ANSWERS, counts, reasons

CONSOLE_LINES = 20


def ktap(matrix: Matrix) -> str:
    """All kernels, with a newline at the end."""
    return "".join(f"{line}\n" for line in _lines(matrix))


def _lines(matrix: Matrix) -> Iterator[str]:
    yield "KTAP version 1"
    yield f"1..{len(matrix.columns)}"
    for number, column in enumerate(matrix.columns):
        yield from (f"  {line}" for line in _kernel(matrix, number, column))
        yield result_line(number + 1, column.name, column.verdict, column.run.reason or counts(column))


def _kernel(matrix: Matrix, number: int, column: Column) -> Iterator[str]:
    run = column.run
    cells = [(row.name, row.cells[number]) for row in matrix.rows if row.kind is Kind.SCENARIO]
    asked = [(name, cell) for name, cell in cells if cell.value is not Value.NOT_RUN or run.stopped]
    yield "KTAP version 1"
    yield f"# Subtest: {column.name}"
    yield f"1..{len(asked) + 1}"
    for kind, told in (("trait", run.traits), ("feature", run.features)):
        yield from (f"# {kind} {printable(one.name)}: {ANSWERS[one.holds]}" for one in told)
    if run.stopped:
        yield f"# {run.stopped.name}: {printable(run.reason)}"
        yield from (f"# console: {printable(line)}" for line in run.console[-CONSOLE_LINES:])
    yield result_line(1, "the guest", run.stopped or Verdict.PASS, run.reason)
    for place, (name, cell) in enumerate(asked, 2):
        verdict = Verdict.BROKEN if cell.value is Value.NOT_RUN else Verdict(cell.value.value)
        if verdict in (Verdict.FAIL, Verdict.BROKEN):
            yield from (f"# {cell.value.value.upper()}: {line}" for line in reasons(cell))
        yield result_line(place, name, verdict, cell.words)
